package flatbuffer

import (
	"math"
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
)

// walker visits every object that the root reaches, once, without recursion.
type walker struct {
	f       *File
	seen    map[uint32]uint16 // offset to what it was read as
	pairs   map[uint64]bool   // vtables checked against a type of table
	claims  []claim
	claimed int64
	stack   []frame
	kinds   [kinds]int
	stopped bool
}

// frame is a table, or a vector of references with those still to come.
type frame struct {
	at    int64
	count int64 // elements left; for a table 0
	table int
	d     *field
	depth int
}

// What an offset was read as: the kind of object, or asTable plus the number of
// the table's type. Vectors differ by the size of their elements.
const (
	asVtable uint16 = iota + 1
	asString
	asReferences // to strings
	asScalars
	asTable = 1 << 10
)

func (w *walker) problem(k Kind, off, length int64, where string) {
	if w.kinds[k]++; w.kinds[k] <= perKind {
		off = min(max(off, 0), w.f.p.r.Size())
		w.f.Problems = append(w.f.Problems, Problem{k, off, min(max(length, 0), w.f.p.r.Size()-off), where})
	}
}

// run walks from the root.
func (w *walker) run(root int64) {
	w.stack = append(w.stack, frame{at: root, table: w.f.s.root, depth: 1})
	for len(w.stack) > 0 && !w.stopped {
		top := &w.stack[len(w.stack)-1]
		if top.d == nil {
			t := *top
			w.stack = w.stack[:len(w.stack)-1]
			w.table(t)
			continue
		}
		if top.count == 0 {
			w.stack = w.stack[:len(w.stack)-1]
			continue
		}
		at, d, depth := top.at, top.d, top.depth
		top.at, top.count = top.at+4, top.count-1
		w.reference(at, d, depth)
	}
}

// stop ends the walk for a limit.
func (w *walker) stop(name string, limit int64) {
	_ = w.f.p.r.Budget().Reach(name, limit)
	w.stopped = true
	w.problem(Stopped, 0, 0, "")
}

// visit notes an object and reports whether it is new.
func (w *walker) visit(at int64, as uint16, where string) bool {
	if was, ok := w.seen[uint32(at)]; ok {
		if was != as {
			w.problem(Confused, at, 0, where)
		}
		return false
	}
	if len(w.seen) >= bounded.MaxFlatbufferObjects {
		w.stop("flatbuffer-objects", bounded.MaxFlatbufferObjects)
		return false
	}
	if w.f.p.r.Budget().Items(1) != nil {
		w.stopped = true
		w.problem(Stopped, 0, 0, where)
		return false
	}
	w.seen[uint32(at)] = as
	return true
}

// claim takes bytes for an object. Together objects cannot take more bytes than
// there are: then they overlap, and the walk ends before it is paid for twice.
func (w *walker) claim(off, length int64, what uint8) {
	w.claims = append(w.claims, claim{uint32(off), uint32(length), what})
	if w.claimed += length; w.claimed > w.f.p.size && !w.stopped {
		w.problem(Overlap, off, length, "")
		w.stopped = true
	}
}

// object checks the place of a table, string or vector.
func (w *walker) object(at, from int64, where string) bool {
	switch {
	case at == from:
		w.problem(Null, from, 4, where)
	case at > w.f.p.size-4:
		w.problem(Outside, from, 4, where)
	case at%4 != 0:
		w.problem(Misaligned, at, 4, where)
	default:
		return true
	}
	return false
}

// table reads a vtable and the fields it places.
func (w *walker) table(t frame) {
	typ := &w.f.s.tables[t.table]
	if !w.visit(t.at, asTable+uint16(t.table), typ.Name) {
		return
	}
	v, ok := w.f.vtable(t.at)
	if !ok {
		w.problem(BadTable, t.at, 4, typ.Name)
		return
	}
	if !w.vtable(&v, typ, t.table) {
		return
	}
	w.claim(t.at, v.object, claimObject)
	for i := range typ.fields {
		w.field(&v, &typ.fields[i], t)
	}
}

// vtable claims a table of fields and checks it once for each type that uses it.
func (w *walker) vtable(v *vtable, typ *tableType, table int) bool {
	if _, ok := w.seen[uint32(v.at)]; !ok || w.seen[uint32(v.at)] != asVtable {
		if !w.visit(v.at, asVtable, typ.Name) {
			return false
		}
		w.claim(v.at, v.size, claimVtable)
	}
	key := uint64(v.at)<<16 | uint64(table)
	if good, ok := w.pairs[key]; ok {
		return good
	}
	if len(w.pairs) >= bounded.MaxFlatbufferObjects {
		w.stop("flatbuffer-objects", bounded.MaxFlatbufferObjects)
		return false
	}
	if w.f.p.r.Budget().Items(v.size/2) != nil {
		w.stopped = true
		w.problem(Stopped, v.at, v.size, typ.Name)
		return false
	}
	good := w.layout(v, typ)
	w.pairs[key] = good
	return good
}

