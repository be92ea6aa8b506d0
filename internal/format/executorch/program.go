package executorch

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

// program reads a .pte file.
func (t *reader) program() {
	h, ok := t.header("eh00", 3)
	t.tables(programSchema(), h, ok)
	if t.f == nil {
		return
	}
	root := t.f.Root
	t.readSegments(root.List("segments"), h, ok)
	c := &constants{inline: root.List("constant_buffer"), taken: map[int64]int64{}}
	c.fixed = t.share(root.Table("constant_segment"), "list of constants")
	list := root.List("mutable_data_segments")
	for i := range min(list.Len(), bounded.MaxFlatbufferObjects) {
		c.mutable = append(c.mutable, t.share(list.Table(i), "list of initial data"))
	}
	p := plans{t: t, c: c, root: root, judged: map[[2]string]bool{}}
	plansList := root.List("execution_plan")
	seen := map[int64]bool{}
	for i := range plansList.Len() {
		if e := plansList.Table(i); e.OK() && !seen[e.Offset()] {
			seen[e.Offset()] = true
			p.plan(e)
		}
	}
	t.close(c.fixed)
	for _, s := range c.mutable {
		t.close(s)
	}
	t.named(root)
	t.rest(root)
	t.facts(root, p.methods)
}

// plans works through the methods of a program.
type plans struct {
	t       *reader
	c       *constants
	root    flatbuffer.Table
	judged  map[[2]string]bool
	methods []string

	e         flatbuffer.Table
	values    int64
	operators int64
	delegates int64
}

func (p *plans) plan(e flatbuffer.Table) {
	t := p.t
	p.e = e
	p.methods = append(p.methods, e.Text("name"))
	meta := e.Table("container_meta_type")
	t.text(meta, "encoded_inp_str")
	t.text(meta, "encoded_out_str")
	operators, delegates, values := e.List("operators"), e.List("delegates"), e.List("values")
	p.operators, p.delegates, p.values = operators.Len(), delegates.Len(), values.Len()
	for i := range p.operators {
		p.operator(operators.Table(i))
	}
	for i := range p.delegates {
		t.delegate(p.root, delegates.Table(i))
	}
	for i := range p.values {
		p.value(values.Table(i).Union("val"))
	}
	p.indexes(e, "inputs", 0)
	p.indexes(e, "outputs", 0)
	chains := e.List("chains")
	for i := range chains.Len() {
		p.chain(chains.Table(i))
	}
}

// indexes checks a list of values.
func (p *plans) indexes(e flatbuffer.Table, field string, least int64) {
	list := e.List(field)
	for i := range list.Len() {
		if x := list.Int(i); x < least || x >= p.values {
			p.t.raise(ruleIndex, at(e), field, fmt.Sprintf("A list of %s names value %d of %d.", field, x, p.values))
			return
		}
	}
}

func (p *plans) value(e flatbuffer.Table) {
	switch e.Name() {
	case "Tensor":
		p.t.tensor(p.c, e)
	case "String":
		p.t.text(e, "string_val")
	case "IntList", "TensorList":
		p.indexes(e, "items", 0)
	case "OptionalTensorList":
		p.indexes(e, "items", -1)
	}
}

func (p *plans) chain(e flatbuffer.Table) {
	p.indexes(e, "inputs", 0)
	p.indexes(e, "outputs", 0)
	list := e.List("instructions")
	for i := range list.Len() {
		p.instruction(list.Table(i).Union("instr_args"), list.Len())
	}
	stack := e.List("stacktrace")
	for i := range stack.Len() {
		frames := stack.Table(i).List("items")
		for k := range frames.Len() {
			p.t.text(frames.Table(k), "context")
		}
	}
}

func (p *plans) instruction(e flatbuffer.Table, instructions int64) {
	check := func(field string, n int64, what string) {
		if x := e.Int(field, 0); x < 0 || x >= n {
			p.t.raise(ruleIndex, at(e), field, fmt.Sprintf("An instruction names %s %d of %d.", what, x, n))
		}
	}
	switch e.Name() {
	case "KernelCall":
		check("op_index", p.operators, "operator")
		p.indexes(e, "args", 0)
	case "DelegateCall":
		check("delegate_index", p.delegates, "delegate")
		p.indexes(e, "args", 0)
	case "MoveCall":
		check("move_from", p.values, "value")
		check("move_to", p.values, "value")
	case "JumpFalseCall":
		check("cond_value_index", p.values, "value")
		check("destination_instruction", instructions+1, "instruction")
	case "FreeCall":
		check("value_index", p.values, "value")
	}
}

