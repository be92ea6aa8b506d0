package pickle

import (
	"strings"

	decode "github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/rules"
)

// uncalled is the condition of most rows of tier A and B: the library's own
// pickles hold the name, or make an instance of it without running its
// constructor, and never call it. A constructor may take a path, a configuration
// that is evaluated, or functions; a function may hand its arguments on to a
// method of theirs. None of that belongs to loading.
const uncalled = "uncalled"

// calledAnyway reports a call of a name that is on the list as uncalled. An
// opcode that makes an instance without its constructor is none.
func (j *judge) calledAnyway(c *decode.Call) {
	class := &j.classes[c.Callee.Import]
	if class.cond != uncalled || (c.Op == opNewObj || c.Op == opNewObjEx) && (empty(j, c) || j.fields(c)) {
		return
	}
	j.unmet(class, c.Offset, "its library's own files never call it, they only hold it or make an empty instance")
}

// fields reports whether an instance may be made with arguments, as named tuples
// are. Arrays of NumPy may not: they take bytes for whatever type they are told.
func (j *judge) fields(c *decode.Call) bool {
	return top(j.t.Imports[c.Callee.Import].RealModule) != "numpy"
}

const (
	opNewObj   decode.Op = 0x81
	opNewObjEx decode.Op = 0x92
)

// plainlyKnown is an import that may be called with whatever the file says.
func (j *judge) plainlyKnown(v decode.Value) bool {
	return j.known(v) && j.classes[v.Import].cond == ""
}

// partial is functools.partial of something that may be called later, as an
// activation or a layer with options is.
func (j *judge) partial(c *decode.Call) bool { return len(c.Args) > 0 && j.harmlessCall(c.Args[0]) }

// harmlessCall is an import that does nothing but compute when it is called at
// last: a function or type of tier A, a layer or function of torch, a metric.
func (j *judge) harmlessCall(v decode.Value) bool {
	if !j.known(v) {
		return false
	}
	if j.classes[v.Import].tier == 'A' || j.plainlyKnown(v) {
		return true
	}
	module := j.t.Imports[v.Import].RealModule
	for _, library := range [...]string{"torch.nn.functional", "torch.nn.modules.", "torch._C._nn", "sklearn.metrics.", "sklearn.feature_selection."} {
		if strings.HasPrefix(module, library) {
			return true
		}
	}
	return false
}

// builtinBase is what copyreg's reconstructor may run the constructor of.
func (j *judge) builtinBase(v decode.Value) bool {
	return j.plainlyKnown(v) && j.t.Imports[v.Import].RealModule == "builtins"
}

// rebuilds is one of torch's functions that make a tensor of parts.
func (j *judge) rebuilds(v decode.Value) bool {
	return j.plainlyKnown(v) && j.t.Imports[v.Import].RealModule == "torch._utils" && strings.HasPrefix(j.t.Imports[v.Import].RealName, "_rebuild_")
}

// numpyRandom takes what NumPy's constructors of generators call: classes and
// constructors of numpy.random, made or named.
func (j *judge) numpyRandom(c *decode.Call) bool {
	for _, a := range c.Args {
		switch a.Kind {
		case decode.String, decode.Bytes, decode.None:
		case decode.Imported, decode.Object:
			if a.Import < 0 || !strings.HasPrefix(j.t.Imports[a.Import].RealModule, "numpy.random.") || j.classes[a.Import].rule == ruleUnknown {
				return false
			}
		default:
			return false
		}
	}
	return len(c.Keywords) == 0
}

// boundConstructor reports whether the callee is what getattr returned for a
// class and a name that stand in the list together, as protocols below 4 write
// "ZoneInfo._unpickle". Repeated calls of getattr are listed once, so that all of
// this file have to be of that kind when this one is not found.
func (j *judge) boundConstructor(callee decode.Value) bool {
	if callee.Kind != decode.Object || callee.Import < 0 || j.classes[callee.Import].cond != "bound-name" {
		return false
	}
	some := false
	for i := range j.t.Calls {
		c := &j.t.Calls[i]
		if c.Callee.Kind != decode.Imported || c.Callee.Import < 0 || j.classes[c.Callee.Import].cond != "bound-name" {
			continue
		}
		listed := j.listedTogether(c)
		if c.Offset == callee.Offset {
			return listed
		}
		if !listed {
			return false
		}
		some = true
	}
	return some
}

func (j *judge) listedTogether(c *decode.Call) bool {
	if !c.Known || len(c.Args) != 2 || c.Args[0].Kind != decode.Imported || !j.known(c.Args[0]) || c.Args[1].Kind != decode.String || !c.Args[1].Exact {
		return false
	}
	n := &j.t.Imports[c.Args[0].Import]
	g := rules.LookupGlobal(n.RealModule, n.RealName+"."+c.Args[1].Text)
	return (g.Tier == 'A' || g.Tier == 'B') && g.Condition == ""
}
