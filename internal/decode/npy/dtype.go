package npy

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
)

// dtype is what is needed of an item type.
type dtype struct {
	size   int64
	object bool
	name   string
}

// dtypeOf reads a descr: a type string, a (type, shape) pair, or a list of
// fields. object is meaningful even when the rest is not understood.
func dtypeOf(n node, depth int) (dtype, error) {
	if depth > bounded.MaxRecursion {
		return dtype{}, fmt.Errorf("%w: nested too deep", ErrMalformed)
	}
	switch {
	case n.kind == kindString:
		return simple(n.text)
	case n.kind == kindTuple && len(n.items) == 2:
		d, err := dtypeOf(n.items[0], depth+1)
		if err == nil {
			d.size, err = repeated(d.size, n.items[1])
		}
		d.name = "subarray"
		return d, err
	case n.kind == kindList:
		return structured(n.items, depth)
	}
	return dtype{}, fmt.Errorf("%w: descr", ErrMalformed)
}

// structured adds up the fields of a list. A field is (name, type) or (name,
// type, shape); name may be a (title, name) pair.
func structured(fields []node, depth int) (dtype, error) {
	sum := dtype{name: "structured"}
	var first error
	for _, f := range fields {
		if f.kind != kindTuple || len(f.items) < 2 || len(f.items) > 3 || !fieldName(f.items[0]) {
			return sum, fmt.Errorf("%w: descr", ErrMalformed)
		}
		d, err := dtypeOf(f.items[1], depth+1)
		if err == nil && len(f.items) == 3 {
			d.size, err = repeated(d.size, f.items[2])
		}
		sum.object = sum.object || d.object
		if err == nil && sum.size > 1<<62-d.size {
			err = fmt.Errorf("%w: its size overflows", ErrMalformed)
		}
		if err == nil {
			sum.size += d.size
		} else if first == nil {
			first = err // go on: a later field may hold objects
		}
	}
	return sum, first
}

func fieldName(n node) bool {
	if n.kind == kindTuple && len(n.items) == 2 {
		return n.items[0].kind == kindString && n.items[1].kind == kindString
	}
	return n.kind == kindString
}

// repeated is the size of a subarray: shape is a number or a tuple of numbers.
func repeated(size int64, shape node) (int64, error) {
	dims := []node{shape}
	if shape.kind == kindTuple || shape.kind == kindList {
		dims = shape.items
	}
	for _, d := range dims {
		if d.kind != kindInt || d.num < 0 {
			return 0, fmt.Errorf("%w: shape of a field", ErrMalformed)
		}
		var err error
		if size, err = times(size, d.num); err != nil || size > 1<<62 {
			return 0, fmt.Errorf("%w: its size overflows", ErrMalformed)
		}
	}
	return size, nil
}

// simple reads a type string in the form that dtype.str has: order, kind, size
// and, for times, the unit.
func simple(s string) (dtype, error) {
	d := dtype{name: s, object: strings.Contains(s, "O") || strings.Contains(s, "object")}
	unknown := fmt.Errorf("%w: %q", ErrType, clip(s))
	code := strings.TrimLeft(s, "<>=|")
	if code == "" || len(s)-len(code) > 1 {
		return d, unknown
	}
	if code[0] == 'O' && (len(code) == 1 || code == "O8" || code == "O4") {
		return d, nil
	}
	digits, unit, hasUnit := strings.Cut(code[1:], "[")
	size, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || size < 0 || digits[0] == '+' || hasUnit && !dateUnit(code[0], unit) || !widths(code[0], size) {
		return d, unknown
	}
	if code[0] == 'U' {
		size *= 4
	}
	d.size = size
	return d, nil
}

func clip(s string) string { return s[:min(len(s), 40)] }

// dateUnit accepts "ns]", "25s]", "generic]" behind M8 and m8.
func dateUnit(code byte, unit string) bool {
	inner, ok := strings.CutSuffix(unit, "]")
	if !ok || code != 'M' && code != 'm' || inner == "" {
		return false
	}
	for _, c := range []byte(inner) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '/' {
			return false
		}
	}
	return true
}

// widths says which sizes a kind of item comes in, as written behind its letter.
func widths(code byte, size int64) bool {
	switch code {
	case 'b':
		return size == 1
	case 'i', 'u':
		return size == 1 || size == 2 || size == 4 || size == 8
	case 'f':
		return size == 2 || size == 4 || size == 8 || size == 12 || size == 16
	case 'c':
		return size == 8 || size == 16 || size == 24 || size == 32
	case 'M', 'm':
		return size == 8
	case 'S', 'a', 'U', 'V':
		return true
	}
	return false
}
