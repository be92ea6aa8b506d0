package savedmodel

import (
	"slices"
)

// body is a graph of a meta: -1 is the main one, others are functions by number.
type body int32

const mainGraph body = -1

// site is a node that calls a function.
type site struct {
	in   body
	node int32
}

func (x *meta) graphOf(b body) *graph {
	if b == mainGraph {
		return &x.main
	}
	return &x.functions[b].graph
}

// connect finds out which functions are called where, and what runs when.
func (t *reader) connect(x *meta) {
	x.by = make(map[value][]int32, len(x.functions))
	x.alike = map[value][]int32{}
	for i, f := range x.functions {
		if len(x.by[f.name]) < maxSame {
			x.by[f.name] = append(x.by[f.name], int32(i))
		}
		if f.implements != 0 {
			x.alike[f.implements] = append(x.alike[f.implements], int32(i))
		}
	}
	x.after = make(map[value][]value, len(x.gradients))
	for _, g := range x.gradients {
		x.after[g[0]] = append(x.after[g[0]], g[1])
	}
	x.callSites()
	x.callObjects(t)
	x.direct = make(map[value]bool, len(x.called))
	for _, c := range x.called {
		x.direct[c.name] = true
	}
	for _, op := range t.ops.list {
		op.own = op.own || len(x.by[op.id]) > 0
	}
	x.marks, x.fmarks = make([]entry, len(x.main.nodes)), make([]entry, len(x.functions))
	for _, who := range [...]entry{atLoad, restore, saving, served} {
		x.mark(t, who)
	}
}

// maxSame is how many functions of one name are followed. Loaders take one, or none.
const maxSame = 4

// callSites lists the nodes that call each function.
func (x *meta) callSites() {
	x.sites = map[int32][]site{}
	for b := mainGraph; int(b) < len(x.functions); b++ {
		g := x.graphOf(b)
		for i := range g.nodes {
			n := &g.nodes[i]
			if n.op != nil && n.op.effect == unknownOp {
				x.addSites(n.op.id, site{b, int32(i)})
			}
			for _, v := range n.calls {
				x.addSites(v, site{b, int32(i)})
			}
		}
	}
}

func (x *meta) addSites(v value, s site) {
	for _, f := range x.by[v] {
		x.sites[f] = append(x.sites[f], s)
	}
}

// marker follows what one kind of caller reaches.
type marker struct {
	x     *meta
	who   entry
	nodes []int32 // of the main graph, to be followed
	funcs []int32
	seen  map[value]bool // names that were called
	alike map[value]bool
}

func (m *marker) node(i int32) {
	if i >= 0 && m.x.marks[i]&m.who == 0 {
		m.x.marks[i] |= m.who
		m.nodes = append(m.nodes, i)
	}
}

// call follows a name: functions, and what computes their gradients.
func (m *marker) call(v value) {
	for open := []value{v}; len(open) > 0; {
		v, open = open[len(open)-1], open[:len(open)-1]
		if m.seen[v] {
			continue
		}
		m.seen[v] = true
		m.reach(m.x.by[v])
		open = append(open, m.x.after[v]...)
	}
}

func (m *marker) reach(functions []int32) {
	for _, f := range functions {
		if m.x.fmarks[f]&m.who == 0 {
			m.x.fmarks[f] |= m.who
			m.funcs = append(m.funcs, f)
		}
	}
}

func (m *marker) calls(n *node) {
	if n.op != nil {
		m.call(n.op.id)
	}
	for _, v := range n.calls {
		m.call(v)
	}
}

// run follows until nothing new is reached. All nodes of a function that is
// reached count: a runtime keeps those with side effects.
func (m *marker) run() {
	for len(m.nodes)+len(m.funcs) > 0 {
		if k := len(m.nodes); k > 0 {
			n := &m.x.main.nodes[m.nodes[k-1]]
			m.nodes = m.nodes[:k-1]
			for _, v := range m.x.main.inputs[n.from:n.to] {
				m.node(m.x.main.find(v))
			}
			m.calls(n)
			continue
		}
		f := m.x.functions[m.funcs[len(m.funcs)-1]]
		m.funcs = m.funcs[:len(m.funcs)-1]
		for i := range f.nodes {
			m.calls(&f.nodes[i])
		}
		for _, v := range f.refs {
			m.call(v)
		}
		if v := f.implements; v != 0 && !m.alike[v] {
			m.alike[v] = true
			m.reach(m.x.alike[v])
		}
	}
}

func (x *meta) mark(t *reader, who entry) {
	m := &marker{x: x, who: who, seen: map[value]bool{}, alike: map[value]bool{}}
	rooted := false
	for _, r := range x.roots {
		if r.who == who {
			rooted = true
			m.node(x.main.find(r.name))
		}
	}
	for _, c := range x.called {
		if c.who == who {
			rooted = true
			m.call(c.name)
		}
	}
	m.run()
	if who != served || rooted && t.kind == "SavedModel" {
		return
	}
	for i := range x.main.nodes { // anybody may ask for any of them
		if x.marks[i] == 0 {
			m.node(int32(i))
		}
	}
	if t.kind == "FunctionDef" {
		for _, f := range x.functions {
			m.call(f.name)
		}
	}
	m.run()
}

// names looks for nodes and functions whose name is not theirs alone, and for
// functions that call themselves.
func (t *reader) checkNames(x *meta) {
	for b := mainGraph; int(b) < len(x.functions); b++ {
		g := x.graphOf(b)
		for i := range g.nodes {
			if n := &g.nodes[i]; g.find(n.id) != int32(i) {
				t.gapAt(gapTwice, n.off, "Two nodes have the name "+quote(t.title(n))+": which one is meant, loaders decide.")
			}
		}
	}
	for i, f := range x.functions {
		if _, _, ok := operatorRow(f.label); ok {
			t.raiseAt(ruleShadow, f.off, f.label, "The graph has a function of its own for the operator "+quote(f.label)+" of TensorFlow.")
		}
		if x.by[f.name][0] != int32(i) {
			t.raiseAt(ruleShadow, f.off, f.label, "The graph has two functions with the name "+quote(f.label)+".")
		}
	}
	t.cycles(x)
}

func (t *reader) cycles(x *meta) {
	calls := make([][]int, len(x.functions))
	for f, sites := range x.sites {
		for _, s := range sites {
			if s.in != mainGraph {
				calls[s.in] = append(calls[s.in], int(f))
			}
		}
	}
	for i := range calls {
		slices.Sort(calls[i])
		calls[i] = slices.Compact(calls[i])
	}
	for _, i := range inCycles(calls) {
		f := x.functions[i]
		t.raiseAt(ruleCycle, f.off, f.label, "The function "+quote(f.label)+" calls itself, without an end that a loader could see.")
	}
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
		if open[i] == 0 && !gone[i] {
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
