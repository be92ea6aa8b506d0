package ort

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/flatbuffer"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
	"github.com/sallyport/sallyport/rules"
)

// reader works on one model.
type reader struct {
	in     *format.Input
	f      *flatbuffer.File
	res    format.Result
	inv    format.Inventory
	open   []flatbuffer.Table // graphs to read
	seen   map[int64]bool     // graphs and tensors, by offset
	judged map[[2]string]bool // operators
	names  []string
	custom []string
	typed  map[int64]format.Span // payload, by offset
	raised map[string]int
	texts  int
	noted  int
}

func read(in *format.Input) format.Result {
	t := &reader{in: in, seen: map[int64]bool{}, judged: map[[2]string]bool{}, typed: map[int64]format.Span{}, raised: map[string]int{}}
	t.f = flatbuffer.Read(in.R, schema(), 0)
	found, unread := t.f.Judge(ruleBroken, 0, in.Location)
	t.res.Findings = append(t.res.Findings, found...)
	for _, u := range unread {
		t.gap(u.Range, u.Rule, u.Reason)
	}
	model := t.f.Root.Table("model")
	if graph := model.Table("graph"); graph.OK() {
		t.open = append(t.open, graph)
	}
	for len(t.open) > 0 {
		g := t.open[len(t.open)-1]
		t.open = t.open[:len(t.open)-1]
		t.graph(g)
	}
	t.metadata(model)
	t.facts(model)
	t.spans()
	return t.res
}

func (t *reader) gap(r flatbuffer.Range, id, reason string) {
	t.res.Spans = append(t.res.Spans, format.Span{Offset: r.Offset, Length: r.Length, Kind: format.Unread, Rule: id, Reason: reason})
}

// perRule is how often one rule is raised for one file.
const perRule = 20

func (t *reader) raise(id string, at flatbuffer.Range, symbol, text string) {
	if t.raised[id]++; t.raised[id] <= perRule {
		t.res.Findings = append(t.res.Findings, rule.Finding(id, t.in.Location(at.Offset, at.Length), symbol, text))
	}
}

// once reports whether a table is met for the first time: graphs and tensors may
// be shared.
func (t *reader) once(e flatbuffer.Table) bool {
	if !e.OK() || t.seen[e.Offset()] {
		return false
	}
	t.seen[e.Offset()] = true
	return true
}

func (t *reader) graph(g flatbuffer.Table) {
	if !t.once(g) {
		return
	}
	list := g.List("initializers")
	for i := range list.Len() {
		t.tensor(list.Table(i), true)
	}
	sparse := g.List("sparse_initializers")
	for i := range sparse.Len() {
		t.tensor(sparse.Table(i).Table("values"), true)
		t.tensor(sparse.Table(i).Table("indices"), false)
	}
	nodes := g.List("nodes")
	for i := range nodes.Len() {
		t.node(nodes.Table(i))
	}
}

func (t *reader) node(n flatbuffer.Table) {
	if !n.OK() {
		return
	}
	t.operator(n)
	t.text(n, "doc_string")
	attributes := n.List("attributes")
	for i := range attributes.Len() {
		a := attributes.Table(i)
		t.text(a, "doc_string")
		t.text(a, "s")
		t.tensor(a.Table("t"), false)
		list := a.List("tensors")
		for k := range list.Len() {
			t.tensor(list.Table(k), false)
		}
		if g := a.Table("g"); g.OK() && !t.seen[g.Offset()] {
			t.open = append(t.open, g)
		}
		graphs := a.List("graphs")
		for k := range graphs.Len() {
			if g := graphs.Table(k); g.OK() && !t.seen[g.Offset()] {
				t.open = append(t.open, g)
			}
		}
		strings := a.List("strings")
		for k := range strings.Len() {
			r, ok := strings.TextRange(k)
			t.textAt("strings of "+a.Text("name"), r, ok)
		}
	}
}

