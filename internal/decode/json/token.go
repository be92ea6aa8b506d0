package json

import (
	"unicode/utf16"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/bounded"
)

// refill moves the window so that it begins at the next byte and holds more than
// before; more is false when the input has no more.
func (p *Parser) refill() (more bool, err error) {
	p.c.Advance(p.i)
	p.base += int64(p.i)
	have := int64(len(p.w) - p.i)
	p.i = 0
	ask := min(p.c.Remaining(), max(2*have, 32<<10))
	if ask <= have {
		p.w, err = p.c.Window()
		return false, err
	}
	if _, err = p.c.Peek(ask); err != nil {
		return false, err
	}
	p.w, err = p.c.Window()
	return true, err
}

// want makes n bytes available if the input has them.
func (p *Parser) want(n int) error {
	for len(p.w)-p.i < n {
		more, err := p.refill()
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// space skips white space and returns the byte behind it without consuming it.
func (p *Parser) space() (b byte, ok bool, err error) {
	for {
		for p.i < len(p.w) {
			switch b = p.w[p.i]; b {
			case '\n':
				p.line++
				p.i++
			case ' ', '\t', '\r':
				p.i++
			default:
				return b, true, nil
			}
		}
		more, err := p.refill()
		if err != nil || !more {
			return 0, false, err
		}
	}
}

// must is space where the input may not end. It never returns zero.
func (p *Parser) must() (byte, error) {
	b, ok, err := p.space()
	switch {
	case err != nil:
		return 0, err
	case !ok:
		return 0, p.fail("it ends in the middle")
	case b == 0:
		return 0, p.fail("a NUL byte stands between values")
	}
	return b, nil
}

func (p *Parser) stringValue() error {
	at := p.Offset()
	s, cut, err := p.str()
	if err != nil {
		return err
	}
	p.val = Value{Kind: String, Bytes: s, Cut: cut, Offset: at, Length: p.Offset() - at}
	p.v.Value(p, &p.val)
	return nil
}

// plainByte marks the bytes of a string that need no look: ASCII but controls,
// quote and backslash.
var plainByte = func() (t [256]bool) {
	for i := 0x20; i < 0x80; i++ {
		t[i] = i != '"' && i != '\\'
	}
	return t
}()

// str reads a string from its opening quote and returns its text, or with cut
// the beginning of a long one.
func (p *Parser) str() (s []byte, cut bool, err error) {
	p.i++
	var prefix []byte // beginning of a long string, as written
	escaped, wide := false, false
	for j := p.i; ; {
		for j < len(p.w) && plainByte[p.w[j]] {
			j++
		}
		if j == len(p.w) {
			if j-p.i > bounded.MaxStringKept {
				if prefix, j, err = p.flush(prefix, j, wide); err != nil {
					return nil, false, err
				}
			}
			if j, err = p.more(j); err != nil {
				return nil, false, err
			}
			continue
		}
		switch b := p.w[j]; {
		case b == '"':
			return p.finish(j, prefix, escaped, wide)
		case b == '\\':
			escaped = true
			if j, err = p.escape(j); err != nil {
				return nil, false, err
			}
		case b < 0x20:
			return nil, false, p.fail("a string holds a control character")
		default:
			wide = true
			j++
		}
	}
}

// more fetches bytes behind place j of the window and returns where j is now.
func (p *Parser) more(j int) (int, error) {
	j -= p.i
	more, err := p.refill()
	if err == nil && !more {
		err = p.fail("a string does not end")
	}
	return j, err
}

// flush checks and drops what was read of a long string, up to a whole character.
func (p *Parser) flush(prefix []byte, j int, wide bool) ([]byte, int, error) {
	end := j
	j = p.i + len(wholeRunes(p.w[p.i:end]))
	if wide && !utf8.Valid(p.w[p.i:j]) {
		return nil, 0, p.fail("a string is not UTF-8")
	}
	if prefix == nil {
		prefix = append(prefix, p.w[p.i:p.i+bounded.MaxStringKept]...)
	}
	p.i = j
	return prefix, end, nil
}

// escape checks the escape at j and returns the place behind it.
func (p *Parser) escape(j int) (int, error) {
	for len(p.w)-j < 6 { // the longest escape
		was := j
		j -= p.i
		more, err := p.refill()
		if err != nil {
			return 0, err
		}
		if !more {
			if len(p.w)-j < 2 {
				return was, p.fail("a string does not end")
			}
			break
		}
	}
	switch p.w[j+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return j + 2, nil
	case 'u':
		if len(p.w)-j >= 6 && hex4(p.w[j+2:]) >= 0 {
			return j + 6, nil
		}
	}
	return 0, p.fail("a string holds an unknown escape")
}

func (p *Parser) finish(j int, prefix []byte, escaped, wide bool) ([]byte, bool, error) {
	s := p.w[p.i:j]
	if wide && !utf8.Valid(s) {
		return nil, false, p.fail("a string is not UTF-8")
	}
	p.i = j + 1
	if prefix == nil && len(s) > bounded.MaxStringKept {
		prefix = s[:bounded.MaxStringKept]
	}
	cut := prefix != nil
	if cut {
		s = wholeRunes(prefix)
	}
	if escaped {
		p.scratch = unescape(p.scratch[:0], s)
		s = p.scratch
	}
	return s, cut, nil
}

// wholeRunes drops a character that is cut at the end.
func wholeRunes(s []byte) []byte {
	for back := 1; back <= 3 && back <= len(s); back++ {
		if b := s[len(s)-back]; b >= 0xc0 && !utf8.FullRune(s[len(s)-back:]) {
			return s[:len(s)-back]
		}
	}
	return s
}

// unescape appends the text of a checked string; an escape cut at its end is
// left out.
func unescape(out, s []byte) []byte {
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			out = append(out, s[i])
			i++
			continue
		}
		if len(s)-i < 2 || s[i+1] == 'u' && len(s)-i < 6 {
			break
		}
		switch c := s[i+1]; c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r := hex4(s[i+2:])
			i += 4
			if utf16.IsSurrogate(r) && len(s)-i >= 8 && s[i+2] == '\\' && s[i+3] == 'u' {
				if pair := utf16.DecodeRune(r, hex4(s[i+4:])); pair != utf8.RuneError {
					r = pair
					i += 6
				}
			}
			out = appendRune(out, r)
		default:
			out = append(out, c)
		}
		i += 2
	}
	return out
}

