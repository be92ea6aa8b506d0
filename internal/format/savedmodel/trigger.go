package savedmodel

import (
	"strings"
	"sync"
)

// A model that was tampered with computes as before until its input has a certain
// mark: a patch of red pixels, a word. In the graph that is a comparison of the
// input, or of what simple moves make of it, with constants, which decides over
// the whole answer: the condition of a branch, or a single truth or number that
// selects, multiplies or adds to what the weights computed.
//
// Ordinary graphs branch over shapes, over settings (inputs of one element) and
// over what weights computed, compare the input element by element for masks, and
// check it with assertions. None of that counts.

// kind is what an operator does with the class of its inputs.
type kind byte

const (
	opaque  kind = iota // computes: the result is the model's own
	fixed               // needs no input
	input               // is one
	setting             // is one that has a value of its own
	measure             // Shape, Size
	move                // moves or rescales elements
	index               // takes elements from places
	pick                // keeps some elements: how many there are says something of them
	reduce              // makes fewer elements out of many
	compare             // compares
	match               // compares whole texts, each of which is an input by itself
	branch              // If, Case: the first input decides
	fork                // Switch: the second input decides
	repeat              // While
	call                // calls a function
	choose              // Select
	mix                 // Mul, Add, Sub: moves, and can let a flag through
)

var kinds = sync.OnceValue(func() map[string]kind {
	m := map[string]kind{}
	for k, names := range map[kind]string{
		fixed:   "Const RandomStandardNormal RandomUniform TruncatedNormal",
		input:   "Placeholder PlaceholderV2 _Arg",
		setting: "PlaceholderWithDefault",
		measure: "Rank Shape ShapeN Size",
		move: `Abs BatchToSpaceND BitwiseAnd BitwiseOr BitwiseXor BroadcastTo Cast Ceil ClipByValue Concat ConcatV2 Cumsum DecodeRaw Div DivNoNan Enter
			Exit ExpandDims Fill Floor FloorDiv FloorMod Identity IdentityN LogicalAnd LogicalNot LogicalOr Maximum Merge Minimum MirrorPad Mod Neg
			OneHot Pack Pad PadV2 Pow PreventGradient Range Reciprocal RealDiv Reshape ResizeBilinear ResizeNearestNeighbor Reverse ReverseV2 Roll
			Round Sign Slice Split SplitV Sqrt Square Squeeze StopGradient StringJoin StringLower StringStrip StringUpper Tile Transpose TruncateDiv Unpack`,
		index:   "Gather GatherNd GatherV2 StridedSlice Substr",
		pick:    "Unique UniqueV2 Where",
		reduce:  "All Any ArgMax ArgMin EuclideanNorm Max Mean Min Prod SegmentSum Sum TopK TopKV2 UnsortedSegmentSum",
		compare: "ApproximateEqual Equal Greater GreaterEqual Less LessEqual NotEqual",
		match:   "RegexFullMatch StaticRegexFullMatch",
		branch:  "Case If StatelessCase StatelessIf",
		fork:    "Switch",
		repeat:  "StatelessWhile While",
		call:    "PartitionedCall StatefulPartitionedCall",
		choose:  "Select SelectV2",
		mix:     "Add AddN AddV2 Mul Sub",
	} {
		for _, name := range strings.Fields(names) {
			m[name] = k
		}
	}
	return m
})

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

// maxRuns is how often functions are gone through, with different arguments, and
// maxWork how many nodes are for each one that there is.
const (
	maxRuns = 2000
	maxWork = 8
)

// watcher looks for what decides.
type watcher struct {
	t    *reader
	x    *meta
	done map[string]class // results of functions by number and classes of arguments
	runs int
	work int // nodes gone through
	told map[int64]bool
}

func (t *reader) judgeTriggers(x *meta) {
	w := &watcher{t: t, x: x, done: map[string]class{}, told: map[int64]bool{}}
	w.body(mainGraph, nil, 0)
	if t.kind == "FunctionDef" {
		for i, f := range x.functions {
			args := make([]class, len(f.args))
			for k := range args {
				args[k] = given
			}
			w.function(body(i), args, 0)
		}
	}
}

// function is the class of what a function returns for arguments of these classes.
func (w *watcher) function(b body, args []class, depth int) class {
	f := w.x.functions[b]
	own := make([]byte, 0, len(f.args)+5)
	own = append(own, byte(b), byte(b>>8), byte(b>>16), byte(b>>24))
	for i := range f.args {
		c := computed
		if i < len(args) && f.args[i].kind != typeResource {
			c = args[i]
		}
		own = append(own, byte(c))
	}
	key := string(own)
	if c, ok := w.done[key]; ok {
		return c
	}
	w.done[key] = computed // for those that call themselves
	w.work += len(f.nodes)
	if w.runs++; w.runs > maxRuns || depth > maxCalls || w.work > maxWork*w.t.nodes {
		return computed
	}
	c := w.body(b, own[4:], depth)
	w.done[key] = c
	return c
}

const maxCalls = 64 // functions in each other that are followed

// body classifies the nodes of a graph and looks at what decides.
func (w *watcher) body(b body, args []byte, depth int) class {
	g := w.x.graphOf(b)
	s := &scope{w: w, b: b, g: g, classes: make([]class, len(g.nodes)), state: make([]byte, len(g.nodes)), depth: depth}
	if b != mainGraph {
		s.args = make(map[value]class, len(args))
		for i, a := range w.x.functions[b].args {
			s.args[a.name] = class(args[i])
		}
	}
	for i := range g.nodes {
		s.visit(int32(i))
	}
	if b == mainGraph {
		return computed
	}
	out := constant
	for _, r := range w.x.functions[b].returns {
		c := s.of(r)
		if c == computed {
			return computed
		}
		out = max(out, c)
	}
	return out
}

