package tflite

import (
	"fmt"

	"github.com/sallyport/sallyport/internal/decode/flatbuffer"
	"github.com/sallyport/sallyport/internal/rule"
)

// graph is one subgraph.
type graph struct {
	table   flatbuffer.Table
	tensors []tensor
	calls   []int64
	named   bool // by a signature, or the first
}

func (t *reader) readGraphs() {
	list := t.model.List("subgraphs")
	t.count = list.Len()
	t.graphs = make([]graph, min(t.count, most))
	seen := map[int64]bool{}
	for i := range t.graphs {
		g := &t.graphs[i]
		g.table, g.named = list.Table(int64(i)), i == 0
		if seen[g.table.Offset()] {
			t.gap(at(g.table), "SP-COV-013", "Two subgraphs are the same table.")
			continue
		}
		seen[g.table.Offset()] = true
		t.readGraph(g)
	}
	signatures := t.model.List("signature_defs")
	for i := range signatures.Len() {
		t.signature(signatures.Table(i))
	}
}

func (t *reader) readGraph(g *graph) {
	tensors := g.table.List("tensors")
	if t.tensors += tensors.Len(); t.tensors > most {
		_ = t.in.R.Budget().Reach("flatbuffer-objects", most)
		return
	}
	g.tensors = make([]tensor, min(tensors.Len(), most))
	for i := range g.tensors {
		g.tensors[i] = t.readTensor(tensors.Table(int64(i)))
	}
	t.indexes(g, g.table, "inputs")
	t.indexes(g, g.table, "outputs")
	makers := make([]int32, len(g.tensors))
	ops := g.table.List("operators")
	for i := range ops.Len() {
		t.operator(g, ops.Table(i), i, makers)
	}
	s := search{t: t, g: g, ops: ops, makers: makers}
	s.run()
}

// indexes checks a list of tensors; -1 stands for an input left out.
func (t *reader) indexes(g *graph, e flatbuffer.Table, name string) flatbuffer.Vector {
	list := e.List(name)
	key := [2]int64{list.Range().Offset, int64(len(g.tensors))}
	if t.listed[key] {
		return list // shared with another operator
	}
	t.listed[key] = true
	for i := range list.Len() {
		if x := list.Int(i); x < -1 || x >= int64(len(g.tensors)) {
			t.raise(ruleIndex, at(e), name, fmt.Sprintf("A list of %s names tensor %d of %d.", name, x, len(g.tensors)))
			break
		}
	}
	return list
}

func (t *reader) operator(g *graph, op flatbuffer.Table, i int64, makers []int32) {
	t.indexes(g, op, "inputs")
	t.indexes(g, op, "intermediates")
	outputs := t.indexes(g, op, "outputs")
	for k := range outputs.Len() {
		if x := outputs.Int(k); x >= 0 && x < int64(len(makers)) {
			makers[x] = int32(i + 1)
		}
	}
	which := op.Int("opcode_index", 0)
	if which < 0 || which >= int64(len(t.codes)) {
		t.raise(ruleIndex, at(op), "opcode_index", fmt.Sprintf("An operator asks for entry %d of the %d operators.", which, len(t.codes)))
		return
	}
	c := &t.codes[which]
	if c.builtin == opCustom {
		t.customOptions(op, c)
	}
	t.callees(g, op.Union("builtin_options"))
	t.callees(g, op.Union("builtin_options_2"))
}

// callees notes the subgraphs that an operator runs. An index that is left out is
// 0 in the operators of TensorFlow Lite itself.
func (t *reader) callees(g *graph, options flatbuffer.Table) {
	call := func(fields ...string) {
		for _, f := range fields {
			t.call(g, options, options.Int(f, 0))
		}
	}
	list := func(field string) {
		v := options.List(field)
		for i := range v.Len() {
			t.call(g, options, v.Int(i))
		}
	}
	switch options.Name() {
	case "CallOptions":
		call("subgraph")
	case "IfOptions":
		call("then_subgraph_index", "else_subgraph_index")
	case "WhileOptions", "StablehloWhileOptions":
		call("cond_subgraph_index", "body_subgraph_index")
	case "CallOnceOptions":
		call("init_subgraph_index")
	case "StablehloCaseOptions":
		list("branch_subgraph_indices")
	case "StablehloCustomCallOptions":
		list("called_computations")
		t.customCall(options)
	}
	for _, f := range regions(options.Name()) {
		if options.Has(f) {
			call(f)
		}
	}
}

