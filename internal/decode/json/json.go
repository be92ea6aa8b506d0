// Package json reads JSON (RFC 8259) as a stream of values, in one pass, without
// building objects: memory holds the keys' fingerprints of the objects that are
// open, and strings of at most bounded.MaxStringKept bytes.
//
// It reads what Python's json module reads: NaN, Infinity and -Infinity are
// numbers, lone surrogates are characters, a byte order mark is skipped.
//
// Threat: nesting without end, keys that appear twice so that two readers see
// two documents, content behind the end, strings that are not UTF-8.
// Not covered: what the values mean.
package json

import (
	"fmt"
	"hash/maphash"

	"github.com/sallyport/sallyport/internal/bounded"
)

// Kind is what a value is.
type Kind byte

// The kinds of scalar values.
const (
	String Kind = iota
	Number
	True
	False
	Null
)

// Value is a scalar. Bytes is its text, of a string with escapes resolved (a
// lone surrogate as three bytes); it is valid only during the call.
type Value struct {
	Kind   Kind
	Bytes  []byte
	Cut    bool  // the string is longer than MaxStringKept: Bytes holds its beginning
	Offset int64 // of the first byte, quote included
	Length int64 // as written, quotes included
}

// Visitor is told what a Parser reads. Key and path are asked of the parser.
type Visitor interface {
	Begin(p *Parser, object bool) // an object or array opens; p's path leads to it
	End(p *Parser)                // it closes
	Value(p *Parser, v *Value)
}

// SyntaxError says where the text stops being JSON.
type SyntaxError struct {
	Offset int64
	Line   int
	What   string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.What) }

// DuplicateError is a key that one object has twice.
type DuplicateError struct {
	Offset int64
	Line   int
	Path   string
}

func (e *DuplicateError) Error() string {
	return fmt.Sprintf("line %d: the key %q appears twice", e.Line, e.Path)
}

// Parser is the state while reading. Its methods may be called by the Visitor.
type Parser struct {
	c       *bounded.Cursor
	budget  *bounded.Budget
	v       Visitor
	w       []byte // window of the cursor
	i       int    // next byte in w
	base    int64  // offset of w[0]
	line    int
	depth   int
	frames  []frame
	scratch []byte
	val     Value // handed to the visitor
	seed    maphash.Seed
	keys    int // in all open objects
	items   int64
	count   int // values at the top
}

// frame is an open object or array.
type frame struct {
	object bool
	key    []byte // current key
	index  int    // current place
	seen   keySet
}

// Parse reads the input to its end: one value, or several each on lines of
// their own (JSON lines). It returns how many values there were, and a
// *SyntaxError, a *DuplicateError, a limit or an error of reading.
func Parse(r *bounded.Reader, v Visitor) (values int, err error) {
	p := &Parser{c: r.NewCursor(0), budget: r.Budget(), v: v, line: 1, seed: maphash.MakeSeed()}
	defer p.c.Close()
	err = p.document()
	if charge := p.budget.Items(p.items); err == nil {
		err = charge
	}
	return p.count, err
}

// Depth is how many objects and arrays are open.
func (p *Parser) Depth() int { return p.depth }

// Key is the current key of the open object at the depth (0 is the outermost),
// or nil when that is an array. Valid during the call.
func (p *Parser) Key(depth int) []byte {
	if depth < 0 || depth >= p.depth || !p.frames[depth].object {
		return nil
	}
	return p.frames[depth].key
}

// Index is the current place in the array at the depth, counted from 0.
func (p *Parser) Index(depth int) int { return p.frames[depth].index }

// Count is how many top-level values were complete before this one.
func (p *Parser) Count() int { return p.count }

// Line is the current line, from 1.
func (p *Parser) Line() int { return p.line }

// Offset is the place of the next byte.
func (p *Parser) Offset() int64 { return p.base + int64(p.i) }

// Path is the place of the current value: "a.b[3]".
func (p *Parser) Path() string {
	var out []byte
	for d := range p.depth {
		f := &p.frames[d]
		switch {
		case !f.object:
			out = fmt.Appendf(out, "[%d]", f.index)
		case d > 0:
			out = append(append(out, '.'), f.key...)
		default:
			out = append(out, f.key...)
		}
		if len(out) > 1000 {
			return string(out[:1000]) + "…"
		}
	}
	return string(out)
}

