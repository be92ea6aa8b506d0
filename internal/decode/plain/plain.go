// Package plain reads plain text: valid UTF-8 without NUL, of any length, in one
// pass and constant memory. It also sees the characters that make a text show
// something else than it says.
//
// Threat: a binary payload that passes as text; a source file whose displayed
// order differs from its real order (Unicode direction overrides, "Trojan
// Source"); instructions written in invisible tag characters; escape sequences
// that drive the terminal of whoever prints the file.
// Not covered: what the text means; look-alike letters; other encodings, which
// are not text here.
package plain

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/bounded"
)

// Hidden is the first character of a kind that does not show as what it is.
type Hidden struct {
	Name   string // "direction override", "invisible tag character", "terminal escape"
	Offset int64  // bytes from the start
	Line   int    // from 1
}

// NotText says where a text stops being one.
type NotText struct {
	Offset int64
	What   string
}

func (e *NotText) Error() string { return fmt.Sprintf("%s at byte %d", e.What, e.Offset) }

// Likely reports whether the head of an input can be the beginning of a text.
func Likely(head []byte) bool {
	if bytes.IndexByte(head, 0) >= 0 {
		return false
	}
	return utf8.Valid(head[:complete(head)])
}

// Check reads the input to its end. It returns *NotText when it is not text, a
// limit, or the error of reading. With watch it also looks for hidden
// characters and returns the first.
func Check(r *bounded.Reader, watch bool) (*Hidden, error) {
	if r.Size() > bounded.MaxTextBytes {
		return nil, r.Budget().Reach("text-bytes", bounded.MaxTextBytes)
	}
	c := r.NewCursor(0)
	defer c.Close()
	s := scanner{line: 1, watch: watch}
	for c.Remaining() > 0 {
		// Enough is asked for that a character cut by the last window is whole now.
		if _, err := c.Peek(min(c.Remaining(), lookAhead)); err != nil {
			return s.hidden, err
		}
		w, err := c.Window()
		if err != nil {
			return s.hidden, err
		}
		n := len(w)
		if int64(n) < c.Remaining() {
			n = cut(w)
		}
		if err := s.piece(w[:n], c.Offset()); err != nil {
			return s.hidden, err
		}
		c.Advance(n)
	}
	return s.hidden, nil
}

const lookAhead = 4 << 10 // bytes

// cut is where to end a piece that has a successor: at a line end or space near
// its end, so that no flag or escape sequence is cut, else between characters.
func cut(p []byte) int {
	from := max(0, len(p)-256)
	if i := bytes.LastIndexAny(p[from:], "\n "); i >= 0 {
		return from + i + 1
	}
	return complete(p)
}

// complete is the length of p without a character cut at its end.
func complete(p []byte) int {
	for back := 1; back <= 3 && back <= len(p); back++ {
		b := p[len(p)-back]
		if b < 0x80 {
			break
		}
		if b >= 0xc0 {
			if utf8.FullRune(p[len(p)-back:]) {
				break
			}
			return len(p) - back
		}
	}
	return len(p)
}

type scanner struct {
	line   int
	watch  bool
	hidden *Hidden
}

func (s *scanner) piece(p []byte, at int64) error {
	if i := bytes.IndexByte(p, 0); i >= 0 {
		return &NotText{at + int64(i), "a NUL byte"}
	}
	if !utf8.Valid(p) {
		return &NotText{at + int64(invalid(p)), "bytes that are not UTF-8"}
	}
	if s.watch && s.hidden == nil {
		if i, name := FindHidden(p); i >= 0 {
			s.hidden = &Hidden{name, at + int64(i), s.line + bytes.Count(p[:i], []byte{'\n'})}
		} else {
			s.line += bytes.Count(p, []byte{'\n'})
		}
	}
	return nil
}

func invalid(p []byte) int {
	for i := 0; i < len(p); {
		r, n := utf8.DecodeRune(p[i:])
		if r == utf8.RuneError && n < 2 {
			return i
		}
		i += n
	}
	return len(p)
}

// ReadAll returns a text of at most limit bytes. A longer one is the limit named.
func ReadAll(r *bounded.Reader, limit int64, name string) ([]byte, error) {
	if r.Size() > limit {
		return nil, r.Budget().Reach(name, limit)
	}
	p, err := r.Bytes(0, r.Size())
	if err != nil {
		return nil, err
	}
	s := scanner{}
	return p, s.piece(p, 0)
}
