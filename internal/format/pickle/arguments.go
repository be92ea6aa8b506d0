package pickle

import (
	"fmt"
	"strings"

	decode "github.com/sallyport/sallyport/internal/decode/pickle"
)

// arguments judges what a call of a name on the list is handed. Libraries call
// methods of what they are given, and such a method may be a function that the
// file planted there; writers of pickles hand over data, and objects of the
// same library or of NumPy.
func (j *judge) arguments(c *decode.Call) {
	class := &j.classes[c.Callee.Import]
	if !class.safe && class.tier != 'C' {
		return // reported by its name
	}
	args := c.Args
	for _, k := range c.Keywords {
		args = append(args[:len(args):len(args)], k.Value)
	}
	for _, a := range args {
		if bad, found := j.foreign(class, j.t.Imports[c.Callee.Import].RealModule, a); found {
			j.raise(ruleDispatch, c.Offset, class.symbol+"(…)", fmt.Sprintf(
				"Loading this file hands %s to %s, whose code may call it or a method of it; no writer does that.", j.valueText(bad), show(class.symbol)))
			return
		}
	}
}

// foreign finds a value among the arguments that does not belong there.
func (j *judge) foreign(callee *class, module string, v decode.Value) (bad decode.Value, found bool) {
	switch v.Kind {
	case decode.Tuple:
		for _, item := range v.Items {
			if bad, found = j.foreign(callee, module, item); found {
				return bad, true
			}
		}
	case decode.Object:
		if callee.cond == "bound-name" {
			return v, false // judged by the name that is asked for
		}
		return v, v.Armed && !j.settled(v) || callee.safe && !j.related(callee, module, v)
	case decode.Imported:
		return v, callee.safe && !j.related(callee, module, v)
	}
	return v, false // what another call returned is judged there
}

// settled is an object whose class makes something else of its state: arrays of
// joblib become arrays, and generators of NumPy are rebuilt from theirs.
func (j *judge) settled(v decode.Value) bool {
	return v.Import >= 0 && (j.classes[v.Import].cond == "inline-array" || strings.HasPrefix(j.t.Imports[v.Import].RealModule, "numpy.random."))
}

// related reports whether a call of something of module may be handed v: an import
// or an object.
func (j *judge) related(callee *class, module string, v decode.Value) bool {
	if v.Import < 0 {
		return true // more names than are kept, which is a limit that was reached
	}
	c := &j.classes[v.Import]
	if !c.safe && c.tier != 'C' {
		return true // reported by its name
	}
	own, other := top(module), top(j.t.Imports[v.Import].RealModule)
	switch own {
	case "builtins", "collections", "array", "decimal", "fractions", "uuid", "ipaddress", "re", "random", "pathlib", "zoneinfo", "_io", "datetime":
		return holds(callee.symbol) || other == "_codecs" || other == "builtins" || other == "datetime" || other == "array" || own == "re" && other == "regex"
	}
	switch other {
	case own, "builtins", "numpy", "torch", "datetime", "collections", "copyreg", "_codecs", "joblib", "dateutil", "pytz", "zoneinfo",
		"array", "decimal", "pyarrow", "pathlib", "re":
		return true
	}
	return own == "dateutil" || own == "pytz"
}

// holds reports whether a builtin type keeps what it is given and does nothing
// with it.
func holds(symbol string) bool {
	name, _ := strings.CutPrefix(symbol, "builtins.")
	return name == "slice" || strings.HasSuffix(name, "Error") || strings.HasSuffix(name, "Warning") || name == "Exception" || name == "StopIteration"
}

func top(module string) string {
	name, _, _ := strings.Cut(module, ".")
	return name
}

// grows reports whether a class has methods append, extend or add of its own that
// writers use.
func (j *judge) grows(v decode.Value) bool {
	switch n := &j.t.Imports[v.Import]; n.RealModule {
	case "builtins":
		return true
	case "collections":
		return n.RealName == "deque"
	case "array", "nltk.tree.tree":
		return true
	}
	return false
}

// sizes reports calls that ask for memory by a number alone.
func (j *judge) sizes() {
	for _, h := range j.t.Huge {
		c := &j.classes[h.Import]
		if !c.safe && c.tier != 'C' {
			continue
		}
		much := "more memory than there is"
		switch {
		case h.Bytes >= 1<<40:
			much = fmt.Sprintf("%d TiB of memory", h.Bytes>>40)
		case h.Bytes > 0:
			much = fmt.Sprintf("%d MiB of memory", h.Bytes>>20)
		}
		j.raise(ruleEffect, h.Offset, c.symbol, fmt.Sprintf("Loading this file makes %s take %s for nothing that the file holds.", show(c.symbol), much))
	}
}

// forged reports NumPy types whose state contradicts their parts.
func (j *judge) forged() {
	for _, off := range j.t.Forged {
		j.raise(ruleForged, off, "numpy.dtype",
			"Loading this file makes a NumPy type whose state contradicts its parts, so that bytes of the file are taken for the addresses of Python objects.")
	}
}
