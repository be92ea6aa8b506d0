package tflite

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/decode/flatbuffer"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
	"github.com/sallyport/sallyport/rules"
)

// code is one entry of the table of operators that the model uses.
type code struct {
	builtin int64
	name    string // of the builtin, or of the custom operator
	options string // what is known of a custom operator's options: "flexbuffer", "raw" or "program"
	flex    bool   // a kernel of TensorFlow runs it
}

const (
	opCustom    = 32
	opDelegate  = 51
	placeholder = 127 // "see the wider field"
	flexPrefix  = "Flex"
)

func (t *reader) readCodes() {
	list := t.model.List("operator_codes")
	t.codes = make([]code, min(list.Len(), most))
	for i := range t.codes {
		t.codes[i] = t.readCode(list.Table(int64(i)))
	}
}

// readCode resolves the two fields for the number of an operator: runtimes take
// the greater, those from before the wider field the narrow one.
func (t *reader) readCode(e flatbuffer.Table) code {
	narrow, wide := e.Int("deprecated_builtin_code", 0), e.Int("builtin_code", 0)
	c := code{builtin: max(narrow, wide)}
	c.name = schema().Enum("BuiltinOperator", c.builtin)
	if narrow != wide && narrow != 0 && wide != 0 && narrow != placeholder {
		other := schema().Enum("BuiltinOperator", min(narrow, wide))
		t.raise(ruleTwofold, at(e), c.name, fmt.Sprintf("An operator has two numbers: a current runtime runs %s, an older one %s.", c.name, other))
	}
	switch {
	case c.builtin == opCustom:
		t.custom = append(t.custom, rule.Clip(e.Text("custom_code")))
		t.readCustom(e, &c)
	case c.name == "":
		c.name = fmt.Sprintf("operator %d", c.builtin)
		t.gap(at(e), "SP-COV-012", fmt.Sprintf("The operator with the number %d is not known.", c.builtin))
	case c.builtin == opDelegate:
		t.raise(ruleCustom, at(e), c.name, "The model holds an operator that only a running program may add to it (DELEGATE).")
	}
	t.names = append(t.names, c.name)
	return c
}

// readCustom judges a custom operator by its name.
func (t *reader) readCustom(e flatbuffer.Table, c *code) {
	c.name = e.Text("custom_code")
	if name, ok := strings.CutPrefix(c.name, flexPrefix); ok {
		c.flex = true
		t.flexOperator(e.Offset(), name)
		return
	}
	row, ok := rules.Row(rules.TFLiteOperators, "custom", c.name)
	if !ok {
		t.raise(ruleCustom, at(e), c.name, fmt.Sprintf("The model needs a custom operator that is not known (%q): its code must come from somewhere else.", rule.Clip(c.name)))
		return
	}
	c.options, _, _ = strings.Cut(row, "\t")
	if c.options == "program" {
		t.gap(at(e), "SP-COV-012", fmt.Sprintf("The operator %q carries a program compiled for an accelerator, which cannot be read: ask for its provenance.", rule.Clip(c.name)))
	}
}

// flexOperator judges an operator of TensorFlow.
func (t *reader) flexOperator(off int64, name string) {
	effect, ok := rules.Row(rules.TFLiteOperators, "flex", name)
	effect, _, _ = strings.Cut(effect, "\t")
	where := flatbuffer.Range{Offset: off}
	shown := rule.Clip(name)
	switch {
	case !ok:
		t.raise(ruleFlexOpen, where, name, fmt.Sprintf("The model calls TensorFlow's operator %q, which is not known.", shown))
	case effect == "inert" || effect == "print": // where it prints to stands in its node
	case effect == "file-read":
		t.raise(ruleFlexOpen, where, name, fmt.Sprintf("The model calls TensorFlow's operator %s, which reads files.", shown))
	default:
		t.raise(ruleFlex, where, name, fmt.Sprintf("The model calls TensorFlow's operator %s, which %s.", shown, effects(effect)))
	}
}

// effects says in words what an operator does.
func effects(effect string) string {
	switch effect {
	case "file":
		return "reads or writes a file that an input or a constant names"
	case "file-write":
		return "writes files"
	case "python":
		return "runs a Python function of the process"
	case "network":
		return "opens network connections"
	case "process":
		return "loads programs into the process, or ends it"
	}
	return "reaches beyond the model"
}

