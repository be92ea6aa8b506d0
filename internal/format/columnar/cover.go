package columnar

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/format"
)

// cover says which bytes before the footer the row groups explain.
func (p *parquet) cover(first int64) {
	slices.SortFunc(p.chunks, func(a, b chunk) int { return cmp.Or(cmp.Compare(a.off, b.off), cmp.Compare(a.length, b.length)) })
	slices.Sort(p.copies)
	at, overlap, outside := first, false, false
	for i, c := range p.chunks {
		if c.off < first || c.length < 0 || c.length > p.base-c.off {
			outside = true
			continue
		}
		if i > 0 && c == p.chunks[i-1] { // several columns may share what is equal
			continue
		}
		if c.off > at {
			at = p.between(at, c.off)
		}
		if c.off < at && !overlap && c.length > 0 {
			overlap = true
			p.gap(c.off, min(at-c.off, c.length), "SP-COV-013", "Two columns claim the same bytes.")
		}
		if c.off >= at && c.kind == format.Payload && p.in.R.Budget().Deep {
			p.pages(c)
		}
		if end := c.off + c.length; end > at {
			p.grow(max(at, c.off), end, c.kind)
			at = end
		}
	}
	p.between(at, p.base)
	if outside {
		p.gap(p.base, 0, "SP-COV-004", "A column is said to lie outside of the part of the file that holds columns.")
	}
}

// grow explains a range; ranges of one kind that touch become one.
func (p *parquet) grow(off, end int64, kind format.SpanKind) {
	for i := len(p.res.Spans) - 1; i >= 0 && i >= len(p.res.Spans)-2; i-- {
		if s := &p.res.Spans[i]; s.Kind == kind && s.Offset+s.Length == off {
			s.Length += end - off
			return
		}
	}
	p.span(off, end-off, kind)
}

// between explains what may stand between two columns: a second copy of the
// metadata of the one before, which older writers leave there, and zeros up to
// the next block of a distributed file system. It returns how far it came.
func (p *parquet) between(at, end int64) int64 {
	for at < end {
		i, found := slices.BinarySearch(p.copies, at)
		if !found || i == len(p.copies) {
			break
		}
		length, ok := p.measure(at, end, func(*thrift, int16, byte) bool { return false })
		if !ok || length > end-at || length < 2 {
			break
		}
		p.grow(at, at+length, format.Structure)
		at += length
	}
	if at < end && end-at <= bounded.MaxFreeSpace && zeros(p.in.R, at, end) {
		p.grow(at, end, format.Structure)
		return end
	}
	return at
}

func zeros(r *bounded.Reader, at, end int64) bool {
	c := r.NewCursor(at)
	defer c.Close()
	for c.Offset() < end {
		w, err := c.Window()
		if err != nil || len(w) == 0 {
			return false
		}
		w = w[:min(int64(len(w)), end-c.Offset())]
		for _, b := range w {
			if b != 0 {
				return false
			}
		}
		c.Advance(len(w))
	}
	return true
}

// pages walks the pages of a column: header and data of each, to the end.
func (p *parquet) pages(c chunk) {
	r, err := p.in.R.Section(c.off, c.length)
	if p.sealed > 0 || err != nil {
		return
	}
	t := &thrift{c: r.NewCursor(0), b: r.Budget()}
	defer t.c.Close()
	for t.err == nil && t.c.Remaining() > 0 {
		size := int64(-1)
		t.fields(typeStruct, func(id int16, kind byte) bool {
			if id == 3 {
				size = t.integer(kind)
			}
			return id == 3
		})
		t.pass(size)
	}
	if t.err != nil {
		at := t.c.Offset()
		p.gap(c.off+at, c.length-at, "SP-COV-004", "The pages of a column cannot be followed to its end.")
	}
}

// tell states the facts, and what kept the table from being read.
func (p *parquet) tell() {
	if p.t.twice {
		p.gap(p.base, p.footer, "SP-COV-014", "A structure of the footer has the same field twice: readers differ in which they take.")
	}
	if p.sealed > 0 {
		p.gap(p.base, p.footer, "SP-COV-010", fmt.Sprintf("%d column chunks are encrypted.", p.sealed))
	}
	if p.t.err == nil && p.sum != p.rows {
		p.gap(p.base, p.footer, "SP-COV-016", fmt.Sprintf("The table is said to have %d rows, its row groups have %d.", p.rows, p.sum))
	}
	p.fact(factRows, p.rows)
	p.fact(factColumns, p.leaves)
	p.fact(factGroups, p.groups)
	p.res.Facts = append(p.res.Facts, format.List(factNames, p.names, maxNames)...)
}
