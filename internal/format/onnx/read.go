package onnx

import (
	"errors"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// Numbers of the fields that are looked at; all others are walked by the schema.
const (
	fieldVersion         = 1 // ModelProto
	fieldProducer        = 2
	fieldProducerVersion = 3
	fieldGraph           = 7
	fieldOpset           = 8
	fieldModelMetadata   = 14
	fieldTraining        = 20
	fieldFunctions       = 25

	graphNode        = 1 // GraphProto
	graphName        = 2
	graphInitializer = 5
	graphInput       = 11
	graphSparse      = 15
	graphMetadata    = 16

	functionName       = 1 // FunctionProto
	functionInput      = 4
	functionNode       = 7
	functionDomain     = 10
	functionOverload   = 13
	functionOpset      = 9
	functionAttributes = 11

	trainingInitialization = 1 // TrainingInfoProto
	trainingAlgorithm      = 2

	entryKey   = 1 // StringStringEntryProto, OperatorSetIdProto
	entryValue = 2
)

// reader works through one model.
type reader struct {
	in    *format.Input
	res   format.Result
	tiles format.Tiling

	root      *graph
	training  []*graph
	functions []*function
	ops       operators
	nodes     int // with those of subgraphs, functions and training
	values    int // names of values kept
	tensors   int
	opaque    int // strings that are no text
	gaps      int

	inventory format.Inventory
	stored    map[string]bool // files with external data that were told of already
	opsets    []string
	producer  [2]string
	facts     []finding.Fact
}

func read(in *format.Input) format.Result {
	t := &reader{in: in, stored: map[string]bool{}}
	m := protobuf.Open(in.R, model())
	defer m.Close()
	t.model(m)
	end := in.R.Size()
	if err := m.Err(); err != nil {
		end = m.Reached() // what is behind it stays unexplained, so that the engine looks for other things there
	}
	t.res.Spans = t.tiles.Spans(end)
	t.judgeOperators()
	t.judgeFunctions()
	t.judgeTriggers()
	t.state()
	return t.res
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
			t.gap(gapTwice, m.Offset, m.Behind()-m.Offset, "The field "+m.Decl.Name+" of "+m.Type.Name+" stands there twice: some parsers join the two, others take the last.")
		}
		if visit == nil || !visit() {
			t.other(m)
		}
	}
	if err := m.Err(); err != nil {
		t.broken(m, err)
	}
}

// other walks a field that nobody asked for.
func (t *reader) other(m *protobuf.Message) {
	switch m.Decl.Kind {
	case protobuf.Nested:
		var sub protobuf.Message
		if m.Enter(&sub) {
			t.each(&sub, nil)
		}
	case protobuf.Text, protobuf.Blob:
		t.text(m, m.Decl.Name)
	default:
		if m.Wire == protobuf.Bytes {
			t.packed(m)
		}
	}
}

// packed reads small numbers that stand behind each other.
func (t *reader) packed(m *protobuf.Message) {
	if _, ok := m.Count(m.Decl.Wire()); !ok {
		t.gap(gapMalformed, m.Offset, m.Behind()-m.Offset, "The last number of a list is cut off.")
	}
}

// unknown reports a field that the schema does not have: parsers keep and ignore
// it, so anything can lie there. It is handed on to be looked at.
func (t *reader) unknown(m *protobuf.Message) {
	t.gap(gapUnsupported, m.Offset, m.Behind()-m.Offset, "The format has no such field in "+m.Type.Name+"; loaders ignore it.")
	if m.Length >= shortestOpaque && (m.Wire == protobuf.Bytes || m.Wire == protobuf.Group) {
		t.virtual("unknown field of "+m.Type.Name, m.Reader(), m.Data)
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
		t.gap(id, m.Reached(), 0, "The model cannot be read any further: "+err.Error()+".")
		return
	}
	t.gap(id, m.Reached(), m.End-m.Reached(), "The rest of "+m.Type.Name+" cannot be read: "+err.Error()+".")
}

