package executorch

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/flatbuffer"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

type scalarType struct {
	name string // as safetensors spells it
	size int64  // bytes
}

// scalarTypes is indexed by the numbers of the schema's ScalarType.
var scalarTypes = [...]scalarType{0: {"U8", 1}, 1: {"I8", 1}, 2: {"I16", 2}, 3: {"I32", 4}, 4: {"I64", 8}, 5: {"F16", 2}, 6: {"F32", 4}, 7: {"F64", 8},
	11: {"BOOL", 1}, 12: {"QI8", 1}, 13: {"QU8", 1}, 14: {"QI32", 4}, 15: {"BF16", 2}, 16: {"U4", 1}, 17: {"U2", 1}, 22: {"BITS16", 2},
	23: {"F8_E5M2", 1}, 24: {"F8_E4M3", 1}, 25: {"F8_E5M2FNUZ", 1}, 26: {"F8_E4M3FNUZ", 1}, 27: {"U16", 2}, 28: {"U32", 4}, 29: {"U64", 8}}

// layout is type and shape of a tensor.
type layout struct {
	name  string
	typ   scalarType
	dims  []int64
	bytes int64
}

// layout reads type and sizes; it reports what cannot be.
func (t *reader) layout(e flatbuffer.Table, name string) (layout, bool) {
	l := layout{name: name}
	if number := e.Int("scalar_type", 0); number >= 0 && number < int64(len(scalarTypes)) {
		l.typ = scalarTypes[number]
	}
	if l.typ.size == 0 {
		t.gap(at(e), "SP-COV-012", fmt.Sprintf("A tensor has the type %d, which is not known.", e.Int("scalar_type", 0)))
		return l, false
	}
	l.bytes = l.typ.size
	sizes := e.List("sizes")
	for i := range min(sizes.Len(), 1<<10) {
		d := sizes.Int(i)
		if l.dims = append(l.dims, d); d < 0 || d > 0 && l.bytes > (1<<62)/d {
			t.raise(ruleSize, at(e), name, "The sizes of a tensor are impossible, or their product overflows.")
			t.gap(at(e), "SP-COV-016", "The sizes of a tensor are impossible.")
			return l, false
		}
		l.bytes *= d
	}
	return l, true
}

func (t *reader) note(l layout) {
	if t.noted++; t.noted <= bounded.MaxTensorNames {
		t.inv.Add(rule.Clip(l.name), l.typ.name, l.dims)
	} else {
		_ = t.in.R.Budget().Reach("tensor-names", bounded.MaxTensorNames)
	}
}

func (l *layout) span(r flatbuffer.Range) format.Span {
	row := int64(0)
	if len(l.dims) > 1 && l.dims[0] > 0 {
		row = l.bytes / l.dims[0]
	}
	return format.Span{Offset: r.Offset, Length: min(l.bytes, r.Length), Kind: format.Payload, Type: l.typ.name, Row: row}
}

// share is a segment that holds many tensors: each begins at an offset.
type share struct {
	table   flatbuffer.Table
	r       flatbuffer.Range
	offsets []int64
	sorted  []int64
	ends    []int64 // behind the bytes that tensors use, by offset; 0 when none does
}

// share reads the offsets into a segment.
func (t *reader) share(e flatbuffer.Table, what string) *share {
	if !e.OK() {
		return nil
	}
	list := e.List("offsets")
	s := &share{table: e}
	if list.Len() == 0 {
		return nil
	}
	s.r, _ = t.segment(e.Int("segment_index", 0), e, what)
	n := min(list.Len(), bounded.MaxFlatbufferObjects)
	s.offsets, s.ends = make([]int64, n), make([]int64, n)
	for i := range n {
		s.offsets[i] = list.Int(i)
		if s.offsets[i] < 0 || s.offsets[i] > s.r.Length {
			t.raise(ruleIndex, at(e), what, fmt.Sprintf("Offset %d of the %s leads out of its segment.", i, what))
			s.offsets[i] = s.r.Length
		}
	}
	s.sorted = slices.Clone(s.offsets)
	slices.Sort(s.sorted)
	return s
}

// take places a tensor that a share holds.
func (t *reader) take(s *share, i int64, l layout, e flatbuffer.Table) {
	if s == nil || i < 0 || i >= int64(len(s.offsets)) {
		t.raise(ruleIndex, at(e), l.name, "A tensor names data that the program does not have.")
		return
	}
	t.note(l)
	room := flatbuffer.Range{Offset: s.r.Offset + s.offsets[i], Length: s.r.Length - s.offsets[i]}
	if next := s.next(s.offsets[i]); next > s.offsets[i] {
		room.Length = next - s.offsets[i]
	}
	if l.bytes > room.Length {
		t.raise(ruleSize, at(e), l.name, fmt.Sprintf("A tensor of %d bytes has %d bytes of data.", l.bytes, room.Length))
		t.gap(room, "SP-COV-016", "The sizes of a tensor and its bytes do not fit together.")
	}
	if s.ends[i] == 0 && l.bytes > 0 {
		t.placed = append(t.placed, l.span(room))
	}
	s.ends[i] = max(s.ends[i], room.Offset+min(l.bytes, room.Length))
}

// next is the first offset behind one, or the end of the segment.
func (s *share) next(off int64) int64 {
	if i, _ := slices.BinarySearch(s.sorted, off+1); i < len(s.sorted) {
		return s.sorted[i]
	}
	return s.r.Length
}

