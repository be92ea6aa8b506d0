package coreml

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/encoded"
	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
	"github.com/sallyport/sallyport/rules"
)

const (
	mostListed     = 200 // names in one fact
	shortestHidden = 16  // bytes: below it no text holds a payload
	shortestOpaque = 32  // bytes that are worth a look
)

// reader works through one model.
type reader struct {
	in    *format.Input
	res   format.Result
	tiles format.Tiling

	kinds     []string
	layers    []string
	custom    []string
	judged    map[string]bool
	inventory format.Inventory
	tensors   int
	gaps      int
	handed    int
	layer     string      // name of the layer that is read
	pending   *[]constant // inputs of the operator that is read
	key       string      // which of its inputs is read
	producer  string
}

func read(in *format.Input) format.Result {
	t := &reader{in: in, judged: map[string]bool{}}
	m := protobuf.Open(in.R, model())
	defer m.Close()
	t.message(m)
	end := in.R.Size()
	if err := m.Err(); err != nil {
		end = m.Reached() // what is behind it stays unexplained, so that the engine looks for other things there
	}
	t.res.Spans = t.tiles.Spans(end)
	t.state()
	return t.res
}

// message reads a message by its type: those that mean something here have a
// reader of their own, all others are walked by the schema.
func (t *reader) message(m *protobuf.Message) {
	switch m.Type.Name {
	case "Model":
		t.model(m)
	case "CustomModel", "CustomLayerParams":
		t.class(m)
	case "LinkedModelFile":
		t.linked(m)
	case "SerializedModel", "CoreMLModels.Gazetteer", "CoreMLModels.TextClassifier", "CoreMLModels.WordEmbedding", "CoreMLModels.WordTagger":
		t.sealed(m)
	case "NeuralNetworkLayer":
		t.neuralLayer(m)
	case "WeightParams":
		t.weights(m, "weights", nil, 1)
	case "MILSpec.Operation":
		t.operation(m)
	case "MILSpec.Value":
		t.value(m, "")
	case "Metadata.UserDefinedEntry":
		t.metadata(m)
	default:
		if p, ok := parameters[m.Type.Name]; ok {
			t.sized(m, p)
			return
		}
		t.each(m, nil)
	}
}

// each goes through the fields of a message. visit handles the ones it knows and
// returns false for all others.
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
			t.message(&sub)
		}
	case protobuf.Text, protobuf.Blob:
		t.text(m, m.Decl.Name)
	default:
		if _, ok := m.Count(m.Decl.Wire()); !ok {
			t.gap(gapMalformed, m.Offset, m.Behind()-m.Offset, "The last number of a list is cut off.")
		}
	}
}

// unknown reports a field that the schema does not have: parsers ignore it, so
// anything can lie there. It is handed on to be looked at.
func (t *reader) unknown(m *protobuf.Message) {
	t.gap(gapUnsupported, m.Offset, m.Behind()-m.Offset, "The format has no such field in "+m.Type.Name+"; loaders ignore it.")
	if m.Length >= shortestOpaque && (m.Wire == protobuf.Bytes || m.Wire == protobuf.Group) {
		t.hand("unknown field of "+m.Type.Name, m.Reader(), m.Data, "")
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
	length := m.End - m.Reached()
	if m.Depth() == 0 {
		length = 0 // the rest is a hole, which the engine sniffs
	}
	t.gap(id, m.Reached(), length, "The rest of "+m.Type.Name+" cannot be read: "+err.Error()+".")
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

// hand gives bytes that belong to a span already to the engine.
func (t *reader) hand(name string, r *bounded.Reader, off int64, as string) {
	if t.handed++; t.handed > bounded.MaxGapsPerFile {
		_ = t.in.R.Budget().Reach("gaps-per-file", bounded.MaxGapsPerFile)
		return
	}
	t.res.Children = append(t.res.Children, format.Child{Name: name, R: r, Offset: off, As: as})
}

// text judges any string: it is UTF-8, or it is handed on; and it is no pickle in
// disguise.
func (t *reader) text(m *protobuf.Message, what string) {
	switch {
	case m.Length < shortestHidden:
		if m.Decl.Kind == protobuf.Text && !utf8.Valid(m.Head(m.Length)) {
			t.gap(gapMalformed, m.Data, m.Length, "The value of "+what+" is not UTF-8.")
		}
		return
	case m.Length > bounded.MaxBlock || !m.IsText():
		if m.Decl.Kind == protobuf.Text {
			t.gap(gapMalformed, m.Data, m.Length, "The value of "+what+" is not UTF-8.")
		}
		if p := m.Head(2); len(p) == 2 && p[0] == 0x80 && p[1] >= 2 && p[1] <= 5 {
			t.raise(ruleHidden, m.Data, what, "The value of "+quote(what)+" begins like a pickle.")
		}
		if m.Length >= shortestOpaque {
			t.hand(what, m.Reader(), m.Data, "")
		}
		return
	}
	if data, how := encoded.Pickle(m.Head(bounded.MaxBlock)); data != nil {
		t.raise(ruleHidden, m.Data, what, "The value of "+quote(what)+" is a pickle ("+how+").")
		t.hand(what, bounded.NewBytes(bytes.Clone(data), t.in.R.Budget()), m.Data, "pickle")
	}
}

// metadata names the key in what is said of its value.
func (t *reader) metadata(m *protobuf.Message) {
	key := ""
	t.each(m, func() bool {
		switch {
		case m.Decl.Name == "key":
			key = rule.Clip(m.Text())
			return false
		case key == "com.github.apple.coremltools.version":
			t.producer = "coremltools " + rule.Clip(m.Text())
		}
		t.text(m, "metadata "+key)
		return true
	})
}

// state lists the facts.
func (t *reader) state() {
	t.res.Facts = append(t.res.Facts, format.List("coreml.kind", t.kinds, mostListed)...)
	if t.producer != "" {
		t.res.Facts = append(t.res.Facts, finding.Fact{Key: format.FactProducer, Value: t.producer})
	}
	t.res.Facts = append(t.res.Facts, format.List(format.FactOperators, t.layers, mostListed)...)
	t.res.Facts = append(t.res.Facts, format.List(format.FactCustomOps, t.custom, mostListed)...)
	t.res.Facts = append(t.res.Facts, t.inventory.Facts()...)
}

// row looks up an operator of programs.
func row(name string) (string, bool) { return rules.Row(rules.RuntimeOperators, "coreml", name) }

func quote(s string) string { return `"` + rule.Clip(s) + `"` }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// climbs reports a path that leaves its folder, for those who take a backslash
// for a separator and for those who do not.
func climbs(location string) bool {
	for _, p := range [...]string{location, strings.ReplaceAll(location, `\`, "/")} {
		depth := 0
		for part := range strings.SplitSeq(p, "/") {
			switch part {
			case "", ".":
			case "..":
				if depth--; depth < 0 {
					return true
				}
			default:
				depth++
			}
		}
	}
	return false
}

// leads says how a path leaves its folder; empty when it stays.
func leads(location string) string {
	switch {
	case strings.ContainsRune(location, 0):
		return "has a NUL in it"
	case location != "" && (location[0] == '/' || location[0] == '\\' || location[0] == '~'):
		return "is absolute"
	case len(location) > 1 && location[1] == ':':
		return "names a drive"
	case strings.Contains(location, "://") || strings.HasPrefix(strings.ToLower(location), "file:"):
		return "is a URL"
	case climbs(location):
		return "leads out of its folder"
	}
	return ""
}