func (t *reader) gap(id string, off, length int64, reason string) {
	if t.gaps++; t.gaps > bounded.MaxGapsPerFile {
		_ = t.in.R.Budget().Reach("gaps-per-file", bounded.MaxGapsPerFile)
		return
	}
	t.tiles.Put(format.Span{Offset: off, Length: length, Kind: format.Unread, Rule: id, Reason: reason})
}

func (t *reader) raise(id string, off int64, symbol, message string) {
	if len(t.res.Findings) <= bounded.MaxFindings {
		t.res.Findings = append(t.res.Findings, rule.Finding(id, t.in.Location(off, 0), symbol, message))
	}
}

// virtual hands on bytes that belong to a span already.
func (t *reader) virtual(name string, r *bounded.Reader, off int64) {
	if t.opaque++; t.opaque > bounded.MaxGapsPerFile {
		_ = t.in.R.Budget().Reach("gaps-per-file", bounded.MaxGapsPerFile)
		return
	}
	t.res.Children = append(t.res.Children, format.Child{Name: name, R: r, Offset: off})
}

func (t *reader) model(m *protobuf.Message) {
	t.each(m, func() bool {
		var sub protobuf.Message
		switch m.Number {
		case fieldVersion:
			t.fact("onnx.ir_version", itoa(int64(m.Value)))
		case fieldProducer:
			t.producer[0] = rule.Clip(m.Text())
			return false
		case fieldProducerVersion:
			t.producer[1] = rule.Clip(m.Text())
			return false
		case fieldGraph:
			if m.Enter(&sub) {
				t.root = join(t.root, t.graph(&sub))
			}
		case fieldOpset:
			if m.Enter(&sub) {
				t.opsets = append(t.opsets, t.opset(&sub))
			}
		case fieldModelMetadata:
			if m.Enter(&sub) {
				t.metadata(&sub)
			}
		case fieldTraining:
			if m.Enter(&sub) {
				t.trainingInfo(&sub)
			}
		case fieldFunctions:
			if m.Enter(&sub) {
				t.function(&sub)
			}
		default:
			return false
		}
		return true
	})
}

func (t *reader) trainingInfo(m *protobuf.Message) {
	t.each(m, func() bool {
		var sub protobuf.Message
		if m.Number != trainingInitialization && m.Number != trainingAlgorithm {
			return false
		}
		if m.Enter(&sub) {
			t.training = append(t.training, t.graph(&sub))
		}
		return true
	})
}

// opset reads which version of which operators something is written for.
func (t *reader) opset(m *protobuf.Message) string {
	domain, version := "", int64(0)
	t.each(m, func() bool {
		switch m.Number {
		case entryKey:
			domain = m.Text()
		case entryValue:
			version = int64(m.Value)
		}
		return false
	})
	if len(t.opsets) > mostListed {
		return "more"
	}
	return rule.Clip(official(domain)) + " " + itoa(version)
}

// official spells the domain of the standard: its short name is empty.
func official(domain string) string {
	if domain == "" {
		return "ai.onnx"
	}
	return domain
}

func (t *reader) fact(key, value string) {
	if value = strings.TrimSpace(value); value != "" {
		t.facts = append(t.facts, finding.Fact{Key: key, Value: rule.Clip(value)})
	}
}

// state lists the facts.
func (t *reader) state() {
	t.fact(format.FactProducer, t.producer[0]+" "+t.producer[1])
	if t.nodes > 0 {
		t.fact("onnx.nodes", itoa(int64(t.nodes)))
	}
	if n := len(t.functions); n > 0 {
		t.fact("onnx.functions", itoa(int64(n)))
	}
	names, custom := t.ops.names()
	t.res.Facts = append(t.facts, format.List(format.FactOpset, t.opsets, mostListed)...)
	t.res.Facts = append(t.res.Facts, format.List(format.FactOperators, names, mostListed)...)
	t.res.Facts = append(t.res.Facts, format.List(format.FactCustomOps, custom, mostListed)...)
	t.res.Facts = append(t.res.Facts, t.inventory.Facts()...)
}

const mostListed = 200 // names in one fact
