package onnx

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/rules"
)

// Effects of operators, as the list spells them.
const (
	effectInert    = "inert"
	effectPython   = "python"
	effectDispatch = "dispatch"
	effectEngine   = "engine"
	effectNetwork  = "network"
	effectFile     = "file"
)

// operator is one that the model uses, and where first.
type operator struct {
	domain, name string
	effect       string // empty: no list has it
	kind         kind   // what it means for the search for triggers
	off          int64
	label        string // of the first node that uses it
	own          bool   // the model has a function of this name
}

// operators are all that the model uses, in the order of first use.
type operators struct {
	list []*operator
	by   map[[2]string]*operator
}

// use notes a use. It returns nil when the model uses too many different ones.
func (o *operators) use(t *reader, domain, name string, off int64, label string) *operator {
	key := [2]string{domain, name}
	op := o.by[key]
	if op == nil {
		if len(o.list) == maxOperators {
			_ = t.in.R.Budget().Reach("tensor-names", bounded.MaxTensorNames)
			return nil
		}
		op = &operator{domain: domain, name: name, off: off, label: label}
		op.effect, _ = rules.Row(rules.OnnxOperators, domain, name)
		if op.effect == "" {
			op.effect, _ = rules.Row(rules.OnnxOperators, domain, "*")
		}
		op.kind = kindOf(domain, name)
		if o.by == nil {
			o.by = map[[2]string]*operator{}
		}
		o.by[key] = op
		o.list = append(o.list, op)
	}
	return op
}

const maxOperators = 10_000 // different ones; the standard has 200

// names are those of all operators, and of those that the runtime does not bring
// along. Operators of the standard go without their domain.
func (o *operators) names() (all, custom []string) {
	for _, op := range o.list {
		name := op.name
		if op.domain != "ai.onnx" {
			name = op.domain + ":" + name
		}
		all = append(all, name)
		if !op.own && (op.effect == "" || library(op.domain) != "") {
			custom = append(custom, name)
		}
	}
	return all, custom
}

// library is who brings a domain along when it is not the runtime.
func library(domain string) string {
	i := strings.Index(rules.OnnxDomains, "\n"+domain+"\t")
	if i < 0 || strings.ContainsAny(domain, "\n\t") {
		return ""
	}
	name, _, _ := strings.Cut(rules.OnnxDomains[i+len(domain)+2:], "\n")
	return name
}

// judgeOperators looks at each operator once, when the functions of the model are known.
func (t *reader) judgeOperators() {
	own := map[[2]string]bool{}
	for _, f := range t.functions {
		own[[2]string{f.domain, f.name}] = true
	}
	for _, op := range t.ops.list {
		op.own = own[[2]string{op.domain, op.name}]
		t.judge(op)
	}
}

func (t *reader) judge(op *operator) {
	name := op.domain + ":" + op.name
	raise := func(id, message string) {
		where := ""
		if op.label != "" {
			where = "The node " + quote(op.label) + " uses "
		} else {
			where = "A node uses "
		}
		t.raise(id, op.off, name, where+"the operator "+quote(name)+message)
	}
	switch lib := library(op.domain); {
	case op.effect == effectPython:
		raise(rulePython, ", which calls Python code by its name.")
	case op.effect == effectDispatch:
		raise(ruleLibrary, ", which calls any operator of PyTorch by its name.")
	case op.effect == effectNetwork:
		raise(ruleReach, ", which sends its input to another machine.")
	case op.effect == effectFile:
		raise(ruleReach, ", which reads files that its input names.")
	case op.effect != "" || op.own:
	case lib != "":
		raise(ruleLibrary, ": the model runs only with the library "+lib+" loaded into the runtime.")
	default:
		raise(ruleLibrary, ", which neither ONNX nor onnxruntime has: the model runs only with somebody's library loaded into the runtime.")
	}
}

// function is a FunctionProto.
type function struct {
	domain, name, overload string
	off                    int64
	body                   *graph
}

// judgeFunctions looks for functions that take the place of an operator, and for
// those that call themselves.
func (t *reader) judgeFunctions() {
	index := map[[2]string]int{}
	for i, f := range t.functions {
		key := [2]string{f.domain, f.name}
		if _, ok := rules.Row(rules.OnnxOperators, f.domain, f.name); ok {
			t.raise(ruleShadow, f.off, f.domain+":"+f.name, "The model brings a function of its own for the operator "+quote(f.domain+":"+f.name)+" of the standard.")
		}
		index[key] = i // overloads are one here
	}
	calls := make([][]int, len(t.functions))
	for i, f := range t.functions {
		calls[i] = called(f.body, index, nil)
		slices.Sort(calls[i])
		calls[i] = slices.Compact(calls[i])
	}
	for _, i := range inCycles(calls) {
		f := t.functions[i]
		t.raise(ruleCycle, f.off, f.domain+":"+f.name, "The function "+quote(f.domain+":"+f.name)+" calls itself, without an end that a loader could see.")
	}
}

// called lists the functions that a graph uses, with its subgraphs, once for each use.
func called(g *graph, index map[[2]string]int, out []int) []int {
	for i := range g.nodes {
		n := &g.nodes[i]
		if n.op != nil {
			if k, ok := index[[2]string{n.op.domain, n.op.name}]; ok {
				out = append(out, k)
			}
		}
		for _, sub := range n.inside {
			out = called(sub, index, out)
		}
	}
	return out
}

// inCycles returns the nodes of a directed graph that reach themselves only
// through others of the kind: what is left when all that call nothing left are
// taken away, again and again, in both directions.
func inCycles(calls [][]int) []int {
	gone := strip(calls, nil)
	back := make([][]int, len(calls))
	for i, to := range calls {
		for _, k := range to {
			back[k] = append(back[k], i)
		}
	}
	gone = strip(back, gone)
	var left []int
	for i := range calls {
		if !gone[i] {
			left = append(left, i)
		}
	}
	return left
}

// strip takes away nodes without edges to nodes that are left.
func strip(edges [][]int, gone []bool) []bool {
	if gone == nil {
		gone = make([]bool, len(edges))
	}
	open := make([]int, len(edges))
	into := make([][]int, len(edges))
	var free []int
	for i, to := range edges {
		for _, k := range to {
			if !gone[k] {
				open[i]++
				into[k] = append(into[k], i)
			}
		}
		if open[i] == 0 {
			free = append(free, i)
		}
	}
	for len(free) > 0 {
		i := free[len(free)-1]
		free = free[:len(free)-1]
		gone[i] = true
		for _, k := range into[i] {
			if open[k]--; open[k] == 0 && !gone[k] {
				free = append(free, k)
			}
		}
	}
	return gone
}

// title names the node in a message.
func (n *node) title() string {
	if n.label != "" {
		return quote(n.label)
	}
	return "at byte " + itoa(n.off)
}