// maxOptions is how many operators of one file have their options looked into.
const maxOptions = 100_000

// customOptions looks into the options of one custom operator.
func (t *reader) customOptions(op flatbuffer.Table, c *code) {
	r := op.List("custom_options").Range()
	if off, n := op.Int("large_custom_options_offset", 0), op.Int("large_custom_options_size", 0); off > 1 && n > 0 {
		r = t.largeOptions(op, off, n)
	}
	if t.options++; t.options > maxOptions {
		_ = t.in.R.Budget().Reach("tensor-names", maxOptions)
		return
	}
	if r.Length == 0 || c.options == "raw" || c.options == "program" || c.options == "" && !c.flex {
		return
	}
	key := [2]int64{op.Int("opcode_index", 0), r.Offset}
	if t.looked[key] || t.in.R.Budget().Items(r.Length/8) != nil {
		return
	}
	t.looked[key] = true
	data, err := t.in.R.Bytes(r.Offset, r.Length)
	if err != nil {
		t.gap(r, "SP-COV-004", "The options of an operator could not be read.")
		return
	}
	x := readFlex(data)
	if !x.ok {
		t.gap(r, "SP-COV-012", fmt.Sprintf("The options of the operator %q are in a form that is not known.", rule.Clip(c.name)))
		return
	}
	for _, s := range x.strings {
		if c.flex && len(x.strings) == 2 {
			break // a name and a serialized node
		}
		t.text("options of "+rule.Clip(c.name), flatbuffer.Range{Offset: r.Offset + int64(s[0]), Length: int64(s[1])}, true)
	}
	if c.flex {
		t.flexNode(r, c, data, x)
	}
}

// largeOptions are options stored behind the tables.
func (t *reader) largeOptions(op flatbuffer.Table, off, n int64) flatbuffer.Range {
	r := flatbuffer.Range{Offset: off, Length: n}
	if off > t.in.R.Size() || n > t.in.R.Size()-off {
		t.raise(ruleBroken, at(op), "Operator.large_custom_options_offset", "The options of an operator lie outside of the file.")
		return flatbuffer.Range{}
	}
	t.late = append(t.late, r)
	return r
}

// flexNode compares the name of a TensorFlow operator with what the kernel goes
// by: the node that is serialized in its options.
func (t *reader) flexNode(r flatbuffer.Range, c *code, data []byte, x flexOptions) {
	if len(x.strings) < 2 {
		t.gap(r, "SP-COV-012", fmt.Sprintf("The options of the operator %q hold no node.", rule.Clip(c.name)))
		return
	}
	said := strings.TrimPrefix(c.name, flexPrefix)
	first := string(data[x.strings[0][0]:][:x.strings[0][1]])
	node, ok := nodeOperator(data[x.strings[1][0]:][:x.strings[1][1]])
	if !ok {
		t.gap(r, "SP-COV-004", fmt.Sprintf("The node in the options of the operator %q is not valid.", rule.Clip(c.name)))
		return
	}
	if effect, _ := rules.Row(rules.TFLiteOperators, "flex", node); strings.HasPrefix(effect, "print") && bytes.Contains(data, []byte("file://")) {
		t.raise(ruleFlex, r, node, fmt.Sprintf("The model calls TensorFlow's operator %s, which prints to a file here.", rule.Clip(node)))
	}
	for _, other := range []string{first, node} {
		if other != said {
			t.raise(ruleTwofold, r, other, fmt.Sprintf("The operator %q has a node for %q: its name shows one thing, and another runs.", rule.Clip(c.name), rule.Clip(other)))
			t.flexOperator(r.Offset, other)
			t.custom = append(t.custom, rule.Clip(flexPrefix+other))
		}
	}
}

// lateOptions explains the options behind the tables: they follow the buffers.
func (t *reader) lateOptions() {
	slices.SortFunc(t.late, func(a, b flatbuffer.Range) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Length, b.Length))
	})
	for i, r := range slices.Compact(t.late) {
		if r.Offset < t.end {
			t.raise(ruleShared, r, "", fmt.Sprintf("The options of operator %d share bytes with another part of the model.", i))
			t.gap(r, "SP-COV-013", "Two parts of the model claim these bytes.")
			continue
		}
		t.padding(t.end, r.Offset)
		t.placed = append(t.placed, format.Span{Offset: r.Offset, Length: r.Length, Kind: format.Payload})
		t.end = r.End()
	}
}
