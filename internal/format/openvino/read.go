package openvino

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/encoded"
	"github.com/sallyport/sallyport/internal/decode/xml"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const (
	mostListed     = 200 // names in one fact
	shortestHidden = 16  // bytes: below it no text holds a payload
)

// reader works through one network. It is the visitor of the XML parser.
type reader struct {
	in  *format.Input
	res format.Result

	root   string
	open   []*layer // layers around the present place
	ids    []map[string]bool
	judged map[[2]string]bool

	types     []string
	custom    []string
	facts     []finding.Fact
	inventory format.Inventory
	tensors   int
	layers    int64
	gaps      int
	handed    int
	noted     map[string]bool
	stored    bool // the absent file of weights was told of
}

// read parses the whole file. When its outermost element is another one, it is
// somebody else's.
func read(in *format.Input) format.Result {
	t := &reader{in: in, judged: map[[2]string]bool{}, noted: map[string]bool{}}
	end, err := xml.Parse(in.R, t)
	if t.root != "net" && t.root != "CustomLayer" {
		return format.Result{}
	}
	end = min(end, in.R.Size())
	if err != nil {
		t.broken(end, err)
	}
	t.res.Spans = append(t.res.Spans, format.Span{Length: end, Kind: format.Structure})
	t.state()
	return t.res
}

// broken says why the rest was not read.
func (t *reader) broken(end int64, err error) {
	var duplicate *xml.DuplicateError
	var limit *bounded.LimitError
	id := gapMalformed
	switch {
	case errors.As(err, &duplicate):
		id = gapTwice
	case errors.As(err, &limit):
		id = gapLimit
	case errors.Is(err, xml.ErrEncoding):
		id = gapUnsupported
	}
	t.res.Spans = append(t.res.Spans, format.Span{Offset: end, Length: t.in.R.Size() - end, Kind: format.Unread, Rule: id,
		Reason: "The network cannot be read any further: " + err.Error() + "."})
}

// Start implements xml.Visitor.
func (t *reader) Start(p *xml.Parser, e *xml.Element) {
	name := string(e.Name)
	switch {
	case t.root == "":
		t.root = name
		t.begin(e)
	case t.root == "CustomLayer":
		t.kernel(p, name, e)
	case name == "layers":
		t.ids = append(t.ids, map[string]bool{})
	case name == "layer" && parent(p) == "layers":
		t.push(p, e)
	case name == "data" && len(t.open) > 0 && parent(p) == "layer":
		t.open[len(t.open)-1].take(e)
	case parent(p) == "rt_info":
		t.note(name, e)
	}
	for _, a := range e.Attrs {
		t.text(p, name, a.Value, e.Offset)
	}
}

// parent is the element around the one that starts.
func parent(p *xml.Parser) string { return p.Name(p.Depth() - 1) }

// End implements xml.Visitor.
func (t *reader) End(p *xml.Parser, name string) {
	switch {
	case name == "layers" && len(t.ids) > 0:
		t.ids = t.ids[:len(t.ids)-1]
	case name == "layer" && len(t.open) > 0:
		t.judge(t.open[len(t.open)-1])
		t.open = t.open[:len(t.open)-1]
	}
}

// Text implements xml.Visitor.
func (t *reader) Text(p *xml.Parser, x *xml.Text) {
	if x.Cut {
		t.gap(gapLimit, x.Offset, x.Length, "A text is longer than what is kept of it.")
	}
	t.text(p, p.Name(p.Depth()-1), x.Bytes, x.Offset)
}

// Doctype implements xml.Visitor.
func (t *reader) Doctype(p *xml.Parser, d *xml.Doctype) {
	what := "."
	for _, e := range d.Entities {
		if what = " and the entity " + quote(e.Name) + "."; e.System != "" {
			what = " and the entity " + quote(e.Name) + ", whose text is kept in " + quote(e.System) + "."
			break
		}
	}
	if d.System != "" {
		what = ", kept in " + quote(d.System) + what
	}
	f := rule.Finding(ruleEntity, t.in.Line(d.Offset, p.Line()), d.Name, "The network declares the document type "+quote(d.Name)+what)
	t.res.Findings = append(t.res.Findings, f)
}

