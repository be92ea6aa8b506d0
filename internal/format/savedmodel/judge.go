package savedmodel

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/rule"
	"github.com/sallyport/sallyport/rules"
)

// operatorRow is what the list says of an operator.
func operatorRow(name string) (word, detail string, ok bool) {
	word, detail, ok = row(rules.TFOperators, name)
	return word, detail, ok && word != "library"
}

// judge looks at every node with an effect.
func (t *reader) judge(x *meta) {
	t.connect(x)
	t.checkNames(x)
	for b := mainGraph; int(b) < len(x.functions); b++ {
		g := x.graphOf(b)
		for i := range g.nodes {
			if n := &g.nodes[i]; n.effect != inert && n.op != nil {
				mark := entry(0)
				if b == mainGraph {
					mark = x.marks[i]
				} else {
					mark = x.fmarks[b]
				}
				t.judgeNode(x, b, n, mark)
			}
		}
	}
	t.variables(x)
	t.judgeTriggers(x)
}

// judgeNode decides whether a node with an effect does what ordinary models do.
func (t *reader) judgeNode(x *meta, b body, n *node, mark entry) {
	var from origin
	g := x.graphOf(b)
	if in := g.in(n); n.op.input < len(in) && n.effect >= fileOp && n.effect <= restoreOp {
		at := n.op.input
		if n.op.name == "MergeV2Checkpoints" {
			at = min(1, len(in)-1) // what is written
		}
		from = x.trace(b, in[at])
	}
	switch n.effect {
	case unknownOp:
		if len(x.by[n.op.id]) == 0 {
			t.put(ruleCustom, x, b, n, from)
		}
		return
	case libraryOp:
		t.put(ruleLibrary, x, b, n, from)
		return
	case moduleOp: // a gap already
		return
	case saveOp, restoreOp:
		alone := x.filename == 0 && t.kind != "SavedModel" // a graph without what says how it is saved
		if mark&(atLoad|served) == 0 && from.ordinarySaver(mark == 0) || alone && mark&atLoad == 0 && from.ordinarySaver(true) {
			return
		}
	case fileOp, readOp, assetOp:
		if from.onlyAsset() && n.op.name != "WriteFile" {
			return
		}
	case writeOp:
		if n.op.gated && !from.saver && !from.asset && !from.given && !from.other && strings.Join(from.texts, "") == "" {
			return // a cache in memory
		}
	}
	switch {
	case mark == 0:
		t.put(ruleUnreached, x, b, n, from)
	case mark&(atLoad|restore) != 0:
		t.put(ruleLoad, x, b, n, from)
	default:
		t.put(ruleOf(n.effect), x, b, n, from)
	}
}

func ruleOf(e effect) string {
	switch e {
	case fileOp, writeOp, saveOp:
		return ruleFile
	case readOp, assetOp, restoreOp:
		return ruleRead
	case pythonOp:
		return rulePython
	case networkOp:
		return ruleNetwork
	}
	return ruleNative
}

// groupKey and group join nodes with the same operator into one finding.
type groupKey struct {
	rule string
	op   string
	path string
}

type group struct {
	groupKey
	off   int64
	names []string
	more  int
	what  string
}

const maxNames = 5 // of nodes in one finding

func (t *reader) put(id string, x *meta, b body, n *node, from origin) {
	path := ""
	switch {
	case n.path != nil:
		path = *n.path
	case len(from.texts) > 0:
		path = strings.Join(from.texts, "")
	}
	key := groupKey{id, n.op.name, rule.Clip(path)}
	g := t.groups[key]
	if g == nil {
		if len(t.order) == bounded.MaxFindings {
			_ = t.in.R.Budget().Reach("findings", bounded.MaxFindings)
			return
		}
		if t.groups == nil {
			t.groups = map[groupKey]*group{}
		}
		g = &group{groupKey: key, off: n.off, what: does(n)}
		t.groups[key] = g
		t.order = append(t.order, g)
	}
	if len(g.names) == maxNames {
		g.more++
		return
	}
	name := quote(t.title(n))
	if b != mainGraph {
		name += " in the function " + quote(x.functions[b].label)
	}
	g.names = append(g.names, name)
}

// does says what an operator does.
func does(n *node) string {
	switch n.effect {
	case fileOp:
		if n.op.name == "ReadFile" {
			return "reads any file"
		}
		return "writes any file"
	case writeOp, saveOp:
		return "writes files"
	case readOp, assetOp, restoreOp:
		return "reads files"
	case pythonOp:
		return "calls Python code"
	case networkOp:
		return "reaches other machines"
	case graphOp:
		return "builds a graph from data"
	case libraryOp:
		return n.op.detail
	}
	return "runs a foreign program, or ends the one that runs the model"
}

// report makes findings of the groups, in the order of the file.
func (t *reader) report() {
	slices.SortStableFunc(t.order, func(a, b *group) int {
		switch {
		case a.off < b.off:
			return -1
		case a.off > b.off:
			return 1
		}
		return strings.Compare(a.rule, b.rule)
	})
	for _, g := range t.order {
		t.raiseAt(g.rule, g.off, g.op+" "+g.path, g.message())
	}
}

func (g *group) message() string {
	node := "node " + g.names[0]
	if len(g.names) > 1 || g.more > 0 {
		node = "nodes " + strings.Join(g.names, ", ")
	}
	if g.more > 0 {
		node += " and " + itoa(int64(g.more)) + " more"
	}
	op := quote(g.op)
	if g.path != "" {
		node += "; it names " + quote(g.path)
	}
	switch g.rule {
	case ruleLoad:
		return "Loading the model runs the operator " + op + ", which " + g.what + " (" + node + ")."
	case ruleUnreached:
		return "The operator " + op + ", which " + g.what + ", stands in the graph where nothing runs it (" + node + ")."
	case ruleCustom:
		return "TensorFlow has no operator " + op + ": the model runs only with somebody's library loaded (" + node + ")."
	case ruleLibrary:
		return "The operator " + op + " comes with the library " + rule.Clip(g.what) + ", which must be loaded as well (" + node + ")."
	}
	return "Running the model runs the operator " + op + ", which " + g.what + " (" + node + ")."
}

// variables reports weights that are not there.
func (t *reader) variables(x *meta) {
	if t.kind != "SavedModel" || len(t.in.Inside) > 0 {
		return
	}
	for i := range x.main.nodes {
		n := &x.main.nodes[i]
		if n.op == nil {
			continue
		}
		switch n.op.name {
		case "VarHandleOp", "VariableV2", "Variable":
			t.expect(n.off, "variables/variables.index", "its variables")
			return
		}
	}
}
