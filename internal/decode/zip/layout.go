package zip

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
)

// descriptorSearch is how many bytes of one archive are searched for the ends
// of hidden members of unknown length.
const descriptorSearch = bounded.MaxBlock

// extent is what a member takes up, header to descriptor, or a directory (entry -1).
type extent struct {
	Range
	entry int
}

// settle looks at how everything lies in the file: overlaps, members that no
// directory lists, and bytes before the first one.
func (a *Archive) settle() {
	w := &window{r: a.r}
	pos, owner := int64(0), -1
	for _, x := range a.extents() {
		switch {
		case x.Offset > pos:
			if stop := a.searchGap(w, pos, x.Offset); pos == 0 && stop == 0 {
				a.anomaly(Prefix, -1, 0, "")
			}
		case x.Offset < pos && (x.entry >= 0 || owner >= 0):
			a.anomaly(Overlap, max(x.entry, owner), x.Offset, "")
		}
		if x.End() > pos {
			pos, owner = x.End(), x.entry
		}
	}
	a.searchGap(w, pos, a.r.Size())
}

// extents lists members, directories and end records by offset.
func (a *Archive) extents() []extent {
	all := make([]extent, 0, len(a.Entries)+len(a.dirs))
	for i := range a.Entries {
		if e := &a.Entries[i]; e.Offset >= 0 {
			all = append(all, extent{Range{e.Header, e.Offset + e.Length + int64(e.behind) - e.Header}, i})
		}
	}
	for _, d := range a.dirs {
		all = append(all, extent{d, -1})
	}
	byOffset := func(x, y extent) int { return cmp.Compare(x.Offset, y.Offset) }
	if !slices.IsSortedFunc(all, byOffset) {
		slices.SortStableFunc(all, byOffset)
	}
	return all
}

// searchGap finds members that follow each other from the start of a gap, and
// returns where it stopped.
func (a *Archive) searchGap(w *window, from, to int64) int64 {
	for to-from >= localSize && a.room() {
		end, ok := a.hidden(w, from, to)
		if !ok {
			break
		}
		from = end
	}
	return from
}

// hidden adds the member at off, if there is one that ends before the limit.
func (a *Archive) hidden(w *window, off, limit int64) (end int64, ok bool) {
	h, ok := a.local(w, off, localSize+slack)
	if !ok || h.end > limit {
		return off, false
	}
	e := Entry{Name: string(h.name), Header: off, Offset: h.end, Length: h.length, Size: h.size, declared: h.length,
		Flags: h.flags, Method: h.method, Hidden: true, central: -1}
	if h.flags&flagDescribe != 0 && (h.length == 0 || h.length == max32) {
		e.Length, e.Size, e.behind = a.searchDescriptor(h.end, limit)
		e.declared = e.Length
	}
	i := len(a.Entries)
	if e.Length > limit-h.end {
		a.anomaly(SizeMismatch, i, off, "the declared bytes run into the next structure")
		e.Length = limit - h.end
	}
	if e.Flags&flagCrypt != 0 {
		a.anomaly(EncryptionFlag, i, off, "")
	}
	a.Entries = append(a.Entries, e)
	if len(a.starts) > 0 { // without any directory, that is missing and not the member in it
		a.anomaly(HiddenMember, i, off, "")
	}
	end = e.Offset + e.Length + int64(e.behind)
	a.structure(e.Offset+e.Length, int64(e.behind))
	return end, true
}

// searchDescriptor finds the record that ends data of unknown length: its own
// count of stored bytes must fit. Without one the data runs to the limit.
func (a *Archive) searchDescriptor(from, limit int64) (length, size int64, behind uint8) {
	c := a.r.NewCursor(from)
	defer c.Close()
	for at := int64(0); a.searched < descriptorSearch; {
		p, err := c.Window()
		if err != nil || len(p) < 16 {
			if p, err = c.Peek(16); err != nil {
				break
			}
		}
		i := bytes.Index(p[:len(p)-12], []byte(sigData))
		step := i
		if i < 0 {
			step = len(p) - 15
		} else if at+int64(i)+16 > limit-from {
			break
		} else if q := p[i:]; int64(le.Uint32(q[8:])) == at+int64(i) {
			return at + int64(i), int64(le.Uint32(q[12:])), 16
		} else {
			step++
		}
		c.Advance(step)
		at += int64(step)
		a.searched += int64(step)
	}
	return limit - from, limit - from, 0
}

// claim gives each byte to one owner: data before comments before structure.
func (a *Archive) claim() {
	data := make([]Range, 0, len(a.Entries)+len(a.Comments))
	owner := make([]int32, 0, len(a.Entries))
	for i := range a.Entries {
		if e := &a.Entries[i]; e.Offset >= 0 && e.Length > 0 {
			owner = append(owner, int32(i))
		}
	}
	byData := func(x, y int32) int { return cmp.Compare(a.Entries[x].Offset, a.Entries[y].Offset) }
	if !slices.IsSortedFunc(owner, byData) {
		slices.SortStableFunc(owner, byData)
	}
	for _, i := range owner {
		e := &a.Entries[i]
		if n := len(data); n > 0 && e.Offset < data[n-1].End() {
			e.Shared = true
			continue
		}
		data = append(data, Range{e.Offset, e.Length})
	}
	a.Comments = slices.DeleteFunc(a.Comments, func(c Range) bool {
		return slices.ContainsFunc(data, func(d Range) bool { return c.Offset < d.End() && d.Offset < c.End() })
	})
	a.Comments = disjoint(a.Comments)
	data = append(data, a.Comments...)
	slices.SortFunc(data, byOffset)
	a.Structure = without(merge(a.pieces), data)
}

// disjoint sorts ranges and drops those that overlap an earlier one.
func disjoint(rs []Range) []Range {
	slices.SortFunc(rs, byOffset)
	out := rs[:0]
	for _, r := range rs {
		if k := len(out); k == 0 || r.Offset >= out[k-1].End() {
			out = append(out, r)
		}
	}
	return out
}

// without removes ranges from others; both are sorted and free of overlap.
func without(rs, taken []Range) []Range {
	out := make([]Range, 0, len(rs)+1)
	for _, r := range rs {
		for len(taken) > 0 && taken[0].End() <= r.Offset {
			taken = taken[1:]
		}
		pos := r.Offset
		for _, t := range taken {
			if t.Offset >= r.End() {
				break
			}
			if t.Offset > pos {
				out = append(out, Range{pos, t.Offset - pos})
			}
			pos = max(pos, t.End())
		}
		if pos < r.End() {
			out = append(out, Range{pos, r.End() - pos})
		}
	}
	return out
}
