package skops

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/json"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
	"github.com/sallyport/sallyport/rules"
)

const (
	keyClass  = "__class__"
	keyModule = "__module__"
	keyLoader = "__loader__"
)

// judge looks at every node of a schema, wherever it stands.
type judge struct {
	in       *format.Input
	member   string
	open     []node // of the objects that are open, by depth
	raised   map[string]bool
	findings []finding.Finding
	gaps     []format.Span
	count    int
}

// node is what one object says of itself.
type node struct {
	class, module, loader string
	has                   bool // it is a node
	odd                   bool // a name is no string
	path, function        string
	line                  int
}

func newJudge(in *format.Input, member string) *judge {
	return &judge{in: in, member: member, raised: map[string]bool{}}
}

// Begin implements json.Visitor.
func (j *judge) Begin(p *json.Parser, _ bool) {
	j.open = append(j.open[:p.Depth()], node{line: p.Line()})
}

// End implements json.Visitor.
func (j *judge) End(p *json.Parser) {
	n := &j.open[p.Depth()]
	if n.has {
		j.count++
		j.node(n)
	}
	if n.path != "" || n.function != "" { // content of a function node of protocol 0
		j.class(n, n.path, n.function)
	}
}

// Value implements json.Visitor.
func (j *judge) Value(p *json.Parser, v *json.Value) {
	if p.Depth() == 0 {
		return
	}
	n := &j.open[p.Depth()-1]
	text, ok := string(v.Bytes), v.Kind == json.String && !v.Cut
	if v.Kind == json.Null { // a cached node has no names
		text, ok = "", true
	}
	switch string(p.Key(p.Depth() - 1)) {
	case keyClass:
		n.class = text
	case keyModule:
		n.module = text
	case keyLoader:
		n.loader, n.has = text, true
	case "module_path":
		n.path = text
		return
	case "function":
		n.function = text
		return
	default:
		return
	}
	n.odd = n.odd || !ok
}

// node judges one node.
func (j *judge) node(n *node) {
	name := n.module + "." + n.class
	switch {
	case n.odd:
		j.gap(n, "A node names its class, module or loader by something that is no text.")
	case n.loader == "CachedNode":
	case n.loader == "OperatorFuncNode" || n.loader == "MethodNode":
		j.raise(ruleCall, n, name, fmt.Sprintf("Loading this file calls %s by name (%s).", rule.Clip(name), n.loader))
	default:
		j.pair(n, name)
		j.class(n, n.module, n.class)
	}
}

// pair checks that the loader is one for the class.
func (j *judge) pair(n *node, name string) {
	classes, ok := rules.Row(rules.SkopsLoaders, n.loader, n.module)
	if !ok {
		classes, ok = rules.Row(rules.SkopsLoaders, n.loader, "*")
	}
	switch {
	case !ok && !knownLoader(n.loader):
		j.gap(n, fmt.Sprintf("The loader \"%s\" is not one that this version knows.", rule.Clip(n.loader)))
	case !ok || classes != "*" && !slices.Contains(strings.Fields(classes), n.class):
		j.raise(ruleMismatch, n, n.loader+" "+name, fmt.Sprintf(
			"A node is loaded by %s and says that it is %s.", rule.Clip(n.loader), rule.Clip(name)))
	}
}

// knownLoader reports whether the list has the loader with any module.
func knownLoader(loader string) bool { return strings.Contains(rules.SkopsLoaders, "\n"+loader+"\t") }

// class judges a name that loading imports.
func (j *judge) class(n *node, module, class string) {
	name := module + "." + class
	g := rules.LookupGlobal(module, class)
	file, shipped := "", false
	if j.in.Repo != nil && g.Tier == 0 && module != "" {
		file, shipped = j.in.Repo.Module(module)
	}
	switch {
	case shipped:
		j.raise(ruleUnknown, n, name, fmt.Sprintf("Loading this file imports %s, and \"%s\" of this repository is what it gets.", rule.Clip(name), rule.Clip(file)))
	case g.Tier == 0 && g.Effect != "" && !strings.Contains(class, "<"):
		j.raise(ruleCall, n, name, fmt.Sprintf("Loading this file imports %s, which is known from attacks.", rule.Clip(name)))
	case module == "__main__" || g.Tier == 0 || g.Tier == 'C' && !plain(g.Condition):
		j.raise(ruleUnknown, n, name, fmt.Sprintf("Loading this file imports %s, which is not on the list of inert names.", rule.Clip(name)))
	case n.loader == "ConstructorFromReduceNode" && g.Condition != "":
		j.raise(ruleUnknown, n, name, fmt.Sprintf("Loading this file calls %s, which its library's own files never do.", rule.Clip(name)))
	}
}

// plain reports whether the condition of a name is met by how skops holds it:
// what the condition asks about is a node of its own, which is judged.
func plain(condition string) bool {
	switch condition {
	case "factory", "callable-first", "function-attributes", "data-attributes", "class-first", "numpy-class":
		return true
	}
	return false
}

// raise adds a finding once per symbol.
func (j *judge) raise(id string, n *node, symbol, message string) {
	key := id + "\x00" + symbol
	if j.raised[key] || len(j.raised) > bounded.MaxFindings {
		return
	}
	j.raised[key] = true
	at := j.in.Line(0, n.line)
	at.Inside = append(slices.Clone(at.Inside), rule.Clip(j.member))
	j.findings = append(j.findings, rule.Finding(id, at, rule.Clip(symbol), message))
}

// gap reports a node that cannot be judged, once per reason.
func (j *judge) gap(n *node, reason string) {
	if j.raised[reason] || len(j.raised) > bounded.MaxFindings {
		return
	}
	j.raised[reason] = true
	j.gaps = append(j.gaps, format.Span{Kind: format.Unread, Rule: "SP-COV-012", Reason: fmt.Sprintf("schema.json, line %d: %s", n.line, reason)})
}