func (t *reader) begin(e *xml.Element) {
	if t.root != "net" {
		return
	}
	t.fact(format.FactModelName, e.Get("name"))
	version := e.Get("version")
	t.fact("openvino.version", version)
	if version != "10" && version != "11" {
		t.gap(gapUnsupported, e.Offset, 0, "It has version "+quote(version)+" of the format, which is not known.")
	}
}

// kernel reads the description of a layer for the graphics plug-in.
func (t *reader) kernel(p *xml.Parser, name string, e *xml.Element) {
	if name != "Source" {
		return
	}
	file := e.Get("filename")
	t.res.Findings = append(t.res.Findings, rule.Finding(ruleKernel, t.in.Line(e.Offset, p.Line()), file,
		"The layer is computed by the OpenCL program "+quote(file)+", which is compiled and run on the graphics processor."))
}

// note reads a note of the converter.
func (t *reader) note(name string, e *xml.Element) {
	switch value := e.Get("value"); {
	case name == "Runtime_version" && len(t.open) == 0:
		t.fact(format.FactProducer, "OpenVINO "+value)
	case name == "info" && e.Get("name") == "OpenVINO Runtime":
		t.fact(format.FactProducer, "OpenVINO "+value)
	}
}

// text judges any value: it is no pickle in disguise, and what is a template is
// handed on.
func (t *reader) text(p *xml.Parser, what string, value []byte, off int64) {
	if len(value) < shortestHidden/2 {
		return
	}
	if library(value) {
		t.raise(p, ruleLibrary, off, string(value), "The value of "+quote(what)+" names the program library "+quote(string(value))+".")
	}
	if len(value) < shortestHidden {
		return
	}
	if bytes.Contains(value, []byte("{%")) || bytes.Contains(value, []byte("{{")) {
		t.res.Texts = append(t.res.Texts, format.Text{Language: "jinja", Name: rule.Clip(what), Offset: off, Line: p.Line(), Content: bytes.Clone(value)})
	}
	if data, how := encoded.Pickle(value); data != nil {
		t.raise(p, ruleHidden, off, what, "The value of "+quote(what)+" is a pickle ("+how+").")
		if t.handed++; t.handed <= bounded.MaxGapsPerFile {
			t.res.Children = append(t.res.Children, format.Child{Name: what, R: bounded.NewBytes(bytes.Clone(data), t.in.R.Budget()), Offset: off, As: "pickle"})
		}
	}
}

// library reports a path of something that could be loaded as a program.
func library(value []byte) bool {
	value = bytes.ToLower(bytes.TrimSpace(value[:min(len(value), bounded.MaxPathBytes)]))
	if bytes.ContainsAny(value, " \n") {
		return false
	}
	for _, ending := range [...]string{".so", ".dll", ".dylib", ".pyd"} {
		if bytes.HasSuffix(value, []byte(ending)) {
			return true
		}
	}
	return false
}

func (t *reader) raise(p *xml.Parser, id string, off int64, symbol, message string) {
	if len(t.res.Findings) <= bounded.MaxFindings {
		t.res.Findings = append(t.res.Findings, rule.Finding(id, t.in.Line(off, p.Line()), symbol, message))
	}
}

func (t *reader) gap(id string, off, length int64, reason string) {
	if t.gaps++; t.gaps > bounded.MaxGapsPerFile {
		_ = t.in.R.Budget().Reach("gaps-per-file", bounded.MaxGapsPerFile)
		return
	}
	t.res.Spans = append(t.res.Spans, format.Span{Offset: off, Length: length, Kind: format.Unread, Rule: id, Reason: reason})
}

func (t *reader) fact(key, value string) {
	if value = strings.TrimSpace(value); value != "" && !t.noted[key] {
		t.noted[key] = true
		t.facts = append(t.facts, finding.Fact{Key: key, Value: rule.Clip(value)})
	}
}

// state lists the facts.
func (t *reader) state() {
	if t.layers > 0 {
		t.fact("openvino.layers", strconv.FormatInt(t.layers, 10))
	}
	t.res.Facts = append(t.facts, format.List(format.FactOperators, t.types, mostListed)...)
	t.res.Facts = append(t.res.Facts, format.List(format.FactCustomOps, t.custom, mostListed)...)
	t.res.Facts = append(t.res.Facts, t.inventory.Facts()...)
}

func quote(s string) string { return `"` + rule.Clip(s) + `"` }
