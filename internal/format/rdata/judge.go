package rdata

import (
	"fmt"
	"slices"
	"strings"

	decode "github.com/sallyport/sallyport/internal/decode/rdata"
	"github.com/sallyport/sallyport/internal/rule"
	"github.com/sallyport/sallyport/rules"
)

// effect says what a function of R does, by its name; "" when it is not known.
func effect(name string) string {
	in, name, spaced := cutName(name)
	e, _ := rules.Row(rules.RFunctions, in, name)
	if e == "" && spaced && (in == "base" || in == "stats" || in == "utils" || in == "methods") {
		e, _ = rules.Row(rules.RFunctions, "*", name)
	}
	return e
}

func cutName(full string) (in, name string, spaced bool) {
	if i := strings.Index(full, "::"); i > 0 {
		return full[:i], full[i+2:], true
	}
	return "*", full, false
}

// harmless are the effects of calls that reach nothing by themselves.
func harmless(effect string) bool {
	return effect == "inert" || effect == "apply" || effect == "native"
}

// what explains an effect to people.
func what(effect string) string {
	switch effect {
	case "process":
		return "starts programs"
	case "code":
		return "runs code that it makes"
	case "load":
		return "loads code"
	case "network":
		return "reaches the network"
	case "file":
		return "reads or writes files"
	case "indirect":
		return "calls or finds functions by name"
	}
	return "changes the session"
}

// opinion is what is thought of a piece of code: what it reaches, and what it
// calls that nobody knows.
type opinion struct {
	name, effect string
	unknown      string
}

func (o opinion) harmless() bool { return o.effect == "" && o.unknown == "" }

func (r *reader) opinion(c *decode.Code) opinion {
	var o opinion
	lists := [][]string{c.Calls, c.Passed, c.Symbols}
	if c.Bytes && slices.Contains(c.Calls, "::") { // the name behind it may be a text
		lists = append(lists, c.Texts)
	}
	for _, list := range lists {
		for _, name := range list {
			e := effect(name)
			if e == "" || harmless(e) || o.effect != "" && rank(e) >= rank(o.effect) {
				continue
			}
			// A variable may have any name; one that is not called counts only
			// when no value could have been given to it here.
			if !slices.Contains(c.Calls, name) && (slices.Contains(c.Locals, name) || r.t.Bound[name] || rank(e) > rank("network")) {
				continue
			}
			o.name, o.effect = name, e
		}
	}
	o.unknown = r.unknown(c)
	return o
}

// rank orders effects by how bad they are.
func rank(effect string) int {
	return slices.Index([]string{"process", "code", "load", "network", "file", "indirect", "environment"}, effect)
}

// unknown names the first thing that the code calls and nobody knows.
func (r *reader) unknown(c *decode.Code) string {
	native := false
	for _, name := range c.Calls {
		e := effect(name)
		native = native || e == "native"
		switch {
		case e == "apply" && (c.Handed || c.Bytes):
			return name + " on a function that is not known"
		case e == "" && slices.Contains(c.Locals, name) && !slices.Contains(c.Own, name), // whatever it was given
			e == "" && !slices.Contains(c.Locals, name) && !r.t.Bound[name]:
			return name
		}
	}
	for _, name := range c.Passed {
		if effect(name) != "inert" || slices.Contains(c.Locals, name) {
			return name
		}
	}
	if native && !slices.ContainsFunc(c.Symbols, func(s string) bool { return strings.HasPrefix(s, "C_") || strings.HasPrefix(s, ".C_") }) {
		return "compiled code that is not known"
	}
	if c.More {
		return "more functions than are looked at"
	}
	return ""
}

func (r *reader) judge() {
	for i := range r.t.Functions {
		r.function(&r.t.Functions[i])
	}
	for i := range r.t.Promises {
		r.promise(&r.t.Promises[i])
	}
	for i := range r.t.Active {
		r.active(&r.t.Active[i])
	}
	r.quoted(&r.t.Quoted)
	r.objects()
	r.classes()
	if at := r.t.BadRef; at >= 0 {
		r.raise(ruleOutside, at, "reference", fmt.Sprintf("At byte %d the data refers to something that comes later or is not there: R reads memory that is not the file's.", at))
	}
	if at := r.t.BadCount; at >= 0 {
		r.raise(ruleOutside, at, "length", fmt.Sprintf("At byte %d stands a negative or impossible length.", at))
	}
}

// title names a piece of code.
func title(kind string, c *decode.Code) string {
	if c.Name != "" {
		return fmt.Sprintf("The %s %q", kind, rule.Clip(c.Name))
	}
	return fmt.Sprintf("The %s at byte %d", kind, c.Offset)
}

