// Package pmml reads models in the Predictive Model Markup Language.
//
// Specification: https://dmg.org/pmml/v4-4-1/GeneralStructure.html.
//
// Threat: PMML is XML, whose readers fetch files and addresses that a document type
// names (XXE). A model calls functions by name: one that neither the standard nor
// the file defines is looked for in the engine, as a rule as a Java class.
// Extensions may hold anything, scripts among it. Texts are read by nobody.
//
// Not covered: whether the numbers make sense, or fields exist; engines' own
// extensions, beyond a look whether they hold scripts, programs or pickles.
package pmml

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/encoded"
	"github.com/sallyport/sallyport/internal/decode/magic"
	"github.com/sallyport/sallyport/internal/decode/xml"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const (
	ruleExternal    = "SP-XML-001" // refers to another file or address
	ruleEntity      = "SP-XML-002" // defines entities
	ruleCode        = "SP-XML-003" // calls code that it does not bring along
	ruleHidden      = "SP-XML-004" // a program or pickle in a text
	ruleInstruction = "SP-XML-005" // tells a reader to run something
)

// Format is a PMML model.
var Format = format.Format{
	ID:         "pmml",
	Title:      "PMML model",
	Spec:       "https://dmg.org/pmml/v4-4-1/GeneralStructure.html",
	Extensions: []string{".pmml"},
	Textual:    true,
	Rules:      []string{ruleExternal, ruleEntity, ruleCode, ruleHidden, ruleInstruction, "SP-COV-003", "SP-COV-004", "SP-COV-012", "SP-COV-014"},
	Match:      match,
	Read:       read,
}

// match goes by the outermost element; a long document type may stand before it,
// and then the name decides.
func match(in *format.Input) format.Confidence {
	head := bytes.TrimLeft(bytes.TrimPrefix(in.Head(), []byte("\ufeff")), " \t\r\n")
	switch {
	case len(head) == 0 || head[0] != '<':
	case bytes.Contains(head, []byte("<PMML")), bytes.Contains(head, []byte(":PMML")), bytes.Contains(head, []byte("<!DOCTYPE PMML")),
		strings.HasSuffix(strings.ToLower(in.Name), ".pmml"):
		return format.Strong
	}
	return format.No
}

// reader follows one model.
type reader struct {
	in      *format.Input
	res     format.Result
	raised  map[string]int
	hidden  int
	called  []call
	known   map[string]bool // functions that the file defines
	omitted bool
	facts   map[string]string
	models  []string
	fields  int
	nodes   int
}

// call is a function that is called, once.
type call struct {
	name   string
	offset int64
	line   int
}

func read(in *format.Input) format.Result {
	r := &reader{in: in, raised: map[string]int{}, known: map[string]bool{}, facts: map[string]string{}}
	_, err := xml.Parse(in.R, r)
	r.calls()
	if err != nil {
		r.stopped(err)
	} else {
		r.res.Spans = append(r.res.Spans, format.Span{Length: in.R.Size(), Kind: format.Structure})
	}
	if r.omitted {
		_ = in.R.Budget().Reach("tensor-names", maxCalls)
	}
	r.state()
	return r.res
}

func (r *reader) stopped(err error) {
	s := format.Span{Length: r.in.R.Size(), Kind: format.Unread, Rule: "SP-COV-004", Reason: fmt.Sprintf("It is not valid XML: %s.", err)}
	var limit *bounded.LimitError
	var twice *xml.DuplicateError
	switch {
	case errors.As(err, &limit):
		s.Rule, s.Reason = "SP-COV-003", fmt.Sprintf("The XML was not read to its end: %s.", err)
	case errors.As(err, &twice):
		s.Rule = "SP-COV-014"
	case errors.Is(err, xml.ErrEncoding):
		s.Rule, s.Reason = "SP-COV-012", "The XML is in an encoding other than UTF-8, which is not read."
	}
	r.res.Spans = append(r.res.Spans, s)
}

const (
	perRule   = 20
	maxHidden = 100
	maxCalls  = 10_000 // different names of functions
)

func (r *reader) raise(id string, off int64, line int, symbol, message string) {
	if r.raised[id]++; r.raised[id] <= perRule {
		at := r.in.Location(min(off, r.in.R.Size()), 0)
		at.Line = line
		r.res.Findings = append(r.res.Findings, rule.Finding(id, at, symbol, message))
	}
}

// local is a name without its prefix.
func local(name string) string {
	return name[strings.LastIndexByte(name, ':')+1:]
}

// Start implements xml.Visitor.
func (r *reader) Start(p *xml.Parser, e *xml.Element) {
	name := local(string(e.Name))
	switch name {
	case "Apply":
		r.call(e.Get("function"), e.Offset, p.Line())
	case "DefineFunction":
		if len(r.known) < maxCalls {
			r.known[e.Get("name")] = true
		} else {
			r.omitted = true
		}
	case "Extension":
		r.extension(p, e)
	case "DataField":
		r.fields++
	case "Node":
		r.nodes++
	case "PMML", "Application", "Header":
		r.fact(name, e)
	}
	if isScript(name) {
		r.raise(ruleCode, e.Offset, p.Line(), name, fmt.Sprintf("The element %q holds a script.", rule.Clip(name)))
	}
	if p.Depth() == 1 && (strings.HasSuffix(name, "Model") || name == "NeuralNetwork" || name == "Scorecard") && len(r.models) < 1000 {
		r.models = append(r.models, name)
	}
	for _, a := range e.Attrs {
		if len(a.Value) >= 16 {
			r.look(e.Offset, p.Line(), a.Value, false)
		}
	}
}

