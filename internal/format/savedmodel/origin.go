package savedmodel

import "strings"

// origin is where a path comes from.
type origin struct {
	saver bool // the path that a loader gives to the saver
	asset bool // an asset of the model
	given bool // the caller
	other bool // computed
	texts []string
}

const (
	maxTexts = 16   // constants kept of one path
	maxSteps = 4096 // nodes looked at for one path

	maxTraces = 10_000 // paths that are followed
)

type step struct {
	in  body
	ref value
}

// tracer follows a path back to where it comes from.
type tracer struct {
	x    *meta
	seen map[step]bool
	open []step
	out  origin
}

// trace finds the origin of what a node in a body puts out.
func (x *meta) trace(in body, ref value) origin {
	t := &tracer{x: x, seen: map[step]bool{}}
	if x.traces++; x.traces > maxTraces {
		t.out.other = true
		return t.out
	}
	t.add(in, ref)
	for len(t.open) > 0 {
		s := t.open[len(t.open)-1]
		t.open = t.open[:len(t.open)-1]
		t.follow(s)
	}
	return t.out
}

func (t *tracer) add(in body, ref value) {
	s := step{in, ref}
	if t.seen[s] {
		return
	}
	if len(t.seen) == maxSteps {
		t.out.other = true
		return
	}
	t.seen[s] = true
	t.open = append(t.open, s)
}

func (t *tracer) follow(s step) {
	switch {
	case s.in == mainGraph && s.ref == t.x.filename && s.ref != 0:
		t.out.saver = true
		return
	case s.in == mainGraph && t.x.assets[s.ref]:
		t.out.asset = true
		return
	}
	g := t.x.graphOf(s.in)
	if i := g.find(s.ref); i >= 0 {
		t.node(s.in, g, &g.nodes[i])
		return
	}
	if s.in != mainGraph {
		f := t.x.functions[s.in]
		for k, a := range f.args {
			if a.name == s.ref {
				t.argument(s.in, f, k)
				return
			}
		}
	}
	t.out.other = true
}

func (t *tracer) node(in body, g *graph, n *node) {
	if n.op == nil {
		t.out.other = true
		return
	}
	switch n.op.name {
	case "Const":
		switch {
		case n.text != nil && len(t.out.texts) < maxTexts:
			t.out.texts = append(t.out.texts, *n.text)
		case n.text != nil || n.many:
			t.out.other = true
		}
	case "Placeholder", "_Arg":
		t.out.given = true
	case "PlaceholderWithDefault":
		t.out.given = true
		t.inputs(in, g, n)
	case "ReadVariableOp":
		t.variable(in, g, n)
	case "Identity", "StringJoin", "ShardedFilename", "Select", "SelectV2", "Pack", "Concat", "ConcatV2", "StaticRegexFullMatch", "Reshape",
		"ExpandDims", "Squeeze", "StridedSlice", "Switch", "Merge", "RegexReplace", "StaticRegexReplace", "IdentityN", "Enter", "Exit", "Fill",
		"Split", "Unpack", "GatherV2", "StringStrip":
		t.inputs(in, g, n)
	default:
		t.out.other = true
	}
}

// variable goes on where a variable gets its value: exporters keep the path of an
// asset in one. A variable that anything else can write to holds anything.
func (t *tracer) variable(in body, g *graph, n *node) {
	handles := g.in(n)
	if in != mainGraph || len(handles) == 0 {
		t.out.other = true
		return
	}
	v := t.x.variables()[handles[0]]
	if v == nil || v.open || len(v.values) == 0 {
		t.out.other = true
		return
	}
	for _, ref := range v.values {
		t.add(in, ref)
	}
}

// holder is a variable of the main graph.
type holder struct {
	values []value // nodes whose results it gets
	open   bool    // something else can change it
}

// variables lists the variables of the main graph.
func (x *meta) variables() map[value]*holder {
	if x.holders != nil {
		return x.holders
	}
	x.holders = map[value]*holder{}
	g := &x.main
	for i := range g.nodes {
		if n := &g.nodes[i]; n.op != nil && n.op.name == "VarHandleOp" {
			x.holders[n.id] = &holder{}
		}
	}
	for i := range g.nodes {
		n := &g.nodes[i]
		for k, ref := range g.in(n) {
			h := x.holders[ref]
			switch {
			case h == nil:
			case n.op == nil:
				h.open = true
			case n.op.name == "AssignVariableOp" && k == 0 && len(g.in(n)) > 1 && len(h.values) < maxTexts:
				h.values = append(h.values, g.in(n)[1])
			case n.op.name != "ReadVariableOp" && n.op.name != "VarIsInitializedOp":
				h.open = true
			}
		}
	}
	return x.holders
}

func (t *tracer) inputs(in body, g *graph, n *node) {
	for _, v := range g.in(n) {
		t.add(in, v)
	}
}

// argument goes on where a function is called.
func (t *tracer) argument(in body, f *function, k int) {
	direct := t.x.direct[f.name]
	if direct {
		t.bound(f, k)
	}
	sites := t.x.sites[int32(in)]
	if len(sites) == 0 && !direct {
		t.out.given = true
	}
	if len(sites) > maxSteps {
		t.out.other = true
		return
	}
	for _, s := range sites {
		g := t.x.graphOf(s.in)
		n := &g.nodes[s.node]
		at, ok := k, true
		switch n.op.name {
		case "PartitionedCall", "StatefulPartitionedCall", "While", "StatelessWhile":
		case "If", "StatelessIf", "Case", "StatelessCase":
			at++
		default:
			ok = n.op.id == f.name
		}
		if in := g.in(n); ok && at < len(in) {
			t.add(s.in, in[at])
		} else {
			t.out.other = true
		}
	}
}

// bound is an argument of a function that an object of the model calls: behind
// those of the caller come objects.
func (t *tracer) bound(f *function, k int) {
	ids := t.x.bound[f.name]
	at := k - (len(f.args) - len(ids))
	if at < 0 {
		t.out.given = true
		return
	}
	id := ids[at]
	if id < 0 || id >= int64(len(t.x.objects)) {
		t.out.other = true
		return
	}
	switch o := &t.x.objects[id]; {
	case o.asset:
		t.out.asset = true
	case o.constant != 0:
		t.add(mainGraph, o.constant)
	default:
		t.out.other = true
	}
}

// onlyAsset reports a path of an asset and nothing else.
func (o *origin) onlyAsset() bool {
	return o.asset && !o.given && !o.other && !o.saver && len(o.texts) == 0
}

// ordinarySaver reports a path that a saver is given, with what savers add to it.
func (o *origin) ordinarySaver(anybody bool) bool {
	for _, s := range o.texts {
		if s != "model" && s != "part" && s != ".part" && s != "" && !strings.HasPrefix(s, "_temp") && s != "^s3://.*" || strings.Contains(s, "..") {
			return false
		}
	}
	return !o.other && !o.asset && (o.saver || anybody)
}
