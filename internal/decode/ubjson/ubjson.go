// Package ubjson reads Universal Binary JSON (https://ubjson.org, draft 12) as a
// stream of values, in one pass, without building objects. XGBoost writes its
// models in it.
//
// Threat: a count that promises more than the file holds, nesting without end,
// keys that appear twice so that two readers see two models, arrays of a type
// that takes no bytes at all. Numbers are big-endian; every length is checked
// against what remains before it is used.
//
// Not covered: what the values mean; the extensions of BJData.
package ubjson

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
)

// Kind is what a value is.
type Kind byte

// The kinds of scalar values. A high-precision number is Text.
const (
	String Kind = iota
	Int
	Float
	True
	False
	Null
	Text
)

// Value is a scalar. Bytes is the text of a String or Text, valid only during the
// call; Number holds an Int.
type Value struct {
	Kind   Kind
	Number int64
	Bytes  []byte
	Cut    bool  // longer than bounded.MaxStringKept: Bytes holds its beginning
	Offset int64 // of the content, behind marker and length
	Length int64 // of the content
}

// Visitor is told what a Parser reads.
type Visitor interface {
	Begin(p *Parser, object bool)
	End(p *Parser)
	Value(p *Parser, v *Value)
	// Block announces count numbers of one type, size bytes each, at off. They are
	// given to Value one by one if it returns true; else they are skipped.
	Block(p *Parser, integers bool, off, count, size int64) bool
}

// SyntaxError says where the bytes stop being UBJSON.
type SyntaxError struct {
	Offset int64
	What   string
}

// Error implements error.
func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.What, e.Offset) }

// DuplicateError is a key that one object has twice.
type DuplicateError struct {
	Offset int64
	Path   string
}

// Error implements error.
func (e *DuplicateError) Error() string {
	return fmt.Sprintf("key %q appears twice (byte %d)", e.Path, e.Offset)
}

// frame is an open object or array.
type frame struct {
	object bool
	key    []byte
	index  int
	left   int64 // values still to come; -1: up to the closing mark
	marker byte  // type of all values, or 0
	seen   map[uint64]struct{}
}

// Parser is the state while reading. Its methods may be called by the Visitor.
type Parser struct {
	c      *bounded.Cursor
	budget *bounded.Budget
	v      Visitor
	stack  []frame
	keys   int // of all open objects
	value  Value
}

// Depth is how many objects and arrays are open.
func (p *Parser) Depth() int { return len(p.stack) }

// Key is the current key of the open object at the depth (0 is the outermost), or
// nil when that is an array. Valid during the call.
func (p *Parser) Key(depth int) []byte {
	if depth < 0 || depth >= len(p.stack) || !p.stack[depth].object {
		return nil
	}
	return p.stack[depth].key
}

// Index is the current place in the array at the depth, counted from 0.
func (p *Parser) Index(depth int) int { return p.stack[depth].index }

// Offset is the place of the next byte.
func (p *Parser) Offset() int64 { return p.c.Offset() }

// Path is the place of the current value: "a.b[3]".
func (p *Parser) Path() string {
	var b strings.Builder
	for i := range p.stack {
		switch f := &p.stack[i]; {
		case !f.object:
			b.WriteString("[" + strconv.Itoa(f.index) + "]")
		case b.Len() > 0:
			b.WriteByte('.')
			fallthrough
		default:
			b.Write(f.key)
		}
	}
	return b.String()
}

// Parse reads one value from the start of the view and returns the offset behind
// it; what follows is not looked at. The error is a *SyntaxError, a
// *DuplicateError, a limit or an error of reading.
func Parse(r *bounded.Reader, v Visitor) (end int64, err error) {
	p := &Parser{c: r.NewCursor(0), budget: r.Budget(), v: v}
	defer p.c.Close()
	err = p.run()
	return p.c.Offset(), err
}

func (p *Parser) run() error {
	marker, err := p.marker()
	if err != nil {
		return err
	}
	if err := p.item(marker); err != nil {
		return err
	}
	for len(p.stack) > 0 {
		if err := p.step(); err != nil {
			return err
		}
	}
	return nil
}

