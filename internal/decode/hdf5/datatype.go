package hdf5

import (
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
)

// Class is the kind of a datatype.
type Class byte

// The classes, by their numbers in the file.
const (
	Integer Class = iota
	Float
	Time
	String
	Bitfield
	Opaque
	Compound
	Reference
	Enum
	Sequence // of any length; the elements lie in a global heap
	Array
	Complex
)

// Datatype is the type of an element.
type Datatype struct {
	Class   Class
	Size    int64 // bytes of one element
	Signed  bool  // of integers
	Big     bool  // most significant byte first
	Text    bool  // a Sequence that is a string
	Tag     string
	Base    *Datatype // of enumerations, sequences, arrays
	Dims    []int64   // of arrays
	Members []Member  // of compounds
}

// Member is a field of a compound.
type Member struct {
	Name   string
	Offset int64
	Type   *Datatype
}

// maxMembers is how many types one datatype may be made of.
const maxMembers = 1 << 16

// Name is the type as NumPy would write it: "float32", ">i8", "S12", "object".
func (t *Datatype) Name() string {
	if t == nil {
		return ""
	}
	bits := itoa(8 * t.Size)
	switch t.Class {
	case Integer:
		if t.Signed {
			return "int" + bits
		}
		return "uint" + bits
	case Float:
		return "float" + bits
	case Complex:
		return "complex" + bits
	case String:
		return "S" + itoa(t.Size)
	case Enum:
		if t.boolean() {
			return "bool"
		}
		return t.Base.Name()
	case Opaque:
		return "V" + itoa(t.Size)
	case Compound:
		if t.complexPair() {
			return "complex" + bits
		}
		return "compound"
	case Sequence:
		if t.Text {
			return "str"
		}
		return "list of " + t.Base.Name()
	case Array:
		return t.Base.Name()
	}
	return [...]string{Time: "time", Bitfield: "bits", Reference: "reference"}[t.Class]
}

// Plain is the type as safetensors spells it, or "" when that has none.
func (t *Datatype) Plain() string {
	switch {
	case t.Class == Enum && t.boolean():
		return "BOOL"
	case t.Big && t.Size > 1:
		return ""
	case t.Class == Float && (t.Size == 2 || t.Size == 4 || t.Size == 8):
		return "F" + itoa(8*t.Size)
	case t.Class == Integer && t.Size <= 8 && t.Signed:
		return "I" + itoa(8*t.Size)
	case t.Class == Integer && t.Size <= 8:
		return "U" + itoa(8*t.Size)
	case t.Class == Compound && t.complexPair() && t.Size == 8:
		return "C64"
	}
	return ""
}

// boolean is how h5py writes truth values: an enumeration over one byte.
func (t *Datatype) boolean() bool {
	return t.Size == 1 && len(t.Members) == 2 && t.Members[0].Name == "FALSE" && t.Members[1].Name == "TRUE"
}

func (t *Datatype) complexPair() bool {
	return len(t.Members) == 2 && t.Members[0].Name == "r" && t.Members[1].Name == "i" && t.Members[0].Type.Class == Float
}

// HasSequence reports whether elements refer to a global heap.
func (t *Datatype) HasSequence() bool {
	if t == nil {
		return false
	}
	if t.Class == Sequence || t.Base.HasSequence() {
		return true
	}
	for i := range t.Members {
		if t.Class == Compound && t.Members[i].Type.HasSequence() {
			return true
		}
	}
	return false
}

