package safetensors

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/bounded"
)

// scanner reads JSON (RFC 8259) as a stream, in the shape that a header has.
type scanner struct {
	c        *bounded.Cursor
	f        *File
	metadata func(key string, value []byte, off int64)
	buf      []byte // text of the last string
	keyLen   int64  // length of the last key as written, in bytes
	name     []byte // name of the current tensor
	shape    []uint64
	pair     []uint64
}

func (s *scanner) budget() *bounded.Budget { return s.f.r.Budget() }

func (s *scanner) bad(why string) error { return fmt.Errorf("%s at byte %d", why, s.c.Offset()) }

// space skips white space and returns the byte behind it without taking it.
func (s *scanner) space() (byte, bool) {
	for {
		w, err := s.c.Window()
		if err != nil || len(w) == 0 {
			return 0, false
		}
		for i, b := range w {
			if b != ' ' && b != '\n' && b != '\t' && b != '\r' {
				s.c.Advance(i)
				return b, true
			}
		}
		s.c.Advance(len(w))
	}
}

// take consumes the byte behind white space if it is b.
func (s *scanner) take(b byte) bool {
	got, ok := s.space()
	if ok && got == b {
		s.c.Advance(1)
		return true
	}
	return false
}

// object reads { "key": value, ... }; field reads each value. The key is valid
// until field reads on; at is where its text starts.
func (s *scanner) object(field func(key []byte, at int64) error) error {
	if !s.take('{') {
		return s.bad("expected an object")
	}
	if s.take('}') {
		return nil
	}
	for {
		key, at, err := s.text(bounded.MaxStringKept)
		if err != nil {
			return err
		}
		s.keyLen = s.c.Offset() - 1 - at
		if !s.take(':') {
			return s.bad("expected a colon")
		}
		if err := field(key, at); err != nil {
			return err
		}
		if s.take('}') {
			return nil
		}
		if !s.take(',') {
			return s.bad("expected a comma or the end of an object")
		}
	}
}

// numbers reads an array of non-negative integers.
func (s *scanner) numbers(out []uint64, most int) ([]uint64, error) {
	if !s.take('[') {
		return out, s.bad("expected an array")
	}
	if s.take(']') {
		return out, nil
	}
	for {
		n, err := s.number()
		if err != nil {
			return out, err
		}
		if len(out) == most {
			return out, s.bad("too many numbers")
		}
		out = append(out, n)
		if s.take(']') {
			return out, nil
		}
		if !s.take(',') {
			return out, s.bad("expected a comma or the end of an array")
		}
	}
}

func (s *scanner) number() (uint64, error) {
	b, ok := s.space()
	if !ok || b < '0' || b > '9' {
		return 0, s.bad("expected a non-negative integer")
	}
	var v uint64
	for digits := 0; ; digits++ {
		b, err := s.c.Byte()
		if err != nil {
			return 0, s.bad("the header ends inside a number")
		}
		if b < '0' || b > '9' {
			s.c.Advance(-1)
			return v, nil
		}
		d := uint64(b - '0')
		if v > (math.MaxUint64-d)/10 || digits == 1 && v == 0 {
			return 0, s.bad("a number is too large or has a leading zero")
		}
		v = v*10 + d
	}
}

// text reads a string of at most limit bytes. The result is valid until the
// next call; at is where its text starts in the file.
func (s *scanner) text(limit int) (p []byte, at int64, err error) {
	if !s.take('"') {
		return nil, 0, s.bad("expected a string")
	}
	s.buf, at = s.buf[:0], s.c.Offset()
	for {
		w, err := s.c.Window()
		if err != nil {
			return nil, at, err
		}
		if len(w) == 0 {
			return nil, at, s.bad("the header ends inside a string")
		}
		n := plain(w)
		s.buf = append(s.buf, w[:n]...)
		s.c.Advance(n)
		if len(s.buf) > limit {
			return nil, at, s.budget().Reach("string-kept", int64(limit))
		}
		if n == len(w) {
			continue
		}
		switch b := w[n]; {
		case b == '"':
			s.c.Advance(1)
			if !utf8.Valid(s.buf) {
				return nil, at, s.bad("text is not UTF-8")
			}
			return s.buf, at, nil
		case b == '\\':
			s.c.Advance(1)
			if err := s.escape(); err != nil {
				return nil, at, err
			}
		default:
			return nil, at, s.bad("a control character in a string")
		}
	}
}

// plain is how many bytes of w stand for themselves in a string.
func plain(w []byte) int {
	if i := bytes.IndexByte(w, '"'); i >= 0 {
		w = w[:i]
	}
	for i, b := range w {
		if b == '\\' || b < ' ' {
			return i
		}
	}
	return len(w)
}

func (s *scanner) escape() error {
	b, err := s.c.Byte()
	if err != nil {
		return s.bad("the header ends inside a string")
	}
	if b != 'u' {
		i := bytes.IndexByte([]byte(`"\/bfnrt`), b)
		if i < 0 {
			return s.bad("an unknown escape")
		}
		s.buf = append(s.buf, "\"\\/\b\f\n\r\t"[i])
		return nil
	}
	r, err := s.hex4()
	if err == nil && utf16.IsSurrogate(r) {
		if p, perr := s.c.Next(2); perr != nil || string(p) != `\u` {
			return s.bad("half a surrogate pair")
		}
		var low rune
		if low, err = s.hex4(); err == nil {
			if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
				return s.bad("half a surrogate pair")
			}
		}
	}
	s.buf = utf8.AppendRune(s.buf, r)
	return err
}

func (s *scanner) hex4() (rune, error) {
	p, err := s.c.Next(4)
	if err != nil {
		return 0, s.bad("the header ends inside a string")
	}
	v, err := strconv.ParseUint(string(p), 16, 16)
	if err != nil {
		return 0, s.bad("a bad \\u escape")
	}
	return rune(v), nil
}

// skip passes over one value of any kind, nested at most MaxRecursion deep.
func (s *scanner) skip() error {
	for depth := 0; ; {
		b, ok := s.space()
		switch {
		case !ok:
			return s.bad("the header ends inside a value")
		case b == '"':
			if _, _, err := s.text(bounded.MaxBlock); err != nil {
				return err
			}
		case b == '{' || b == '[':
			s.c.Advance(1)
			if depth++; depth > bounded.MaxRecursion {
				return s.budget().Reach("recursion", bounded.MaxRecursion)
			}
			continue
		case b == '}' || b == ']':
			s.c.Advance(1)
			depth--
		case (b == ',' || b == ':') && depth > 0:
			s.c.Advance(1)
			continue
		default:
			if err := s.literal(); err != nil {
				return err
			}
		}
		if depth <= 0 {
			return nil
		}
	}
}

// literal passes over a number, true, false or null.
func (s *scanner) literal() error {
	for n := 0; ; n++ {
		b, err := s.c.Byte()
		if err == io.EOF && n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
		if !('0' <= b && b <= '9' || 'a' <= b && b <= 'z' || b == 'E' || b == '+' || b == '-' || b == '.') {
			if n == 0 {
				return s.bad("not JSON")
			}
			s.c.Advance(-1)
			return nil
		}
	}
}