// step reads the next member of the innermost container, or closes it.
func (p *Parser) step() error {
	f := &p.stack[len(p.stack)-1]
	if f.left == 0 {
		p.close()
		return nil
	}
	marker := f.marker
	if f.left < 0 || f.object {
		done, err := p.closing(f)
		if done || err != nil {
			return err
		}
	}
	if f.object {
		if err := p.key(f); err != nil {
			return err
		}
	}
	if marker == 0 {
		var err error
		if marker, err = p.marker(); err != nil {
			return err
		}
	}
	if f.left > 0 {
		f.left--
	}
	return p.item(marker)
}

// closing consumes the end mark of a container that has no count.
func (p *Parser) closing(f *frame) (done bool, err error) {
	if f.left >= 0 {
		return false, nil
	}
	for {
		b, err := p.c.Peek(1)
		if err != nil {
			return false, p.ended(err)
		}
		switch {
		case b[0] == 'N':
			p.c.Advance(1)
			continue
		case f.object && b[0] == '}', !f.object && b[0] == ']':
			p.c.Advance(1)
			p.close()
			return true, nil
		}
		return false, nil
	}
}

func (p *Parser) close() {
	top := len(p.stack) - 1
	p.keys -= len(p.stack[top].seen)
	p.stack = p.stack[:top]
	p.v.End(p)
	p.next()
}

// next counts a finished value in the array around it.
func (p *Parser) next() {
	if top := len(p.stack) - 1; top >= 0 {
		p.stack[top].index++
	}
}

func (p *Parser) key(f *frame) error {
	at := p.c.Offset()
	n, err := p.length()
	if err != nil {
		return err
	}
	if n > bounded.MaxStringKept {
		return p.budget.Reach("string-kept", bounded.MaxStringKept)
	}
	b, err := p.c.Next(n)
	if err != nil {
		return p.ended(err)
	}
	f.key = append(f.key[:0], b...)
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	if _, ok := f.seen[h]; ok {
		return &DuplicateError{Offset: at, Path: p.Path()}
	}
	if f.seen == nil {
		f.seen = map[uint64]struct{}{}
	}
	f.seen[h] = struct{}{}
	if p.keys++; p.keys > bounded.MaxObjectKeys {
		return p.budget.Reach("object-keys", bounded.MaxObjectKeys)
	}
	return nil
}

// marker reads the next type, past those that mean nothing.
func (p *Parser) marker() (byte, error) {
	for {
		b, err := p.c.Byte()
		if err != nil {
			return 0, p.ended(err)
		}
		if b != 'N' {
			return b, nil
		}
		if err := p.budget.Items(1); err != nil {
			return 0, err
		}
	}
}

// size is the length in bytes of a number, 0 for other types.
func size(marker byte) int64 {
	switch marker {
	case 'i', 'U', 'C':
		return 1
	case 'I':
		return 2
	case 'l', 'd':
		return 4
	case 'L', 'D':
		return 8
	}
	return 0
}

// item reads one value of the type.
func (p *Parser) item(marker byte) error {
	if err := p.budget.Items(1); err != nil {
		return err
	}
	p.value = Value{Offset: p.c.Offset()}
	v := &p.value
	switch marker {
	case '{', '[':
		return p.open(marker == '{')
	case 'Z':
		v.Kind = Null
	case 'T':
		v.Kind = True
	case 'F':
		v.Kind = False
	case 'S', 'H':
		if marker == 'H' {
			v.Kind = Text
		}
		return p.text(v)
	default:
		if err := p.number(v, marker); err != nil {
			return err
		}
	}
	p.v.Value(p, v)
	p.next()
	return nil
}