// close accepts the padding behind each tensor of a share.
func (t *reader) close(s *share) {
	if s == nil {
		return
	}
	ends := slices.Clone(s.ends)
	slices.Sort(ends)
	for _, end := range ends {
		if end == 0 {
			continue
		}
		next := s.r.End()
		if i, _ := slices.BinarySearch(s.sorted, end-s.r.Offset); i < len(s.sorted) {
			next = s.r.Offset + s.sorted[i]
		}
		t.padding(end, next)
	}
}

// constants are the shares of a program.
type constants struct {
	inline  flatbuffer.Vector
	fixed   *share
	mutable []*share
	taken   map[int64]int64 // inline buffers: bytes that tensors use
}

// tensor checks one tensor of a program against its data.
func (t *reader) tensor(c *constants, e flatbuffer.Table) {
	extra := e.Table("extra_tensor_info")
	name := extra.Text("fully_qualified_name")
	l, ok := t.layout(e, name)
	if !ok {
		return
	}
	if extra.Int("location", 0) == 1 {
		t.external++
		return
	}
	i := e.Int("data_buffer_idx", 0)
	if i == 0 {
		return
	}
	if l.name == "" {
		l.name = fmt.Sprintf("constant %d", i)
	}
	switch {
	case e.Table("allocation_info").OK():
		which := extra.Int("mutable_data_segments_idx", 0)
		if which < 0 || which >= int64(len(c.mutable)) {
			t.raise(ruleIndex, at(e), l.name, "A tensor names initial data that the program does not have.")
			return
		}
		t.take(c.mutable[which], i, l, e)
	case c.inline.Len() > 0:
		t.takeInline(c, i, l, e)
	default:
		t.take(c.fixed, i, l, e)
	}
}

// takeInline is for programs whose constants lie among the tables.
func (t *reader) takeInline(c *constants, i int64, l layout, e flatbuffer.Table) {
	if i >= c.inline.Len() {
		t.raise(ruleIndex, at(e), l.name, fmt.Sprintf("A tensor names constant %d of %d.", i, c.inline.Len()))
		return
	}
	t.note(l)
	r := c.inline.Table(i).List("storage").Range()
	if l.bytes > r.Length {
		t.raise(ruleSize, at(e), l.name, fmt.Sprintf("A tensor of %d bytes has %d bytes of data.", l.bytes, r.Length))
		t.gap(r, "SP-COV-016", "The sizes of a tensor and its bytes do not fit together.")
	}
	if c.taken[i] == 0 && r.Length > 0 {
		t.placed = append(t.placed, l.span(r))
	}
	c.taken[i] = max(c.taken[i], min(l.bytes, r.Length))
}

// tensorFile reads a .ptd file.
func (t *reader) tensorFile() {
	h, ok := t.header("FH01", 4)
	t.tables(tensorsSchema(), h, ok)
	if t.f == nil {
		return
	}
	root := t.f.Root
	t.readSegments(root.List("segments"), h, ok)
	list := root.List("named_data")
	for i := range list.Len() {
		e := list.Table(i)
		key := e.Text("key")
		r, first := t.segment(e.Int("segment_index", 0), e, "data of "+rule.Clip(key))
		if !e.Table("tensor_layout").OK() {
			if first {
				t.hand(key, r)
			}
			continue
		}
		l, ok := t.layout(e.Table("tensor_layout"), key)
		if !ok {
			continue
		}
		t.note(l)
		if l.bytes != r.Length {
			t.raise(ruleSize, at(e), key, fmt.Sprintf("A tensor of %d bytes has %d bytes of data.", l.bytes, r.Length))
			t.gap(r, "SP-COV-016", "The sizes of a tensor and its bytes do not fit together.")
		}
		if first {
			t.placed = append(t.placed, l.span(r))
		}
	}
	t.res.Facts = append(t.res.Facts, t.inv.Facts()...)
}

// bundle reads a .bpte file: a program, and inputs and outputs to test it.
func (t *reader) bundle() {
	t.tables(bundleSchema(), header{}, false)
	if t.f == nil {
		return
	}
	program := t.f.Root.List("program").Range()
	t.hand("program.pte", program)
	for _, p := range t.f.Payload {
		if p != program {
			t.placed = append(t.placed, format.Span{Offset: p.Offset, Length: p.Length, Kind: format.Payload})
		}
	}
	suites := t.f.Root.List("method_test_suites")
	t.res.Facts = append(t.res.Facts, finding.Fact{Key: "executorch.test_suites", Value: fmt.Sprint(suites.Len())})
	for i := range suites.Len() {
		cases := suites.Table(i).List("test_cases")
		for k := range cases.Len() {
			for _, field := range []string{"inputs", "expected_outputs"} {
				t.testTensors(cases.Table(k).List(field))
			}
		}
	}
}

func (t *reader) testTensors(list flatbuffer.Vector) {
	for i := range list.Len() {
		e := list.Table(i).Union("val")
		if e.Name() != "Tensor" {
			continue
		}
		if l, ok := t.layout(e, "test tensor"); ok && l.bytes != e.List("data").Range().Length {
			t.raise(ruleSize, at(e), "", fmt.Sprintf("A tensor of %d bytes has %d bytes of data.", l.bytes, e.List("data").Range().Length))
			t.gap(e.List("data").Range(), "SP-COV-016", "The sizes of a tensor and its bytes do not fit together.")
		}
	}
}

// sortRanges orders by offset.
func sortRanges(rs []flatbuffer.Range) {
	slices.SortFunc(rs, func(a, b flatbuffer.Range) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Length, b.Length))
	})
}
