package tflite

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/sallyport/sallyport/internal/decode/flatbuffer"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// reader works on one model.
type reader struct {
	in    *format.Input
	f     *flatbuffer.File
	model flatbuffer.Table
	res   format.Result

	buffers []buffer
	codes   []code
	graphs  []graph
	inv     format.Inventory
	names   []string // operators
	custom  []string // those that the runtime does not bring along
	placed  []format.Span
	end     int64 // behind everything that the model claims
	raised  map[string]int
	late    []flatbuffer.Range        // options behind the tables
	opened  map[flatbuffer.Range]bool // payload that was read as a file of its own
	tensors int64                     // of all subgraphs
	count   int64                     // subgraphs
	looked  map[[2]int64]bool         // options, by operator and offset
	listed  map[[2]int64]bool         // lists of tensors, by offset and number of tensors
	options int                       // custom options that were looked into
	texts   int                       // strings that were handed on
	noted   int                       // tensors in the inventory
}

func read(in *format.Input) format.Result {
	t := &reader{in: in, raised: map[string]int{}, opened: map[flatbuffer.Range]bool{}, looked: map[[2]int64]bool{}, listed: map[[2]int64]bool{}}
	t.f = flatbuffer.Read(in.R, schema(), 0)
	t.model, t.end = t.f.Root, t.f.End
	t.judge(t.f, 0)
	t.readBuffers()
	t.readCodes()
	t.readGraphs()
	t.lateOptions()
	t.flow()
	t.external()
	t.metadata()
	t.unused()
	t.spans()
	t.tail()
	t.facts()
	return t.res
}

// judge reports what is wrong with a file of tables that stands at base.
func (t *reader) judge(f *flatbuffer.File, base int64) {
	found, unread := f.Judge(ruleBroken, base, t.in.Location)
	t.res.Findings = append(t.res.Findings, found...)
	for _, u := range unread {
		t.gap(u.Range, u.Rule, u.Reason)
	}
}

func (t *reader) gap(r flatbuffer.Range, id, reason string) {
	t.res.Spans = append(t.res.Spans, format.Span{Offset: r.Offset, Length: r.Length, Kind: format.Unread, Rule: id, Reason: reason})
}

// perRule is how often one rule is raised for one file; more of the same help
// nobody.
const perRule = 20

func (t *reader) raise(id string, at flatbuffer.Range, symbol, text string) {
	if t.raised[id]++; t.raised[id] <= perRule {
		t.res.Findings = append(t.res.Findings, rule.Finding(id, t.in.Location(at.Offset, at.Length), symbol, text))
	}
}

func at(t flatbuffer.Table) flatbuffer.Range { return flatbuffer.Range{Offset: t.Offset()} }

// spans unites the structure, the payload with what is known of it, and what
// lies behind the tables. Each byte has one owner: where two claim it, which was
// reported, the first.
func (t *reader) spans() {
	known := map[int64]bool{}
	for i := range t.placed {
		known[t.placed[i].Offset] = true
	}
	for _, p := range t.f.Payload {
		if !known[p.Offset] && !t.opened[p] {
			t.placed = append(t.placed, format.Span{Offset: p.Offset, Length: p.Length, Kind: format.Payload})
		}
	}
	for _, s := range t.f.Structure {
		t.placed = append(t.placed, format.Span{Offset: s.Offset, Length: s.Length, Kind: format.Structure})
	}
	slices.SortStableFunc(t.placed, func(a, b format.Span) int { return cmp.Compare(a.Offset, b.Offset) })
	pos := int64(0)
	for _, s := range t.placed {
		end := s.Offset + s.Length
		if s.Kind == handed {
			if s.Offset < pos {
				t.res.Children[s.Row].Length = 0
			}
			pos = max(pos, end)
			continue
		}
		if s.Offset = max(s.Offset, pos); end > s.Offset {
			s.Length = end - s.Offset
			t.res.Spans = append(t.res.Spans, s)
			pos = end
		}
	}
}

// handed marks payload that a child covers; Row is the number of the child.
const handed = format.SpanKind(-1)

// hand gives bytes of the model to the engine.
func (t *reader) hand(name string, r flatbuffer.Range) {
	s, err := t.in.R.Section(r.Offset, r.Length)
	if err != nil {
		return
	}
	t.placed = append(t.placed, format.Span{Offset: r.Offset, Length: r.Length, Kind: handed, Row: int64(len(t.res.Children))})
	t.res.Children = append(t.res.Children, format.Child{Name: name, R: s, Offset: r.Offset, Length: r.Length})
}

// text gives a longer string of the structure to the engine, which looks whether
// it is only a text. Short ones are names.
func (t *reader) text(name string, r flatbuffer.Range, ok bool) {
	if !ok || r.Length < 64 {
		return
	}
	if t.texts++; t.texts > maxTexts {
		_ = t.in.R.Budget().Reach("tensor-names", maxTexts)
		return
	}
	if s, err := t.in.R.Section(r.Offset, r.Length); err == nil {
		t.res.Children = append(t.res.Children, format.Child{Name: name, R: s, Offset: r.Offset})
	}
}

// maxTexts is how many strings of one model are looked at as texts.
const maxTexts = 10_000

func (t *reader) facts() {
	add := func(key, value string) {
		if value != "" {
			t.res.Facts = append(t.res.Facts, finding.Fact{Key: key, Value: rule.Clip(value)})
		}
	}
	add("tflite.version", strconv.FormatInt(t.model.Int("version", 0), 10))
	add("tflite.subgraphs", strconv.Itoa(len(t.graphs)))
	add("tflite.description", t.model.Text("description"))
	r, ok := t.model.TextRange("description")
	t.text("description", r, ok)
	var signatures []string
	list := t.model.List("signature_defs")
	for i := range min(list.Len(), 1000) {
		signatures = append(signatures, list.Table(i).Text("signature_key"))
	}
	t.res.Facts = append(t.res.Facts, format.List("tflite.signatures", signatures, 50)...)
	t.res.Facts = append(t.res.Facts, t.inv.Facts()...)
	t.res.Facts = append(t.res.Facts, format.List(format.FactOperators, t.names, 200)...)
	t.res.Facts = append(t.res.Facts, format.List(format.FactCustomOps, t.custom, 100)...)
}
