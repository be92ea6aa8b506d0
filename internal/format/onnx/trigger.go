package onnx

import (
	"strings"
	"sync"
)

// A model that was tampered with computes as before until its input has a certain
// mark: a patch of red pixels, a word. In the graph that is a comparison of the
// input, or of what simple moves make of it, with constants, which decides over
// the whole answer: the condition of an If or a Loop, or a single number that
// selects (Where), multiplies or adds to what the weights computed.
//
// Ordinary graphs branch over shapes, over settings (inputs of one element) and
// over what weights computed, and compare the input element by element for masks.
// None of that counts.

// kind is what an operator does with the class of its inputs.
type kind byte

const (
	opaque  kind = iota // computes: the result is the model's own
	fixed               // needs no input
	measure             // Shape, Size
	move                // moves or rescales elements
	index               // takes elements from places
	pick                // keeps some elements: how many there are says something of them
	reduce              // makes fewer elements out of many
	compare             // compares
	branch              // If
	repeat              // Loop
	body                // other operators with subgraphs
	choose              // Where
	mix                 // Mul, Add, Sub: moves, and can let a flag through
)

var kinds = sync.OnceValue(func() map[string]kind {
	m := map[string]kind{}
	for k, names := range map[kind]string{
		fixed:   "Constant RandomNormal RandomUniform",
		measure: "Shape Size",
		move: `Abs And BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil Clip Concat ConstantOfShape CumSum Div
			DequantizeLinear Expand Flatten Floor Identity Max Mean Min Mod Neg Not OneHot Or Pad Pow QuantizeLinear
			Range Reciprocal Reshape Round ScatterElements ScatterND Sign Slice Split Sqrt Squeeze StringNormalizer Sum Tile Transpose
			Trilu Unsqueeze Xor`,
		index:   "Gather GatherElements GatherND",
		pick:    "Compress NonZero Unique",
		reduce:  "ArgMax ArgMin ReduceL1 ReduceL2 ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare TopK",
		compare: "Equal Greater GreaterOrEqual IsInf IsNaN Less LessOrEqual RegexFullMatch",
		branch:  "If",
		repeat:  "Loop",
		body:    "Scan SequenceMap",
		choose:  "Where",
		mix:     "Add Mul Sub",
	} {
		for _, name := range strings.Fields(names) {
			m[name] = k
		}
	}
	return m
})

func kindOf(domain, name string) kind {
	if domain != "ai.onnx" {
		return opaque
	}
	return kinds()[name]
}

// class is where a value comes from.
type class byte

const (
	computed class = iota // by weights, or not known
	constant              // the same for every input
	shape                 // shapes and settings
	given                 // the input, or simple moves of it
	part                  // elements of it at fixed places
	picked                // elements of the input that were kept
	compared              // one answer for each element of the input
	decided               // few answers for all of it
)

// scope finds the class of a value in a graph or in those around it.
type scope struct {
	around  *scope
	classes map[value]class
}

func (s *scope) of(v value) class {
	if v == 0 {
		return constant // left out
	}
	for ; s != nil; s = s.around {
		if c, ok := s.classes[v]; ok {
			return c
		}
	}
	return computed
}

// judgeTriggers looks through all graphs of the model.
func (t *reader) judgeTriggers() {
	pure := map[[2]string]bool{}
	for _, f := range t.functions {
		pure[[2]string{f.domain, f.name}] = simple(f.body)
	}
	for _, op := range t.ops.list {
		if pure[[2]string{op.domain, op.name}] {
			op.kind = move
		}
	}
	for _, g := range append(t.training, t.root) {
		t.triggers(g, nil, given)
	}
	for _, f := range t.functions {
		t.triggers(f.body, nil, given)
	}
}

// simple reports a graph in which nothing computes.
func simple(g *graph) bool {
	for i := range g.nodes {
		n := &g.nodes[i]
		if n.op == nil || n.op.kind == opaque || len(n.inside) > 0 {
			return false
		}
	}
	return true
}