func (r *reader) function(c *decode.Code) {
	o := r.opinion(c)
	if o.effect != "" {
		r.raise(ruleReaches, c.Offset, o.name, fmt.Sprintf("%s calls or names %s, which %s.", title("function", c), rule.Clip(o.name), what(o.effect)))
	} else if o.unknown != "" {
		r.raise(ruleUnknown, c.Offset, o.unknown, fmt.Sprintf("%s calls %s, which is not known to be harmless.", title("function", c), rule.Clip(o.unknown)))
	}
	if c.Broken != "" {
		r.raise(ruleBytecode, c.Offset, c.Name, fmt.Sprintf("%s has byte code that R's compiler does not write: %s.", title("function", c), c.Broken))
	}
}

// promise judges an expression that waits for its value. Default arguments wait
// too: those that are constants, or only compute, are data.
func (r *reader) promise(p *decode.Promise) {
	o := r.opinion(&p.Code)
	if p.Broken != "" {
		r.raise(ruleBytecode, p.Offset, p.Name, fmt.Sprintf("%s has byte code that R's compiler does not write: %s.", title("promise", &p.Code), p.Broken))
	}
	if !p.Unbound || o.harmless() {
		return
	}
	name := o.name
	if name == "" {
		name = o.unknown
	}
	r.raise(rulePromise, p.Offset, name, fmt.Sprintf("%s has no value yet: R calls %s as soon as anything touches it.", title("promise", &p.Code), rule.Clip(name)))
}

// active judges a binding by the function that makes its value.
func (r *reader) active(b *decode.Code) {
	for i := range r.t.Functions {
		c := &r.t.Functions[i]
		if c.Offset != b.Offset {
			continue
		}
		if o := r.opinion(c); o.effect != "" {
			r.raise(rulePromise, b.Offset, o.name, fmt.Sprintf("Reading the variable %q calls %s, which %s.", rule.Clip(b.Name), rule.Clip(o.name), what(o.effect)))
		}
		return
	}
}

// quoted judges calls that are kept as data: formulas, and the call that made a
// model, which update and predict run again. Reading files is usual there.
func (r *reader) quoted(c *decode.Code) {
	for _, name := range c.Calls {
		e := effect(name)
		if i := rank(e); i >= 0 && i <= rank("network") {
			r.raise(ruleQuoted, 0, name, fmt.Sprintf("A formula or call in the file contains %s, which %s when the model is used.", rule.Clip(name), what(e)))
		}
	}
	if c.More {
		r.gap(0, 0, "SP-COV-003", "It holds more different calls than are looked at.")
	}
}

// objects judges the names of a saved workspace.
func (r *reader) objects() {
	for _, o := range r.t.Objects {
		if o.Type != "function" || o.Name == "" {
			continue
		}
		switch o.Name {
		case ".First", ".Last", ".First.sys", ".Last.sys", ".Last.value", ".onLoad", ".onAttach":
			r.raise(ruleSession, o.Offset, o.Name, fmt.Sprintf("Loading the file defines the function %s, which R calls by itself when a session begins or ends.", o.Name))
			continue
		}
		if effect(o.Name) != "" || stock[o.Name] {
			r.raise(ruleMask, o.Offset, o.Name, fmt.Sprintf("Loading the file puts a function of its own in the place of R's %s.", rule.Clip(o.Name)))
		}
	}
}

// stock are functions that people call on models, and that are in no list of
// harmless ones because what they do depends on the model.
var stock = map[string]bool{"print": true, "predict": true, "plot": true, "update": true, "subset": true, "transform": true, "rapply": true,
	"NextMethod": true, "UseMethod": true, "anova": true, "lm": true, "glm": true, "nls": true, "model.frame": true, "model.matrix": true, "str": true, "View": true, "ls": true, "rm": true, "cat": true}

// classes judges vectors whose values a class makes.
func (r *reader) classes() {
	for _, a := range r.t.Altreps {
		switch {
		case a.Package == "base" && (strings.HasPrefix(a.Class, "wrap_") || a.Class == "compact_intseq" || a.Class == "compact_realseq" || a.Class == "deferred_string"):
		case a.Package == "base" && strings.HasPrefix(a.Class, "mmap_"):
			r.raise(ruleClass, a.Offset, a.Class, fmt.Sprintf("A vector at byte %d is kept in another file, which R opens while it loads this one.", a.Offset))
		default:
			r.raise(ruleClass, a.Offset, a.Package+"::"+a.Class, fmt.Sprintf("A vector at byte %d is of the class %q, for which R loads the package %q.", a.Offset, rule.Clip(a.Class), rule.Clip(a.Package)))
		}
	}
}
