package gguf

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/ggml"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// tensor is one entry of the table. begin and end are offsets in the file.
type tensor struct {
	begin, end int64
	row        int64 // bytes of one step along the outermost dimension, 0 for a vector
	kind       string
	bad        bool // its bytes are not known to be what it declares
	name       string
}

// maxDims is what ggml has; its readers keep the lengths in arrays of that size.
const maxDims = 4

// entry is a tensor as the table has it.
type entry struct {
	name   string
	at     int64
	dims   []uint64
	kind   uint32
	offset uint64
}

// table reads the entries; they are placed when the start of the data is known.
func (r *reader) table(n int64) error {
	entries := make([]entry, 0, min(n, 4096))
	dims := make([]uint64, 0, min(n, 4096)*2)
	for range n {
		e, err := r.entry(&dims)
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	r.data = alignUp(r.p.c.Offset(), r.alignment)
	r.padding(r.p.c.Offset(), r.data)
	r.tensors = make([]tensor, len(entries))
	for i := range entries {
		r.place(&entries[i], &r.tensors[i])
	}
	return nil
}

func (r *reader) entry(dims *[]uint64) (e entry, err error) {
	if e.name, e.at, err = r.p.text("the name of a tensor"); err != nil {
		return e, err
	}
	r.name("tensor", e.name, e.at)
	if r.names += len(e.name); r.names > bounded.MaxBlock {
		return e, r.p.budget.Reach("block", bounded.MaxBlock)
	}
	n, err := r.p.u32()
	if err != nil {
		return e, err
	}
	if int64(n) > r.p.c.Remaining()/r.p.sizeBytes() {
		return e, &beyondError{r.p.c.Offset() - 4, "the number of dimensions", uint64(n)}
	}
	from := len(*dims)
	for i := range n {
		d, err := r.p.size()
		if err != nil {
			return e, err
		}
		if i < 2*maxDims { // more than that is wrong in any case
			*dims = append(*dims, d)
		}
	}
	if n > maxDims {
		r.raise(ruleShape, e.at, int64(len(e.name)), e.name, fmt.Sprintf("The tensor %q has %d dimensions; the format has room for four.", rule.Clip(e.name), n))
	}
	e.dims = (*dims)[from:len(*dims):len(*dims)]
	if e.kind, err = r.p.u32(); err != nil {
		return e, err
	}
	e.offset, err = r.p.u64()
	return e, err
}

// place checks type, shape and range of a tensor.
func (r *reader) place(e *entry, t *tensor) {
	t.name = e.name
	say := func(id, text string) {
		t.bad = true
		r.raise(id, e.at, int64(len(e.name)), e.name, fmt.Sprintf("The tensor %q %s.", rule.Clip(e.name), text))
	}
	room := r.in.R.Size() - min(r.data, r.in.R.Size())
	t.begin = r.in.R.Size() - room + int64(min(e.offset, uint64(room)))
	t.end = t.begin
	typ, ok := ggml.Lookup(e.kind)
	if !ok {
		t.bad = true
		r.gap(t.begin, 0, "SP-COV-012", "A tensor has the unknown type "+strconv.FormatUint(uint64(e.kind), 10)+".")
		return
	}
	t.kind = typ.Name
	elements, size, err := typ.Size(e.dims)
	switch {
	case errors.Is(err, ggml.ErrOverflow):
		say(ruleOverflow, "is larger than any file can be")
		return
	case slices.Contains(e.dims, 0):
		say(ruleShape, "has a dimension of length zero")
		return
	case err != nil:
		say(ruleShape, "has rows that do not fill whole blocks of "+typ.Name)
		return
	}
	if e.offset%uint64(r.alignment) != 0 {
		say(ruleAlign, fmt.Sprintf("begins at offset %d, which is no multiple of %d", e.offset, r.alignment))
		t.bad = false // where it lies is clear all the same
	}
	if e.offset > uint64(room) || size > room-int64(e.offset) {
		say(ruleOutside, "lies outside of the file, which may have been cut short")
		t.end = r.in.R.Size()
		return
	}
	t.bad = t.bad || len(e.dims) > maxDims
	t.end = t.begin + size
	if n := len(e.dims); n > 1 && elements > 0 {
		t.row = size / int64(e.dims[n-1])
	}
	r.list(e, typ.Name)
}

// list adds a tensor to the inventory, outermost dimension first as other formats
// have it.
func (r *reader) list(e *entry, dtype string) {
	dims := make([]int64, len(e.dims))
	for i, d := range e.dims {
		dims[len(dims)-1-i] = int64(d)
	}
	r.inventory.Add(e.name, dtype, dims)
}

// layout explains the bytes: header, tensors, and the zeros between them.
func (r *reader) layout() {
	end := min(r.p.c.Offset(), r.in.R.Size())
	r.res.Spans = append(r.res.Spans, format.Span{Length: end, Kind: format.Structure})
	slices.SortStableFunc(r.tensors, func(x, y tensor) int { return cmp.Or(cmp.Compare(x.begin, y.begin), cmp.Compare(x.end, y.end)) })
	deep := r.in.R.Budget().Deep
	pos, open := min(r.data, r.in.R.Size()), -1
	for i := range r.tensors {
		t := &r.tensors[i]
		from := max(t.begin, pos)
		if t.begin < pos && t.end > t.begin {
			r.raise(ruleOverlap, t.begin, min(pos, t.end)-t.begin, t.name, fmt.Sprintf("The tensor %q shares bytes with the one before it.", rule.Clip(t.name)))
		}
		if t.bad {
			if t.end > from {
				r.gap(from, t.end-from, "SP-COV-016", "Type, shape and place of a tensor do not fit together.")
			}
			continue
		}
		if t.end <= from {
			continue
		}
		if from > pos && from-pos < r.alignment {
			r.padding(pos, from)
		}
		if k := len(r.res.Spans) - 1; open == k && !deep && from == pos {
			r.res.Spans[k].Length += t.end - from
		} else {
			s := format.Span{Offset: from, Length: t.end - from, Kind: format.Payload}
			if deep && from == t.begin {
				s.Type, s.Row = t.kind, t.row
			}
			r.res.Spans = append(r.res.Spans, s)
			open = len(r.res.Spans) - 1
		}
		pos = t.end
	}
	if rest := r.in.R.Size() - pos; rest < r.alignment {
		r.padding(pos, r.in.R.Size())
	}
}

// padding explains the bytes between two structures if they are zeros.
func (r *reader) padding(from, to int64) {
	to = min(to, r.in.R.Size())
	if to <= from {
		return
	}
	p, err := r.in.R.Bytes(from, to-from)
	if err != nil || slices.ContainsFunc(p, func(b byte) bool { return b != 0 }) {
		return // the engine calls it unexplained, and looks at it
	}
	r.res.Spans = append(r.res.Spans, format.Span{Offset: from, Length: to - from, Kind: format.Structure})
}

func alignUp(n, alignment int64) int64 {
	return (n + alignment - 1) / alignment * alignment
}