func itoa(n int64) string {
	if n < 10 {
		if n < 0 {
			return "?"
		}
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

// datatypeOf reads the type that a message holds or refers to; nil when it
// cannot be read.
func (f *File) datatypeOf(m *message) *Datatype {
	if m.shared {
		return f.committed(m.p)
	}
	return f.datatype(m.p)
}

func (f *File) datatype(p []byte) *Datatype {
	c, count := f.fields(p), 0
	t := f.typ(c, 0, &count)
	if t == nil || c.bad {
		return nil
	}
	return t
}

// committed reads the type of another object that this one shares.
func (f *File) committed(p []byte) *Datatype {
	c := f.fields(p)
	version, kind := c.u8(), c.u8()
	if version == 1 {
		c.skip(6)
	}
	if version == 3 && kind == 1 {
		return nil // in the heap of shared messages
	}
	address := c.address()
	at, ok := f.place(address, 1)
	if c.bad || !ok {
		return nil
	}
	if t, ok := f.types[at]; ok {
		return t
	}
	// Reading the header here is only for the type: its bytes are claimed, and its
	// attributes are told, when a link or this visit reaches the object.
	quiet := *f
	quiet.claims, quiet.Free, quiet.Unread, quiet.visited = nil, nil, nil, map[int64]bool{}
	var found *Datatype
	for _, m := range quiet.header(at) {
		if m.kind == msgDatatype && !m.shared && found == nil {
			found = f.datatype(m.p)
		}
	}
	f.fetched = quiet.fetched
	f.types[at] = found
	if f.visit(at) {
		f.queue = append(f.queue, pending{address: at, path: "/(committed datatype)", depth: 1})
	}
	return found
}

// typ reads one type with everything in it.
func (f *File) typ(c *fields, depth int, count *int) *Datatype {
	if *count++; depth > 32 || *count > maxMembers || !f.items(1) {
		return nil
	}
	head := c.u8()
	b0, b1 := c.u8(), c.u8()
	c.skip(1)
	t := &Datatype{Class: Class(head & 15), Size: int64(c.u32())}
	version := head >> 4
	if c.bad || version < 1 || version > 5 {
		return nil
	}
	t.Big = b0&1 != 0
	switch t.Class {
	case Integer:
		t.Signed = b0&8 != 0
		c.skip(4)
	case Bitfield:
		c.skip(4)
	case Float:
		c.skip(12)
	case Time:
		c.skip(2)
	case String, Reference:
	case Opaque:
		t.Tag = strings.TrimRight(string(c.bytes(b0)), "\x00")
	case Compound:
		if !f.compound(c, t, b0|b1<<8, version, depth, count) {
			return nil
		}
	case Enum:
		if !f.enum(c, t, b0|b1<<8, version, depth, count) {
			return nil
		}
	case Sequence:
		t.Text = b0&15 == 1
		t.Base = f.typ(c, depth+1, count)
	case Array:
		t.dims(c, version)
		t.Base = f.typ(c, depth+1, count)
	case Complex:
		t.Base = f.typ(c, depth+1, count)
	default:
		return nil
	}
	if c.bad || t.Base == nil && (t.Class >= Sequence || t.Class == Enum) {
		return nil
	}
	return t
}

func (t *Datatype) dims(c *fields, version int) {
	rank := c.u8()
	if version < 3 {
		c.skip(3)
	}
	for range min(rank, 32) {
		t.Dims = append(t.Dims, int64(c.u32()))
	}
	if version < 3 {
		c.skip(4 * min(rank, 32))
	}
	c.bad = c.bad || rank > 32
}

func (f *File) compound(c *fields, t *Datatype, n, version, depth int, count *int) bool {
	for range n {
		start := c.at
		m := Member{Name: c.text()}
		if version < 3 {
			c.align(start, 8)
		}
		switch {
		case version >= 3:
			m.Offset = int64(c.uint(width(t.Size)))
		default:
			m.Offset = int64(c.u32())
		}
		var dims []int64
		if version == 1 {
			rank := c.u8()
			c.skip(11)
			for i := range 4 {
				if d := int64(c.u32()); i < rank {
					dims = append(dims, d)
				}
			}
		}
		m.Type = f.typ(c, depth+1, count)
		if m.Type == nil || c.bad {
			return false
		}
		if len(dims) > 0 {
			m.Type = &Datatype{Class: Array, Size: product(dims, m.Type.Size), Dims: dims, Base: m.Type}
		}
		if m.Offset > t.Size || m.Type.Size > t.Size-m.Offset {
			return false
		}
		t.Members = append(t.Members, m)
	}
	return true
}

// width is how many bytes the offset of a member takes.
func width(size int64) int {
	switch {
	case size < 1<<8:
		return 1
	case size < 1<<16:
		return 2
	case size < 1<<24:
		return 3
	}
	return 4
}

func (f *File) enum(c *fields, t *Datatype, n, version, depth int, count *int) bool {
	if t.Base = f.typ(c, depth+1, count); t.Base == nil || t.Base.Size > bounded.MaxStringKept {
		return false
	}
	for range n {
		start := c.at
		name := c.text()
		if version < 3 {
			c.align(start, 8)
		}
		if *count++; c.bad || *count > maxMembers {
			return false
		}
		t.Members = append(t.Members, Member{Name: name})
	}
	c.skip(n * int(t.Base.Size))
	return !c.bad
}
