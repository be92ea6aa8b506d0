package pickle

import (
	"strconv"
	"strings"
)

// dtype is what is needed of a numpy dtype to know the size of an array.
type dtype struct {
	size   int64 // bytes of one item; 0 when not known
	object bool  // items are Python objects, stored as a pickle
	unsure bool  // they may be
}

// noteDtype remembers numpy.dtype('f8', …) by the place of the call.
func (m *machine) noteDtype(n *name, args val) {
	items, ok := m.tuple.get(args)
	if !ok || len(items) == 0 && n.RealModule == "numpy" {
		return
	}
	if m.dtypes == nil {
		m.dtypes = map[int64]dtype{}
	}
	if len(m.dtypes) >= maxRecords {
		m.overflow("dtypes")
		return
	}
	if n.RealModule == "numpy" {
		m.dtypes[m.at] = m.dtypeOf(items[0])
	} else {
		m.dtypes[m.at] = dtype{object: strings.HasPrefix(n.RealName, "Object")}
	}
}

// dtypeOf is the dtype that NumPy makes of v: a type string, a class or another
// dtype. Whatever else may hold objects.
func (m *machine) dtypeOf(v val) dtype {
	switch i := v.aux(); v.kind() {
	case vStr, vEsc, vQuote, vFolded:
		text, _ := m.str(v)
		return parseDtype(text)
	case vObject:
		if d, ok := m.dtypes[v.off()]; ok {
			return d
		}
	case vImport:
		if i < len(m.names) && strings.HasPrefix(m.names[i].RealModule, "numpy") && !strings.HasPrefix(m.names[i].RealName, "object") {
			return dtype{}
		}
	}
	return dtype{unsure: true}
}

// parseDtype reads a type string such as "f8", "<i4", "U10", "M8[ns]" or "O".
func parseDtype(s string) dtype {
	s = strings.TrimLeft(s, "<>=|")
	if s == "" {
		return dtype{}
	}
	kind, digits := s[0], s[1:]
	if i := strings.IndexByte(digits, '['); i >= 0 {
		digits = digits[:i]
	}
	if kind == 'O' {
		return dtype{size: 8, object: true}
	}
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || n < 0 {
		return dtype{}
	}
	if kind == 'U' {
		n *= 4
	}
	return dtype{size: n}
}

// dtypeState reads the state of a structured dtype: (version, order, subarray,
// names, fields, itemsize, alignment, flags). Bit 0 of flags says that items
// hold objects; numpy believes it, and so must this.
func (m *machine) dtypeState(target, state val) {
	items, ok := m.tuple.get(state)
	if !ok || len(items) == 0 {
		m.forged(m.at)
		return
	}
	d, known := m.dtypes[target.off()]
	d.unsure = d.unsure || !known
	if !m.honest(d, items) {
		m.forged(m.at)
	}
	if len(items) <= stateFlags {
		return
	}
	if items[stateNames].kind() == vNone && items[stateSubarray].kind() == vNone {
		return
	}
	if items[stateSize].kind() == vInt && items[stateSize].int() >= 0 {
		d.size = items[stateSize].int()
	}
	d.unsure = false
	d.object = d.object || items[stateFlags].kind() != vInt || items[stateFlags].int()&1 != 0
	m.dtypes[target.off()] = d
}

// inlineArray passes over the array that joblib writes behind the BUILD of a
// NumpyArrayWrapper: a padding length and padding, then the items; or, for
// arrays of objects, a pickle stream of its own.
func (m *machine) inlineArray(state val) {
	var shape, kind val
	aligned := false
	list, _ := m.entries(state)
	for _, e := range list {
		switch text, _ := m.str(e.key); text {
		case "shape":
			shape = e.value
		case "dtype":
			kind = e.value
		case "numpy_array_alignment_bytes":
			aligned = e.value.kind() != vNone
		}
	}
	d, ok := m.dtypes[kind.off()]
	count, ok2 := m.items(shape)
	if kind.kind() != vObject || !ok || !ok2 || d.size == 0 && !d.object {
		m.broken(BadNumber, UnknownArray)
		return
	}
	m.frame = 0
	if d.object {
		m.nestedArray()
		return
	}
	if aligned && !m.padding() {
		return
	}
	if d.size > 0 && count > uint64(m.r.Size())/uint64(d.size) {
		m.truncated()
		return
	}
	m.array(Array{Offset: m.pos(), Length: int64(count) * d.size})
}

// arrayAlignment is what joblib aligns arrays to, in bytes.
const arrayAlignment = 16

// padding passes over the padding before an array: its length and that many
// bytes. Loaders skip whatever it is; joblib writes at most 16 bytes, all 0xff.
func (m *machine) padding() bool {
	n, ok := m.uint(1)
	if !ok || !m.need(int(n)) {
		return false
	}
	odd := n > arrayAlignment
	for _, b := range m.w[m.p : m.p+int(n)] {
		odd = odd || b != 0xff
	}
	if odd {
		m.desync(ArrayPadding)
	}
	m.p += int(n)
	return true
}

func (m *machine) array(a Array) {
	if !m.skip(uint64(a.Length)) {
		return
	}
	if len(m.t.Arrays) >= maxBlobs {
		m.overflow("arrays")
		return
	}
	m.t.Arrays = append(m.t.Arrays, a)
}

// nestedArray runs the stream of an array of objects to know where it ends.
func (m *machine) nestedArray() {
	inner := Run(m.r, m.pos(), Options{})
	if !inner.Stopped {
		m.broken(Truncated, "array of objects")
		return
	}
	m.array(Array{Offset: inner.Start, Length: inner.End - inner.Start, Object: true})
}

// items is the product of a shape.
func (m *machine) items(shape val) (uint64, bool) {
	dims, ok := m.tuple.get(shape)
	if !ok {
		return 0, false
	}
	n := uint64(1)
	for _, d := range dims {
		if d.kind() != vInt || d.int() < 0 || d.int() > 0 && n > (1<<50)/uint64(d.int()) {
			return 0, false
		}
		n *= uint64(d.int())
	}
	return n, true
}