// End implements xml.Visitor.
func (r *reader) End(*xml.Parser, string) {}

// isScript reports an element of code. PMML itself has none.
func isScript(name string) bool {
	switch strings.ToLower(name) {
	case "script", "code", "scriptlet", "javaclass", "javascript", "groovy", "python", "expressionlanguage", "rscript":
		return true
	}
	return false
}

// extension judges the name of one: whether it says that it is code.
func (r *reader) extension(p *xml.Parser, e *xml.Element) {
	name := e.Get("name")
	for word := range strings.FieldsFuncSeq(strings.ToLower(name), func(c rune) bool { return c < 'a' || c > 'z' }) {
		switch word {
		case "script", "class", "classname", "javaclass", "udf", "groovy", "code", "eval", "exec":
			r.raise(ruleCode, e.Offset, p.Line(), name, fmt.Sprintf("The extension %q names code: %q.", rule.Clip(name), rule.Clip(e.Get("value"))))
			return
		}
	}
}

func (r *reader) fact(name string, e *xml.Element) {
	switch name {
	case "PMML":
		r.facts["pmml.version"] = e.Get("version")
	case "Application":
		r.facts[format.FactProducer] = strings.TrimSpace(e.Get("name") + " " + e.Get("version"))
	}
}

// call notes a function; which ones the file defines is known at its end.
func (r *reader) call(name string, off int64, line int) {
	if isBuiltin(name) || slices.ContainsFunc(r.called[max(0, len(r.called)-64):], func(c call) bool { return c.name == name }) {
		return
	}
	if len(r.called) == maxCalls {
		r.omitted = true
		return
	}
	r.called = append(r.called, call{name, off, line})
}

// calls judges the functions that are not part of the standard.
func (r *reader) calls() {
	told := map[string]bool{}
	for _, c := range r.called {
		if r.known[c.name] || told[c.name] {
			continue
		}
		told[c.name] = true
		what := "neither PMML nor the file defines it, so the engine looks for code of that name"
		if strings.Contains(c.name, ".") {
			what = "an engine takes it for a Java class and runs it"
		}
		r.raise(ruleCode, c.offset, c.line, c.name, fmt.Sprintf("The model calls the function %q: %s.", rule.Clip(c.name), what))
	}
}

// Text implements xml.Visitor.
func (r *reader) Text(p *xml.Parser, t *xml.Text) {
	if len(t.Bytes) >= 16 {
		r.look(t.Offset, p.Line(), bytes.TrimSpace(t.Bytes), t.Cut)
	}
	if t.Kind == xml.Instruction {
		target, _, _ := bytes.Cut(t.Bytes, []byte(" "))
		r.raise(ruleInstruction, t.Offset, p.Line(), string(target), fmt.Sprintf("The file tells its reader to process %q.", rule.Clip(string(t.Bytes[:min(len(t.Bytes), 160)]))))
	}
}

// Doctype implements xml.Visitor.
func (r *reader) Doctype(p *xml.Parser, d *xml.Doctype) {
	if d.System != "" || d.Public != "" {
		r.raise(ruleExternal, d.Offset, p.Line(), d.System+d.Public, fmt.Sprintf("The document type refers to %q, which a reader may fetch.", rule.Clip(d.System+d.Public)))
	}
	for _, e := range d.Entities {
		if e.System != "" {
			r.raise(ruleExternal, d.Offset, p.Line(), e.Name, fmt.Sprintf("The entity %q stands for the contents of %q.", rule.Clip(e.Name), rule.Clip(e.System)))
			continue
		}
		r.raise(ruleEntity, d.Offset, p.Line(), e.Name, fmt.Sprintf("The entity %q stands for other text: %q.", rule.Clip(e.Name), rule.Clip(e.Value)))
	}
}

// look searches a text for a pickle or a program.
func (r *reader) look(off int64, line int, text []byte, cut bool) {
	if len(text) < 16 {
		return
	}
	data, how := encoded.Pickle(text)
	what := "a pickle"
	if data == nil {
		h, ok := magic.Find(text)
		if !ok {
			if cut && encoded.MayBegin(text) {
				_ = r.in.R.Budget().Reach("string-kept", bounded.MaxStringKept)
			}
			return
		}
		data, how, what = h.Data, h.How, h.What
	}
	if cut || r.hidden == maxHidden {
		_ = r.in.R.Budget().Reach("string-kept", bounded.MaxStringKept)
	}
	r.raise(ruleHidden, off, line, what, fmt.Sprintf("Line %d holds %s (%s).", line, what, how))
	if r.hidden < maxHidden {
		r.hidden++
		r.res.Children = append(r.res.Children, format.Child{Name: fmt.Sprintf("text@%d", off), Offset: off, R: bounded.NewBytes(slices.Clone(data), r.in.R.Budget())})
	}
}

func (r *reader) state() {
	for _, key := range []string{"pmml.version", format.FactProducer} {
		if v := r.facts[key]; v != "" {
			r.res.Facts = append(r.res.Facts, finding.Fact{Key: key, Value: rule.Clip(v)})
		}
	}
	r.res.Facts = append(r.res.Facts, format.List(format.FactArchitecture, r.models, 20)...)
	r.res.Facts = append(r.res.Facts, finding.Fact{Key: "pmml.fields", Value: strconv.Itoa(r.fields)})
	if r.nodes > 0 {
		r.res.Facts = append(r.res.Facts, finding.Fact{Key: "pmml.nodes", Value: strconv.Itoa(r.nodes)})
	}
}
