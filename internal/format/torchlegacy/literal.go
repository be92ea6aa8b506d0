package torchlegacy

import (
	"bytes"
	"encoding/binary"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
)

// longestNumber is the longest stream that is taken for a plain number, in bytes.
const longestNumber = 64

// number reads a stream that is one integer and nothing else. It returns its
// decimal digits and the length of the stream.
func number(p []byte) (digits string, length int, ok bool) {
	pos := 0
	if len(p) > 2 && p[0] == 0x80 {
		pos = 2
	}
	if len(p) > pos+9 && p[pos] == 0x95 { // FRAME
		pos += 9
	}
	digits, n := integer(p[pos:min(len(p), pos+longestNumber)])
	pos += n
	if n == 0 || pos >= len(p) || p[pos] != '.' {
		return "", 0, false
	}
	return digits, pos + 1, true
}

// integer reads one opcode that pushes an integer; n is its length, 0 when it is none.
func integer(p []byte) (digits string, n int) {
	if len(p) < 2 {
		return "", 0
	}
	fixed := func(width int) (string, int) {
		if len(p) < 1+width {
			return "", 0
		}
		var v [8]byte
		copy(v[:], p[1:1+width])
		return strconv.FormatUint(binary.LittleEndian.Uint64(v[:]), 10), 1 + width
	}
	switch p[0] {
	case 'K':
		return fixed(1)
	case 'M':
		return fixed(2)
	case 'J':
		if len(p) > 4 && p[4] < 0x80 {
			return fixed(4)
		}
	case 'I', 'L':
		return line(p)
	case 0x8a:
		return long(p)
	}
	return "", 0
}

// line reads the digits behind INT or LONG.
func line(p []byte) (string, int) {
	end := bytes.IndexByte(p, '\n')
	if end < 0 {
		return "", 0
	}
	text := string(p[1:end])
	if p[0] == 'L' {
		text = strings.TrimSuffix(text, "L")
	}
	if text == "" || text[0] == '0' && text != "0" || strings.Trim(text, "0123456789") != "" {
		return "", 0
	}
	return text, end + 1
}

// long reads LONG1: a length and a little-endian two's complement number, here
// not negative.
func long(p []byte) (string, int) {
	n := int(p[1])
	if n == 0 || n > 16 || len(p) < 2+n || p[1+n] >= 0x80 {
		return "", 0
	}
	digits := slices.Clone(p[2 : 2+n])
	slices.Reverse(digits)
	return new(big.Int).SetBytes(digits).String(), 2 + n
}

// maxKeys is how many storages one checkpoint may list.
const maxKeys = 1 << 19

// keyList reads a stream that is a list of plain strings, as the fifth one is.
type keyList struct {
	c       *bounded.Cursor
	list    bool // the list has been made
	marked  bool
	pending []string // strings on the stack that are not in the list yet
	keys    []string
}

// keys returns the strings of the stream, of which the reader is the view.
func keys(r *bounded.Reader) ([]string, bool) {
	k := keyList{c: r.NewCursor(0)}
	defer k.c.Close()
	for {
		op, err := k.c.Byte()
		if err != nil {
			return nil, false
		}
		if op == '.' {
			return k.keys, k.list && !k.marked && len(k.pending) == 0 && k.c.Remaining() == 0
		}
		if !k.step(op) || len(k.keys)+len(k.pending) > maxKeys {
			return nil, false
		}
	}
}

// step executes one opcode; it refuses all that a list of strings does not need.
func (k *keyList) step(op byte) bool {
	switch op {
	case 0x80, 'q': // PROTO, BINPUT
		return k.pass(1)
	case 'r': // LONG_BINPUT
		return k.pass(4)
	case 0x95: // FRAME
		return k.pass(8)
	case 'p': // PUT
		_, err := k.c.Line(32)
		return err == nil
	case 0x94: // MEMOIZE
		return true
	case '(':
		fresh := !k.marked && len(k.pending) == 0
		k.marked = true
		return fresh
	case ']', 'l', 'a', 'e':
		return k.grow(op)
	}
	text, ok := k.text(op)
	k.pending = append(k.pending, text)
	return ok && (k.list || k.marked) && (k.marked || len(k.pending) == 1)
}

func (k *keyList) pass(n int64) bool {
	_, err := k.c.Next(n)
	return err == nil
}

// grow makes the list or moves what is pending into it.
func (k *keyList) grow(op byte) bool {
	ok := false
	switch op {
	case ']':
		ok = !k.list && !k.marked
	case 'l':
		ok = !k.list && k.marked
	case 'a':
		ok = k.list && !k.marked && len(k.pending) == 1
	case 'e':
		ok = k.list && k.marked
	}
	k.list, k.marked = true, false
	k.keys, k.pending = append(k.keys, k.pending...), k.pending[:0]
	return ok
}

// text reads the string that the opcode pushes. Strings with escapes are
// refused: keys are numbers.
func (k *keyList) text(op byte) (string, bool) {
	var n int64
	switch op {
	case 0x8c, 'U': // SHORT_BINUNICODE, SHORT_BINSTRING
		b, err := k.c.Byte()
		if err != nil {
			return "", false
		}
		n = int64(b)
	case 'X', 'T': // BINUNICODE, BINSTRING
		v, err := k.c.Uint32()
		if err != nil || v > bounded.MaxStringKept {
			return "", false
		}
		n = int64(v)
	case 'V', 'S': // UNICODE, STRING
		p, err := k.c.Line(256)
		if err != nil || bytes.IndexByte(p, '\\') >= 0 {
			return "", false
		}
		if op == 'S' {
			return unquote(string(p))
		}
		return string(p), true
	default:
		return "", false
	}
	p, err := k.c.Next(n)
	return string(p), err == nil
}

func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != s[len(s)-1] || s[0] != '\'' && s[0] != '"' {
		return "", false
	}
	return s[1 : len(s)-1], true
}
