package tflite

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/flatbuffer"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// buffer is one entry of the table of buffers.
type buffer struct {
	flatbuffer.Range
	used    bool // by a tensor or by metadata
	placed  bool // its bytes have an owner
	beyond  bool // stored behind the tables
	strings stringTensor
}

// readBuffers lists the buffers. Those of a model above 2 GB stand behind the
// tables, at offsets from the start of the file.
func (t *reader) readBuffers() {
	list := t.model.List("buffers")
	n := min(list.Len(), most)
	t.buffers = make([]buffer, n)
	var beyond []int
	for i := range n {
		b, e := &t.buffers[i], list.Table(i)
		b.Range = e.List("data").Range()
		off, size := e.Int("offset", 0), e.Int("size", 0)
		if off <= 1 && size == 0 {
			continue
		}
		if off < 0 || size < 0 || off > t.in.R.Size() || size > t.in.R.Size()-off {
			t.raise(ruleBroken, at(e), "Buffer.offset", fmt.Sprintf("The bytes of buffer %d lie outside of the file.", i))
			continue
		}
		if off > 1 && size > 0 {
			b.Range, b.beyond = flatbuffer.Range{Offset: off, Length: size}, true
			beyond = append(beyond, int(i))
		}
	}
	t.place(beyond)
	if len(t.buffers) > 0 {
		t.buffers[0].used = t.buffers[0].Length == 0 // the empty one, for tensors without data
	}
}

// place checks that the buffers behind the tables lie apart, and accepts zeros
// up to an alignment between them. The same range may be named twice.
func (t *reader) place(beyond []int) {
	slices.SortStableFunc(beyond, func(a, b int) int {
		x, y := t.buffers[a], t.buffers[b]
		return int(min(max(x.Offset-y.Offset, -1), 1))*2 + int(min(max(x.Length-y.Length, -1), 1))
	})
	var last flatbuffer.Range
	for _, i := range beyond {
		b := &t.buffers[i]
		switch {
		case b.Range == last:
			b.placed = true
			continue
		case b.Offset < t.end:
			t.raise(ruleShared, b.Range, "", fmt.Sprintf("Buffer %d shares bytes with another part of the model.", i))
			t.gap(b.Range, "SP-COV-013", "Two parts of the model claim these bytes.")
			b.placed = true
			continue
		}
		t.padding(t.end, b.Offset)
		last, t.end = b.Range, b.End()
	}
	if len(beyond) > 0 {
		t.slack()
	}
}

// slack accepts the zeros behind the last buffer, which kernels may read.
func (t *reader) slack() {
	n := min(maxSlack, t.in.R.Size()-t.end)
	p, err := t.in.R.Bytes(t.end, n)
	if err != nil {
		return
	}
	if zeros := int64(len(p) - len(bytes.TrimLeft(p, "\x00"))); zeros > 0 {
		t.placed = append(t.placed, format.Span{Offset: t.end, Length: zeros, Kind: format.Structure})
		t.end += zeros
	}
}

const maxSlack = 64

// padding accepts zeros between two buffers.
func (t *reader) padding(from, to int64) {
	if to <= from || to-from > 4096 {
		return
	}
	p, err := t.in.R.Bytes(from, to-from)
	if err != nil || slices.ContainsFunc(p, func(b byte) bool { return b != 0 }) {
		return
	}
	t.placed = append(t.placed, format.Span{Offset: from, Length: to - from, Kind: format.Structure})
}

// own says what the bytes of a buffer are, once.
func (t *reader) own(b *buffer, s format.Span) {
	b.used = true
	if b.placed || b.Length == 0 {
		return
	}
	b.placed = true
	s.Offset, s.Length = b.Offset, b.Length
	t.placed = append(t.placed, s)
}

// tensor is what the checks need to know of one tensor.
type tensor struct {
	buffer   int64
	elements int64
	constant bool
}

// readTensor checks a tensor against its buffer.
func (t *reader) readTensor(e flatbuffer.Table) tensor {
	name, number := e.Text("name"), e.Int("type", 0)
	typ := elementOf(number)
	shape := e.List("shape")
	x := tensor{buffer: e.Int("buffer", 0)}
	dims := make([]int64, 0, min(shape.Len(), 16))
	ok := true
	x.elements = 1
	for i := range min(shape.Len(), 1<<16) {
		d := shape.Int(i)
		if dims = append(dims, d); d < 0 || d > 0 && x.elements > (1<<62)/d {
			ok, x.elements = false, 0
		}
		x.elements *= max(d, 0)
	}
	if x.buffer < 0 || x.buffer >= int64(len(t.buffers)) {
		t.raise(ruleIndex, at(e), name, fmt.Sprintf("The tensor %q asks for buffer %d of %d.", rule.Clip(name), x.buffer, len(t.buffers)))
		return x
	}
	b := &t.buffers[x.buffer]
	if b.Length == 0 {
		b.used = true
		if !ok && !slices.ContainsFunc(dims, func(d int64) bool { return d < 0 }) {
			t.raise(ruleSize, at(e), name, fmt.Sprintf("The shape of the tensor %q overflows.", rule.Clip(name)))
		}
		return x
	}
	x.constant = true
	t.note(name, typ.name, dims)
	switch fits, why := t.fits(e, number, x.elements, ok, b); {
	case fits:
		row := int64(0)
		if len(dims) > 1 && dims[0] > 0 {
			row = b.Length / dims[0]
		}
		t.own(b, format.Span{Kind: format.Payload, Type: typ.name, Row: row})
	default:
		t.raise(ruleSize, b.Range, name, fmt.Sprintf("The tensor %q does not fit its buffer: %s.", rule.Clip(name), why))
		t.gap(b.Range, "SP-COV-016", "Shape, type and bytes of a tensor do not fit together.")
		t.own(b, format.Span{Kind: format.Payload})
	}
	return x
}

