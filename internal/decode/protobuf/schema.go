package protobuf

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxFields is the most fields that one message of a schema may have.
const maxFields = 512

// Kind is what a schema says of a value.
type Kind byte

// The kinds. An Int is any number written as a varint: signed, unsigned, enum
// or bool.
const (
	Int Kind = iota
	Word32
	Word64
	Text
	Blob
	Nested
	NestedGroup
)

var kinds = map[string]Kind{"int": Int, "fixed32": Word32, "fixed64": Word64, "text": Text, "bytes": Blob}

// Schema is a set of message types.
type Schema struct{ types map[string]*Type }

// Type is the type of a message.
type Type struct {
	Name   string
	fields []Decl // sorted by number
}

// Decl is a field that a type has.
type Decl struct {
	Number   int32
	Name     string
	Kind     Kind
	Repeated bool
	Message  *Type // of Nested and NestedGroup

	slot int // in Message.seen: members of one oneof share it
}

// ParseSchema reads a table of fields, tab-separated: message, number, name,
// kind, label. The kind is int, fixed32, fixed64, text, bytes, the name of
// another message, or "group " and the name of one; the label is empty,
// "repeated", or the name of a oneof. One header line comes first. Lines are
// sorted by message and number. schema.py writes such tables from the
// descriptors of a Python package.
//
// The table is ours: a mistake in it panics.
func ParseSchema(table string) *Schema {
	s := &Schema{types: map[string]*Type{}}
	_, table, _ = strings.Cut(table, "\n")
	var oneofs []string
	var last *Type
	for line := range strings.Lines(table) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		number, err := strconv.Atoi(f[1])
		if err != nil || len(f) != 5 || number < 1 || number > maxNumber {
			panic("malformed schema: " + line)
		}
		t := s.named(f[0])
		if t != last {
			last, oneofs = t, oneofs[:0]
		}
		d := Decl{Number: int32(number), Name: f[2], Repeated: f[4] == "repeated"}
		s.kind(&d, f[3])
		d.slot = len(t.fields)
		oneofs = append(oneofs, f[4])
		if f[4] != "" && !d.Repeated {
			d.slot = slices.Index(oneofs, f[4])
		}
		if t.fields = append(t.fields, d); len(t.fields) > maxFields || d.slot >= maxFields {
			panic("too many fields: " + line)
		}
	}
	for name, t := range s.types {
		if !slices.IsSortedFunc(t.fields, func(a, b Decl) int { return cmp.Compare(a.Number, b.Number) }) {
			panic("fields are not sorted: " + name)
		}
	}
	return s
}

func (s *Schema) named(name string) *Type {
	t := s.types[name]
	if t == nil {
		t = &Type{Name: name}
		s.types[name] = t
	}
	return t
}

func (s *Schema) kind(d *Decl, text string) {
	if k, ok := kinds[text]; ok {
		d.Kind = k
		return
	}
	name, group := strings.CutPrefix(text, "group ")
	d.Kind, d.Message = Nested, s.named(name)
	if group {
		d.Kind = NestedGroup
	}
}

// Type returns a type by name. An unknown name is a bug in us.
func (s *Schema) Type(name string) *Type {
	t := s.types[name]
	if t == nil {
		panic(fmt.Sprintf("the schema has no message %q", name))
	}
	return t
}

// Field returns what the type says of a number, nil when it has no such field.
func (t *Type) Field(number int32) *Decl {
	if i := int(number) - 1; i < len(t.fields) && t.fields[i].Number == number {
		return &t.fields[i]
	}
	i, ok := slices.BinarySearchFunc(t.fields, number, func(d Decl, n int32) int { return cmp.Compare(d.Number, n) })
	if !ok {
		return nil
	}
	return &t.fields[i]
}

// Wire is how one value of the field is written when it is not packed.
func (d *Decl) Wire() Wire {
	switch d.Kind {
	case Int:
		return Varint
	case Word32:
		return Fixed32
	case Word64:
		return Fixed64
	case NestedGroup:
		return Group
	}
	return Bytes
}

// fits reports whether parsers take the wire type for this field. What does not
// fit is an unknown field to them. Repeated numbers may be packed or not,
// whatever the schema says.
func (d *Decl) fits(w Wire) bool {
	return w == d.Wire() || w == Bytes && d.Repeated && d.Kind <= Word64
}
