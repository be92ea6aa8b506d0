package sample

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// assembleFlatbuffer builds a FlatBuffers file without a schema: fields are named
// by the number of their slot. At the top:
//
//	identifier NAME          four bytes behind the root offset
//	head KIND VALUE          a number, or CONTENT, behind those
//	root                     the fields of the root table up to end
//	align N                  zeros up to a multiple of N
//	mark NAME                a name for this place
//	tail CONTENT             bytes as they stand
//	patch PLACE KIND VALUE   a number written over what stands there, at last
//
// In a table, up to its end, one field a line, SLOT and one of
//
//	u8 i8 u16 i16 u32 i32 f32 u64 i64 f64 VALUE
//	string "TEXT", strings "TEXT" ...
//	list KIND VALUE ...      a vector of numbers
//	bytes CONTENT            a vector of bytes; options align=N, mark=NAME
//	table, tables            one up to end; a list of them, each from table to end
//	ref NAME                 an object that stands elsewhere under this name
//	offset VALUE             a reference as it stands
//
// "table NAME" names it. VALUE is a number, or names and numbers with + and -
// between them: a name is a place in the file, "program" the end of the tables.
// Objects stand in the order of the text. CONTENT is as in a zipspec, with @flat
// and @zip for a whole file of that kind.
func assembleFlatbuffer(text string) ([]byte, error) {
	b := &flatText{zipText: zipText{lines: strings.Split(text, "\n")}, places: map[string]int{}}
	for b.next < len(b.lines) {
		line := b.line()
		if line == "" {
			continue
		}
		if err := b.top(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", b.next, err)
		}
	}
	for _, fix := range b.fixes {
		if err := fix(); err != nil {
			return nil, err
		}
	}
	return b.out, nil
}

type flatText struct {
	zipText
	places map[string]int
	fixes  []func() error
}

// flatField is one field of a table.
type flatField struct {
	slot, size int
	kind, rest string
	data       []byte       // of a bytes field
	fields     []*flatField // of a table
	items      []*flatField // of tables
}

func (b *flatText) line() string {
	line := strings.TrimSpace(uncomment(b.lines[b.next]))
	b.next++
	return line
}

func (b *flatText) top(line string) error {
	verb, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch verb {
	case "identifier":
		b.out = append(append(b.out, 0, 0, 0, 0), rest...)
	case "head":
		if kind, value, _ := strings.Cut(rest, " "); flatSizes[kind] > 0 {
			b.number(kind, value)
			return nil
		}
		return b.raw(rest)
	case "root":
		f := &flatField{kind: "table", rest: rest}
		if err := b.fields(f); err != nil {
			return err
		}
		b.table(f, 0)
		b.places["program"] = len(b.out)
	case "align":
		n, err := strconv.Atoi(rest)
		b.align(n, 0)
		return err
	case "mark":
		b.places[rest] = len(b.out)
	case "tail":
		return b.raw(rest)
	case "patch":
		w := strings.Fields(rest)
		if len(w) != 3 {
			return fmt.Errorf("want patch PLACE KIND VALUE")
		}
		b.fixes = append(b.fixes, func() error { return b.patch(w[0], w[1], w[2]) })
	default:
		return fmt.Errorf("unknown item %q", verb)
	}
	return nil
}

func (b *flatText) raw(rest string) error {
	data, _, err := b.flatContent(rest)
	b.out = append(b.out, data...)
	return err
}

// flatContent is content with whole files in it.
func (b *flatText) flatContent(rest string) ([]byte, string, error) {
	kind, more, _ := strings.Cut(rest, " ")
	build := map[string]func(string) ([]byte, error){"@flat": assembleFlatbuffer, "@zip": assembleZip}[kind]
	if build == nil {
		return b.content(rest)
	}
	from := b.next
	for b.next < len(b.lines) && strings.TrimSpace(b.lines[b.next]) != "@end" {
		b.next++
	}
	data, err := build(strings.Join(b.lines[from:b.next], "\n"))
	b.next++
	return data, more, err
}

// fields reads the fields of a table up to its end.
func (b *flatText) fields(t *flatField) error {
	for b.next < len(b.lines) {
		line := b.line()
		if line == "end" {
			return nil
		}
		if line == "" {
			continue
		}
		slot, rest, _ := strings.Cut(line, " ")
		n, err := strconv.Atoi(slot)
		if err != nil {
			return fmt.Errorf("want a slot, got %q", line)
		}
		f, err := b.field(strings.TrimSpace(rest))
		if err != nil {
			return err
		}
		f.slot = n
		t.fields = append(t.fields, f)
	}
	return fmt.Errorf("a table without its end")
}

func (b *flatText) field(text string) (*flatField, error) {
	kind, rest, _ := strings.Cut(text, " ")
	f := &flatField{kind: kind, rest: strings.TrimSpace(rest), size: max(flatSizes[kind], 1)}
	var err error
	switch kind {
	case "table":
		f.size, err = 4, b.fields(f)
	case "tables":
		f.size = 4
		for {
			line := b.line()
			if line == "end" {
				break
			}
			if line == "" {
				continue
			}
			item, err := b.field(line)
			if err != nil {
				return nil, err
			}
			f.items = append(f.items, item)
		}
	case "bytes":
		f.size = 4
		f.data, f.rest, err = b.flatContent(f.rest)
	case "string", "strings", "list", "ref", "offset":
		f.size = 4
	default:
		if flatSizes[kind] == 0 {
			err = fmt.Errorf("unknown kind %q", kind)
		}
	}
	return f, err
}