func (t *reader) note(name, dtype string, dims []int64) {
	if t.noted++; t.noted <= bounded.MaxTensorNames {
		t.inv.Add(rule.Clip(name), dtype, dims)
	} else {
		_ = t.in.R.Budget().Reach("tensor-names", bounded.MaxTensorNames)
	}
}

// fits compares the bytes that the shape asks for with those of the buffer. A
// sparse tensor stores fewer, in an order of its own.
func (t *reader) fits(e flatbuffer.Table, number, elements int64, ok bool, b *buffer) (bool, string) {
	typ := elementOf(number)
	bits := typ.bits
	switch {
	case !ok:
		return false, "its shape is impossible"
	case number == typeString:
		if s := &b.strings; !s.read {
			s.read, s.elements = true, elements
			s.ok, s.why = t.strings(e.Text("name"), b, elements)
		} else if s.elements != elements {
			return false, "its strings are not as many as its elements"
		}
		return b.strings.ok, b.strings.why
	case e.Table("sparsity").OK():
		return true, ""
	case bits == 0:
		return false, "its type holds no bytes"
	case elements > (1<<62)/bits || (elements*bits+7)/8 != b.Length:
		return false, fmt.Sprintf("%d elements of type %s are not %d bytes", elements, typ.name, b.Length)
	}
	return true, ""
}

type elementType struct {
	name string // as safetensors spells it
	bits int64  // 0 for types that store no numbers
}

// elementTypes is indexed by the numbers of the schema's TensorType.
var elementTypes = [...]elementType{
	{"F32", 32}, {"F16", 16}, {"I32", 32}, {"U8", 8}, {"I64", 64}, {"STRING", 0}, {"BOOL", 8}, {"I16", 16}, {"C64", 64}, {"I8", 8}, {"F64", 64},
	{"C128", 128}, {"U64", 64}, {"RESOURCE", 0}, {"VARIANT", 0}, {"U32", 32}, {"U16", 16}, {"I4", 4}, {"BF16", 16}, {"I2", 2}, {"U4", 4},
	{"F8_E4M3", 8}, {"F8_E5M2", 8},
}

const typeString = 5

// elementOf is the type with a number; one that is not known stores no numbers.
func elementOf(number int64) elementType {
	if number < 0 || number >= int64(len(elementTypes)) {
		return elementType{name: "type " + strconv.FormatInt(number, 10)}
	}
	return elementTypes[number]
}

// stringTensor is what was found when a buffer of strings was read.
type stringTensor struct {
	read, ok bool
	elements int64
	why      string
}

// strings checks a tensor of strings: a count, the offsets, and the bytes.
// Longer strings are looked at as what they are.
func (t *reader) strings(name string, b *buffer, elements int64) (bool, string) {
	r, err := t.in.R.Section(b.Offset, b.Length)
	if err != nil {
		return false, "it cannot be read"
	}
	c := r.NewCursor(0)
	defer c.Close()
	n, err := c.Uint32()
	if err != nil || int64(n) != elements || int64(n) > (b.Length-4)/4-1 {
		return false, "its strings are not as many as its elements"
	}
	last, err := c.Uint32()
	if err != nil || int64(last) != 4*(int64(n)+2) {
		return false, "its strings do not follow their offsets"
	}
	for range n {
		next, err := c.Uint32()
		if err != nil || next < last || int64(next) > b.Length {
			return false, "the offsets of its strings are out of order"
		}
		t.text("string in "+name, flatbuffer.Range{Offset: b.Offset + int64(last), Length: int64(next - last)}, true)
		last = next
	}
	if int64(last) != b.Length {
		return false, "bytes follow its strings"
	}
	return true, ""
}

// unused hands on buffers that no tensor and no metadata names.
func (t *reader) unused() {
	for i := range t.buffers {
		if b := &t.buffers[i]; !b.used && !b.placed && b.Length > 0 {
			if len(t.res.Children) >= maxTexts {
				_ = t.in.R.Budget().Reach("tensor-names", maxTexts)
				return
			}
			t.hand(fmt.Sprintf("buffer %d", i), b.Range)
			b.placed = true
		}
	}
}
