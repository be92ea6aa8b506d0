package scan

import (
	"cmp"
	"slices"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

// childSpan marks bytes of the input that hold a nested stream; it continues the
// kinds of package format.
const childSpan = format.Unread + 1

type interval struct {
	off, end int64
	kind     format.SpanKind
}

// cover is who explains which bytes of one input. Its sums add up to the size.
type cover struct {
	sum     finding.Coverage
	holes   []interval // claimed by nobody
	overlap interval   // first range that one reading claims twice; end 0 when none
	unread  int        // spans that a reader could not explain
}

// newCover unites what the readings claim. Ranges outside of the input are cut
// to it: a reader's mistake must not hide a byte.
func newCover(size int64, readings []reading) *cover {
	c := &cover{}
	var all []interval
	for i := range readings {
		claimed := claims(&readings[i].result, size)
		c.findOverlap(claimed)
		if all == nil {
			all = claimed // the usual case: one reading
			continue
		}
		all = append(all, claimed...)
		slices.SortFunc(all, compareIntervals)
	}
	pos := int64(0)
	for _, iv := range all {
		if iv.kind == format.Unread {
			c.unread++
		}
		if iv.off > pos {
			c.holes = append(c.holes, interval{off: pos, end: iv.off})
			c.sum.Unexplained += iv.off - pos
			pos = iv.off
		}
		if iv.end > pos {
			c.add(iv.kind, iv.end-pos)
			pos = iv.end
		}
	}
	if pos < size {
		c.holes = append(c.holes, interval{off: pos, end: size})
		c.sum.Unexplained += size - pos
	}
	return c
}

func (c *cover) add(kind format.SpanKind, n int64) {
	switch kind {
	case format.Structure:
		c.sum.Structure += n
	case format.Payload:
		c.sum.Payload += n
	case format.TextSpan:
		c.sum.Text += n
	case childSpan:
		c.sum.Child += n
	default:
		c.sum.Unexplained += n
	}
}

// claims lists the ranges of one reading in order, cut to the input.
func claims(r *format.Result, size int64) []interval {
	out := make([]interval, 0, len(r.Spans)+len(r.Children))
	put := func(off, length int64, kind format.SpanKind) {
		off = min(max(off, 0), size)
		end := off + min(max(length, 0), size-off)
		if end > off || kind == format.Unread {
			out = append(out, interval{off, end, kind})
		}
	}
	for _, s := range r.Spans {
		put(s.Offset, s.Length, s.Kind)
	}
	for _, ch := range r.Children {
		put(ch.Offset, ch.Length, childSpan)
	}
	if !slices.IsSortedFunc(out, compareIntervals) {
		slices.SortFunc(out, compareIntervals)
	}
	return out
}

// compareIntervals orders by offset; at the same place explained ranges come
// after unread ones, so that a byte called unread never counts as explained.
func compareIntervals(a, b interval) int {
	if a.off != b.off {
		return cmp.Compare(a.off, b.off)
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.end, b.end), cmp.Compare(a.kind, b.kind))
}

func rank(iv interval) int {
	if iv.kind == format.Unread {
		return 0
	}
	return 1
}

// findOverlap looks for two ranges of one reading that share bytes. An unread
// range may lie over others: it says more about them, not something else.
func (c *cover) findOverlap(sorted []interval) {
	end := int64(0)
	for _, iv := range sorted {
		if iv.kind == format.Unread {
			continue
		}
		if iv.off < end && c.overlap.end == 0 {
			c.overlap = interval{off: iv.off, end: min(end, iv.end)}
		}
		end = max(end, iv.end)
	}
}
