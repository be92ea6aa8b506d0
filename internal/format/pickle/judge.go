package pickle

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	decode "github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
	"github.com/sallyport/sallyport/rules"
)

// judge turns traces into findings. A finding with the same rule and symbol is
// raised once per file, at its first place.
type judge struct {
	in      *format.Input
	t       *decode.Trace
	classes []class // of t.Imports, by index
	res     format.Result
	raised  map[string]bool
}

// judges are used again: a small pickle needs little memory besides.
var judges = sync.Pool{New: func() any { return &judge{raised: map[string]bool{}} }}

// forget makes the judge ready for the next input.
func (j *judge) forget() {
	clear(j.classes)
	if len(j.raised) > 64 || cap(j.classes) > 256 {
		*j = judge{raised: map[string]bool{}}
		return
	}
	clear(j.raised)
	*j = judge{classes: j.classes[:0], raised: j.raised}
}

// class is what is thought of one import.
type class struct {
	symbol string // "os.system"
	rule   string // raised by importing it; "" for tier A and for tier C whose condition holds
	safe   bool   // tier A or B: may be called, held or passed on
	tier   byte
	cond   string // tier C: condition id
	effect string // what a gadget does
	why    string // for people, when the rule alone does not say
}

// trace judges one stream.
func (j *judge) trace(t *decode.Trace) {
	j.open(t)
	first := firstCalls(t)
	for i := range t.Imports {
		j.imported(i, first[i])
	}
	for i := range t.Calls {
		j.called(&t.Calls[i])
	}
	for i := range t.Writes {
		j.written(&t.Writes[i])
	}
	for i := range t.Imports {
		if c := j.classes[i].cond; c != "" && c != uncalled {
			j.condition(i)
		}
	}
	j.torch()
	j.sizes()
	j.forged()
	for _, p := range t.Persistent {
		j.persistent(p)
	}
	for _, e := range t.Extensions {
		j.raise(ruleExtension, e.Offset, fmt.Sprint(e.Code), fmt.Sprintf(
			"Loading this file takes object %d of Python's extension registry, so the file does not say what it imports.", e.Code))
	}
	for _, d := range t.Desyncs {
		if d.Kind != decode.FrameLong || !endless(t) {
			j.desync(d)
		}
	}
}

// endless reports whether the file ends in the middle of the stream. A frame that is too long for the
// file is then no lie about it: the rest is missing.
func endless(t *decode.Trace) bool { return t.Err != nil && t.Err.Kind == decode.Truncated }

// otherReading judges what loaders make of the stream that do not know joblib's
// arrays. Only gadgets count in it: array data read as opcodes may spell anything.
func (j *judge) otherReading(t *decode.Trace) {
	j.open(t)
	first := firstCalls(t)
	for i := range t.Imports {
		if j.classes[i].effect != "" {
			j.imported(i, first[i])
		}
	}
}

func (j *judge) open(t *decode.Trace) {
	j.t = t
	j.classes = slices.Grow(j.classes[:0], len(t.Imports))
	for i := range t.Imports {
		j.classes = append(j.classes, j.classify(&t.Imports[i]))
	}
}

// firstCalls finds for each import the first call of it, or nil.
func firstCalls(t *decode.Trace) []*decode.Call {
	first := make([]*decode.Call, len(t.Imports))
	for i := range t.Calls {
		c := &t.Calls[i]
		if k := c.Callee.Import; k >= 0 && c.Callee.Kind == decode.Imported && first[k] == nil {
			first[k] = c
		}
	}
	return first
}

// raise adds a finding once per file.
func (j *judge) raise(id string, off int64, symbol, message string) {
	key := id + "\x00" + symbol
	if j.raised[key] {
		return
	}
	j.raised[key] = true
	j.res.Findings = append(j.res.Findings, rule.Finding(id, j.in.Location(off, 0), symbol, message))
}

// imported judges the import of a name together with the first call of it.
func (j *judge) imported(i int, call *decode.Call) {
	n, c := &j.t.Imports[i], &j.classes[i]
	if n.Computed || n.Unknown {
		j.raise(ruleComputed, n.Offset, c.symbol, fmt.Sprintf(
			"Loading this file imports a name that it puts together while loading (%s).", show(c.symbol)))
	}
	if c.rule == "" {
		return
	}
	off, does := n.Offset, "imports "+show(c.symbol)
	if call != nil {
		off, does = call.Offset, "calls "+j.callText(call)
	}
	j.raise(c.rule, off, c.symbol, "Loading this file "+does+c.why+".")
}

