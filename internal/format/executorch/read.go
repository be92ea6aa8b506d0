package executorch

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/flatbuffer"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// reader works on one file.
type reader struct {
	in       *format.Input
	f        *flatbuffer.File
	res      format.Result
	inv      format.Inventory
	segments []segment
	placed   []format.Span // what lies in payload and in segments
	raised   map[string]int
	texts    int
	noted    int
	names    []string
	custom   []string
	backends []string
	external int
	inline   map[flatbuffer.Range]bool // delegates that were read
}

// segment is a range behind the tables, by offset from the start of the file.
type segment struct {
	flatbuffer.Range
	used bool
}

func (t *reader) gap(r flatbuffer.Range, id, reason string) {
	t.res.Spans = append(t.res.Spans, format.Span{Offset: r.Offset, Length: r.Length, Kind: format.Unread, Rule: id, Reason: reason})
}

// perRule is how often one rule is raised for one file.
const perRule = 20

func (t *reader) raise(id string, at flatbuffer.Range, symbol, text string) {
	if t.raised[id]++; t.raised[id] <= perRule {
		at.Offset = min(max(at.Offset, 0), t.in.R.Size())
		t.res.Findings = append(t.res.Findings, rule.Finding(id, t.in.Location(at.Offset, at.Length), symbol, text))
	}
}

func at(t flatbuffer.Table) flatbuffer.Range { return flatbuffer.Range{Offset: t.Offset()} }

// header is what an exporter puts behind the identifier.
type header struct {
	length   int64 // of it, bytes
	size     int64 // of the tables, from the start of the file
	base     int64 // where the segments begin
	segments int64 // bytes of all segments; -1 when it does not say
}

// header reads the extended header, if there is one: magic, length, and numbers
// of eight bytes.
func (t *reader) header(magic string, numbers int) (h header, ok bool) {
	head := t.in.Head()
	if len(head) < 16+8*numbers || string(head[8:12]) != magic {
		return header{}, false
	}
	h.length = int64(binary.LittleEndian.Uint32(head[12:]))
	n := func(i int) int64 { return int64(min(binary.LittleEndian.Uint64(head[16+8*i:]), math.MaxInt64)) }
	if h.length < int64(8+8*(numbers-1)) {
		t.raise(ruleBroken, flatbuffer.Range{Offset: 8, Length: 8}, magic, "The extended header is shorter than it can be.")
		return header{}, false
	}
	h.size, h.base, h.segments = n(numbers-3), n(numbers-2), n(numbers-1)
	if h.length < int64(8+8*numbers) {
		h.segments = -1
	}
	if numbers == 4 { // the tables begin at an offset
		h.size += min(n(0), math.MaxInt64-h.size)
	}
	return h, true
}

// tables reads the tables of a file with segments behind them.
func (t *reader) tables(s *flatbuffer.Schema, h header, ok bool) {
	size, head := t.in.R.Size(), int64(0)
	if ok {
		head = min(8+h.length, size)
		t.placed = append(t.placed, format.Span{Offset: 8, Length: head - 8, Kind: format.Structure})
		if h.size > size || h.base > size || h.segments > size-h.base {
			t.raise(ruleBroken, flatbuffer.Range{Offset: 8, Length: h.length}, "extended header", "The extended header says that the file is longer than it is.")
			t.gap(flatbuffer.Range{Offset: 8, Length: min(h.length, size-8)}, "SP-COV-004", "The file is shorter than its header says.")
		}
		size = min(h.size, size)
	}
	r, err := t.in.R.Section(0, size)
	if err != nil {
		return
	}
	t.f = flatbuffer.Read(r, s, head)
	t.judge(t.f, 0)
	t.placeTables(t.f, 0)
}

func (t *reader) judge(f *flatbuffer.File, base int64) {
	found, unread := f.Judge(ruleBroken, base, t.in.Location)
	t.res.Findings = append(t.res.Findings, found...)
	for _, u := range unread {
		t.gap(u.Range, u.Rule, u.Reason)
	}
}

// placeTables explains the structure of tables at base.
func (t *reader) placeTables(f *flatbuffer.File, base int64) {
	for _, s := range f.Structure {
		t.placed = append(t.placed, format.Span{Offset: base + s.Offset, Length: s.Length, Kind: format.Structure})
	}
}

