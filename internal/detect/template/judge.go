package template

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/detect"
	"github.com/sallyport/sallyport/internal/rule"
)

// judgement collects what is wrong with one template.
type judgement struct {
	text   *detect.Text
	res    detect.Result
	raised map[string]bool
	count  map[string]int // findings by rule
	open   []*branch      // conditions around the current place, outermost first
	made   *made

	tooDeep bool // more open conditions than maxOpen
}

// perRule is how many findings of one rule are listed.
const perRule = 100

func (j *judgement) raise(id string, at int, symbol, message string) {
	// The bound is one of each rule: a flood of what is worth a look must not keep
	// out what blocks.
	if j.raised[id+symbol] || j.count[id] == perRule {
		return
	}
	j.raised[id+symbol] = true
	j.count[id]++
	j.res.Findings = append(j.res.Findings, rule.Finding(id, j.text.Place(at), symbol, message))
}

// print implements sink.
func (j *judgement) print(at int, text string) {
	j.encoded(at, text)
	j.says(text)
}

// output implements sink.
func (j *judgement) output(e *node) {
	j.walk(e)
	if s, ok := fold(e); ok {
		j.says(s)
	}
}

// statement implements sink.
func (j *judgement) statement(tag token, es []*node) {
	for _, e := range es {
		j.walk(e)
	}
	switch tag.text {
	case "filter":
		j.filterBlock(es)
	case "include", "import", "extends", "from":
		j.raise(ruleOther, tag.at, tag.text, "The template loads another one ("+tag.text+"), which was not looked at.")
	}
	j.block(tag, es)
}

// internals are attributes by which Python code is reached that do not begin with
// an underscore.
var internals = map[string]bool{"mro": true, "gi_frame": true, "gi_code": true, "cr_frame": true, "cr_code": true, "ag_frame": true,
	"ag_code": true, "tb_frame": true, "tb_next": true, "f_globals": true, "f_builtins": true, "f_locals": true, "f_back": true, "f_code": true,
	"func_globals": true, "func_code": true, "func_closure": true, "im_class": true, "im_func": true, "im_self": true, "co_code": true}

// runners are functions that no template has; one that asks for them expects a
// loader that hands them over.
var runners = map[string]bool{"eval": true, "exec": true, "open": true, "compile": true, "getattr": true, "setattr": true, "globals": true,
	"os": true, "sys": true, "subprocess": true, "popen": true, "system": true, "builtins": true, "importlib": true, "socket": true}

func internal(name string) bool { return strings.HasPrefix(name, "_") || internals[name] }

// walk looks at an expression and everything in it.
func (j *judgement) walk(n *node) {
	if n == nil {
		return
	}
	switch n.kind {
	case kindAttr:
		if internal(n.text) {
			j.reaches(n.at, n.text)
		}
		if (n.text == "format" || n.text == "format_map") && j.made.text(n.kids[0]) {
			j.computes(n.at, "a format")
		}
	case kindItem:
		j.key(n.kids[1], n.at)
	case kindFilter:
		j.filter(n)
	case kindCall:
		j.call(n)
	case kindBinary:
		j.repeats(n)
	case kindName:
		if strings.HasPrefix(n.text, "__") {
			j.reaches(n.at, n.text)
		}
	}
	if s, ok := fold(n); ok {
		j.constant(n, s)
		return // its parts are in it
	}
	for _, k := range n.kids {
		j.walk(k)
	}
}

// constant looks at a whole string: dunder names are written for one purpose,
// wherever they go from here.
func (j *judgement) constant(n *node, s string) {
	if len(s) > 4 && strings.HasPrefix(s, "__") && strings.HasSuffix(s, "__") && !strings.ContainsAny(s, " \n<>") || strings.Contains(s, ".__") ||
		strings.Contains(s, "{") && strings.Contains(s, "._") && strings.Contains(s, "}") && !strings.ContainsAny(s, " \n<>") {
		j.reaches(n.at, s)
	}
	j.encoded(n.at, s)
}

func (j *judgement) reaches(at int, name string) {
	j.raise(ruleInternals, at, name, "The template reaches for "+quote(name)+", by which it gets from a value to the functions of Python. A loader without a sandbox runs what it finds there.")
}

// key judges an index: a name that is put together is written to be overlooked.
func (j *judgement) key(k *node, at int) {
	if s, ok := fold(k); ok {
		if internal(s) && len(s) > 1 {
			j.reaches(at, s)
		}
		return
	}
	if piece := underscores(k); piece != "" {
		j.reaches(at, piece+"…")
	} else if j.made.computed(k) {
		j.computes(at, "a name")
	}
}