// classify looks an import up. Precedence: shadowed by the repository, allowed,
// gadget, gadget by module, unknown.
func (j *judge) classify(n *decode.Import) class {
	c := class{symbol: n.RealModule + "." + n.RealName}
	g := rules.LookupGlobal(n.RealModule, n.RealName)
	file, shipped := j.shipped(n.RealModule, g.Tier != 0)
	switch {
	case shipped:
		c.rule, c.why = ruleRepository, ", and "+show(file)+" of this repository is what it gets"
	case j.t.Script && (n.RealModule == "__torch__" || strings.HasPrefix(n.RealModule, "__torch__.")):
		c.tier, c.safe = 'A', true
	case n.RealModule == "__main__" && (g.Condition != "training-args" || !j.trainingArgs()):
		c.rule, c.why = ruleUnknown, ": whatever the script that loads it has under that name"
	case g.Tier == 'A', n.RealModule == "__main__":
		c.tier, c.safe, c.cond = 'A', true, g.Condition
	case g.Tier == 'B':
		c.tier, c.safe, c.rule, c.cond = 'B', true, ruleClass, g.Condition
		c.why = ", which is known from " + user(g.User, n.RealModule)
	case g.Tier == 'C':
		c.tier, c.cond = 'C', g.Condition
	default:
		c.gadget(n, g)
		if added, ok := j.in.Names.Lookup(n.RealModule, n.RealName); ok && c.rule == ruleUnknown {
			c.allow(added)
		}
	}
	return c
}

// allow is what the user's policy says of a name that no list knows. It never
// reaches a gadget, or a name that a file of the repository would answer.
func (c *class) allow(n *finding.Name) {
	c.tier, c.safe, c.rule = n.Tier[0], true, ruleClass
	c.why = ", which the policy allows until " + n.Expires + " (" + rule.Clip(n.Reason) + ")"
	if n.Tier != "A" {
		c.cond = uncalled
	}
}

func (c *class) gadget(n *decode.Import, g rules.Global) {
	effect := g.Effect
	if effect == "" {
		effect = rules.Effect(n.RealModule, n.RealName)
	}
	if effect == "" && n.Module != n.RealModule {
		effect = rules.LookupGlobal(n.Module, n.Name).Effect
	}
	c.effect = effect
	switch {
	case effect == "":
		c.rule, c.why = ruleUnknown, ", which is not on the list of inert names"
	case byValue(n.RealModule, effect):
		c.rule, c.why = ruleCode, ", which rebuilds code that the file carries"
	case effect == "file-read" || effect == "dos" || effect == "obfuscation":
		c.rule, c.why = ruleEffect, ", which "+effects[effect]
	default:
		c.rule, c.why = ruleGadget, ", which "+effects[effect]
	}
}

// effects say what a gadget of the list can do.
var effects = map[string]string{
	"exec": "can run any program", "code-eval": "can run any Python code", "import": "can import any code",
	"indirect-call": "can call any function", "indirect-getattr": "can reach into any object",
	"network": "can talk to the network", "file-write": "can write files", "file-read": "can read files",
	"pickle-reentry": "can load further pickles", "deferred-exec": "can run code later",
	"env": "can change the running process", "dos": "can stop or slow down the process",
	"obfuscation": "can hide data from inspection", "scanner-tamper": "reaches into a scanner",
	"memory": "can reach into memory",
}

// byValue reports whether a gadget rebuilds code from data in the file.
func byValue(module, effect string) bool {
	top, _, _ := strings.Cut(module, ".")
	switch top {
	case "marshal", "types", "cloudpickle", "dill", "ipykernel":
		return effect == "code-eval"
	}
	return false
}

// shipped finds a file of the repository that the import would load. For names
// of known libraries only a module at the root counts, since that is what
// shadows an installed one.
func (j *judge) shipped(module string, known bool) (string, bool) {
	if j.in.Repo == nil || module == "" || module == "?" {
		return "", false
	}
	file, ok := j.in.Repo.Module(module)
	if known && ok { // then only where every loader finds it
		top, _, _ := strings.Cut(module, ".")
		for _, file := range [...]string{top + ".py", top + "/__init__.py"} {
			if j.in.Repo.Has(file) {
				return file, true
			}
		}
		return "", false
	}
	return file, ok
}

// trainingArgs reports whether this is the file in which the trainer of
// transformers keeps its arguments.
func (j *judge) trainingArgs() bool {
	return strings.HasSuffix("/"+j.in.Path, "/training_args.bin")
}

// called judges calls of something that is not an import.
func (j *judge) called(c *decode.Call) {
	switch c.Callee.Kind {
	case decode.Imported:
		if c.Callee.Import >= 0 {
			j.calledAnyway(c)
			j.arguments(c)
		}
		return
	case decode.Ext:
		return
	case decode.Object:
		if j.boundConstructor(c.Callee) {
			return
		}
	}
	what, symbol := "a value that only running code knows", "computed"
	if i := c.Callee.Import; i >= 0 {
		symbol = j.classes[i].symbol
		what = "what " + show(symbol) + " returned"
	}
	j.raise(ruleDispatch, c.Offset, "call "+symbol, "Loading this file calls "+what+".")
}

// written judges changes of objects.
func (j *judge) written(w *decode.Write) {
	does := map[decode.Op]string{'b': "sets the state", 'a': "calls append", 'e': "calls extend",
		0x90: "calls add", 's': "sets items", 'u': "sets items"}[w.Op]
	switch w.Target.Kind {
	case decode.Imported:
		symbol := "?"
		if w.Target.Import >= 0 {
			symbol = j.classes[w.Target.Import].symbol
		}
		j.raise(rulePatch, w.Offset, symbol, fmt.Sprintf("Loading this file %s of %s itself, which changes it for the whole process.", does, show(symbol)))
	case decode.Object:
		j.writtenObject(w, does)
	default:
		j.raise(ruleDispatch, w.Offset, "write", fmt.Sprintf("Loading this file %s of a value that the file did not just make.", does))
	}
}

