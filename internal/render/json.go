package render

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/finding"
)

// JSON writes the report as docs/schema/scan-report.schema.json describes it,
// indented by two. Strings are as they stand in the files, except that bytes
// which are not UTF-8 become U+FFFD; what a terminal would not show is written
// as an escape.
func JSON(w io.Writer, r *finding.Report) error {
	s := newStream(w)
	s.begin('{')
	s.field("schema", r.Schema)
	s.field("tool", r.Tool)
	s.field("source", r.Source)
	s.field("verdict", r.Verdict)
	list(s, "files", r.Files)
	list(s, "findings", r.Findings)
	list(s, "gaps", r.Gaps)
	if len(r.Excluded) > 0 {
		list(s, "excluded", r.Excluded)
	}
	if r.Deep {
		s.field("deep", r.Deep)
	}
	if len(r.Names) > 0 {
		list(s, "names", r.Names)
	}
	s.field("limits", r.Limits)
	s.field("size", r.Size)
	s.field("bytesRead", r.BytesRead)
	s.end('}')
	return s.done()
}

// stream writes indented JSON piece by piece: a report about 100,000 files never
// lies in memory a second time.
type stream struct {
	w     *bufio.Writer
	plain bytes.Buffer  // one value without line breaks
	enc   *json.Encoder // writes it
	err   error
	depth int
	first bool // nothing written yet in the innermost bracket
}

func newStream(w io.Writer) *stream {
	s := &stream{w: bufio.NewWriterSize(w, 32<<10)}
	s.enc = json.NewEncoder(&s.plain)
	return s
}

// done ends the document with a line break and returns the first error.
func (s *stream) done() error {
	s.w.WriteByte('\n')
	if err := s.w.Flush(); s.err == nil {
		s.err = err
	}
	return s.err
}

func (s *stream) begin(bracket byte) {
	s.w.WriteByte(bracket)
	s.depth++
	s.first = true
}

func (s *stream) end(bracket byte) {
	s.depth--
	if !s.first {
		s.newline()
	}
	s.w.WriteByte(bracket)
	s.first = false
}

func (s *stream) newline() {
	s.w.WriteByte('\n')
	for n := 2 * s.depth; n > 0; n -= len(blanks) {
		s.w.WriteString(blanks[:min(n, len(blanks))])
	}
}

const blanks = "                                "

// next starts the next element of the innermost bracket.
func (s *stream) next() {
	if !s.first {
		s.w.WriteByte(',')
	}
	s.first = false
	s.newline()
}

func (s *stream) key(name string) {
	s.next()
	s.w.WriteString(`"` + name + `": `)
}

// value writes any value at the current depth.
func (s *stream) value(v any) {
	if s.err != nil {
		return
	}
	s.plain.Reset()
	if s.err = s.enc.Encode(v); s.err != nil {
		return
	}
	s.indented(visible(bytes.TrimSuffix(s.plain.Bytes(), []byte{'\n'})))
	_, s.err = s.w.Write(nil) // nothing: the error of any write before
}

// indented writes a JSON text that has no white space of its own, as json.Indent
// would and in a fraction of the time: a report may list 100,000 files.
func (s *stream) indented(text []byte) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '"':
			n := quoted(text[i:])
			s.w.Write(text[i : i+n])
			i += n - 1
		case '{', '[':
			s.w.WriteByte(c)
			if closes := text[i+1]; closes == c+2 { // in ASCII each pair is two apart
				s.w.WriteByte(closes)
				i++
				continue
			}
			s.depth++
			s.newline()
		case '}', ']':
			s.depth--
			s.newline()
			s.w.WriteByte(c)
		case ',':
			s.w.WriteByte(c)
			s.newline()
		case ':':
			s.w.WriteString(": ")
		default:
			s.w.WriteByte(c)
		}
	}
}

// quoted is the length of the string that the text begins with, in bytes.
func quoted(text []byte) int {
	for i := 1; ; i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

func (s *stream) field(name string, v any) {
	s.key(name)
	s.value(v)
}

// beginField opens a bracket as the value of a key.
func (s *stream) beginField(name string, bracket byte) {
	s.key(name)
	s.begin(bracket)
}

func list[T any](s *stream, name string, items []T) {
	s.beginField(name, '[')
	for i := range items {
		if s.err != nil {
			return
		}
		s.next()
		s.value(&items[i])
	}
	s.end(']')
}

// visible writes every invisible character of a JSON text as an escape. Outside
// of strings JSON is plain ASCII, so the meaning stays the same.
func visible(text []byte) []byte {
	clean := true
	for _, c := range text {
		if c >= 0x7f {
			clean = false
			break
		}
	}
	if clean {
		return text
	}
	out := make([]byte, 0, len(text)+16)
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r == '\n' || !hidden(r):
			out = append(out, text[:n]...)
		case r >= 0x10000:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		text = text[n:]
	}
	return out
}

// writeJSON writes one value as a document of its own.
func writeJSON(w io.Writer, v any) error {
	s := newStream(w)
	s.value(v)
	return s.done()
}
