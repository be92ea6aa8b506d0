package flatbuffer

// vtable places the fields of a table.
type vtable struct {
	at, size int64 // in the file, bytes
	object   int64 // bytes of the table that uses it
}

// vtable finds the vtable of the table at an offset.
func (f *File) vtable(at int64) (vtable, bool) {
	back, ok := f.p.number(at, 4, true)
	v := vtable{at: at - back}
	if !ok || v.at < 0 || v.at%2 != 0 {
		return v, false
	}
	size, ok := f.p.u16(v.at)
	object, ok2 := f.p.u16(v.at + 2)
	v.size, v.object = int64(size), int64(object)
	return v, ok && ok2 && size >= 4 && size%2 == 0 && object >= 4 && v.at <= f.p.size-v.size && at <= f.p.size-v.object
}

// slot is the offset of a field in its table, 0 when it is not there.
func (v *vtable) slot(f *File, i int) int64 {
	at := int64(4 + 2*i)
	if at+2 > v.size {
		return 0
	}
	off, _ := f.p.u16(v.at + at)
	return int64(off)
}

// Table is one table of a file. The zero value has no fields. Fields are asked
// for by the names of the schema; one that is not there, or leads nowhere, is
// zero: what is wrong with it is among the File's problems.
type Table struct {
	f   *File
	at  int64
	typ int
}

// OK reports whether there is a table.
func (t Table) OK() bool { return t.f != nil }

// Offset is where it stands in the file.
func (t Table) Offset() int64 { return t.at }

// Name is the name of its type.
func (t Table) Name() string {
	if t.f == nil {
		return ""
	}
	return t.f.s.tables[t.typ].Name
}

// place is where the field stands in the file.
func (t Table) place(name string) (d *field, at int64, ok bool) {
	if t.f == nil {
		return nil, 0, false
	}
	d = t.f.s.tables[t.typ].field(name)
	at, ok = t.slot(d, d.slot)
	return d, at, ok
}

func (t Table) slot(d *field, slot int) (int64, bool) {
	v, ok := t.f.vtable(t.at)
	if !ok {
		return 0, false
	}
	off, size := v.slot(t.f, slot), int64(1)
	if slot == d.slot {
		size, _ = d.inline()
	}
	return t.at + off, off >= 4 && off+size <= v.object
}

// Has reports whether the field is there.
func (t Table) Has(name string) bool {
	_, _, ok := t.place(name)
	return ok
}

// Int is a number, or the given value when it is not there.
func (t Table) Int(name string, or int64) int64 {
	d, at, ok := t.place(name)
	if !ok {
		return or
	}
	v, _ := t.f.p.number(at, d.size, d.signed)
	return v
}

// Table is a table below it.
func (t Table) Table(name string) Table {
	d, at, ok := t.place(name)
	if !ok {
		return Table{}
	}
	return t.f.tableAt(at, d.table)
}

// Union is the table that a union holds; its Name says which.
func (t Table) Union(name string) Table {
	d, at, ok := t.place(name)
	if !ok {
		return Table{}
	}
	kindAt, ok := t.slot(d, d.slot-1)
	member, _ := t.f.p.number(kindAt, 1, false)
	if !ok || member < 1 || member > int64(len(d.union)) {
		return Table{}
	}
	return t.f.tableAt(at, d.union[member-1])
}

// Text is a string; see File.text for its limit.
func (t Table) Text(name string) string {
	r, _ := t.TextRange(name)
	return t.f.text(r)
}

// TextRange is where the bytes of a string stand, without its count and zero.
func (t Table) TextRange(name string) (Range, bool) {
	_, at, ok := t.place(name)
	if !ok {
		return Range{}, false
	}
	return t.f.stringAt(at)
}

// List is a vector. Objects may be shared by any number of others, so each time
// one is asked for is charged to the budget; when that is used up it is empty.
func (t Table) List(name string) Vector {
	d, at, ok := t.place(name)
	if !ok {
		return Vector{}
	}
	off, ok := t.f.p.u32(at)
	start := at + int64(off)
	count, ok2 := t.f.p.u32(start)
	if !ok || !ok2 || int64(count)*d.size > t.f.p.size-start-4 {
		return Vector{}
	}
	cost := int64(count)
	switch {
	case d.data:
		cost = 0 // asked for its place
	case d.kind == kindTable || d.kind == kindString:
		cost *= 16
	}
	if t.f.p.r.Budget().Items(1+cost) != nil {
		return Vector{}
	}
	return Vector{f: t.f, d: d, at: start + 4, n: int64(count)}
}

// Vector is a vector of a table; the zero value is empty.
type Vector struct {
	f  *File
	d  *field
	at int64
	n  int64
}

// Len is the number of elements.
func (v Vector) Len() int64 { return v.n }

// Range is where the elements stand.
func (v Vector) Range() Range {
	if v.d == nil {
		return Range{}
	}
	return Range{v.at, v.n * v.d.size}
}

// Int is a number, 0 beyond the end.
func (v Vector) Int(i int64) int64 {
	if i < 0 || i >= v.n {
		return 0
	}
	n, _ := v.f.p.number(v.at+i*v.d.size, v.d.size, v.d.signed)
	return n
}

// Table is an element, the zero Table beyond the end.
func (v Vector) Table(i int64) Table {
	if i < 0 || i >= v.n {
		return Table{}
	}
	return v.f.tableAt(v.at+4*i, v.d.table)
}

// Text is an element of a vector of strings.
func (v Vector) Text(i int64) string {
	if i < 0 || i >= v.n {
		return ""
	}
	r, _ := v.f.stringAt(v.at + 4*i)
	return v.f.text(r)
}

// TextRange is where the bytes of such an element stand.
func (v Vector) TextRange(i int64) (Range, bool) {
	if i < 0 || i >= v.n {
		return Range{}, false
	}
	return v.f.stringAt(v.at + 4*i)
}

func (f *File) tableAt(at int64, typ int) Table {
	off, ok := f.p.u32(at)
	target := at + int64(off)
	if _, good := f.vtable(target); !ok || off == 0 || !good {
		return Table{}
	}
	return Table{f, target, typ}
}

func (f *File) stringAt(at int64) (Range, bool) {
	off, ok := f.p.u32(at)
	start := at + int64(off)
	n, ok2 := f.p.u32(start)
	if !ok || !ok2 || int64(n) > f.p.size-start-4 {
		return Range{}, false
	}
	return Range{start + 4, int64(n)}, true
}

// maxText is the longest name that Text returns, in bytes; what is longer is cut
// there. TextRange has all of it.
const maxText = 4096

func (f *File) text(r Range) string {
	if r.Length == 0 || f.p.r.Budget().Items(1+min(r.Length, maxText)/8) != nil {
		return ""
	}
	p, err := f.p.r.Bytes(r.Offset, min(r.Length, maxText))
	if err != nil {
		return ""
	}
	return string(p)
}
