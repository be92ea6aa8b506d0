package savedmodel

import (
	"errors"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const (
	modelVersion = 1 // SavedModel
	modelGraphs  = 2

	entryKey   = 1 // of every map
	entryValue = 2
)

// reader works through one file.
type reader struct {
	in    *format.Input
	src   *bounded.Reader // what is walked: the file, or what a text says
	res   format.Result
	tiles format.Tiling
	base  int64             // what offsets of the present walk are relative to
	place func(int64) int64 // from the bytes that are read to the file, when they differ
	kind  string            // type of the outermost message

	ops      operators
	metas    []*meta // one for each graph with what belongs to it
	named    []byte  // of the present node
	nodes    int
	kept     int
	children int
	gaps     int
	texts    int64 // bytes of constants that were kept
	depth    int   // of messages in bytes of messages
	tensors  int
	groups   map[groupKey]*group
	order    []*group

	inventory  format.Inventory
	facts      []finding.Fact
	tags       []string
	signatures []string
	versions   []string
}

func read(in *format.Input, kind string) format.Result {
	t := &reader{in: in, kind: kind}
	end := t.walk(in.R)
	t.finish()
	t.res.Spans = t.tiles.Spans(end)
	return t.res
}

// walk reads all of a view and returns how far that got.
func (t *reader) walk(r *bounded.Reader) int64 {
	t.src = r
	m := protobuf.Open(r, typeNamed(t.kind))
	defer m.Close()
	switch t.kind {
	case "SavedModel":
		t.model(m)
	case "MetaGraphDef":
		t.meta(m)
	case "GraphDef":
		t.graphFile(m)
	case "FunctionDef":
		x := t.newMeta()
		t.function(m, x)
	default:
		t.each(m, nil)
	}
	if m.Err() != nil {
		return m.Reached() // what is behind it stays unexplained, so that the engine looks for other things there
	}
	return r.Size()
}

// finish judges what was read and states the facts.
func (t *reader) finish() {
	for _, x := range t.metas {
		t.judge(x)
	}
	t.report()
	t.state()
}

// each goes through the fields of a message. visit handles the ones it knows and
// returns false for all others, which are walked by the schema.
func (t *reader) each(m *protobuf.Message, visit func() bool) {
	for m.Next() {
		switch {
		case m.Decl == nil:
			t.unknown(m)
			continue
		case m.Odd&protobuf.Overflow != 0:
			t.gap(gapMalformed, m.Offset, m.Behind()-m.Offset, "A number has more bits than its field can hold: parsers do not agree on its value.")
		}
		if m.Again {
			t.gap(gapTwice, m.Offset, m.Behind()-m.Offset, "The field "+m.Decl.Name+" of "+short(m.Type)+" stands there twice: some parsers join the two, others take the last.")
		}
		if visit == nil || !visit() {
			t.other(m)
		}
	}
	if err := m.Err(); err != nil {
		t.broken(m, err)
	}
}

// into walks the message that the present field holds.
func (t *reader) into(m *protobuf.Message, visit func(*protobuf.Message) bool) {
	var sub protobuf.Message
	if !m.Enter(&sub) {
		return
	}
	if visit == nil {
		t.each(&sub, nil)
		return
	}
	t.each(&sub, func() bool { return visit(&sub) })
}

// other walks a field that nobody asked for.
func (t *reader) other(m *protobuf.Message) {
	switch m.Decl.Kind {
	case protobuf.Nested:
		if m.Type.Name == "google.protobuf.Any" {
			break
		}
		if m.Decl.Message.Name == "google.protobuf.Any" {
			t.any(m)
			return
		}
		t.into(m, nil)
	case protobuf.Text, protobuf.Blob:
		t.text(m, m.Decl.Name)
	default:
		if m.Wire == protobuf.Bytes {
			if _, ok := m.Count(m.Decl.Wire()); !ok {
				t.gap(gapMalformed, m.Offset, m.Behind()-m.Offset, "The last number of a list is cut off.")
			}
		}
	}
}

// unknown reports a field that the schema does not have: parsers keep and ignore
// it, so anything can lie there. It is handed on to be looked at.
func (t *reader) unknown(m *protobuf.Message) {
	t.gap(gapUnsupported, m.Offset, m.Behind()-m.Offset, "The format has no such field in "+short(m.Type)+"; loaders ignore it.")
	if m.Length >= shortestOpaque && (m.Wire == protobuf.Bytes || m.Wire == protobuf.Group) {
		t.virtual("unknown field of "+short(m.Type), m.Reader(), m.Data, "")
	}
}

// broken reports a message that is not read to its end.
func (t *reader) broken(m *protobuf.Message, err error) {
	id := gapMalformed
	var syntax *protobuf.SyntaxError
	if !errors.As(err, &syntax) {
		if m.Depth() > 0 {
			return // the outermost message tells, once
		}
		id = gapLimit
	}
	if m.Depth() == 0 { // the rest is a hole, which the engine sniffs
		t.gap(id, m.Reached(), 0, "The "+short(m.Type)+" cannot be read any further: "+err.Error()+".")
		return
	}
	t.gap(id, m.Reached(), m.End-m.Reached(), "The rest of "+short(m.Type)+" cannot be read: "+err.Error()+".")
}

// short is the name of a message without its package.
func short(x *protobuf.Type) string {
	if x == nil {
		return "a message"
	}
	return strings.TrimPrefix(x.Name, "tensorflow.")
}

// at translates an offset of the present walk to one of the file.
func (t *reader) at(off int64) int64 {
	off += t.base
	if t.place != nil {
		return t.place(off)
	}
	return off
}

func (t *reader) gap(id string, off, length int64, reason string) {
	if t.gaps++; t.gaps > bounded.MaxGapsPerFile {
		_ = t.in.R.Budget().Reach("gaps-per-file", bounded.MaxGapsPerFile)
		return
	}
	if t.place != nil {
		length = 0
	}
	t.tiles.Put(format.Span{Offset: t.at(off), Length: length, Kind: format.Unread, Rule: id, Reason: reason})
}

// gapAt is gap with an offset of the file.
func (t *reader) gapAt(id string, off int64, reason string) {
	if t.gaps++; t.gaps > bounded.MaxGapsPerFile {
		_ = t.in.R.Budget().Reach("gaps-per-file", bounded.MaxGapsPerFile)
		return
	}
	t.tiles.Put(format.Span{Offset: off, Kind: format.Unread, Rule: id, Reason: reason})
}

// raise reports something about a place of the present walk.
func (t *reader) raise(id string, off int64, symbol, message string) {
	t.raiseAt(id, t.at(off), symbol, message)
}

// raiseAt is raise with an offset of the file.
func (t *reader) raiseAt(id string, off int64, symbol, message string) {
	if len(t.res.Findings) <= bounded.MaxFindings {
		t.res.Findings = append(t.res.Findings, rule.Finding(id, t.in.Location(off, 0), symbol, message))
	}
}

// virtual hands on bytes that belong to a span already.
func (t *reader) virtual(name string, r *bounded.Reader, off int64, as string) {
	if t.children++; t.children > bounded.MaxGapsPerFile {
		_ = t.in.R.Budget().Reach("gaps-per-file", bounded.MaxGapsPerFile)
		return
	}
	t.res.Children = append(t.res.Children, format.Child{Name: name, R: r, Offset: t.at(off), As: as})
}

// inside walks bytes of the present field as a message of their own.
func (t *reader) inside(m *protobuf.Message, x *protobuf.Type) {
	if t.depth == maxInside {
		t.text(m, short(x))
		return
	}
	t.depth++
	defer func() { t.depth-- }()
	before := t.base
	t.base += m.Data
	sub := protobuf.Open(m.Reader(), x)
	t.each(sub, nil)
	sub.Close()
	t.base = before
}

// maxInside is how deep messages in bytes of messages are walked as such.
const maxInside = 8

func (t *reader) model(m *protobuf.Message) {
	t.each(m, func() bool {
		switch m.Number {
		case modelVersion:
			t.fact("tensorflow.saved_model", itoa(int64(m.Value)))
		case modelGraphs:
			var sub protobuf.Message
			if m.Enter(&sub) {
				t.meta(&sub)
			}
		default:
			return false
		}
		return true
	})
}

// keep counts n things that stay in memory while the file is read.
func (t *reader) keep(n int) bool {
	if t.kept += n; t.kept > maxKept {
		_ = t.in.R.Budget().Reach("tensor-names", bounded.MaxTensorNames)
		return false
	}
	return true
}

// maxKept is how many nodes, inputs and names are kept to see what reaches what:
// some for each name of the limit.
const maxKept = 6 * bounded.MaxTensorNames

func (t *reader) fact(key, value string) {
	if value = strings.TrimSpace(value); value != "" && len(t.facts) < mostListed {
		t.facts = append(t.facts, finding.Fact{Key: key, Value: rule.Clip(value)})
	}
}

// state lists the facts.
func (t *reader) state() {
	if t.nodes == 0 && len(t.metas) == 0 {
		return
	}
	functions := 0
	for _, x := range t.metas {
		functions += len(x.functions)
	}
	t.fact("tensorflow.nodes", itoa(int64(t.nodes)))
	t.fact("tensorflow.functions", itoa(int64(functions)))
	all, custom := t.ops.names()
	t.res.Facts = append(t.facts, format.List(format.FactProducer, t.versions, mostListed)...)
	t.res.Facts = append(t.res.Facts, format.List("tensorflow.tags", t.tags, mostListed)...)
	t.res.Facts = append(t.res.Facts, format.List("tensorflow.signatures", t.signatures, mostListed)...)
	t.res.Facts = append(t.res.Facts, format.List(format.FactOperators, all, mostListed)...)
	t.res.Facts = append(t.res.Facts, format.List(format.FactCustomOps, custom, mostListed)...)
	t.res.Facts = append(t.res.Facts, t.inventory.Facts()...)
}

const mostListed = 200 // names in one fact

func itoa(v int64) string { return strconv.FormatInt(v, 10) }

func quote(s string) string { return `"` + rule.Clip(s) + `"` }
