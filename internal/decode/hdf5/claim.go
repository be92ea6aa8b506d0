package hdf5

import (
	"cmp"
	"fmt"
	"slices"
)

// claimKind is what a range is claimed as.
type claimKind byte

const (
	asStructure claimKind = iota
	asPayload
	asHeap
)

// claim is a range that a structure of the file takes.
type claim struct {
	Range
	kind claimKind
	typ  string
}

// claim notes that the bytes are taken. The caller has checked that they lie in
// the file.
func (f *File) claim(kind claimKind, at, n int64) { f.claimTyped(kind, at, n, "") }

// claimTyped is claim for elements of a known type. Only a deep scan asks for it;
// without it what touches becomes one range.
func (f *File) claimTyped(kind claimKind, at, n int64, typ string) {
	if n <= 0 {
		return
	}
	if !f.budget.Deep {
		typ = ""
	}
	if k := len(f.claims); k > 0 && kind != asHeap {
		if last := &f.claims[k-1]; last.kind == kind && last.typ == typ && last.End() == at {
			last.Length += n // the next chunk, the next message
			return
		}
	}
	f.claims = append(f.claims, claim{Range{at, n}, kind, typ})
}

// free notes unused bytes inside of a structure.
func (f *File) free(at, n int64) {
	if n > 0 {
		f.Free = append(f.Free, Range{at, n})
	}
}

// settle gives every byte to one owner and lists what nobody claims.
func (f *File) settle() {
	slices.SortStableFunc(f.claims, func(a, b claim) int { return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.kind, b.kind)) })
	pos := int64(0)
	for _, c := range f.claims {
		switch {
		case c.Offset > pos:
			f.Gaps = append(f.Gaps, Range{pos, c.Offset - pos})
		case c.Offset < pos:
			f.overlap(Range{c.Offset, min(pos, c.End()) - c.Offset})
			c.Length = max(0, c.End()-pos)
			c.Offset = pos
		}
		if c.Length == 0 {
			continue
		}
		pos = c.End()
		f.put(c)
	}
	if pos < f.r.Size() {
		f.Gaps = append(f.Gaps, Range{pos, f.r.Size() - pos})
	}
	f.Free = disjoint(f.Free)
}

func (f *File) put(c claim) {
	switch c.kind {
	case asStructure:
		f.Structure = extend(f.Structure, c.Range)
	case asPayload:
		f.Payload = append(f.Payload, Elements{c.Range, c.typ})
	case asHeap:
		f.Heaps = append(f.Heaps, c.Range)
	}
}

func extend(list []Range, r Range) []Range {
	if k := len(list); k > 0 && list[k-1].End() == r.Offset {
		list[k-1].Length += r.Length
		return list
	}
	return append(list, r)
}

func (f *File) overlap(r Range) {
	f.overlaps++
	if f.overlaps <= 10 {
		f.unread(r.Offset, r.Length, ruleOverlap, fmt.Sprintf("Two structures of the file claim the same %d bytes.", r.Length))
	}
}

// disjoint sorts ranges and cuts those that overlap.
func disjoint(list []Range) []Range {
	slices.SortFunc(list, func(a, b Range) int { return cmp.Compare(a.Offset, b.Offset) })
	out, pos := list[:0], int64(0)
	for _, r := range list {
		if end := r.End(); end > pos {
			r.Offset = max(r.Offset, pos)
			r.Length = end - r.Offset
			pos = end
			out = append(out, r)
		}
	}
	return out
}
