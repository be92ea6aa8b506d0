package gguf

import (
	"fmt"
	"math"
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
)

// kind is the type of a value.
type kind uint32

const (
	kUint8 kind = iota
	kInt8
	kUint16
	kInt16
	kUint32
	kInt32
	kFloat32
	kBool
	kString
	kArray
	kUint64
	kInt64
	kFloat64
)

var kinds = [...]struct {
	name string
	size int64 // bytes; 0 when it varies
}{
	{"uint8", 1}, {"int8", 1}, {"uint16", 2}, {"int16", 2}, {"uint32", 4}, {"int32", 4}, {"float32", 4}, {"bool", 1},
	{"string", 0}, {"array", 0}, {"uint64", 8}, {"int64", 8}, {"float64", 8},
}

func (k kind) String() string {
	if int(k) < len(kinds) {
		return kinds[k].name
	}
	return fmt.Sprintf("type %d", uint32(k))
}

// value is what a key has. Of arrays only the type and number of elements is
// kept.
type value struct {
	kind, elem kind
	count      int64  // elements of an array
	number     int64  // of an integer or bool; cut to 63 bits
	float      bool   // a number that is not finite or not an integer type
	off        int64  // of the content: the text of a string, the elements of an array
	length     int64  // of the content, bytes
	head       []byte // for text: its beginning, at most bounded.MaxStringKept bytes, valid during the call; later a copy of less
}

// typeName is the name that rules/lists/gguf_keys.tsv has for it.
func (v *value) typeName() string {
	if v.kind == kArray {
		return "[" + v.elem.String() + "]"
	}
	return v.kind.String()
}

// value reads one value. text is told of each string in it, with its beginning.
func (p *parser) value(k kind, text func(v *value)) (value, error) {
	v := value{kind: k, off: p.c.Offset()}
	var err error
	switch {
	case int(k) >= len(kinds):
		return v, &malformedError{fmt.Sprintf("a value has the unknown type %d", uint32(k))}
	case k == kString:
		return v, p.str(&v, text)
	case k == kArray:
		return v, p.array(&v, text, 1)
	}
	v.length = kinds[k].size
	v.number, v.float, err = p.scalar(k)
	return v, err
}

func (p *parser) scalar(k kind) (n int64, float bool, err error) {
	switch kinds[k].size {
	case 1:
		b, err := p.c.Next(1)
		if err != nil {
			return 0, false, p.ended(err)
		}
		if k == kInt8 {
			return int64(int8(b[0])), false, nil
		}
		return int64(b[0]), false, nil
	case 2:
		u, err := p.u16()
		if k == kInt16 {
			return int64(int16(u)), false, err
		}
		return int64(u), false, err
	case 4:
		u, err := p.u32()
		if k == kInt32 {
			return int64(int32(u)), false, err
		}
		return int64(u), k == kFloat32, err
	}
	u, err := p.u64()
	if k == kUint64 {
		u = min(u, math.MaxInt64)
	}
	return int64(u), k == kFloat64, err
}

// factBytes is what is kept of a string for the facts.
const factBytes = 256

// str reads a string without keeping more than its beginning.
func (p *parser) str(v *value, text func(*value)) error {
	n, err := p.count("the length of a string", 1)
	if err != nil {
		return err
	}
	v.off, v.length = p.c.Offset(), n
	v.head, err = p.c.Peek(min(n, bounded.MaxStringKept))
	if err != nil {
		return err
	}
	text(v)
	v.head = slices.Clone(v.head[:min(len(v.head), factBytes)])
	return p.c.Skip(n)
}

// array passes over the elements. The depth of arrays in arrays is bounded.
func (p *parser) array(v *value, text func(*value), depth int) error {
	e, err := p.u32()
	if err != nil {
		return err
	}
	v.elem = kind(e)
	if int(e) >= len(kinds) {
		return &malformedError{fmt.Sprintf("an array has elements of the unknown type %d", e)}
	}
	least := kinds[e].size
	switch v.elem {
	case kString:
		least = p.sizeBytes()
	case kArray:
		least = 4 + p.sizeBytes()
	}
	if v.count, err = p.count("the length of an array", least); err != nil {
		return err
	}
	v.off = p.c.Offset()
	defer func() { v.length = p.c.Offset() - v.off }()
	switch v.elem {
	case kString:
		return p.strings(v.count, text)
	case kArray:
		return p.arrays(v.count, text, depth)
	}
	if least == 1 { // bytes can hold anything
		if v.head, err = p.c.Peek(min(v.count, bounded.MaxStringKept)); err != nil {
			return err
		}
		text(&value{kind: kArray, elem: v.elem, off: v.off, length: v.count, head: v.head})
	}
	return p.c.Skip(v.count * least)
}

// worth is the shortest string that is worth a look, in bytes.
const worth = 16

func (p *parser) strings(n int64, text func(*value)) error {
	if err := p.budget.Items(n); err != nil {
		return err
	}
	var v value
	for range n {
		length, err := p.size()
		if err != nil {
			return err
		}
		if length > uint64(p.c.Remaining()) {
			return &beyondError{p.c.Offset() - p.sizeBytes(), "the length of a string", length}
		}
		if length >= p.least {
			v = value{kind: kString, off: p.c.Offset(), length: int64(length)}
			if v.head, err = p.c.Peek(min(v.length, bounded.MaxStringKept)); err != nil {
				return err
			}
			text(&v)
		}
		if err := p.c.Skip(int64(length)); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) arrays(n int64, text func(*value), depth int) error {
	if depth == bounded.MaxRecursion {
		return p.budget.Reach("recursion", bounded.MaxRecursion)
	}
	if err := p.budget.Items(n); err != nil {
		return err
	}
	for range n {
		if err := p.array(&value{kind: kArray}, text, depth+1); err != nil {
			return err
		}
	}
	return nil
}
