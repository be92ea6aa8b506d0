package tflite

import (
	"bytes"
	"encoding/binary"
)

// flexOptions are the strings of a FlexBuffers value, as offset and length, in
// the order in which they are reached.
type flexOptions struct {
	ok      bool
	strings [][2]int
}

// FlexBuffers is read from its end: the width of the root, its type, its value.
// Everything else stands before what refers to it, so there are no cycles; a
// value that many refer to is charged each time.
type flexReader struct {
	p    []byte
	out  flexOptions
	work int
}

const (
	flexWork  = 1 << 16 // values of one set of options
	flexDepth = 64
)

func readFlex(p []byte) flexOptions {
	f := flexReader{p: p}
	n := len(p)
	if n < 3 {
		return f.out
	}
	width := int(p[n-1])
	f.out.ok = (width == 1 || width == 2 || width == 4 || width == 8) && n >= 2+width &&
		f.value(n-2-width, p[n-2], width, 0)
	return f.out
}

// number reads an unsigned number of a width.
func (f *flexReader) number(at, width int) (int, bool) {
	if at < 0 || at+width > len(f.p) {
		return 0, false
	}
	var v uint64
	switch width {
	case 1:
		v = uint64(f.p[at])
	case 2:
		v = uint64(binary.LittleEndian.Uint16(f.p[at:]))
	case 4:
		v = uint64(binary.LittleEndian.Uint32(f.p[at:]))
	default:
		v = binary.LittleEndian.Uint64(f.p[at:])
	}
	return int(min(v, 1<<40)), true
}

// value checks one value that stands, or is referred to, at a place.
func (f *flexReader) value(at int, packed byte, width, depth int) bool {
	if f.work++; f.work > flexWork || depth > flexDepth {
		return false
	}
	kind, inner := packed>>2, 1<<(packed&3)
	if kind <= 3 || kind == 26 { // null, numbers, booleans: in place
		return at >= 0 && at+width <= len(f.p)
	}
	back, ok := f.number(at, width)
	target := at - back
	if !ok || back == 0 || target < 0 {
		return false
	}
	switch {
	case kind == 4: // a key
		return bytes.IndexByte(f.p[target:at], 0) >= 0
	case kind == 5 || kind == 25: // a string, a blob
		n, ok := f.number(target-inner, inner)
		if !ok || n > len(f.p)-target {
			return false
		}
		f.out.strings = append(f.out.strings, [2]int{target, n})
		return true
	case kind >= 6 && kind <= 8: // a number elsewhere
		return target+inner <= len(f.p)
	case kind == 9:
		return f.keys(target, inner, depth) && f.vector(target, inner, depth)
	case kind == 10:
		return f.vector(target, inner, depth)
	case kind >= 11 && kind <= 15 || kind == 36:
		n, ok := f.number(target-inner, inner)
		return ok && f.typed(target, n, kind, inner, depth)
	case kind >= 16 && kind <= 24:
		return target+(int(kind-16)/3+2)*inner <= len(f.p)
	}
	return false
}

// vector checks elements with a type each.
func (f *flexReader) vector(target, width, depth int) bool {
	n, ok := f.number(target-width, width)
	if !ok || n > (len(f.p)-target)/(width+1) {
		return false
	}
	for i := range n {
		if !f.value(target+i*width, f.p[target+n*width+i], width, depth+1) {
			return false
		}
	}
	return true
}

// keys checks the vector of keys that a map names before its values.
func (f *flexReader) keys(target, width, depth int) bool {
	back, ok := f.number(target-3*width, width)
	inner, ok2 := f.number(target-2*width, width)
	at := target - 3*width - back
	if !ok || !ok2 || back == 0 || at < 0 || inner != 1 && inner != 2 && inner != 4 && inner != 8 {
		return false
	}
	n, ok := f.number(at-inner, inner)
	return ok && f.typed(at, n, 14, inner, depth)
}

// typed checks elements of one type; keys and strings are referred to.
func (f *flexReader) typed(target, n int, kind byte, width, depth int) bool {
	if n < 0 || n > (len(f.p)-target)/width {
		return false
	}
	if kind != 14 && kind != 15 {
		return true
	}
	for i := range n {
		if !f.value(target+i*width, (kind-10)<<2, width, depth+1) {
			return false
		}
	}
	return true
}

// nodeOperator reads the operator of a serialized NodeDef: its field 2. The last
// one counts.
func nodeOperator(p []byte) (op string, ok bool) {
	for len(p) > 0 {
		tag, n := binary.Uvarint(p)
		if n <= 0 {
			return "", false
		}
		p = p[n:]
		switch tag & 7 {
		case 0:
			if _, n = binary.Uvarint(p); n <= 0 {
				return "", false
			}
		case 1:
			n = 8
		case 2:
			length, k := binary.Uvarint(p)
			if k <= 0 || length > uint64(len(p)-k) {
				return "", false
			}
			if tag>>3 == 2 {
				op = string(p[k : k+int(length)])
			}
			n = k + int(length)
		case 5:
			n = 4
		default:
			return "", false
		}
		if n > len(p) {
			return "", false
		}
		p = p[n:]
	}
	return op, true
}