func (j *judge) writtenObject(w *decode.Write, does string) {
	if w.Target.Import < 0 {
		j.raise(ruleDispatch, w.Offset, "write", fmt.Sprintf("Loading this file %s of an object of unknown class.", does))
		return
	}
	c := &j.classes[w.Target.Import]
	if w.Op == 'b' && w.Target.Shared {
		j.raise(ruleDispatch, w.Offset, c.symbol, fmt.Sprintf("Loading this file %s of a %s again, after it was made.", does, show(c.symbol)))
	}
	if c.cond == "bound-name" || c.cond == "nested-stream" {
		j.raise(ruleDispatch, w.Offset, c.symbol, fmt.Sprintf("Loading this file %s of what %s returned, which may be a class or belong to one.", does, show(c.symbol)))
	}
	items := w.Op == 's' || w.Op == 'u'
	if w.Op != 'b' && (c.safe || c.tier == 'C') && (c.cond == "data-attributes" || !items && !j.grows(w.Target)) {
		j.raise(ruleDispatch, w.Offset, c.symbol, fmt.Sprintf("Loading this file %s on a %s, which has no such method of its own.", does, show(c.symbol)))
	}
	if w.Op != 'b' {
		j.writtenTensor(w, does)
	}
	if w.Strange {
		j.raise(ruleDispatch, w.Offset, c.symbol+".?", fmt.Sprintf("Loading this file gives a %s an attribute whose name only running code knows.", show(c.symbol)))
	}
	for _, e := range w.Keys {
		if items && c.tier != 'B' {
			break // items are no attributes, but for classes that look them up there
		}
		if hook(e.Key) && lively(e.Value) || special(e.Key) && callable(e.Value) {
			j.raise(ruleDispatch, w.Offset, c.symbol+"."+e.Key, fmt.Sprintf(
				"Loading this file gives a %s the method %s, which loaders call.", show(c.symbol), show(e.Key)))
		}
	}
}

// hook is the name of a method that an unpickler or Python itself calls.
func hook(key string) bool {
	switch key {
	case "append", "extend", "add", "__setstate__", "__setitem__", "__class__", "__call__", "__reduce__", "__reduce_ex__",
		"__getattr__", "__getattribute__", "__del__":
		return true
	}
	return false
}

// special is a name that Python gives a meaning of its own.
func special(key string) bool {
	return len(key) > 4 && strings.HasPrefix(key, "__") && strings.HasSuffix(key, "__") && key != "__orig_class__" && key != "__wrapped__"
}

// callable is a value that could well be a function or class.
func callable(v decode.Value) bool {
	return v.Kind == decode.Imported || v.Kind == decode.Computed || v.Kind == decode.Ext
}

// lively is a value that could be called.
func lively(v decode.Value) bool {
	switch v.Kind {
	case decode.Imported, decode.Object, decode.Computed, decode.PersID, decode.Ext, decode.Other:
		return true
	}
	return false
}

func (j *judge) persistent(p decode.Persistent) {
	if items := p.Value.Items; len(items) >= 2 && items[0].Text == "module" && items[1].Kind == decode.Imported {
		return // old torch: a class with the text of its source, for warnings
	}
	if j.t.Numbered && numbered(p.Value) {
		return
	}
	j.raise(rulePersistent, p.Offset, j.valueText(p.Value), fmt.Sprintf(
		"The file refers to %s outside of itself; what that is decides the program that loads it.", j.valueText(p.Value)))
}

// numbered is a persistent id that is a plain number, or the text of one.
func numbered(v decode.Value) bool {
	if v.Kind == decode.Number {
		return v.Exact
	}
	return v.Kind == decode.String && v.Exact && v.Text != "" && strings.Trim(v.Text, "0123456789") == ""
}

func (j *judge) desync(d decode.Desync) {
	switch d.Kind {
	case decode.ProtoMoved, decode.ProtoHigh, decode.OpenLine, decode.NonASCII, decode.ArrayPadding:
		j.raise(ruleOdd, d.Offset, d.Kind, fmt.Sprintf("No writer of pickles produces this: %s.", d.Kind))
	default:
		if !refused(d.Kind) {
			j.raise(ruleDisagree, d.Offset, d.Kind, fmt.Sprintf(
				"Python's own readers part ways here (%s): what is inspected need not be what is loaded.", d.Kind))
		}
	}
}

// refused is a place where every loader gives up, so that it is a broken file
// and not a trick.
func refused(kind string) bool {
	switch kind {
	case decode.NegativePut, decode.NoQuotes, decode.NotAString, decode.NoBuffer:
		return true
	}
	return false
}

func user(user, module string) string {
	if user == "" {
		user, _, _ = strings.Cut(module, ".")
	}
	return user
}
