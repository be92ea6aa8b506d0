package flatbuffer

import (
	"fmt"
	"strconv"
	"strings"
)

// Schema says what tables a format has. It is text, one item per line (a line
// that begins with a space goes on from the one before it, # begins a comment):
//
//	identifier NAME                 four bytes at offset 4
//	root TABLE
//	table NAME FIELD:TYPE ...       in the order of their slots
//	struct NAME SIZE ALIGNMENT      stored in place, not looked into
//	union NAME TABLE ...            members from 1 on
//	enum NAME VALUE ...             from 0 on; "-" where a number is not used
//
// TYPE is u8 i8 u16 i16 u32 i32 f32 u64 i64 f64, string, the name of a table,
// struct or union (which takes two slots), [TYPE] for a vector, [TYPE]@N for one
// whose elements are aligned to N bytes, or dataN: a vector of bytes, aligned to
// N, whose content is payload and is not read.
type Schema struct {
	Identifier string

	root   int
	tables []tableType
	unions map[string][]int
	enums  map[string][]string
}

type tableType struct {
	Name   string
	fields []field
	slots  int
}

type fieldKind uint8

const (
	kindScalar fieldKind = iota
	kindString
	kindTable
	kindStruct
	kindUnion
)

// field is one field; a union's slot is that of its value, its type stands in
// the slot before it.
type field struct {
	name   string
	where  string // table and field, for messages
	kind   fieldKind
	vector bool
	data   bool
	signed bool
	slot   int
	size   int64 // of the scalar, the struct or an element of the vector, bytes
	align  int64 // of the same
	table  int
	union  []int
}

// inline is how many bytes the field takes in its table, and their alignment.
func (d *field) inline() (size, align int64) {
	if d.vector || d.kind != kindScalar && d.kind != kindStruct {
		return 4, 4
	}
	return d.size, d.align
}

// Parse reads a schema. A mistake in it is a bug in us: it panics.
func Parse(text string) *Schema {
	s := &Schema{root: -1, unions: map[string][]int{}, enums: map[string][]string{}}
	var items [][]string
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
		case line[0] == ' ':
			items[len(items)-1] = append(items[len(items)-1], words...)
		default:
			items = append(items, words)
		}
	}
	names, structs := map[string]int{}, map[string][2]int64{}
	for _, it := range items {
		s.declare(it, names, structs)
	}
	for _, it := range items {
		if it[0] == "union" {
			for _, m := range it[2:] {
				s.unions[it[1]] = append(s.unions[it[1]], mustFind(names, m))
			}
		}
	}
	for _, it := range items {
		switch it[0] {
		case "root":
			s.root = mustFind(names, it[1])
		case "table":
			s.define(&s.tables[names[it[1]]], it[2:], names, structs)
		}
	}
	return s
}

// declare notes the name of an item.
func (s *Schema) declare(it []string, names map[string]int, structs map[string][2]int64) {
	switch it[0] {
	case "identifier":
		s.Identifier = it[1]
	case "table":
		names[it[1]] = len(s.tables)
		s.tables = append(s.tables, tableType{Name: it[1]})
	case "struct":
		structs[it[1]] = [2]int64{mustNumber(it[2]), mustNumber(it[3])}
	case "enum":
		s.enums[it[1]] = it[2:]
	case "union", "root":
	default:
		panic("flatbuffer schema: unknown item " + it[0])
	}
}

func (s *Schema) define(t *tableType, words []string, names map[string]int, structs map[string][2]int64) {
	for _, word := range words {
		name, kind, ok := strings.Cut(word, ":")
		if !ok {
			panic("flatbuffer schema: field without a type " + word)
		}
		d := field{name: name, where: t.Name + "." + name, slot: t.slots}
		s.resolve(&d, kind, names, structs)
		if d.kind == kindUnion {
			d.slot++
		}
		t.slots = d.slot + 1
		t.fields = append(t.fields, d)
	}
}

func (s *Schema) resolve(d *field, kind string, names map[string]int, structs map[string][2]int64) {
	align := int64(0)
	if n, ok := strings.CutPrefix(kind, "data"); ok {
		d.data, kind, align = true, "[u8]", mustNumber(n)
	}
	if head, n, ok := strings.Cut(kind, "@"); ok {
		kind, align = head, mustNumber(n)
	}
	if inner, ok := strings.CutPrefix(kind, "["); ok {
		d.vector, kind = true, strings.TrimSuffix(inner, "]")
	}
	d.size, d.align = 4, 4
	if place, ok := structs[kind]; ok {
		d.kind, d.size, d.align = kindStruct, place[0], place[1]
	} else if members, ok := s.unions[kind]; ok && !d.vector {
		d.kind, d.union = kindUnion, members
	} else if table, ok := names[kind]; ok {
		d.kind, d.table = kindTable, table
	} else if kind == "string" {
		d.kind = kindString
	} else {
		bits := mustNumber(kind[1:])
		d.size, d.align, d.signed = bits/8, bits/8, kind[0] == 'i'
	}
	d.align = max(d.align, align)
}

// Enum is the name of a value, or "" when the schema has none.
func (s *Schema) Enum(name string, value int64) string {
	if values := s.enums[name]; value >= 0 && value < int64(len(values)) && values[value] != "-" {
		return values[value]
	}
	return ""
}

func (t *tableType) field(name string) *field {
	for i := range t.fields {
		if t.fields[i].name == name {
			return &t.fields[i]
		}
	}
	panic("flatbuffer schema: table " + t.Name + " has no field " + name)
}

func mustFind(names map[string]int, name string) int {
	i, ok := names[name]
	if !ok {
		panic("flatbuffer schema: unknown table " + name)
	}
	return i
}

func mustNumber(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic(fmt.Sprintf("flatbuffer schema: %q is no number", s))
	}
	return n
}