// regions are the fields of StableHLO's operators that may name a subgraph.
func regions(options string) []string {
	switch options {
	case "StablehloReduceOptions", "StablehloReduceWindowOptions":
		return []string{"body_subgraph_index"}
	case "StablehloSortOptions":
		return []string{"comparator_subgraph_index"}
	case "StablehloScatterOptions":
		return []string{"update_computation_subgraph_index"}
	case "StableHLOCompositeOptions":
		return []string{"decomposition_subgraph_index"}
	}
	return nil
}

// customCall judges StableHLO's way of calling what somebody else brings along.
func (t *reader) customCall(options flatbuffer.Table) {
	name := options.Text("call_target_name")
	t.custom = append(t.custom, rule.Clip(name))
	t.raise(ruleCustom, at(options), name, fmt.Sprintf("The model calls a function outside of it (%q): its code must come from somewhere else.", rule.Clip(name)))
}

func (t *reader) call(g *graph, options flatbuffer.Table, to int64) {
	if n := t.count; to < 0 || to >= n {
		t.raise(ruleIndex, at(options), options.Name(), fmt.Sprintf("An operator runs subgraph %d of %d.", to, n))
		return
	}
	g.calls = append(g.calls, to)
}

// signature marks what can be called by name.
func (t *reader) signature(e flatbuffer.Table) {
	to := e.Int("subgraph_index", 0)
	if to < 0 || to >= int64(len(t.graphs)) {
		t.raise(ruleIndex, at(e), "signature", fmt.Sprintf("The signature %q names subgraph %d of %d.", rule.Clip(e.Text("signature_key")), to, len(t.graphs)))
		return
	}
	g := &t.graphs[to]
	g.named = true
	for _, name := range []string{"inputs", "outputs"} {
		list := e.List(name)
		for i := range list.Len() {
			if x := list.Table(i).Int("tensor_index", 0); x < 0 || x >= int64(len(g.tensors)) {
				t.raise(ruleIndex, at(e), name, fmt.Sprintf("A signature names tensor %d of %d.", x, len(g.tensors)))
				return
			}
		}
	}
}

// flow looks at which subgraph runs which: those that nothing runs, and those
// that run themselves.
func (t *reader) flow() {
	state := make([]uint8, len(t.graphs)) // 0 new, 1 on the way, 2 done
	type step struct {
		graph int64
		next  int
	}
	var stack []step
	visit := func(i int64) {
		state[i], stack = 1, append(stack, step{graph: i})
	}
	for i := range t.graphs {
		if !t.graphs[i].named || state[i] != 0 {
			continue
		}
		visit(int64(i))
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			g := &t.graphs[top.graph]
			if top.next == len(g.calls) {
				state[top.graph], stack = 2, stack[:len(stack)-1]
				continue
			}
			to := g.calls[top.next]
			top.next++
			switch state[to] {
			case 0:
				visit(to)
			case 1:
				t.raise(ruleRecursion, at(g.table), g.table.Text("name"), fmt.Sprintf("Subgraph %d runs itself, by way of subgraph %d: a runtime does not come to an end.", to, top.graph))
			}
		}
	}
	for i, s := range state {
		if s == 0 {
			name := t.graphs[i].table.Text("name")
			t.raise(ruleHidden, at(t.graphs[i].table), name, fmt.Sprintf("Subgraph %d (%q) is in the model and nothing runs it.", i, rule.Clip(name)))
		}
	}
}
