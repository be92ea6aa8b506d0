package json

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/encoded"
	decode "github.com/sallyport/sallyport/internal/decode/json"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// collector is the visitor that keeps what matters.
type collector struct {
	in    *format.Input
	res   format.Result
	name  string // base name, lower case
	root  bool   // the top-level value is an object
	mar   bool   // it is the manifest of a TorchServe archive
	found map[string]bool
	nb    notebook
}

// maxChildren is how many hidden pickles of one file are handed on.
const maxChildren = 100

func newCollector(in *format.Input) *collector {
	c := &collector{in: in, name: strings.ToLower(in.Name)}
	c.mar = c.manifest()
	return c
}

// Begin implements decode.Visitor.
func (c *collector) Begin(p *decode.Parser, object bool) {
	if p.Depth() == 0 {
		c.root = object
	}
	c.beginCell(p)
}

// End implements decode.Visitor.
func (c *collector) End(p *decode.Parser) { c.endCell(p) }

// Value implements decode.Visitor.
func (c *collector) Value(p *decode.Parser, v *decode.Value) {
	if v.Kind == decode.String && len(v.Bytes) >= 16 {
		c.hidden(p, v)
	}
	depth := p.Depth()
	if depth == 0 {
		return
	}
	if depth == 1 || depth == 2 && p.Key(1) == nil && p.Index(1) == 0 {
		c.fact(p, v) // of a list, the first value
	}
	if depth <= 8 {
		c.code(p, v)
		c.template(p, v)
	}
	c.cellValue(p, v)
}

// hidden hands on a pickle that the text holds.
func (c *collector) hidden(p *decode.Parser, v *decode.Value) {
	data, how := encoded.Pickle(v.Bytes)
	if v.Cut && how == "" && encoded.MayBegin(v.Bytes) {
		_ = c.in.R.Budget().Reach("string-kept", bounded.MaxStringKept)
	}
	if data == nil {
		return
	}
	if v.Cut || len(c.res.Children) == maxChildren {
		_ = c.in.R.Budget().Reach("string-kept", bounded.MaxStringKept) // only its beginning is known
	}
	where := p.Path()
	at := c.in.Location(v.Offset, v.Length)
	at.Line = p.Line()
	if c.once("SP-JSON-001 " + where) {
		c.res.Findings = append(c.res.Findings, rule.Finding("SP-JSON-001", at, where,
			"The value of "+quote(where)+" is a pickle written as text ("+how+")."))
	}
	if len(c.res.Children) < maxChildren {
		c.res.Children = append(c.res.Children, format.Child{Name: where, Offset: v.Offset, As: "pickle",
			R: bounded.NewBytes(slices.Clone(data), c.in.R.Budget())})
	}
}

// template keeps chat templates: the value of a top-level chat_template, or the
// values inside of one that lists several by name.
func (c *collector) template(p *decode.Parser, v *decode.Value) {
	if v.Kind != decode.String || string(p.Key(0)) != "chat_template" || len(v.Bytes) == 0 {
		return
	}
	if d := p.Depth(); d > 2 && string(p.Key(d-1)) == "name" { // of a template in a list; in a dict, each key names a template
		return
	}
	if v.Cut {
		_ = c.in.R.Budget().Reach("string-kept", bounded.MaxStringKept)
	}
	c.res.Texts = append(c.res.Texts, format.Text{Language: "jinja", Name: p.Path(), Offset: v.Offset, Length: v.Length,
		Line: p.Line(), Content: slices.Clone(v.Bytes)})
}

// once reports whether this is the first time that something is said.
func (c *collector) once(what string) bool {
	if c.found[what] || len(c.found) > bounded.MaxFindings {
		return false
	}
	if c.found == nil {
		c.found = map[string]bool{}
	}
	c.found[what] = true
	return true
}

// raise adds a finding at the current value, once for each symbol.
func (c *collector) raise(p *decode.Parser, v *decode.Value, id, symbol, message string) {
	if !c.once(id + " " + symbol) {
		return
	}
	at := c.in.Location(v.Offset, v.Length)
	at.Line = p.Line()
	c.res.Findings = append(c.res.Findings, rule.Finding(id, at, symbol, message))
}

func quote(s string) string { return "\"" + rule.Clip(s) + "\"" }