// computes reports a name that only rendering knows: an index is an attribute,
// too, and templates for chats have no reason to put the name of one together.
func (j *judgement) computes(at int, what string) {
	j.raise(ruleComputed, at, what, "The template puts together "+what+" by which it looks something up, so that nobody sees what it reaches for.")
}

// filterBlock judges "filter a(b)|c", whose first filter has no value in front.
func (j *judgement) filterBlock(es []*node) {
	if len(es) == 0 {
		return
	}
	n := es[0]
	for n.kind == kindFilter {
		n = n.kids[0]
	}
	if n.kind == kindCall && n.kids[0].kind == kindName {
		j.filter(&node{kind: kindFilter, text: n.kids[0].text, at: n.at, kids: append([]*node{{kind: kindNumber}}, n.kids[1:]...)})
	}
}

// underscores finds a constant part of a name that begins or ends like a dunder.
func underscores(n *node) string {
	if n == nil || n.kind == kindCall && n.kids[0].kind != kindAttr {
		return ""
	}
	if s, ok := fold(n); ok {
		if strings.HasPrefix(s, "__") || strings.HasSuffix(s, "__") {
			return s
		}
		return ""
	}
	for _, k := range n.kids {
		if s := underscores(k); s != "" {
			return s
		}
	}
	return ""
}

// filter judges attr, which reads an attribute by its name, and map, which can.
func (j *judgement) filter(n *node) {
	switch n.text {
	case "attr":
		if len(n.kids) < 2 {
			return
		}
		if s, ok := fold(n.kids[1]); !ok || internal(s) {
			if !ok {
				s = "an attribute whose name is computed"
			}
			j.reaches(n.at, s)
		}
	case "map", "selectattr", "rejectattr", "groupby", "sum", "sort", "unique", "min", "max", "join":
		for i, arg := range n.kids[1:] {
			if i == 0 && n.text == "join" && arg.kind != kindUnary && !(arg.kind == kindBinary && arg.text == "=") {
				continue // what stands between
			}
			if arg.kind == kindBinary && arg.text == "=" {
				arg = arg.kids[1]
			}
			s, ok := fold(arg)
			if !ok && (j.made.computed(arg) || arg.kind == kindUnary && arg.text[0] == '*') {
				j.computes(n.at, "a name")
			}
			if ok {
				for part := range strings.SplitSeq(s, ".") {
					if internal(part) && part != "_" {
						j.reaches(n.at, part)
					}
				}
			}
		}
	}
}

// call judges the function that is called.
func (j *judgement) call(n *node) {
	f := n.kids[0]
	switch {
	case f.kind == kindName && runners[f.text]:
		j.raise(ruleInternals, n.at, f.text, "The template calls "+quote(f.text)+", a function that templates do not have: it is meant for a loader that hands it over.")
	case f.kind == kindName && f.text == "range":
		for _, arg := range n.kids[1:] {
			if big(arg) {
				j.raise(ruleEndless, n.at, "range", "The template counts to a number that takes longer than anybody waits.")
			}
		}
	case f.kind == kindAttr && (f.text == "format" || f.text == "format_map"):
		if s, ok := fold(f.kids[0]); ok && strings.Contains(s, "{") && (strings.Contains(s, "._") || strings.Contains(s, "[_")) {
			j.reaches(n.at, s)
		}
	case f.kind == kindAttr && runners[f.text]:
		j.raise(ruleInternals, n.at, f.text, "The template calls a function "+quote(f.text)+" of a value: that is no part of a chat.")
	}
}

// repeats finds text or lists that are multiplied, and powers.
func (j *judgement) repeats(n *node) {
	if (n.text == "*" || n.text == "**") && (big(n.kids[0]) || big(n.kids[1])) {
		j.raise(ruleEndless, n.at, "repeat", "The template computes something so large that rendering it does not end.")
	}
}

// big reports a constant number of eight digits or more.
func big(n *node) bool {
	if n.kind == kindBinary && (n.text == "*" || n.text == "**") {
		return big(n.kids[0]) || big(n.kids[1])
	}
	if n.kind != kindNumber {
		return false
	}
	v, err := strconv.ParseFloat(strings.ReplaceAll(n.text, "_", ""), 64)
	return err != nil || v >= 1e7
}

func quote(s string) string { return fmt.Sprintf("%q", rule.Clip(s)) }
