// Package msgpack reads MessagePack as a stream of tokens, without building
// objects: strings and binary data are places in the input, not copies.
//
// Specification: https://github.com/msgpack/msgpack/blob/master/spec.md
//
// Threat: counts and lengths that exceed the input, nesting without end, a byte
// that no version of the format defines. Every count is compared with what
// remains before it is used: an item takes one byte at least.
// Not covered: what extension types mean, except the timestamp.
package msgpack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/sallyport/sallyport/internal/bounded"
)

// Kind is what a token is.
type Kind uint8

// The kinds. A Map or Array is followed by its items.
const (
	Nil Kind = iota
	Bool
	Int
	Float
	String
	Binary
	Array
	Map
	Ext
)

// Token is one item. Integers above the range of int64 are cut to it.
type Token struct {
	Kind   Kind
	Code   int8    // type of an Ext; -1 is a timestamp
	Int    int64   // value of an Int, 0 or 1 of a Bool
	Float  float64 // value of a Float
	Count  int64   // items of an Array, pairs of a Map
	Start  int64   // offset of the first byte
	Offset int64   // of the content of String, Binary, Ext
	Length int64   // of that content in bytes
	Depth  int     // how many containers are open around it
	Key    bool    // it is the key of a pair
	Text   []byte  // beginning of a String, at most KeptText bytes; valid until Next
}

// KeptText is how much of a string a token carries, in bytes.
const KeptText = bounded.MaxStringKept

// SyntaxError says why the bytes are not MessagePack.
type SyntaxError struct {
	Offset int64
	What   string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.What, e.Offset) }

// frame is an open container.
type frame struct {
	left int64 // items still to come, keys and values counted apart
	pair bool
}

// Decoder reads one object with everything in it.
type Decoder struct {
	c      *bounded.Cursor
	budget *bounded.Budget
	stack  []frame
	tok    Token
	items  int64
	begun  bool
}

// New starts at the beginning of the view. Close ends it.
func New(r *bounded.Reader) *Decoder {
	return &Decoder{c: r.NewCursor(0), budget: r.Budget()}
}

// Close gives the buffer back.
func (d *Decoder) Close() { d.c.Close() }

// Offset is where the next token begins.
func (d *Decoder) Offset() int64 { return d.c.Offset() }

// Depth is how many containers are open.
func (d *Decoder) Depth() int { return len(d.stack) }

// Next reads a token. At the end of the first object it returns io.EOF, whatever
// follows; other errors are a *SyntaxError, a limit or an error of reading. The
// token is valid until the next call.
func (d *Decoder) Next() (*Token, error) {
	for len(d.stack) > 0 && d.stack[len(d.stack)-1].left == 0 {
		d.stack = d.stack[:len(d.stack)-1]
	}
	if len(d.stack) == 0 && d.begun {
		return nil, io.EOF
	}
	if d.items++; d.items&0xfff == 0 {
		if err := d.budget.Items(0x1000); err != nil {
			return nil, err
		}
	}
	d.begun = true
	d.tok = Token{Start: d.c.Offset(), Depth: len(d.stack)}
	if n := len(d.stack); n > 0 {
		f := &d.stack[n-1]
		d.tok.Key = f.pair && f.left%2 == 0
		f.left--
	}
	if err := d.read(&d.tok); err != nil {
		return nil, d.explain(err)
	}
	return &d.tok, nil
}

func (d *Decoder) explain(err error) error {
	if errors.Is(err, bounded.ErrTruncated) || errors.Is(err, io.EOF) {
		return &SyntaxError{d.tok.Start, "an item ends beyond the input"}
	}
	return err
}

func (d *Decoder) read(t *Token) error {
	b, err := d.c.Byte()
	if err != nil {
		return err
	}
	switch {
	case b < 0x80:
		t.Kind, t.Int = Int, int64(b)
		return nil
	case b < 0x90:
		return d.open(t, Map, int64(b&0x0f))
	case b < 0xa0:
		return d.open(t, Array, int64(b&0x0f))
	case b < 0xc0:
		return d.content(t, String, int64(b&0x1f))
	case b >= 0xe0:
		t.Kind, t.Int = Int, int64(int8(b))
		return nil
	}
	return d.wide(t, b)
}