// layout checks that the fields lie in the table, apart from each other.
func (w *walker) layout(v *vtable, typ *tableType) bool {
	var taken [][2]int64
	put := func(slot int, size int64, where string) bool {
		off := v.slot(w.f, slot)
		if off == 0 {
			return true
		}
		if off < 4 || off+size > v.object {
			w.problem(FieldOutside, v.at, v.size, where)
			return false
		}
		taken = append(taken, [2]int64{off, off + size})
		return true
	}
	for i := range typ.fields {
		d := &typ.fields[i]
		size, _ := d.inline()
		if !put(d.slot, size, d.where) || d.kind == kindUnion && !put(d.slot-1, 1, d.where) {
			return false
		}
	}
	slices.SortFunc(taken, func(a, b [2]int64) int { return int(a[0] - b[0]) })
	for i := 1; i < len(taken); i++ {
		if taken[i][0] < taken[i-1][1] {
			w.problem(FieldOverlap, v.at, v.size, typ.Name)
		}
	}
	for slot := int64(typ.slots); slot < (v.size-4)/2; slot++ {
		if v.slot(w.f, int(slot)) != 0 {
			w.problem(UnknownField, v.at, v.size, typ.Name)
			break
		}
	}
	return true
}

func (w *walker) field(v *vtable, d *field, t frame) {
	off := v.slot(w.f, d.slot)
	if d.kind == kindUnion {
		w.union(v, d, t)
		return
	}
	if off == 0 {
		return
	}
	at := t.at + off
	if _, align := d.inline(); at%align != 0 {
		w.problem(Misaligned, at, 4, d.where)
		return
	}
	if d.vector || d.kind == kindString || d.kind == kindTable {
		w.follow(at, d, t.depth)
	}
}

// union follows the value as the type that stands beside it.
func (w *walker) union(v *vtable, d *field, t frame) {
	kindAt, valueAt := v.slot(w.f, d.slot-1), v.slot(w.f, d.slot)
	member, _ := w.f.p.number(t.at+kindAt, 1, false)
	if kindAt == 0 {
		member = 0
	}
	switch {
	case member == 0 && valueAt == 0:
	case member == 0 || valueAt == 0 || member > int64(len(d.union)):
		w.problem(UnknownUnion, t.at, v.object, d.where)
	case (t.at+valueAt)%4 != 0:
		w.problem(Misaligned, t.at+valueAt, 4, d.where)
	default:
		one := *d
		one.kind, one.table = kindTable, d.union[member-1]
		w.follow(t.at+valueAt, &one, t.depth)
	}
}

// follow resolves the reference at an offset: a vector, or what reference does.
func (w *walker) follow(at int64, d *field, depth int) {
	if !d.vector {
		w.reference(at, d, depth)
		return
	}
	target, ok := w.target(at, d.where)
	if !ok {
		return
	}
	count, _ := w.f.p.u32(target)
	length := int64(count) * d.size
	if length > w.f.p.size-target-4 {
		w.problem(Outside, target, 4, d.where)
		return
	}
	// Writers align an empty vector, and one of bytes, to no more than its count.
	unit := d.size
	if d.kind == kindStruct {
		unit = d.align
	}
	if count > 0 && (target+4)%unit != 0 {
		w.problem(Misaligned, target, 4, d.where)
	}
	if !w.visit(target, vectorAs(d), d.where) {
		return
	}
	if d.data {
		w.claim(target, 4, claimObject)
		w.claim(target+4, length, claimData)
		return
	}
	w.claim(target, 4+length, claimObject)
	if d.kind == kindString || d.kind == kindTable {
		w.push(frame{at: target + 4, count: int64(count), d: d, depth: depth + 1})
	}
}

// vectorAs tells vectors apart by what a reader would make of their elements.
func vectorAs(d *field) uint16 {
	switch d.kind {
	case kindTable:
		return asTable<<1 + uint16(d.table)
	case kindString:
		return asReferences
	}
	return asScalars + uint16(d.size)
}

// reference follows an offset to a string or a table.
func (w *walker) reference(at int64, d *field, depth int) {
	target, ok := w.target(at, d.where)
	if !ok {
		return
	}
	if d.kind == kindTable {
		w.push(frame{at: target, table: d.table, depth: depth + 1})
		return
	}
	if !w.visit(target, asString, d.where) {
		return
	}
	n, _ := w.f.p.u32(target)
	if int64(n) > w.f.p.size-target-5 {
		w.problem(Outside, target, 4, d.where)
		return
	}
	if end, ok := w.f.p.get(target+4+int64(n), 1); ok && end[0] != 0 {
		w.problem(Unterminated, target, 4+int64(n), d.where)
	}
	w.claim(target, 5+int64(n), claimObject)
}

// target resolves the offset that stands at a place.
func (w *walker) target(at int64, where string) (int64, bool) {
	off, ok := w.f.p.u32(at)
	if !ok {
		return 0, false
	}
	if at > math.MaxUint32-int64(off) {
		w.problem(Outside, at, 4, where)
		return 0, false
	}
	target := at + int64(off)
	return target, w.object(target, at, where)
}

func (w *walker) push(f frame) {
	if f.depth > bounded.MaxRecursion {
		w.stop("recursion", bounded.MaxRecursion)
		return
	}
	w.stack = append(w.stack, f)
}