var flatSizes = map[string]int{"u8": 1, "i8": 1, "u16": 2, "i16": 2, "u32": 4, "i32": 4, "f32": 4, "u64": 8, "i64": 8, "f64": 8}

// align adds zeros until the place and some bytes is a multiple of n.
func (b *flatText) align(n, behind int) {
	for (len(b.out)+behind)%n != 0 {
		b.out = append(b.out, 0)
	}
}

// refer writes at a place how far the end of the file is from it.
func (b *flatText) refer(from int) {
	binary.LittleEndian.PutUint32(b.out[from:], uint32(len(b.out)-from))
}

// table writes a vtable, the table, and what its fields refer to.
func (b *flatText) table(t *flatField, from int) {
	slots, object := 0, 4
	at := make([]int, len(t.fields))
	for i, f := range t.fields {
		slots = max(slots, f.slot+1)
		object = (object + f.size - 1) / f.size * f.size
		at[i] = object
		object += f.size
	}
	b.align(2, 0)
	vtable := len(b.out)
	b.out = put16(b.out, uint64(4+2*slots), uint64(object))
	b.out = append(b.out, make([]byte, 2*slots)...)
	b.align(8, 0)
	start := len(b.out)
	b.refer(from)
	b.out = put32(b.out, uint32(start-vtable))
	b.out = append(b.out, make([]byte, object-4)...)
	if t.rest != "" {
		b.places[t.rest], b.places[t.rest+".fields"] = start, vtable
	}
	for i, f := range t.fields {
		binary.LittleEndian.PutUint16(b.out[vtable+4+2*f.slot:], uint16(at[i]))
	}
	for i, f := range t.fields {
		b.value(f, start+at[i])
	}
}

// value writes a field whose place in the table is known.
func (b *flatText) value(f *flatField, at int) {
	switch f.kind {
	case "table":
		b.table(f, at)
	case "tables":
		b.vector(at, len(f.items), 4, 4, "")
		first := len(b.out)
		b.out = append(b.out, make([]byte, 4*len(f.items))...)
		for i, item := range f.items {
			b.value(item, first+4*i)
		}
	case "bytes":
		o, _ := parseZipOptions(f.rest)
		b.vector(at, len(f.data), 1, int(o.number(1, "align")), o["mark"])
		b.out = append(b.out, f.data...)
	case "string":
		b.text(f.rest, at)
	case "strings":
		b.strings(f.rest, at)
	case "list":
		kind, rest, _ := strings.Cut(f.rest, " ")
		values := strings.Fields(rest)
		b.vector(at, len(values), flatSizes[kind], 1, "")
		for _, v := range values {
			b.number(kind, v)
		}
	case "ref":
		b.fixes = append(b.fixes, func() error { return b.patch(strconv.Itoa(at), "u32", f.rest+"-"+strconv.Itoa(at)) })
	case "offset":
		b.fixes = append(b.fixes, func() error { return b.patch(strconv.Itoa(at), "u32", f.rest) })
	default:
		b.fixes = append(b.fixes, func() error { return b.patch(strconv.Itoa(at), f.kind, f.rest) })
	}
}

// vector writes the count of a vector, so that its elements are aligned.
func (b *flatText) vector(from, count, size, align int, mark string) {
	b.align(max(4, size, align), 4)
	b.refer(from)
	b.out = put32(b.out, uint32(count))
	if mark != "" {
		b.places[mark] = len(b.out)
	}
}

func (b *flatText) text(quoted string, at int) {
	s, _, err := word(quoted, false)
	if err != nil {
		b.fixes = append(b.fixes, func() error { return err })
	}
	b.vector(at, len(s), 1, 1, "")
	b.out = append(append(b.out, s...), 0)
}

func (b *flatText) strings(rest string, at int) {
	var all []string
	for rest != "" {
		s, more, err := word(rest, false)
		if err != nil {
			b.fixes = append(b.fixes, func() error { return err })
			return
		}
		all, rest = append(all, strconv.Quote(s)), more
	}
	b.vector(at, len(all), 4, 4, "")
	first := len(b.out)
	b.out = append(b.out, make([]byte, 4*len(all))...)
	for i, s := range all {
		b.text(s, first+4*i)
	}
}

// number writes a value that may become known only later.
func (b *flatText) number(kind, value string) {
	at := strconv.Itoa(len(b.out))
	b.out = append(b.out, make([]byte, flatSizes[kind])...)
	b.fixes = append(b.fixes, func() error { return b.patch(at, kind, value) })
}

// patch overwrites a number.
func (b *flatText) patch(place, kind, value string) error {
	at, err := b.sum(place)
	if err != nil {
		return err
	}
	v, err := b.sum(value)
	size := flatSizes[kind]
	if at < 0 || size == 0 || at+int64(size) > int64(len(b.out)) {
		return fmt.Errorf("no place for %s at %s", kind, place)
	}
	for i := range size {
		b.out[at+int64(i)] = byte(v >> (8 * i))
	}
	return err
}

// sum adds names and numbers.
func (b *flatText) sum(text string) (int64, error) {
	total := int64(0)
	for rest := text; rest != ""; {
		end := 1
		for end < len(rest) && rest[end] != '+' && rest[end] != '-' {
			end++
		}
		term, sign := rest[:end], int64(1)
		rest = rest[end:]
		if term[0] == '-' {
			sign = -1
		}
		term = strings.TrimLeft(term, "+-")
		if place, ok := b.places[term]; ok {
			total += sign * int64(place)
			continue
		}
		n, err := strconv.ParseUint(term, 0, 64)
		if err != nil {
			return 0, fmt.Errorf("no place and no number: %q", term)
		}
		total += sign * int64(n)
	}
	return total, nil
}