// operator judges an operator by its namespace, and those of PyTorch by name.
func (p *plans) operator(e flatbuffer.Table) {
	full := e.Text("name")
	namespace, name, _ := strings.Cut(full, "::")
	key := [2]string{namespace, name}
	if p.judged[key] {
		return
	}
	p.judged[key] = true
	p.t.names = append(p.t.names, rule.Clip(full))
	effect, ok := rules.Row(rules.TorchOperators, namespace, name)
	if !ok {
		effect, ok = rules.Row(rules.TorchOperators, namespace, "*")
	}
	effect, _, _ = strings.Cut(effect, "\t")
	if !ok {
		effect, ok = row("namespace", namespace)
		effect, _, _ = strings.Cut(effect, "\t")
	}
	switch {
	case !ok:
		p.t.custom = append(p.t.custom, rule.Clip(full))
		p.t.raise(ruleOperator, at(e), full, fmt.Sprintf("The program calls the operator %q, which belongs to no known library: its code must come from somewhere else.", rule.Clip(full)))
	case effect != "inert":
		p.t.custom = append(p.t.custom, rule.Clip(full))
		p.t.raise(ruleReach, at(e), full, fmt.Sprintf("The program calls the operator %q, which reaches beyond the model (%s).", rule.Clip(full), effect))
	}
}

// named places data that is kept under a name. It is weights where XNNPACK, which
// keeps them so, is the only backend; else nobody knows what it is.
func (t *reader) named(root flatbuffer.Table) {
	weights := len(t.backends) > 0
	for _, b := range t.backends {
		weights = weights && b == xnnpack
	}
	list := root.List("named_data")
	for i := range list.Len() {
		e := list.Table(i)
		key := e.Text("key")
		r, first := t.segment(e.Int("segment_index", 0), e, "data of "+rule.Clip(key))
		switch {
		case !first || r.Length == 0:
		case weights:
			t.placed = append(t.placed, format.Span{Offset: r.Offset, Length: r.Length, Kind: format.Payload})
		default:
			t.hand("named data "+key, r)
		}
	}
}

// rest hands on what lies among the tables and nobody has placed, and segments
// that nothing names.
func (t *reader) rest(root flatbuffer.Table) {
	known := map[int64]bool{}
	for _, s := range t.placed {
		known[s.Offset] = true
	}
	for _, p := range t.f.Payload {
		switch {
		case known[p.Offset]:
		case p.Length < 64: // a setting of a backend
			t.placed = append(t.placed, format.Span{Offset: p.Offset, Length: p.Length, Kind: format.Payload})
		case len(t.res.Children) < maxTexts:
			t.hand("data at "+strconv.FormatInt(p.Offset, 10), p)
		}
	}
	for i := range t.segments {
		if s := &t.segments[i]; !s.used && s.Length > 0 && len(t.res.Children) < maxTexts {
			t.hand("segment "+strconv.Itoa(i), s.Range)
		}
	}
}

func (t *reader) facts(root flatbuffer.Table, methods []string) {
	t.res.Facts = append(t.res.Facts, finding.Fact{Key: "executorch.version", Value: strconv.FormatInt(root.Int("version", 0), 10)})
	t.res.Facts = append(t.res.Facts, format.List("executorch.methods", methods, 50)...)
	t.res.Facts = append(t.res.Facts, format.List("executorch.backends", t.backends, 50)...)
	if t.external > 0 {
		t.res.Facts = append(t.res.Facts, finding.Fact{Key: "executorch.external_tensors", Value: strconv.Itoa(t.external)})
	}
	t.res.Facts = append(t.res.Facts, t.inv.Facts()...)
	t.res.Facts = append(t.res.Facts, format.List(format.FactOperators, t.names, 200)...)
	t.res.Facts = append(t.res.Facts, format.List(format.FactCustomOps, t.custom, 100)...)
}