// wide reads what has more than one byte of header, or is a constant.
func (d *Decoder) wide(t *Token, b byte) error {
	switch b {
	case 0xc0:
		t.Kind = Nil
		return nil
	case 0xc1:
		return &SyntaxError{t.Start, "a byte that is never used"}
	case 0xc2, 0xc3:
		t.Kind, t.Int = Bool, int64(b&1)
		return nil
	case 0xc4, 0xc5, 0xc6:
		return d.sized(t, Binary, 1<<(b-0xc4))
	case 0xc7, 0xc8, 0xc9:
		return d.sized(t, Ext, 1<<(b-0xc7))
	case 0xca, 0xcb:
		return d.float(t, b)
	case 0xcc, 0xcd, 0xce, 0xcf:
		u, err := d.number(1 << (b - 0xcc))
		t.Kind, t.Int = Int, int64(min(u, math.MaxInt64))
		return err
	case 0xd0, 0xd1, 0xd2, 0xd3:
		u, err := d.number(1 << (b - 0xd0))
		shift := 64 - 8<<(b-0xd0)
		t.Kind, t.Int = Int, int64(u<<shift)>>shift
		return err
	case 0xd4, 0xd5, 0xd6, 0xd7, 0xd8:
		return d.content(t, Ext, 1<<(b-0xd4))
	case 0xd9, 0xda, 0xdb:
		return d.sized(t, String, 1<<(b-0xd9))
	case 0xdc, 0xdd:
		n, err := d.number(2 << (b - 0xdc))
		if err != nil {
			return err
		}
		return d.open(t, Array, int64(n))
	}
	n, err := d.number(2 << (b - 0xde))
	if err != nil {
		return err
	}
	return d.open(t, Map, int64(n))
}

// number reads an unsigned big-endian number of the width in bytes.
func (d *Decoder) number(width int64) (uint64, error) {
	p, err := d.c.Next(width)
	if err != nil {
		return 0, err
	}
	switch width {
	case 1:
		return uint64(p[0]), nil
	case 2:
		return uint64(binary.BigEndian.Uint16(p)), nil
	case 4:
		return uint64(binary.BigEndian.Uint32(p)), nil
	}
	return binary.BigEndian.Uint64(p), nil
}

func (d *Decoder) float(t *Token, b byte) error {
	t.Kind = Float
	if b == 0xca {
		u, err := d.number(4)
		t.Float = float64(math.Float32frombits(uint32(u)))
		return err
	}
	u, err := d.number(8)
	t.Float = math.Float64frombits(u)
	return err
}

func (d *Decoder) sized(t *Token, k Kind, width int64) error {
	n, err := d.number(width)
	if err != nil {
		return err
	}
	return d.content(t, k, int64(n))
}

// content passes over n bytes, behind the type of an extension.
func (d *Decoder) content(t *Token, k Kind, n int64) error {
	t.Kind = k
	if k == Ext {
		code, err := d.c.Byte()
		if err != nil {
			return err
		}
		t.Code = int8(code)
	}
	t.Offset, t.Length = d.c.Offset(), n
	if n > d.c.Remaining() {
		return bounded.ErrTruncated
	}
	if k == String {
		p, err := d.c.Peek(min(n, KeptText))
		if err != nil {
			return err
		}
		t.Text = p
	}
	if k == Ext && t.Code == -1 && n != 4 && n != 8 && n != 12 {
		return &SyntaxError{t.Start, "a timestamp of a length that none has"}
	}
	return d.c.Skip(n)
}

// open enters a container of n items or pairs.
func (d *Decoder) open(t *Token, k Kind, n int64) error {
	t.Kind, t.Count = k, n
	if k == Map {
		n *= 2
	}
	if n > d.c.Remaining() {
		return bounded.ErrTruncated
	}
	if len(d.stack) == bounded.MaxRecursion {
		return d.budget.Reach("recursion", bounded.MaxRecursion)
	}
	d.stack = append(d.stack, frame{left: n, pair: k == Map})
	return nil
}