// operator judges what a node runs, once for each name.
func (t *reader) operator(n flatbuffer.Table) {
	domain, name := n.Text("domain"), n.Text("op_type")
	if domain == "" {
		domain = "ai.onnx"
	}
	if n.Int("type", 0) != 0 {
		t.gap(flatbuffer.Range{Offset: n.Offset()}, "SP-COV-012", fmt.Sprintf("The operator %q was compiled by an execution provider and cannot be read.", rule.Clip(name)))
	}
	key := [2]string{domain, name}
	if t.judged[key] {
		return
	}
	t.judged[key] = true
	shown := rule.Clip(name)
	if domain != "ai.onnx" {
		shown = rule.Clip(domain) + "." + shown
	}
	t.names = append(t.names, shown)
	effect, ok := rules.Row(rules.OnnxOperators, domain, name)
	if !ok {
		effect, ok = rules.Row(rules.OnnxOperators, domain, "*")
	}
	effect, _, _ = strings.Cut(effect, "\t")
	where := flatbuffer.Range{Offset: n.Offset()}
	switch {
	case !ok && !t.known(domain):
		t.custom = append(t.custom, shown)
		t.raise(ruleDomain, where, shown, fmt.Sprintf("The operator %s comes from a domain that is not known: its code must come from somewhere else.", shown))
	case !ok:
		t.gap(where, "SP-COV-012", fmt.Sprintf("What the operator %s does is not known.", shown))
	case effect == "inert":
	case effect == "engine" || effect == "dispatch":
		t.custom = append(t.custom, shown)
		t.raise(ruleEngine, where, shown, fmt.Sprintf("The operator %s runs a program or another library's operator, which cannot be read here.", shown))
	default:
		t.custom = append(t.custom, shown)
		t.raise(rulePython, where, shown, fmt.Sprintf("The operator %s reaches beyond the model (%s) whenever it is called.", shown, effect))
	}
}

// known reports whether somebody known brings the domain along.
func (t *reader) known(domain string) bool {
	return strings.Contains(rules.OnnxDomains, "\n"+domain+"\t") && !strings.ContainsAny(domain, "\n\t")
}

