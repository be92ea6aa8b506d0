package rdata

import (
	"encoding/binary"
	"errors"
	"io"
	"strconv"

	"github.com/sallyport/sallyport/internal/bounded"
)

// source reads the primitives of one notation.
type source interface {
	int() (int32, error)
	// text returns the first most bytes of a text of n bytes and passes all of it.
	text(n, most int64) (p []byte, off int64, err error)
	// skip passes n numbers or bytes; width is their size in bytes.
	skip(n, width int64) error
	least(width int64) int64 // bytes that one number takes at least
}

type binarySource struct {
	c   *bounded.Cursor
	big bool
}

func (s binarySource) least(width int64) int64 { return width }

func (s binarySource) int() (int32, error) {
	p, err := s.c.Next(4)
	if err != nil {
		return 0, err
	}
	if s.big {
		return int32(binary.BigEndian.Uint32(p)), nil
	}
	return int32(binary.LittleEndian.Uint32(p)), nil
}

func (s binarySource) text(n, most int64) ([]byte, int64, error) {
	off := s.c.Offset()
	p, err := s.c.Peek(min(n, most))
	if err != nil {
		return nil, off, err
	}
	if n <= most {
		s.c.Advance(int(n))
		return p, off, nil
	}
	p = append([]byte(nil), p...)
	return p, off, s.c.Skip(n)
}

func (s binarySource) skip(n, width int64) error {
	if n > s.c.Remaining()/width {
		return bounded.ErrTruncated
	}
	return s.c.Skip(n * width)
}

// textSource reads words between white space.
type textSource struct{ c *bounded.Cursor }

func (textSource) least(_ int64) int64 { return 1 }

var errWord = errors.New("a word that is no number")

// word reads the next word of at most 64 bytes.
func (s textSource) word(into []byte) ([]byte, error) {
	into = into[:0]
	for {
		b, err := s.c.Byte()
		switch {
		case errors.Is(err, io.EOF) && len(into) > 0:
			return into, nil
		case err != nil:
			return nil, err
		case b == ' ' || b == '\n' || b == '\t' || b == '\r':
			if len(into) > 0 {
				return into, nil
			}
		case len(into) == cap(into):
			return nil, &SyntaxError{s.c.Offset(), "a word that is too long"}
		default:
			into = append(into, b)
		}
	}
}

func (s textSource) int() (int32, error) {
	var buf [64]byte
	w, err := s.word(buf[:])
	if err != nil {
		return 0, err
	}
	if string(w) == "NA" {
		return -1 << 31, nil
	}
	n, err := strconv.ParseInt(string(w), 10, 32)
	if err != nil {
		return 0, &SyntaxError{s.c.Offset(), errWord.Error()}
	}
	return int32(n), nil
}

func (s textSource) skip(n, width int64) error {
	var buf [64]byte
	if width == 16 {
		n *= 2
	}
	for range n {
		if _, err := s.word(buf[:]); err != nil {
			return err
		}
	}
	return nil
}

// text reads n characters, some of which are escaped.
func (s textSource) text(n, most int64) ([]byte, int64, error) {
	for { // white space between the length and the text
		b, err := s.c.Peek(1)
		if err != nil || n == 0 {
			return nil, s.c.Offset(), nil
		}
		if b[0] != ' ' && b[0] != '\n' && b[0] != '\t' && b[0] != '\r' {
			break
		}
		s.c.Advance(1)
	}
	off := s.c.Offset()
	out := make([]byte, 0, min(n, most))
	for range n {
		b, err := s.char()
		if err != nil {
			return nil, off, err
		}
		if int64(len(out)) < most {
			out = append(out, b)
		}
	}
	return out, off, nil
}

func (s textSource) char() (byte, error) {
	b, err := s.c.Byte()
	if err != nil || b != '\\' {
		return b, err
	}
	if b, err = s.c.Byte(); err != nil {
		return 0, err
	}
	switch b {
	case 'n':
		return '\n', nil
	case 't':
		return '\t', nil
	case 'v':
		return '\v', nil
	case 'b':
		return '\b', nil
	case 'r':
		return '\r', nil
	case 'f':
		return '\f', nil
	case 'a':
		return 7, nil
	}
	if b < '0' || b > '7' {
		return b, nil
	}
	v := b - '0'
	for range 2 {
		p, err := s.c.Peek(1)
		if err != nil || p[0] < '0' || p[0] > '7' {
			break
		}
		v = v<<3 | (p[0] - '0')
		s.c.Advance(1)
	}
	return v, nil
}
