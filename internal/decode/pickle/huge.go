package pickle

import (
	"strconv"
	"strings"
)

// Huge is a call that asks for memory which nothing in the stream fills.
type Huge struct {
	Import int   // what is called
	Bytes  int64 // how much, at least; 0 when the number is too large to tell
	Offset int64
}

// hugeBytes is how much memory one call may ask for by a number alone.
const hugeBytes = 1 << 30

// What a call allocates.
const (
	noSize      = iota
	sizeIsFirst // its first argument, bytes: bytes(n)
	sizeIsShape // its first argument, a shape: ndarray(shape)
	sizeIsNext  // its second argument, a shape: _reconstruct(class, shape, …)
	sizeIsAll   // its arguments: Tensor(2, 3), FloatStorage(n)
	sizeOfRange // as many items as its first argument has: list(range(n))
	makesRange  // nothing by itself
	makesNumber // as many digits as the exponent says: Fraction("1e9")
	makesText   // the text of all that its argument holds: str([…])
)

func allocates(module, name string) uint8 {
	switch module {
	case "builtins":
		return builtinSize(name)
	case "collections", "array":
		return sizeOfRange
	case "fractions":
		return makesNumber
	case "numpy", "numpy.core.multiarray", "numpy._core.multiarray", "numpy.core._multiarray_umath", "numpy._core._multiarray_umath":
		switch name {
		case "ndarray":
			return sizeIsShape
		case "void":
			return sizeIsFirst
		case "_reconstruct":
			return sizeIsNext
		}
	case "torch", "torch.cuda", "torch.storage", "torch.sparse":
		if strings.HasSuffix(name, "Storage") || strings.HasSuffix(name, "Tensor") {
			return sizeIsAll
		}
	}
	return noSize
}

func builtinSize(name string) uint8 {
	switch name {
	case "bytes", "bytearray":
		return sizeIsFirst
	case "list", "tuple", "set", "frozenset", "dict":
		return sizeOfRange
	case "range":
		return makesRange
	case "str":
		return makesText
	}
	return noSize
}

// noteSize notes a call that asks for much memory.
func (m *machine) noteSize(i int, args val) {
	items, ok := m.tuple.get(args)
	if !ok || len(items) == 0 {
		return
	}
	how := m.names[i].size
	if how == sizeIsFirst && items[0].kind() == vObject {
		how = sizeOfRange
	}
	switch how {
	case sizeIsFirst:
		m.hugeCount(i, items[:1], 1)
	case sizeIsShape, sizeIsNext:
		if how == sizeIsNext {
			items = items[1:]
		}
		if len(items) > 0 {
			if dims, ok := m.tuple.get(items[0]); ok {
				m.hugeCount(i, dims, 1)
			} else {
				m.hugeCount(i, items[:1], 1)
			}
		}
	case sizeIsAll:
		m.hugeCount(i, items, 4)
	case makesRange:
		m.noteRange(items)
	case sizeOfRange:
		for _, v := range items {
			if n := m.ranges[v.off()]; v.kind() == vObject && n > 0 {
				m.huge(i, n)
			}
		}
	case makesNumber:
		m.exponent(i, items[0])
	case makesText:
		switch items[0].kind() {
		case vList, vDict, vSet, vTuple, vBigTuple:
			m.huge(i, 0)
		}
	}
}

// hugeCount multiplies numbers.
func (m *machine) hugeCount(i int, dims []val, unit int64) {
	n := unit
	for _, d := range dims {
		switch {
		case d.kind() == vBig:
			m.huge(i, 0)
			return
		case d.kind() != vInt:
			return
		case d.int() <= 0:
			return
		case n > (1<<62)/d.int():
			m.huge(i, 1<<62)
			return
		}
		n *= d.int()
	}
	if n > hugeBytes {
		m.huge(i, n)
	}
}

// noteRange remembers ranges that are long.
func (m *machine) noteRange(items []val) {
	from, to, step := int64(0), int64(0), int64(1)
	for i, v := range items[:min(3, len(items))] {
		if v.kind() != vInt && v.kind() != vBig {
			return
		}
		n := v.int()
		if v.kind() == vBig {
			n = 1 << 60
		}
		switch {
		case len(items) == 1 || i == 1:
			to = n
		case i == 0:
			from = n
		default:
			step = n
		}
	}
	if step < 0 {
		from, to, step = to, from, -step
	}
	if step == 0 || to <= from || (to-from)/step <= hugeBytes/8 || len(m.ranges) >= maxOdd {
		return
	}
	if m.ranges == nil {
		m.ranges = map[int64]int64{}
	}
	m.ranges[m.at] = min((to-from)/step, 1<<59) * 8
}

// exponent notes a number of more than a million digits in a few characters.
func (m *machine) exponent(i int, v val) {
	text, ok := m.str(v)
	if !ok {
		return
	}
	_, exp, found := strings.Cut(strings.ToLower(text), "e")
	if !found {
		return
	}
	exp = strings.ReplaceAll(strings.TrimSpace(exp), "_", "")
	if n, err := strconv.ParseInt(exp, 10, 64); err != nil && len(exp) > 6 || n > 1_000_000 || n < -1_000_000 {
		m.huge(i, max(n, -n)/2)
	}
}

func (m *machine) huge(i int, n int64) {
	if len(m.t.Huge) < maxOdd {
		m.t.Huge = append(m.t.Huge, Huge{Import: i, Bytes: n, Offset: m.at})
	}
}