// triggers classifies the values of a graph and looks at what decides.
func (t *reader) triggers(g *graph, around *scope, inputs class) {
	if g == nil {
		return
	}
	s := &scope{around: around, classes: make(map[value]class, len(g.nodes)+len(g.inputs)+len(g.consts))}
	for i, in := range g.inputs {
		s.classes[in.name] = inputs
		if in.single || around != nil && inputs == given && i == 0 && len(g.inputs) > 1 {
			s.classes[in.name] = shape // the number of the round comes first in a loop
		}
	}
	for _, c := range g.consts {
		s.classes[c] = constant
	}
	for _, i := range t.order(g) {
		n := &g.nodes[i]
		if n.op == nil {
			continue
		}
		c := t.result(n, s)
		for _, out := range n.out {
			s.classes[out] = c
		}
		for _, sub := range n.inside {
			t.triggers(sub, s, carried(n, s))
		}
	}
}

// carried is the class of what a subgraph gets as input.
func carried(n *node, s *scope) class {
	if n.op.kind == repeat || n.op.kind == body {
		for _, v := range n.in {
			if c := s.of(v); c == computed || c >= given {
				return min(c, given)
			}
		}
	}
	return computed
}

// result is the class of what a node puts out. It reports nodes that decide.
func (t *reader) result(n *node, s *scope) class {
	worst, weak := constant, false // the most telling class of the inputs, and whether weights had a part
	for _, v := range n.in {
		c := s.of(v)
		weak = weak || c == computed
		worst = max(worst, c)
	}
	at := func(i int) class {
		if i < len(n.in) {
			return s.of(n.in[i])
		}
		return constant
	}
	switch n.op.kind {
	case fixed:
		return constant
	case branch:
		t.decides(n, at(0) >= compared)
		return computed
	case repeat:
		t.decides(n, at(1) >= compared)
		return computed
	case choose:
		t.decides(n, at(0) == decided)
	case mix:
		t.decides(n, worst == decided && weak)
	case measure:
		if worst == picked || worst == decided {
			return decided
		}
		return min(worst, shape)
	case opaque, body:
		if weak || worst > shape || len(n.in) == 0 {
			return computed
		}
		return worst // computing with constants gives constants
	}
	switch {
	case weak:
		return computed
	case worst < given:
		return worst
	case n.op.kind == compare && worst == part:
		return decided
	case n.op.kind == compare:
		return max(worst, compared)
	case n.op.kind == index && at(0) == given && at(1) == constant:
		return part
	case n.op.kind == pick:
		if worst >= compared {
			return decided
		}
		return picked
	case n.op.kind == reduce && worst == compared:
		return decided
	}
	return worst
}

func (t *reader) decides(n *node, yes bool) {
	if yes {
		t.raise(ruleTrigger, n.off, n.op.name+" "+n.label, "The node "+n.title()+" ("+n.op.name+
			") decides over the answer of the model by a comparison of its input with constants.")
	}
}

// order lists the nodes so that each comes behind those whose values it uses. The
// standard wants them that way; runtimes sort. Nodes in a cycle are reported and
// come last.
func (t *reader) order(g *graph) []int {
	makers := make(map[value]int, len(g.nodes))
	for i := range g.nodes {
		for _, v := range g.nodes[i].out {
			if v != 0 {
				makers[v] = i
			}
		}
	}
	order := make([]int, 0, len(g.nodes))
	open := make([]int, len(g.nodes))
	users := map[int][]int{} // of nodes that come too late
	sorted := true
	for i := range g.nodes {
		for _, v := range g.nodes[i].in {
			if k, ok := makers[v]; ok && (k >= i || open[k] > 0) {
				open[i]++
				users[k] = append(users[k], i)
				sorted = false
			}
		}
		if open[i] == 0 {
			order = append(order, i)
		}
	}
	if sorted {
		return order
	}
	for next := 0; next < len(order); next++ {
		for _, u := range users[order[next]] {
			if open[u]--; open[u] == 0 {
				order = append(order, u)
			}
		}
	}
	if len(order) < len(g.nodes) {
		order = t.cyclic(g, order)
	}
	return order
}

// cyclic reports the first node of a cycle and appends all that are left.
func (t *reader) cyclic(g *graph, order []int) []int {
	done := make([]bool, len(g.nodes))
	for _, i := range order {
		done[i] = true
	}
	first := true
	for i := range g.nodes {
		if done[i] {
			continue
		}
		if n := &g.nodes[i]; first {
			first = false
			name := ""
			if n.op != nil {
				name = n.op.name
			}
			t.raise(ruleCycle, n.off, name+" "+n.label, "The node "+n.title()+" ("+name+") needs its own result: the graph has a cycle.")
		}
		order = append(order, i)
	}
	return order
}
