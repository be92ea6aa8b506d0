package onnx

import (
	"math/bits"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const (
	tensorDims     = 1 // TensorProto
	tensorType     = 2
	tensorSegment  = 3
	tensorFloats   = 4
	tensorInt32s   = 5
	tensorStrings  = 6
	tensorInt64s   = 7
	tensorName     = 8
	tensorRaw      = 9
	tensorDoubles  = 10
	tensorUint64s  = 11
	tensorExternal = 13
	tensorLocation = 14

	sparseValues  = 1 // SparseTensorProto
	sparseIndices = 2
)

// element is a type of elements: how wide one is in raw data, which field holds
// them otherwise, and how many of them, or how many entries for one, that takes.
type element struct {
	name    string // as safetensors spells it
	bits    int64
	field   int32
	entries int64 // of the field for one element
	packed  int64 // elements in one entry
}

// elements is TensorProto.DataType by number.
var elements = [...]element{
	1: {"F32", 32, tensorFloats, 1, 1}, 2: {"U8", 8, tensorInt32s, 1, 1}, 3: {"I8", 8, tensorInt32s, 1, 1},
	4: {"U16", 16, tensorInt32s, 1, 1}, 5: {"I16", 16, tensorInt32s, 1, 1}, 6: {"I32", 32, tensorInt32s, 1, 1},
	7: {"I64", 64, tensorInt64s, 1, 1}, 8: {"STRING", 0, tensorStrings, 1, 1}, 9: {"BOOL", 8, tensorInt32s, 1, 1},
	10: {"F16", 16, tensorInt32s, 1, 1}, 11: {"F64", 64, tensorDoubles, 1, 1}, 12: {"U32", 32, tensorUint64s, 1, 1},
	13: {"U64", 64, tensorUint64s, 1, 1}, 14: {"C64", 64, tensorFloats, 2, 1}, 15: {"C128", 128, tensorDoubles, 2, 1},
	16: {"BF16", 16, tensorInt32s, 1, 1}, 17: {"F8_E4M3", 8, tensorInt32s, 1, 1}, 18: {"F8_E4M3FNUZ", 8, tensorInt32s, 1, 1},
	19: {"F8_E5M2", 8, tensorInt32s, 1, 1}, 20: {"F8_E5M2FNUZ", 8, tensorInt32s, 1, 1}, 21: {"U4", 4, tensorInt32s, 1, 2},
	22: {"I4", 4, tensorInt32s, 1, 2}, 23: {"F4", 4, tensorInt32s, 1, 2}, 24: {"F8_E8M0", 8, tensorInt32s, 1, 1},
	25: {"U2", 2, tensorInt32s, 1, 4}, 26: {"I2", 2, tensorInt32s, 1, 4},
	27: {"F6_E2M3", 6, tensorInt32s, 1, 1}, 28: {"F6_E3M2", 6, tensorInt32s, 1, 1},
}

// inlineData is how many bytes of tensor data count as structure: the constants
// of a graph, of which it can have a hundred thousand.
const inlineData = 64

// exactCount is how long packed numbers may be that are counted to the last.
// Beyond it only the bounds are checked: one to ten bytes for each.
const exactCount = 1 << 20

// tensor is what is known of a TensorProto.
type tensor struct {
	id       value
	name     string
	dims     []int64
	number   uint64 // of the element type
	raw      int64  // bytes of raw data, -1 without
	field    int32  // typed field with data, 0 without
	least    int64  // entries in it, at least
	most     int64
	external bool
	place    place
	segment  bool
	off      int64
}

func (t *reader) tensor(m *protobuf.Message, initializer bool) *tensor {
	x := &tensor{off: m.Start, raw: -1}
	t.each(m, func() bool { return t.tensorField(m, x) })
	if t.tensors++; t.tensors > bounded.MaxTensorNames {
		_ = t.in.R.Budget().Reach("tensor-names", bounded.MaxTensorNames)
		return x
	}
	t.checkTensor(x, m.End-m.Start)
	if initializer {
		t.inventory.Add(x.name, x.element().name, x.dims)
	}
	return x
}

func (t *reader) tensorField(m *protobuf.Message, x *tensor) bool {
	var sub protobuf.Message
	switch m.Number {
	case tensorDims:
		for d := range m.Numbers(protobuf.Varint) {
			if x.dims = append(x.dims, int64(d)); len(x.dims) > maxRank {
				t.gap(gapUnsupported, m.Offset, m.Behind()-m.Offset, "A tensor has more than "+itoa(maxRank)+" dimensions.")
				return true
			}
		}
	case tensorType:
		x.number = uint64(uint32(m.Value)) // parsers cut enums and int32 to 32 bits
	case tensorSegment:
		x.segment = true
		return false
	case tensorName:
		x.id, x.name = t.name(m), rule.Clip(m.Text())
		return false
	case tensorRaw:
		x.raw = m.Length
		t.payload(m, x)
	case tensorFloats, tensorInt32s, tensorInt64s, tensorDoubles, tensorUint64s:
		t.numbers(m, x)
	case tensorStrings:
		x.field = tensorStrings
		x.least, x.most = x.least+1, x.most+1
		return false
	case tensorExternal:
		if m.Enter(&sub) {
			t.placeEntry(&sub, &x.place)
		}
	case tensorLocation:
		x.external = uint32(m.Value) == 1
	default:
		return false
	}
	return true
}

const maxRank = 64

// payload explains tensor data. Its type and row are known when they stand in
// front of it, as every writer puts them.
func (t *reader) payload(m *protobuf.Message, x *tensor) {
	if m.Length <= inlineData || t.tensors >= bounded.MaxTensorNames {
		return
	}
	s := format.Span{Offset: m.Data, Length: m.Length, Kind: format.Payload}
	if m.Number == tensorRaw {
		s.Type, s.Row = x.layout()
	}
	t.tiles.Put(s)
}

// layout is the element type and the bytes of one step along the first dimension.
func (x *tensor) layout() (name string, row int64) {
	e := x.element()
	if len(x.dims) > 1 {
		n, ok := count(x.dims[1:])
		if !ok || n > 1<<40 {
			return "", 0
		}
		row = (n*e.bits + 7) / 8
	}
	return e.name, row
}

func (x *tensor) element() element {
	if x.number >= uint64(len(elements)) {
		return element{}
	}
	return elements[x.number]
}

// numbers counts the entries of a typed field.
func (t *reader) numbers(m *protobuf.Message, x *tensor) {
	if x.field != 0 && x.field != m.Number {
		t.gap(gapSize, m.Offset, m.Behind()-m.Offset, "A tensor has data in two fields: loaders take one of them.")
		return
	}
	x.field = m.Number
	wire := m.Decl.Wire()
	if wire == protobuf.Varint && m.Wire == protobuf.Bytes && m.Length > exactCount {
		x.least, x.most = x.least+(m.Length+9)/10, x.most+m.Length
	} else {
		n, ok := m.Count(wire)
		if !ok {
			t.gap(gapMalformed, m.Offset, m.Behind()-m.Offset, "The last number of a tensor is cut off.")
		}
		x.least, x.most = x.least+n, x.most+n
	}
	if m.Wire == protobuf.Bytes {
		t.payload(m, x)
	}
}

// checkTensor compares what the tensor declares with what is stored.
func (t *reader) checkTensor(x *tensor, length int64) {
	e := x.element()
	n, ok := count(x.dims)
	if readable := e.name != "" && ok && !x.segment; x.external && !readable { // loaders open the file before they look at the rest
		t.located(x)
		t.gap(gapUnsupported, x.off, 0, `The tensor "`+rule.Clip(x.name)+`" lies in another file, and what it is cannot be told.`)
	}
	switch {
	case e.name == "":
		if x.number != 0 || x.raw >= 0 || x.field != 0 {
			t.gap(gapUnsupported, x.off, 0, "A tensor has the unknown element type "+itoa(int64(x.number))+".")
		}
		return
	case !ok:
		t.gap(gapMalformed, x.off, 0, "The shape of a tensor is impossible.")
		return
	case x.segment:
		t.gap(gapUnsupported, x.off, 0, "A tensor is stored in segments, which no loader puts together.")
		return
	case x.external:
		if x.raw > 0 || x.field != 0 {
			t.gap(gapSize, x.off, 0, "A tensor has data here and in another file: loaders take one of them.")
		}
		t.elsewhere(x, n, e)
		return
	case x.raw >= 0 && x.field != 0:
		t.gap(gapSize, x.off, 0, "A tensor has raw and typed data: loaders take one of them.")
		return
	}
	if !x.fits(n, e) {
		t.gap(gapSize, x.off, 0, `The shape of the tensor "`+rule.Clip(x.name)+`" does not fit its data.`)
	}
}

// fits reports whether the data in the message is n elements.
func (x *tensor) fits(n int64, e element) bool {
	if x.raw >= 0 {
		size, ok := sizeOf(n, e.bits)
		return ok && e.bits > 0 && size == x.raw
	}
	if x.field == 0 {
		return n == 0
	}
	want := (n + e.packed - 1) / e.packed
	if x.field != e.field || want > 1<<61 {
		return false
	}
	want *= e.entries
	return x.least <= want && want <= x.most
}

// count multiplies dimensions.
func count(dims []int64) (n int64, ok bool) {
	n = 1
	for _, d := range dims {
		hi, lo := bits.Mul64(uint64(n), uint64(d))
		if d < 0 || hi != 0 || lo > 1<<62 {
			return 0, false
		}
		n = int64(lo)
	}
	return n, true
}

// sizeOf is the bytes of n elements.
func sizeOf(n, width int64) (size int64, ok bool) {
	hi, lo := bits.Mul64(uint64(n), uint64(width))
	if hi != 0 || lo > 1<<62 {
		return 0, false
	}
	return int64(lo+7) / 8, true
}

// sparse reads a sparse tensor and returns the name of its values, which is its own.
func (t *reader) sparse(m *protobuf.Message) (id value) {
	t.each(m, func() bool {
		var sub protobuf.Message
		switch {
		case m.Number == sparseValues && m.Enter(&sub):
			id = t.tensor(&sub, true).id
		case m.Number == sparseIndices && m.Enter(&sub):
			t.tensor(&sub, false)
		default:
			return false
		}
		return true
	})
	return id
}
