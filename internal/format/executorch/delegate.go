package executorch

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/sallyport/sallyport/internal/decode/flatbuffer"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const xnnpack = "XnnpackBackend"

// delegate judges a part of the program that a backend gets.
func (t *reader) delegate(root, e flatbuffer.Table) {
	id := e.Text("id")
	t.backends = append(t.backends, rule.Clip(id))
	if _, ok := row("backend", id); !ok {
		t.raise(ruleBackend, at(e), id, fmt.Sprintf("A part of the program goes to the backend %q, which is not known.", rule.Clip(id)))
	}
	r, first := t.processed(root, e)
	switch {
	case !first:
	case id == xnnpack && t.xnnpack(r):
	default:
		t.gap(at(e), "SP-COV-012", fmt.Sprintf("What the backend %q gets is a program in a form of its own, which cannot be read: ask for its provenance.", rule.Clip(id)))
		t.hand("delegate "+id, r)
	}
}

// processed is where the bytes of a delegate lie: among the tables, or in a
// segment.
func (t *reader) processed(root, e flatbuffer.Table) (r flatbuffer.Range, first bool) {
	ref := e.Table("processed")
	i := ref.Int("index", 0)
	if ref.Int("location", 0) != 0 {
		return t.segment(i, e, "delegate")
	}
	inline := root.List("backend_delegate_data")
	if i < 0 || i >= inline.Len() {
		t.raise(ruleIndex, at(e), "delegate", fmt.Sprintf("A delegate names data %d of %d.", i, inline.Len()))
		return flatbuffer.Range{}, false
	}
	r = inline.Table(i).List("data").Range()
	first = !t.inline[r]
	t.inline[r] = true
	return r, first
}

// xnnpack reads what a delegate to XNNPACK gets: a header, a graph of its own
// kinds of nodes, and constants. It reports false when it is something else.
func (t *reader) xnnpack(r flatbuffer.Range) bool {
	head, err := t.in.R.Bytes(r.Offset, min(r.Length, 30))
	if err != nil || len(head) < 8 {
		return false
	}
	tables, data := r, flatbuffer.Range{Offset: r.End()}
	if string(head[4:8]) == "XH00" {
		if tables, data, err = xnnpackHeader(head, r); err != nil {
			t.raise(ruleBroken, r, xnnpack, "The header of a delegate to XNNPACK leads out of it.")
			return false
		}
		t.placed = append(t.placed, format.Span{Offset: r.Offset, Length: 30, Kind: format.Structure})
		t.padding(r.Offset+30, tables.Offset)
		t.padding(tables.End(), data.Offset)
	}
	s, err := t.in.R.Section(tables.Offset, tables.Length)
	if err != nil || tables.Length < 8 {
		return false
	}
	f := flatbuffer.Read(s, xnnpackSchema(), 0)
	if !f.Root.OK() {
		return false
	}
	t.judge(f, tables.Offset)
	t.placeTables(f, tables.Offset)
	for _, p := range f.Payload {
		t.placed = append(t.placed, format.Span{Offset: tables.Offset + p.Offset, Length: p.Length, Kind: format.Payload})
	}
	t.xnnpackData(f.Root.List("constant_data"), tables.Offset, data)
	return true
}

// xnnpackHeader reads where the graph and the constants lie in a delegate.
func xnnpackHeader(head []byte, r flatbuffer.Range) (tables, data flatbuffer.Range, err error) {
	if len(head) < 30 {
		return tables, data, fmt.Errorf("header cut short")
	}
	n := func(at int) int64 { return int64(binary.LittleEndian.Uint32(head[at:])) }
	tables = flatbuffer.Range{Offset: r.Offset + n(10), Length: n(14)}
	data = flatbuffer.Range{Offset: r.Offset + n(18), Length: int64(min(binary.LittleEndian.Uint64(head[22:]), math.MaxInt64/2))}
	if n(10) < 30 || tables.End() > r.End() || data.Offset > r.End() || data.Length > r.End()-data.Offset || data.Offset < tables.End() && data.Length > 0 {
		return tables, data, fmt.Errorf("header leads out of the delegate")
	}
	return tables, data, nil
}

// xnnpackData places the constants of a delegate. Those with a name lie elsewhere.
func (t *reader) xnnpackData(list flatbuffer.Vector, base int64, data flatbuffer.Range) {
	var parts []flatbuffer.Range
	for i := range list.Len() {
		e := list.Table(i)
		off, size := e.Int("offset", 0), e.Int("size", 0)
		if e.Has("named_key") || size == 0 {
			continue
		}
		if off < 0 || size < 0 || off > data.Length || size > data.Length-off {
			t.raise(ruleBroken, flatbuffer.Range{Offset: base + e.Offset()}, xnnpack, "A constant of a delegate to XNNPACK lies outside of it.")
			continue
		}
		parts = append(parts, flatbuffer.Range{Offset: data.Offset + off, Length: size})
	}
	sortRanges(parts)
	pos := data.Offset
	for _, p := range slices.Compact(parts) {
		if p.Offset < pos {
			t.raise(ruleShared, p, xnnpack, "Two constants of a delegate to XNNPACK share bytes.")
			continue
		}
		t.padding(pos, p.Offset)
		t.placed = append(t.placed, format.Span{Offset: p.Offset, Length: p.Length, Kind: format.Payload})
		pos = p.End()
	}
	t.padding(pos, data.End())
}
