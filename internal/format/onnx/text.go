package onnx

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/encoded"
	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const (
	shortestHidden = 16       // bytes: below it no text holds a payload
	shortestOpaque = 32       // bytes of a string that is no text and worth a look
	longText       = 64 << 10 // bytes of a description that nobody reads any more
)

// text judges any string of the model, from names to tokenizer tables: it is
// UTF-8, or it is handed on; and it is no pickle in disguise.
func (t *reader) text(m *protobuf.Message, what string) {
	if m.Length < shortestHidden {
		if m.Decl.Kind == protobuf.Text && !utf8.Valid(m.Head(m.Length)) {
			t.gap(gapMalformed, m.Data, m.Length, "The value of "+what+" is not UTF-8.")
		}
		return
	}
	switch {
	case m.Length > bounded.MaxBlock || !m.IsText():
		t.opaqueText(m, what)
		return
	case m.Length > longText && what == "doc_string":
		t.raise(ruleText, m.Data, what, "A description of the model has "+itoa(m.Length)+" bytes, more than anybody reads.")
	}
	p := m.Head(bounded.MaxBlock)
	if data, how := encoded.Pickle(p); data != nil {
		t.hidden(m.Data, what, bytes.Clone(data), how)
	}
}

// opaqueText hands on a string that is no text. The engine says what it is, or
// that nobody knows.
func (t *reader) opaqueText(m *protobuf.Message, what string) {
	if m.Decl.Kind == protobuf.Text {
		t.gap(gapMalformed, m.Data, m.Length, "The value of "+what+" is not UTF-8.")
	}
	switch p := m.Head(2); {
	case m.Length < shortestHidden:
	case len(p) == 2 && p[0] == 0x80 && p[1] >= 2 && p[1] <= 5:
		t.raise(ruleHidden, m.Data, what, "The value of "+quote(what)+" begins like a pickle.")
		fallthrough
	case m.Length >= shortestOpaque:
		t.virtual(what, m.Reader(), m.Data)
	}
}

func (t *reader) hidden(off int64, what string, data []byte, how string) {
	t.raise(ruleHidden, off, what, "The value of \""+rule.Clip(what)+"\" is a pickle ("+how+").")
	if t.opaque++; t.opaque <= bounded.MaxGapsPerFile {
		t.res.Children = append(t.res.Children, format.Child{Name: what, R: bounded.NewBytes(data, t.in.R.Budget()), Offset: off, As: "pickle"})
	}
}

// metadata judges one key and its value.
func (t *reader) metadata(m *protobuf.Message) {
	key := ""
	var value string
	var off, length int64
	t.each(m, func() bool {
		switch m.Number {
		case entryKey:
			key = rule.Clip(m.Text())
		case entryValue:
			value, off, length = m.Text(), m.Data, m.Length
		}
		return false
	})
	switch {
	case key == "ort_config":
		t.raise(ruleSettings, off, key, "The model carries settings for the session of onnxruntime.")
	case namesLibrary(value):
		t.raise(ruleSettings, off, key, `The metadata value "`+key+`" names a program library.`)
	}
	if call := pythonCall(value); call != "" {
		f := rule.Finding(ruleText, t.in.Location(off, length), key, `The metadata value "`+key+`" holds the Python code `+call+`.`)
		f.Evidence = rule.Clip(value)
		t.add(f)
	}
	if strings.Contains(value, "{%") {
		t.res.Texts = append(t.res.Texts, format.Text{Language: "jinja", Name: key, Offset: off, Length: length, Content: []byte(value)})
	}
}

func (t *reader) add(f finding.Finding) {
	if len(t.res.Findings) <= bounded.MaxFindings {
		t.res.Findings = append(t.res.Findings, f)
	}
}

// namesLibrary reports a path of something that a loader could load as a program.
func namesLibrary(value string) bool {
	value = strings.ToLower(strings.TrimSpace(value))
	if strings.ContainsAny(value, " \n") {
		return false
	}
	for _, ending := range [...]string{".so", ".dll", ".dylib", ".pyd"} {
		if strings.HasSuffix(value, ending) {
			return true
		}
	}
	return false
}

// calls are names that code in a description has no business with. Detection
// toolkits evaluate metadata ("names", "stride") as Python.
var calls = [...]string{"__import__", "eval", "exec", "compile", "os.system", "os.popen", "subprocess.run", "subprocess.call",
	"subprocess.Popen", "subprocess.check_output", "pty.spawn", "runpy.run_path", "importlib.import_module"}

// pythonCall finds one of them with an argument that is a string or a call.
func pythonCall(text string) string {
	for _, name := range calls {
		for rest := text; ; {
			before, after, ok := strings.Cut(rest, name)
			if !ok {
				break
			}
			if !endsWord(before) && literalArgument(after) {
				return name
			}
			rest = after
		}
	}
	return ""
}

// endsWord reports text before a name that makes it another name.
func endsWord(s string) bool {
	return s != "" && (wordByte(s[len(s)-1]) || s[len(s)-1] == '.')
}

// literalArgument reports "(" with a string or a call behind it.
func literalArgument(s string) bool {
	s, ok := strings.CutPrefix(strings.TrimLeft(s, " \t"), "(")
	if !ok {
		return false
	}
	s = strings.TrimLeft(s, " \t\r\n[(\\")
	n := 0
	for n < len(s) && (wordByte(s[n]) || s[n] == '.') {
		n++
	}
	if n == len(s) {
		return false
	}
	return (s[n] == '\'' || s[n] == '"') && n <= 2 || s[n] == '(' && n > 0
}

func wordByte(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}
