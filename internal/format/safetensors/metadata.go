package safetensors

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// metadata looks at each value of __metadata__. Text is innocent (prompts,
// hyper-parameters, thumbnails); what decodes to a pickle or has the syntax of a
// dangerous call with literal arguments is not.
type metadata struct {
	in  *format.Input
	res *format.Result
}

// shortest is the shortest value worth a look, in bytes.
const shortest = 8

func (m *metadata) value(key string, value []byte, off int64) {
	if len(value) < shortest {
		return
	}
	if call := dangerousCall(value); call != "" {
		f := rule.Finding("SP-ST-006", m.in.Location(off, int64(len(value))), key, `The metadata value "`+rule.Clip(key)+`" holds the code `+call+`.`)
		f.Evidence = rule.Clip(string(value))
		m.res.Findings = append(m.res.Findings, f)
	}
	for _, p := range [...][]byte{value, unbase64(value), unhex(value)} {
		if m.pickle(p) {
			m.hidden(key, bytes.Clone(p), off, int64(len(value)))
			return
		}
	}
}

// hidden reports a pickle and hands it to the engine.
func (m *metadata) hidden(key string, data []byte, off, length int64) {
	m.res.Findings = append(m.res.Findings, rule.Finding("SP-ST-007", m.in.Location(off, length), key,
		`The metadata value "`+rule.Clip(key)+`" is a pickle.`))
	m.res.Children = append(m.res.Children, format.Child{Name: "__metadata__/" + key, R: bounded.NewBytes(data, m.in.R.Budget()), Offset: off, As: "pickle"})
}

// pickle reports whether the bytes are a pickle that does something. Text may
// start like one by chance ("cute cat\n..." is an import), so a pickle without a
// protocol number must import names that can be modules, and then call or end.
func (m *metadata) pickle(p []byte) bool {
	if len(p) < 4 || !startsLikePickle(p) {
		return false
	}
	t := pickle.Run(bounded.NewBytes(p, m.in.R.Budget()), 0, pickle.Options{})
	if p[0] == 0x80 {
		return len(t.Imports) > 0 || t.Stopped && t.End == int64(len(p))
	}
	return len(t.Imports) > 0 && (t.Stopped || len(t.Calls) > 0) &&
		!slices.ContainsFunc(t.Imports, func(i pickle.Import) bool { return !modulePath(i.Module) })
}

func modulePath(s string) bool {
	for i := range len(s) {
		if !wordByte(s[i]) && s[i] != '.' {
			return false
		}
	}
	return s != ""
}

// startsLikePickle sorts out what cannot be: a pickle starts with its protocol,
// or (protocol 0 and 1) with an opcode that pushes something.
func startsLikePickle(p []byte) bool {
	if p[0] == 0x80 {
		return p[1] <= 5
	}
	if strings.IndexByte("c(]}lditNIFSVLKMJTUX)", p[0]) < 0 {
		return false
	}
	return bytes.IndexByte(p, '\n') >= 0
}

func unbase64(p []byte) []byte {
	p = bytes.TrimSpace(p)
	if i := bytes.Index(p, []byte(";base64,")); i >= 0 && bytes.HasPrefix(p, []byte("data:")) {
		p = p[i+len(";base64,"):]
	}
	p = bytes.TrimRight(p, "=")
	enc := base64.RawStdEncoding
	if bytes.ContainsAny(p, "-_") {
		enc = base64.RawURLEncoding
	}
	if bytes.ContainsFunc(p[:min(len(p), 32)], func(r rune) bool { return r > 0x7f || !wordByte(byte(r)) && !strings.ContainsRune("+/-\r\n", r) }) {
		return nil // not base64: most values end here
	}
	out := make([]byte, enc.DecodedLen(len(p)))
	n, err := enc.Decode(out, p)
	if err != nil {
		return nil
	}
	return out[:n]
}

func unhex(p []byte) []byte {
	p = bytes.TrimPrefix(bytes.TrimSpace(p), []byte("0x"))
	out := make([]byte, len(p)/2)
	if _, err := hex.Decode(out, p); err != nil {
		return nil
	}
	return out
}
