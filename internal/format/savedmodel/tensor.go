package savedmodel

import (
	"math/bits"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const (
	tensorType    = 1 // TensorProto
	tensorShape   = 2
	tensorContent = 4
	tensorFloats  = 5
	tensorDoubles = 6
	tensorInts    = 7
	tensorStrings = 8
	tensorC64     = 9
	tensorInt64s  = 10
	tensorBools   = 11
	tensorC128    = 12
	tensorHalves  = 13
	tensorVariant = 15
	tensorUint32s = 16
	tensorUint64s = 17
	tensorFloat8s = 18

	shapeDim     = 2 // TensorShapeProto
	shapeUnknown = 3
	dimSize      = 1

	variantType = 1 // VariantTensorDataProto
	variantMeta = 2

	typeString   = 7 // DataType
	typeBool     = 10
	typeResource = 20
)

// element is a type of elements: how wide one is, and which field holds them when
// they are not bytes, with how many entries for one.
type element struct {
	name    string // as safetensors spells it
	bytes   int64
	field   int32
	entries int64
}

// elements is DataType by number.
var elements = [...]element{
	1: {"F32", 4, tensorFloats, 1}, 2: {"F64", 8, tensorDoubles, 1}, 3: {"I32", 4, tensorInts, 1}, 4: {"U8", 1, tensorInts, 1},
	5: {"I16", 2, tensorInts, 1}, 6: {"I8", 1, tensorInts, 1}, 7: {"STRING", 0, tensorStrings, 1}, 8: {"C64", 8, tensorC64, 2},
	9: {"I64", 8, tensorInt64s, 1}, 10: {"BOOL", 1, tensorBools, 1}, 11: {"I8", 1, tensorInts, 1}, 12: {"U8", 1, tensorInts, 1},
	13: {"I32", 4, tensorInts, 1}, 14: {"BF16", 2, tensorHalves, 1}, 15: {"I16", 2, tensorInts, 1}, 16: {"U16", 2, tensorInts, 1},
	17: {"U16", 2, tensorInts, 1}, 18: {"C128", 16, tensorC128, 2}, 19: {"F16", 2, tensorHalves, 1}, 20: {"RESOURCE", 0, 14, 1},
	21: {"VARIANT", 0, tensorVariant, 1}, 22: {"U32", 4, tensorUint32s, 1}, 23: {"U64", 8, tensorUint64s, 1},
	24: {"F8_E5M2", 1, tensorFloat8s, 1}, 25: {"F8_E4M3", 1, tensorFloat8s, 1}, 26: {"F8_E4M3FNUZ", 1, tensorFloat8s, 1},
	27: {"F8_E4M3B11FNUZ", 1, tensorFloat8s, 1}, 28: {"F8_E5M2FNUZ", 1, tensorFloat8s, 1}, 29: {"I4", 1, tensorInts, 1},
	30: {"U4", 1, tensorInts, 1}, 31: {"I2", 1, tensorInts, 1}, 32: {"U2", 1, tensorInts, 1},
}

// inlineData is how many bytes of tensor data count as structure: the constants
// of a graph, of which it can have a hundred thousand.
const inlineData = 64

// maxText is how many bytes of constants are kept to see whether they are paths.
const maxText = 8 << 20

// exactCount is how long packed numbers may be that are counted to the last.
const exactCount = 1 << 20

// tensor is what is known of a TensorProto.
type tensor struct {
	number  uint64 // of the element type
	dims    []int64
	ranked  bool  // the shape is known
	content int64 // bytes of tensor_content
	field   int32 // typed field with data, 0 without
	entries int64 // in it; -1 not counted
	text    *string
	off     int64
}

func (t *reader) tensor(m *protobuf.Message) *tensor {
	x := &tensor{off: m.Start, ranked: true}
	t.each(m, func() bool { return t.tensorField(m, x) })
	t.checkTensor(x)
	return x
}

func (t *reader) tensorField(m *protobuf.Message, x *tensor) bool {
	var sub protobuf.Message
	switch m.Number {
	case tensorType:
		x.number = m.Value
	case tensorShape:
		if m.Enter(&sub) {
			x.dims, x.ranked = t.shape(&sub)
		}
	case tensorContent:
		x.content += m.Length
		if x.number == typeString {
			return false
		}
		t.payload(m, x)
	case tensorStrings:
		x.field, x.entries = tensorStrings, x.entries+1
		if x.text = nil; x.entries == 1 && m.Length <= bounded.MaxPathBytes && t.texts < maxText {
			t.texts += m.Length
			s := string(m.Head(m.Length))
			x.text = &s
		}
		t.text(m, stringConstant)
	case tensorVariant:
		x.field, x.entries = tensorVariant, x.entries+1
		if m.Enter(&sub) {
			t.variant(&sub)
		}
	case tensorFloat8s:
		x.field, x.entries = m.Number, x.entries+m.Length
		t.payload(m, x)
	case tensorFloats, tensorDoubles, tensorInts, tensorC64, tensorInt64s, tensorBools, tensorC128, tensorHalves, tensorUint32s, tensorUint64s:
		t.numbers(m, x)
	default:
		return false
	}
	return true
}

// variant reads an object that an operator keeps as data: a captured data set.
func (t *reader) variant(m *protobuf.Message) {
	kind := ""
	t.each(m, func() bool {
		switch m.Number {
		case variantType:
			kind = rule.Clip(m.Text())
		case variantMeta:
			if m.Length > 0 {
				t.text(m, "variant "+kind)
			}
			return true
		case 3:
			var sub protobuf.Message
			if m.Enter(&sub) {
				t.tensor(&sub)
			}
			return true
		}
		return false
	})
}

// shape reads dimensions. ok is false when they are not all known.
func (t *reader) shape(m *protobuf.Message) (dims []int64, ok bool) {
	ok = true
	t.each(m, func() bool {
		switch m.Number {
		case shapeDim:
			size := int64(0)
			t.into(m, func(sub *protobuf.Message) bool {
				if sub.Number == dimSize {
					size = int64(sub.Value)
					return true
				}
				return false
			})
			if len(dims) < maxRank {
				dims = append(dims, size)
			}
			ok = ok && size >= 0
			return true
		case shapeUnknown:
			ok = ok && m.Value == 0
		}
		return false
	})
	return dims, ok && len(dims) < maxRank
}

const maxRank = 255 // dimensions of a tensor in TensorFlow, and one more

// payload explains tensor data. Its type is known when it stands in front of it,
// as every writer puts it.
func (t *reader) payload(m *protobuf.Message, x *tensor) {
	if m.Length <= inlineData || t.place != nil {
		return
	}
	s := format.Span{Offset: t.at(m.Data), Length: m.Length, Kind: format.Payload}
	if m.Number == tensorContent {
		s.Type = x.element().name
		if n, ok := count(x.dims[min(1, len(x.dims)):]); ok && len(x.dims) > 1 && n < 1<<40 {
			s.Row = n * x.element().bytes
		}
	}
	t.tiles.Put(s)
}

// element is the type of the elements; types from 100 on are references.
func (x *tensor) element() element {
	n := x.number
	if n > 100 {
		n -= 100
	}
	if n >= uint64(len(elements)) {
		return element{}
	}
	return elements[n]
}

// numbers counts the entries of a typed field.
func (t *reader) numbers(m *protobuf.Message, x *tensor) {
	if x.field != 0 && x.field != m.Number {
		t.gap(gapSize, m.Offset, m.Behind()-m.Offset, "A tensor has data in two fields: loaders take one of them.")
		return
	}
	x.field = m.Number
	wire := m.Decl.Wire()
	switch {
	case wire == protobuf.Varint && m.Wire == protobuf.Bytes && m.Length > exactCount:
		x.entries = -1 << 40 // one to ten bytes for each
	default:
		n, ok := m.Count(wire)
		if !ok {
			t.gap(gapMalformed, m.Offset, m.Behind()-m.Offset, "The last number of a tensor is cut off.")
		}
		x.entries += n
	}
	if m.Wire == protobuf.Bytes {
		t.payload(m, x)
	}
}

// checkTensor compares what the tensor declares with what is stored. Fewer
// values than elements are no mistake: the last one is repeated.
func (t *reader) checkTensor(x *tensor) {
	e := x.element()
	n, ok := count(x.dims)
	switch {
	case e.name == "":
		if x.number != 0 || x.content > 0 || x.field != 0 {
			t.gap(gapUnsupported, x.off, 0, "A tensor has the unknown element type "+itoa(int64(x.number))+".")
		}
	case !x.ranked || !ok:
		t.gap(gapMalformed, x.off, 0, "The shape of a tensor is impossible.")
	case x.content > 0 && x.field != 0:
		t.gap(gapSize, x.off, 0, "A tensor has bytes and typed data: loaders take one of them.")
	case x.content > 0 && e.bytes > 0 && (n > 1<<62/e.bytes || n*e.bytes != x.content),
		x.field != 0 && x.field != e.field,
		x.field != 0 && x.entries > 0 && (n > 1<<61 || x.entries > n*e.entries):
		t.gap(gapSize, x.off, 0, "The shape of a tensor does not fit its data.")
	}
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

// constant keeps what a constant holds: its text for paths, its shape for the
// inventory.
func (t *reader) constant(n *node, attrs *nodeAttrs) {
	if n.op == nil || n.op.name != "Const" || attrs.tensor == nil {
		return
	}
	x := attrs.tensor
	if x.number == typeString {
		n.text, n.many = x.text, x.text == nil
	}
	if e := x.element(); e.bytes > 0 {
		if t.tensors++; t.tensors > bounded.MaxTensorNames {
			_ = t.in.R.Budget().Reach("tensor-names", bounded.MaxTensorNames)
			return
		}
		t.inventory.Add(rule.Clip(string(t.named)), e.name, x.dims)
	}
}

// callsPython reports a compiled module that calls back into the Python program
// that made it.
func callsPython(module string) bool {
	for _, target := range [...]string{"xla_python_cpu_callback", "xla_python_gpu_callback", "xla_ffi_python", "xla_ffi_partitioned_python", "tf.PyFunc", "tf.EagerPyFunc"} {
		if strings.Contains(module, target) {
			return true
		}
	}
	return false
}
