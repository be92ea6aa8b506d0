package tfcheckpoint

import (
	"fmt"
	"math/bits"
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const (
	entryType   = 1 // BundleEntryProto
	entryShape  = 2
	entryShard  = 3
	entryOffset = 4
	entrySize   = 5
	entrySlices = 7

	shapeDim = 2 // TensorShapeProto
	dimSize  = 1

	typeString = 7 // DataType
)

// element is a type of elements: its name as safetensors spells it, and the bytes of one.
type element struct {
	name  string
	bytes int64
}

// elements is DataType by number.
var elements = [...]element{
	1: {"F32", 4}, 2: {"F64", 8}, 3: {"I32", 4}, 4: {"U8", 1}, 5: {"I16", 2}, 6: {"I8", 1}, 7: {"STRING", 0}, 8: {"C64", 8}, 9: {"I64", 8}, 10: {"BOOL", 1},
	11: {"I8", 1}, 12: {"U8", 1}, 13: {"I32", 4}, 14: {"BF16", 2}, 15: {"I16", 2}, 16: {"U16", 2}, 17: {"U16", 2}, 18: {"C128", 16}, 19: {"F16", 2},
	20: {"RESOURCE", 0}, 21: {"VARIANT", 0}, 22: {"U32", 4}, 23: {"U64", 8}, 24: {"F8_E5M2", 1}, 25: {"F8_E4M3", 1}, 26: {"F8_E4M3FNUZ", 1},
	27: {"F8_E4M3B11FNUZ", 1}, 28: {"F8_E5M2FNUZ", 1}, 29: {"I4", 1}, 30: {"U4", 1}, 31: {"I2", 1}, 32: {"U2", 1},
}

func elementOf(number uint64) element {
	if number > 100 {
		number -= 100 // a reference to it
	}
	if number >= uint64(len(elements)) {
		return element{}
	}
	return elements[number]
}

// variable is a BundleEntryProto.
type variable struct {
	number uint64
	dims   []int64
	shard  int64
	offset int64
	size   int64
	sliced bool // its parts have entries of their own
}

func (t *reader) bundleEntry(key, value []byte) {
	var x variable
	t.message(value, "BundleEntryProto", func(m *protobuf.Message) bool {
		switch m.Number {
		case entryType:
			x.number = m.Value
		case entryShape:
			x.dims = t.shape(m)
			return true
		case entryShard:
			x.shard = int64(m.Value)
		case entryOffset:
			x.offset = int64(m.Value)
		case entrySize:
			x.size = int64(m.Value)
		case entrySlices:
			x.sliced = true
		}
		return false
	})
	name := display(key)
	part := len(key) > 0 && key[0] == 0
	if !part {
		t.note(name, elementOf(x.number).name, x.dims)
	}
	if !x.sliced {
		t.check(&x, name)
		t.claim(&x, name)
	} else if x.size != 0 {
		t.gap(gapSize, t.off, 0, "The variable "+quote(name)+" has data of its own and in slices.")
	}
}

// shape reads dimensions.
func (t *reader) shape(m *protobuf.Message) (dims []int64) {
	t.into(m, func(sub *protobuf.Message) bool {
		if sub.Number != shapeDim {
			return false
		}
		size := int64(0)
		t.into(sub, func(dim *protobuf.Message) bool {
			if dim.Number == dimSize {
				size = int64(dim.Value)
			}
			return false
		})
		if len(dims) < maxRank {
			dims = append(dims, size)
		}
		return true
	})
	return dims
}

const maxRank = 255

func (t *reader) note(name, dtype string, dims []int64) {
	if t.entries > bounded.MaxTensorNames {
		_ = t.in.R.Budget().Reach("tensor-names", bounded.MaxTensorNames)
		return
	}
	t.inventory.Add(rule.Clip(name), dtype, dims)
}

// check compares what an entry declares with where it says that it lies.
func (t *reader) check(x *variable, name string) {
	e := elementOf(x.number)
	n, ok := count(x.dims)
	switch {
	case e.name == "":
		t.gap(gapUnsupported, t.off, 0, "The variable "+quote(name)+" has the unknown element type "+fmt.Sprint(x.number)+".")
	case !ok || x.offset < 0 || x.size < 0 || x.offset > 1<<62 || x.size > 1<<62:
		t.gap(gapMalformed, t.off, 0, "The shape or the place of the variable "+quote(name)+" is impossible.")
	case e.bytes > 0 && (n > 1<<62/e.bytes || n*e.bytes != x.size),
		x.number == typeString && n > 0 && x.size < n+4: // a length for each, and a checksum of the lengths
		t.gap(gapSize, t.off, 0, "The shape of the variable "+quote(name)+" does not fit the length of its data.")
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

// claim says what bytes of a data file are.
func (t *reader) claim(x *variable, name string) {
	switch {
	case x.shard < 0 || x.shard >= t.shards:
		t.gap(gapMalformed, t.off, 0, "The variable "+quote(name)+" lies in a data file that the checkpoint does not have.")
		return
	case x.offset < 0 || x.size < 0 || x.offset > 1<<62 || x.size > 1<<62:
		return
	}
	file := fmt.Sprintf("%s.data-%05d-of-%05d", strings.TrimSuffix(t.in.Name, ending), x.shard, t.shards)
	if len(t.in.Inside) > 0 {
		if !t.absent[x.shard] && len(t.absent) < bounded.MaxGapsPerFile {
			t.absent[x.shard] = true
			t.gap(gapAbsent, t.off, 0, "It keeps variables in the file "+quote(file)+", and lies inside of another file itself.")
		}
		return
	}
	c := format.Claim{Path: path.Join(path.Dir(t.in.Path), file), Offset: x.offset, Length: x.size, Name: rule.Clip(name), At: t.in.Location(t.off, 0)}
	if e := elementOf(x.number); e.bytes > 0 && !t.big {
		c.Type = e.name
		if n, ok := count(x.dims[min(1, len(x.dims)):]); ok && len(x.dims) > 1 && n < 1<<40 {
			c.Row = n * e.bytes
		}
	}
	t.res.Claims = append(t.res.Claims, c)
}

// display is a key for people. That of a slice is a number, the name with zeros
// and ones escaped, and the place of the slice.
func display(key []byte) string {
	if len(key) == 0 || key[0] != 0 {
		return string(key)
	}
	var name []byte
	for i := 1; i < len(key); i++ {
		switch c := key[i]; {
		case (c == 0 || c == 0xff) && i+1 < len(key) && key[i+1] == ^c:
			name = append(name, c)
			i++
		case c == 0:
			return "slice of " + string(name)
		default:
			name = append(name, c)
		}
	}
	return "slice of " + string(name)
}