func (p *Parser) fail(what string) error {
	return &SyntaxError{Offset: p.Offset(), Line: p.line, What: what}
}

// document reads values until the input ends.
func (p *Parser) document() error {
	if err := p.want(3); err != nil {
		return err
	}
	if len(p.w) >= 3 && string(p.w[:3]) == "\ufeff" {
		p.i = 3
	}
	for {
		line := p.line
		b, ok, err := p.space()
		switch {
		case err != nil:
			return err
		case !ok && p.count == 0:
			return p.fail("there is no value")
		case !ok:
			return nil
		case p.count > 0 && p.line == line:
			return p.fail("something follows the value")
		}
		if err := p.value(b); err != nil {
			return err
		}
		p.count++
	}
}

// value reads one whole value that begins with b. It keeps its own stack.
func (p *Parser) value(b byte) error {
	for {
		opened, err := p.item(b)
		if err != nil {
			return err
		}
		if opened {
			if b, err = p.first(); err != nil {
				return err
			}
			if b != 0 {
				continue
			}
			p.pop()
		}
		for {
			if p.depth == 0 {
				return nil
			}
			if b, err = p.next(); err != nil {
				return err
			}
			if b != 0 {
				break
			}
			p.pop()
		}
	}
}

// item reads a scalar, or opens an object or array.
func (p *Parser) item(b byte) (opened bool, err error) {
	if p.items++; p.items == 1<<14 {
		if err := p.budget.Items(p.items); err != nil {
			return false, err
		}
		p.items = 0
	}
	switch b {
	case '{', '[':
		return true, p.push(b == '{')
	case '"':
		return false, p.stringValue()
	}
	return false, p.scalar(b)
}

func (p *Parser) push(object bool) error {
	if p.depth == bounded.MaxRecursion {
		return p.budget.Reach("recursion", bounded.MaxRecursion)
	}
	p.v.Begin(p, object)
	p.i++
	if p.depth == len(p.frames) {
		p.frames = append(p.frames, frame{})
	}
	f := &p.frames[p.depth]
	f.object, f.index, f.key = object, 0, f.key[:0]
	p.depth++
	return nil
}

func (p *Parser) pop() {
	p.i++
	p.depth--
	f := &p.frames[p.depth]
	p.keys -= f.seen.n
	f.seen.reset()
	p.v.End(p)
}

// first goes to the first value of what was just opened; 0 means that it is empty.
func (p *Parser) first() (byte, error) {
	b, err := p.must()
	if err != nil {
		return 0, err
	}
	f := &p.frames[p.depth-1]
	if !f.object {
		if b == ']' {
			return 0, nil
		}
		return b, nil
	}
	if b == '}' {
		return 0, nil
	}
	return p.key(b)
}

// next goes behind a value to the next one; 0 means that the object or array ends.
func (p *Parser) next() (byte, error) {
	b, err := p.must()
	if err != nil {
		return 0, err
	}
	f := &p.frames[p.depth-1]
	switch {
	case b == ',' && f.object:
		p.i++
		if b, err = p.must(); err != nil {
			return 0, err
		}
		return p.key(b)
	case b == ',':
		p.i++
		f.index++
		return p.must()
	case b == '}' && f.object, b == ']' && !f.object:
		return 0, nil
	}
	return 0, p.fail("a comma or the end of the object or array is missing")
}

// key reads a key and its colon and returns the first byte of its value.
func (p *Parser) key(b byte) (byte, error) {
	if b != '"' {
		return 0, p.fail("a key must be a string")
	}
	at := p.Offset()
	key, cut, err := p.str()
	if err != nil {
		return 0, err
	}
	if cut {
		return 0, p.budget.Reach("string-kept", bounded.MaxStringKept)
	}
	f := &p.frames[p.depth-1]
	f.key = append(f.key[:0], key...)
	if p.keys++; p.keys > bounded.MaxObjectKeys {
		return 0, p.budget.Reach("object-keys", bounded.MaxObjectKeys)
	}
	if !f.seen.add(maphash.Bytes(p.seed, key)) {
		return 0, &DuplicateError{Offset: at, Line: p.line, Path: p.Path()}
	}
	if b, err = p.must(); err != nil {
		return 0, err
	}
	if b != ':' {
		return 0, p.fail("a colon is missing behind a key")
	}
	p.i++
	return p.must()
}
