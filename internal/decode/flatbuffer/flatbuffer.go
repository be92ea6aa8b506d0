// Package flatbuffer reads FlatBuffers files under a schema that is given as
// data, and accounts for every byte of them.
//
// Specification: https://flatbuffers.dev/internals/ and the verifier of the C++
// library.
//
// Threat: a FlatBuffers file is a graph of offsets that runtimes follow without
// a copy, and mostly without the verifier. An offset that leaves the file is a
// read of foreign memory; two objects over the same bytes show one thing to the
// reader and another to the runtime; what no object reaches is room for a second
// file. So the whole reachable graph is walked once, and each byte is structure,
// padding (zeros, less than an alignment), payload that a vector of bytes
// declares, or nobody's. Offsets of references are unsigned and lead forward, so
// the graph has no cycles except an object that points at itself; the offset of a
// vtable may lead anywhere. Payload is not read.
//
// Not covered: vectors of unions, 64-bit offsets and size prefixes, which none of
// the formats here use; what the values mean.
package flatbuffer

import (
	"cmp"
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
)

// File is what reading gave. It never fails as a whole: what is broken is a
// Problem, and the bytes behind it stay unexplained.
type File struct {
	Root      Table
	Structure []Range   // objects, vtables and padding, sorted, without overlap
	Payload   []Range   // the bytes of vectors that the schema marks as data, sorted, without overlap
	Problems  []Problem // at most a few of each kind
	End       int64     // behind the last byte that anything claims

	s *Schema
	p *pages
}

// Range is a piece of the file, in bytes.
type Range struct{ Offset, Length int64 }

// End is the offset behind the range.
func (r Range) End() int64 { return r.Offset + r.Length }

// Kind is a way in which a file is odd.
type Kind int

// The kinds. Where says which field of which table, as "Tensor.shape".
const (
	Truncated    Kind = iota // too short for a root
	Outside                  // an offset or a count leads out of the file
	Null                     // an offset is zero: the object would be its own child
	FieldOutside             // a field lies outside of its table
	FieldOverlap             // two fields of a table share bytes
	BadTable                 // a vtable or table size that cannot be
	Confused                 // the same bytes are read as two types
	Overlap                  // objects share bytes
	VtableInData             // a vtable lies in something else
	Misaligned               // an object where its type cannot stand
	Unterminated             // a string without its zero
	UnknownField             // a field that the schema does not have
	UnknownUnion             // a member that the union does not have, or one without a value
	Stopped                  // a limit was reached
	kinds
)

// Problem is one oddity: Length bytes at Offset.
type Problem struct {
	Kind           Kind
	Offset, Length int64
	Where          string
}

// String says what is wrong, as the end of a sentence.
func (k Kind) String() string {
	return [...]string{
		Truncated: "the file is too short", Outside: "an offset or count leads out of the file", Null: "an offset is zero",
		FieldOutside: "a field lies outside of its table", FieldOverlap: "two fields share bytes", BadTable: "the size of a table is impossible",
		Confused: "the same bytes are read as two types", Overlap: "two objects share bytes", VtableInData: "a table of fields lies in other data",
		Misaligned: "an object is not aligned", Unterminated: "a string has no end", UnknownField: "a field is not in the schema",
		UnknownUnion: "a choice is not in the schema", Stopped: "a limit was reached",
	}[k]
}

// perKind is how many problems of one kind are listed.
const perKind = 16

// maxPadding bounds the padding that is accepted anywhere, in bytes; more only in
// front of an object that is aligned to more. Builders align a whole file to the
// most that anything in it asks for, and pad its front.
const maxPadding = 64

// maxAlignment is the most that stands behind the last object, in bytes.
const maxAlignment = 16

// Read walks the file whose root offset stands at its start, with or without the
// schema's identifier behind it. head is how many bytes from the start belong to
// both and to what a format puts behind them, which the caller explains; 0 when
// there is no more.
func Read(r *bounded.Reader, s *Schema, head int64) *File {
	f := &File{s: s, p: newPages(r)}
	w := &walker{f: f, seen: map[uint32]uint16{}, pairs: map[uint64]bool{}}
	if r.Size() < 8 {
		w.problem(Truncated, 0, r.Size(), s.tables[s.root].Name)
		return f
	}
	at, ok := f.p.u32(0)
	if !ok {
		return f
	}
	if at := int64(at); w.object(at, 0, s.tables[s.root].Name) {
		f.Root = Table{f, at, s.root}
		w.run(at)
	}
	f.account(w.claims, min(head, r.Size()))
	return f
}

// claim is what one object takes up.
type claim struct {
	off, length uint32
	what        uint8
}

const (
	claimObject uint8 = iota
	claimVtable
	claimData
)

// account turns claims into ranges, finds overlaps, and accepts padding.
func (f *File) account(claims []claim, head int64) {
	slices.SortFunc(claims, func(a, b claim) int {
		return cmp.Or(cmp.Compare(a.off, b.off), cmp.Compare(a.length, b.length), cmp.Compare(a.what, b.what))
	})
	w := &walker{f: f}
	own := int64(4)
	if id, ok := f.p.get(4, 4); ok && string(id) == f.s.Identifier {
		own = 8
	}
	pos, last := max(head, own), claimObject
	f.structure(0, own)
	for _, c := range claims {
		off, end := int64(c.off), int64(c.off)+int64(c.length)
		switch {
		case off < pos && (c.what == claimVtable) != (last == claimVtable):
			w.problem(VtableInData, off, min(end, pos)-off, "")
		case off < pos:
			w.problem(Overlap, off, min(end, pos)-off, "")
		case off > pos && f.padding(pos, off):
			f.structure(pos, off-pos)
		}
		if end > pos {
			f.put(max(pos, off), end, c.what)
			pos, last = end, c.what
		}
	}
	if n := f.p.run(pos, maxAlignment); n > 0 {
		f.structure(pos, n) // the builder starts with what stands last, and pads it
		pos += n
	}
	f.End = pos
}

func (f *File) put(from, end int64, what uint8) {
	if what == claimData {
		f.Payload = append(f.Payload, Range{from, end - from})
		return
	}
	f.structure(from, end-from)
}

func (f *File) structure(off, length int64) {
	if n := len(f.Structure); n > 0 && f.Structure[n-1].End() == off {
		f.Structure[n-1].Length += length
		return
	}
	if length > 0 {
		f.Structure = append(f.Structure, Range{off, length})
	}
}

// padding reports whether the bytes between two objects are zeros and fewer than
// the alignment of what follows could ask for. The count of a vector stands
// before its aligned elements.
func (f *File) padding(from, to int64) bool {
	n := to - from
	return (n < maxPadding || n < alignment(to) || n < alignment(to+4)) && f.p.zeros(from, n)
}

// alignment is the largest power of two, up to a page, that divides the offset.
func alignment(off int64) int64 { return min(off&-off, pageSize) }