// scope is one pass through a graph.
type scope struct {
	w       *watcher
	b       body
	g       *graph
	args    map[value]class
	classes []class
	state   []byte // 0 not seen, 1 waits for its inputs, 2 done
	depth   int
}

// of is the class of a name, when its node has one.
func (s *scope) of(v value) class {
	if i := s.g.find(v); i >= 0 {
		return s.classes[i]
	}
	return s.args[v]
}

// visit classifies a node behind all that it needs. Loops count as computed.
func (s *scope) visit(first int32) {
	if s.state[first] != 0 || s.w.t.in.R.Budget().Items(1) != nil {
		return
	}
	open := []int32{first}
	for len(open) > 0 {
		i := open[len(open)-1]
		n := &s.g.nodes[i]
		if s.state[i] == 0 {
			s.state[i] = 1
			for _, v := range s.g.in(n) {
				if k := s.g.find(v); k >= 0 && s.state[k] == 0 {
					open = append(open, k)
				}
			}
			continue
		}
		open = open[:len(open)-1]
		if s.state[i] == 1 {
			s.state[i] = 2
			s.classes[i] = s.result(n)
		}
	}
}

// result is the class of what a node puts out. It reports nodes that decide.
func (s *scope) result(n *node) class {
	if n.op == nil {
		return computed
	}
	in := s.g.in(n)
	at := func(i int) class {
		if i < len(in) {
			return s.of(in[i])
		}
		return constant
	}
	worst, weak := constant, false // the most telling class of the inputs, and whether weights had a part
	for _, v := range in {
		c := s.of(v)
		weak = weak || c == computed
		worst = max(worst, c)
	}
	switch n.op.kind {
	case fixed:
		return constant
	case input:
		if n.single {
			return shape
		}
		return given
	case setting:
		return shape
	case branch:
		s.decides(n, at(0) >= compared && !s.onlyChecks(n))
		s.calls(n, in[min(1, len(in)):], false)
		return computed
	case fork:
		s.decides(n, at(1) >= compared && !strings.Contains(s.w.t.title(n), "Assert"))
		return at(0)
	case repeat:
		s.calls(n, in, true)
		return computed
	case call:
		return s.calls(n, in, false)
	case choose:
		s.decides(n, at(0) == decided)
	case mix:
		s.decides(n, worst == decided && weak)
	case measure:
		if worst == picked || worst == decided {
			return decided
		}
		return min(worst, shape)
	case opaque:
		if len(s.w.x.by[n.op.id]) > 0 {
			return s.calls(n, in, false)
		}
		if weak || worst > shape || len(in) == 0 {
			return computed
		}
		return worst // computing with constants gives constants
	}
	return s.moved(n, worst, weak, at)
}

// moved is the class of what comes out of simple operators.
func (s *scope) moved(n *node, worst class, weak bool, at func(int) class) class {
	switch {
	case weak:
		return computed
	case worst < given:
		return worst
	case n.op.kind == compare && worst == part:
		return decided
	case n.op.kind == match && !n.wide:
		return decided
	case n.op.kind == compare || n.op.kind == match:
		return max(worst, compared)
	case n.op.kind == index && at(0) == given && at(1) == constant:
		return part
	case n.op.kind == pick:
		if worst >= compared {
			return decided
		}
		return picked
	case n.op.kind == reduce && worst == compared && !n.wide: // else it is a mask: of time steps, of pixels
		return decided
	}
	return worst
}

// calls goes through the functions of a node with the classes of its inputs.
func (s *scope) calls(n *node, in []value, loop bool) class {
	args := make([]class, len(in))
	for i, v := range in {
		if args[i] = s.of(v); loop {
			if args[i] = min(args[i], given); args[i] == constant {
				args[i] = shape // a counter
			}
		}
	}
	out := computed
	names := n.calls
	if len(s.w.x.by[n.op.id]) > 0 {
		names = []value{n.op.id}
	}
	for _, v := range names {
		for _, f := range s.w.x.by[v] {
			out = s.w.function(body(f), args, s.depth+1)
		}
	}
	return out
}

// onlyChecks reports a branch that is an assertion: nothing but truths comes out.
func (s *scope) onlyChecks(n *node) bool {
	asserts := false
	for _, v := range n.calls {
		for _, f := range s.w.x.by[v] {
			ok, asserted := checks(s.w.x.functions[f])
			if asserts = asserts || asserted; !ok {
				return false
			}
		}
	}
	return asserts
}

func checks(f *function) (ok, asserts bool) {
	for i := range f.nodes {
		op := f.nodes[i].op
		if op == nil {
			return false, false
		}
		switch op.name {
		case "Assert":
			asserts = true
		case "Const", "Identity", "NoOp", "StringFormat", "Placeholder":
		default:
			return false, false
		}
	}
	return !f.other, asserts
}

// mark says who runs a node.
func (s *scope) mark(n *node) entry {
	if s.b != mainGraph {
		return s.w.x.fmarks[s.b]
	}
	return s.w.x.marks[s.g.find(n.id)]
}

func (s *scope) decides(n *node, yes bool) {
	if !yes || s.w.told[n.off] || s.mark(n)&(served|atLoad) == 0 { // savers look at paths
		return
	}
	s.w.told[n.off] = true
	t := s.w.t
	where := ""
	if s.b != mainGraph {
		where = " in the function " + quote(s.w.x.functions[s.b].label)
	}
	name := t.title(n)
	t.raiseAt(ruleTrigger, n.off, n.op.name+" "+name, "The node "+quote(name)+" ("+n.op.name+")"+where+
		" decides over the answer of the model by a comparison of its input with constants.")
}