// elementTypes is indexed by the numbers of TensorDataType.
var elementTypes = [...]struct {
	name string
	bits int64
}{{"", 0}, {"F32", 32}, {"U8", 8}, {"I8", 8}, {"U16", 16}, {"I16", 16}, {"I32", 32}, {"I64", 64}, {"STRING", 0}, {"BOOL", 8}, {"F16", 16},
	{"F64", 64}, {"U32", 32}, {"U64", 64}, {"C64", 64}, {"C128", 128}, {"BF16", 16}, {"F8_E4M3", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2", 8},
	{"F8_E5M2FNUZ", 8}, {"U4", 4}, {"I4", 4}}

const typeString = 8

// tensor compares a stored tensor with its shape. weight says that it is one of
// the model's, not an argument of an operator.
func (t *reader) tensor(e flatbuffer.Table, weight bool) {
	if !t.once(e) {
		return
	}
	t.text(e, "doc_string")
	name, number := e.Text("name"), e.Int("data_type", 0)
	raw := e.List("raw_data").Range()
	where := flatbuffer.Range{Offset: e.Offset()}
	if number <= 0 || number >= int64(len(elementTypes)) {
		t.gap(where, "SP-COV-012", fmt.Sprintf("The tensor %q has the type %d, which is not known.", rule.Clip(name), number))
		return
	}
	typ := elementTypes[number]
	dims, elements, ok := shape(e)
	if t.noted++; weight && t.noted <= bounded.MaxTensorNames {
		t.inv.Add(rule.Clip(name), typ.name, dims)
	} else if weight {
		_ = t.in.R.Budget().Reach("tensor-names", bounded.MaxTensorNames)
	}
	if e.Int("external_data_offset", -1) >= 0 {
		t.gap(where, "SP-COV-009", fmt.Sprintf("The bytes of the tensor %q lie in another file.", rule.Clip(name)))
		return
	}
	fits := ok && elements <= (1<<56) && (elements*typ.bits+7)/8 == raw.Length
	if number == typeString {
		fits = ok && elements == e.List("string_data").Len() && raw.Length == 0
		t.strings(e, name)
	}
	if !fits {
		t.raise(ruleSize, where, name, fmt.Sprintf("The shape of the tensor %q does not fit the %d bytes stored for it.", rule.Clip(name), raw.Length))
		t.gap(raw, "SP-COV-016", "Shape, type and bytes of a tensor do not fit together.")
		return
	}
	row := int64(0)
	if len(dims) > 1 && dims[0] > 0 {
		row = raw.Length / dims[0]
	}
	t.typed[raw.Offset] = format.Span{Offset: raw.Offset, Length: raw.Length, Kind: format.Payload, Type: typ.name, Row: row}
}

func (t *reader) strings(e flatbuffer.Table, name string) {
	list := e.List("string_data")
	for i := range list.Len() {
		r, ok := list.TextRange(i)
		t.textAt("string in "+name, r, ok)
	}
}

func shape(e flatbuffer.Table) (dims []int64, elements int64, ok bool) {
	list := e.List("dims")
	elements, ok = 1, true
	for i := range min(list.Len(), 1<<10) {
		d := list.Int(i)
		if dims = append(dims, d); d < 0 || d > 0 && elements > (1<<56)/d {
			elements, ok = 0, false
		}
		elements *= max(d, 0)
	}
	return dims, elements, ok && list.Len() <= 1<<10
}

// maxTexts is how many strings of one model are looked at as texts.
const maxTexts = 10_000

// text gives a longer string to the engine, which looks whether it is only a text.
func (t *reader) text(e flatbuffer.Table, field string) {
	r, ok := e.TextRange(field)
	t.textAt(field, r, ok)
}

func (t *reader) textAt(name string, r flatbuffer.Range, ok bool) {
	if !ok || r.Length < 64 {
		return
	}
	if t.texts++; t.texts > maxTexts {
		_ = t.in.R.Budget().Reach("tensor-names", maxTexts)
		return
	}
	if s, err := t.in.R.Section(r.Offset, r.Length); err == nil {
		t.res.Children = append(t.res.Children, format.Child{Name: rule.Clip(name), R: s, Offset: r.Offset})
	}
}

// metadata looks at what the model says of itself.
func (t *reader) metadata(model flatbuffer.Table) {
	t.text(model, "doc_string")
	t.text(model, "graph_doc_string")
	list := model.List("metadata_props")
	for i := range list.Len() {
		e := list.Table(i)
		key := e.Text("key")
		if key == "ort_config" || strings.HasPrefix(key, "session.") || strings.HasPrefix(key, "ep.") {
			f := rule.Finding(ruleOptions, t.in.Location(e.Offset(), 0), key, fmt.Sprintf("The model's metadata sets options of the runtime (%q).", rule.Clip(key)))
			f.Evidence = rule.Clip(e.Text("value"))
			t.res.Findings = append(t.res.Findings, f)
		}
		r, ok := e.TextRange("value")
		t.textAt("metadata "+key, r, ok)
	}
}

func (t *reader) facts(model flatbuffer.Table) {
	add := func(key, value string) {
		if value = strings.TrimSpace(value); value != "" {
			t.res.Facts = append(t.res.Facts, finding.Fact{Key: key, Value: rule.Clip(value)})
		}
	}
	add("ort.version", t.f.Root.Text("ort_version"))
	add(format.FactProducer, model.Text("producer_name")+" "+model.Text("producer_version"))
	var opsets []string
	list := model.List("opset_import")
	for i := range min(list.Len(), 1000) {
		e := list.Table(i)
		domain := e.Text("domain")
		if domain == "" {
			domain = "ai.onnx"
		}
		opsets = append(opsets, domain+" "+strconv.FormatInt(e.Int("version", 0), 10))
	}
	t.res.Facts = append(t.res.Facts, format.List(format.FactOpset, opsets, 50)...)
	t.res.Facts = append(t.res.Facts, t.inv.Facts()...)
	t.res.Facts = append(t.res.Facts, format.List(format.FactOperators, t.names, 200)...)
	t.res.Facts = append(t.res.Facts, format.List(format.FactCustomOps, t.custom, 100)...)
}

func (t *reader) spans() {
	for _, s := range t.f.Structure {
		t.res.Spans = append(t.res.Spans, format.Span{Offset: s.Offset, Length: s.Length, Kind: format.Structure})
	}
	for _, p := range t.f.Payload {
		s, ok := t.typed[p.Offset]
		if !ok || s.Length != p.Length {
			s = format.Span{Offset: p.Offset, Length: p.Length, Kind: format.Payload}
		}
		t.res.Spans = append(t.res.Spans, s)
	}
}