func (p *Parser) number(v *Value, marker byte) error {
	n := size(marker)
	if n == 0 {
		return &SyntaxError{p.c.Offset() - 1, fmt.Sprintf("unknown type 0x%02x", marker)}
	}
	b, err := p.c.Next(n)
	if err != nil {
		return p.ended(err)
	}
	v.Length, v.Kind = n, Int
	switch marker {
	case 'i':
		v.Number = int64(int8(b[0]))
	case 'U':
		v.Number = int64(b[0])
	case 'C':
		v.Kind, v.Bytes = String, b
	case 'I':
		v.Number = int64(int16(binary.BigEndian.Uint16(b)))
	case 'l':
		v.Number = int64(int32(binary.BigEndian.Uint32(b)))
	case 'L':
		v.Number = int64(binary.BigEndian.Uint64(b))
	default:
		v.Kind = Float
	}
	return nil
}

func (p *Parser) text(v *Value) error {
	n, err := p.length()
	if err != nil {
		return err
	}
	v.Offset, v.Length = p.c.Offset(), n
	keep := min(n, bounded.MaxStringKept)
	if v.Bytes, err = p.c.Peek(keep); err != nil {
		return p.ended(err)
	}
	v.Cut = n > keep
	p.v.Value(p, v)
	if err := p.c.Skip(n); err != nil {
		return p.ended(err)
	}
	p.next()
	return nil
}

// length reads a count: an integer of any type, checked against what remains.
func (p *Parser) length() (int64, error) {
	marker, err := p.c.Byte()
	if err != nil {
		return 0, p.ended(err)
	}
	at := p.c.Offset()
	if size(marker) == 0 || marker == 'C' || marker == 'd' || marker == 'D' {
		return 0, &SyntaxError{at - 1, "a length that is no integer"}
	}
	var v Value
	if err := p.number(&v, marker); err != nil {
		return 0, err
	}
	if v.Number < 0 || v.Number > p.c.Remaining() {
		return 0, &SyntaxError{at - 1, fmt.Sprintf("a length of %d where %d bytes remain", v.Number, p.c.Remaining())}
	}
	return v.Number, nil
}

// open begins an object or array, with its type and count if it has them.
func (p *Parser) open(object bool) error {
	if len(p.stack) == bounded.MaxRecursion {
		return p.budget.Reach("recursion", bounded.MaxRecursion)
	}
	p.v.Begin(p, object)
	f := frame{object: object, left: -1}
	b, err := p.c.Peek(1)
	if err != nil {
		return p.ended(err)
	}
	if b[0] == '$' {
		p.c.Advance(1)
		if f.marker, err = p.c.Byte(); err != nil {
			return p.ended(err)
		}
		if b, err = p.c.Peek(1); err != nil || b[0] != '#' {
			return &SyntaxError{p.c.Offset(), "a typed container without a count"}
		}
	}
	if b[0] == '#' {
		p.c.Advance(1)
		if f.left, err = p.count(f.marker); err != nil {
			return err
		}
	}
	p.stack = append(p.stack, f)
	if n := size(f.marker); n > 0 && !object {
		return p.block(n)
	}
	return nil
}

// count reads the number of values of a container. Each takes a byte at least,
// except values of a type that has no content: their number would be free.
func (p *Parser) count(marker byte) (int64, error) {
	switch marker {
	case 'Z', 'T', 'F', 'N':
		return 0, &SyntaxError{p.c.Offset(), "a container of values without content"}
	}
	n, err := p.length()
	if s := size(marker); err == nil && s > 1 && n > p.c.Remaining()/s {
		return 0, &SyntaxError{p.c.Offset(), fmt.Sprintf("%d values of %d bytes where %d bytes remain", n, s, p.c.Remaining())}
	}
	return n, err
}

// block reads the numbers of a typed array.
func (p *Parser) block(n int64) error {
	f := &p.stack[len(p.stack)-1]
	if f.marker == 'C' {
		return nil
	}
	if p.v.Block(p, f.marker != 'd' && f.marker != 'D', p.c.Offset(), f.left, n) {
		return nil
	}
	if err := p.c.Skip(f.left * n); err != nil {
		return p.ended(err)
	}
	f.index, f.left = int(f.left), 0
	return nil
}

// ended makes an early end an error of syntax.
func (p *Parser) ended(err error) error {
	if errors.Is(err, bounded.ErrTruncated) || errors.Is(err, io.EOF) {
		return &SyntaxError{p.c.Offset(), "the file ends inside of a value"}
	}
	return err
}