// readSegments lists the segments and checks that they lie behind the tables,
// apart from each other, with nothing but padding between them.
func (t *reader) readSegments(list flatbuffer.Vector, h header, ok bool) {
	n := min(list.Len(), bounded.MaxFlatbufferObjects)
	t.segments = make([]segment, n)
	order := make([]int, 0, n)
	for i := range n {
		e := list.Table(i)
		off, size := e.Int("offset", 0), e.Int("size", 0)
		limit := t.in.R.Size() - h.base
		if h.segments >= 0 {
			limit = min(limit, h.segments)
		}
		if size == 0 && off == 0 {
			continue
		}
		if !ok || off < 0 || size < 0 || off > limit || size > limit-off {
			t.raise(ruleBroken, at(e), "DataSegment", fmt.Sprintf("Segment %d lies outside of the file.", i))
			t.gap(at(e), "SP-COV-004", "A segment lies outside of the file.")
			continue
		}
		t.segments[i].Range = flatbuffer.Range{Offset: h.base + off, Length: size}
		if size > 0 {
			order = append(order, int(i))
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(t.segments[a].Offset, t.segments[b].Offset) })
	pos := t.f.End
	for _, i := range order {
		s := t.segments[i].Range
		if s.Offset < pos {
			t.raise(ruleShared, s, "", fmt.Sprintf("Segment %d shares bytes with another part of the file.", i))
			t.gap(s, "SP-COV-013", "Two parts of the file claim these bytes.")
			continue
		}
		t.padding(pos, s.Offset)
		pos = s.End()
	}
}

// maxPadding is the largest alignment of a segment, in bytes.
const maxPadding = 64 << 10

// padding accepts zeros up to the alignment of what follows.
func (t *reader) padding(from, to int64) {
	if n := to - from; n > 0 && n < min(max(to&-to, 16), maxPadding) && t.zeros(from, n) {
		t.placed = append(t.placed, format.Span{Offset: from, Length: n, Kind: format.Structure})
	}
}

func (t *reader) zeros(off, n int64) bool {
	p, err := t.in.R.Bytes(off, n)
	return err == nil && !slices.ContainsFunc(p, func(b byte) bool { return b != 0 })
}

// segment is one by its index, marked as used.
func (t *reader) segment(i int64, e flatbuffer.Table, what string) (flatbuffer.Range, bool) {
	if i < 0 || i >= int64(len(t.segments)) {
		t.raise(ruleIndex, at(e), what, fmt.Sprintf("The %s names segment %d of %d.", what, i, len(t.segments)))
		return flatbuffer.Range{}, false
	}
	first := !t.segments[i].used
	t.segments[i].used = true
	return t.segments[i].Range, first
}

// hand gives bytes to the engine, which identifies them.
func (t *reader) hand(name string, r flatbuffer.Range) {
	if r.Length == 0 {
		return
	}
	if s, err := t.in.R.Section(r.Offset, r.Length); err == nil {
		t.placed = append(t.placed, format.Span{Offset: r.Offset, Length: r.Length, Kind: handed, Row: int64(len(t.res.Children))})
		t.res.Children = append(t.res.Children, format.Child{Name: rule.Clip(name), R: s, Offset: r.Offset, Length: r.Length})
	}
}

// handed marks bytes that a child covers; Row is the number of the child.
const handed = format.SpanKind(-1)

// maxTexts is how many strings of one file are looked at as texts.
const maxTexts = 10_000

// text gives a longer string to the engine.
func (t *reader) text(e flatbuffer.Table, field string) {
	r, ok := e.TextRange(field)
	if !ok || r.Length < 64 {
		return
	}
	if t.texts++; t.texts > maxTexts {
		_ = t.in.R.Budget().Reach("tensor-names", maxTexts)
		return
	}
	if s, err := t.in.R.Section(r.Offset, r.Length); err == nil {
		t.res.Children = append(t.res.Children, format.Child{Name: field, R: s, Offset: r.Offset})
	}
}

// finish gives each byte to one owner, the first that was placed.
func (t *reader) finish() {
	slices.SortStableFunc(t.placed, func(a, b format.Span) int { return cmp.Compare(a.Offset, b.Offset) })
	pos := int64(0)
	for _, s := range t.placed {
		if s.Kind == handed {
			if s.Offset < pos {
				t.res.Children[s.Row].Length = 0 // two claim it, which was reported
			}
			pos = max(pos, s.Offset+s.Length)
			continue
		}
		if end := s.Offset + s.Length; end > pos {
			s.Offset = max(s.Offset, pos)
			s.Length = end - s.Offset
			t.res.Spans = append(t.res.Spans, s)
			pos = end
		}
	}
}