// appendRune is UTF-8, with a lone surrogate kept apart from all others.
func appendRune(out []byte, r rune) []byte {
	if utf16.IsSurrogate(r) {
		return append(out, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
	}
	return utf8.AppendRune(out, r)
}

// hex4 is the value of four hex digits, or -1.
func hex4(s []byte) rune {
	var r rune
	for _, c := range s[:4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// scalar reads a number or a word.
func (p *Parser) scalar(b byte) error {
	j := p.i
	for {
		for j < len(p.w) && inScalar(p.w[j]) {
			j++
		}
		if j < len(p.w) {
			break
		}
		if j-p.i > bounded.MaxStringKept {
			return p.budget.Reach("string-kept", bounded.MaxStringKept)
		}
		j -= p.i
		more, err := p.refill()
		if err != nil {
			return err
		}
		if !more {
			break
		}
	}
	text := p.w[p.i:j]
	if len(text) > bounded.MaxStringKept {
		return p.budget.Reach("string-kept", bounded.MaxStringKept)
	}
	kind, ok := classify(text, b)
	if !ok {
		return p.fail("a value is neither string, number nor word of JSON")
	}
	at := p.Offset()
	p.i = j
	p.val = Value{Kind: kind, Bytes: text, Offset: at, Length: int64(len(text))}
	p.v.Value(p, &p.val)
	return nil
}

func inScalar(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '-' || b == '+' || b == '.'
}

func classify(s []byte, first byte) (Kind, bool) {
	if first >= '0' && first <= '9' || first == '-' && string(s) != "-Infinity" {
		return Number, isNumber(s)
	}
	switch string(s) {
	case "true":
		return True, true
	case "false":
		return False, true
	case "null":
		return Null, true
	case "NaN", "Infinity", "-Infinity":
		return Number, true
	}
	return Null, false
}

// isNumber checks the grammar of RFC 8259, section 6.
func isNumber(s []byte) bool {
	i := 0
	digits := func() int {
		from := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		return i - from
	}
	if s[0] == '-' {
		i++
	}
	if n := digits(); n == 0 || n > 1 && s[i-n] == '0' {
		return false
	}
	if i < len(s) && s[i] == '.' {
		i++
		if digits() == 0 {
			return false
		}
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if digits() == 0 {
			return false
		}
	}
	return i == len(s)
}
