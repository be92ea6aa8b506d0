package pickle

import (
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	decode "github.com/sallyport/sallyport/internal/decode/pickle"
)

// condition checks the use of a tier C import: all calls and all writes of what
// it made must meet the condition that its row in safe_globals.tsv names.
// Undecidable is not met.
func (j *judge) condition(i int) {
	c := &j.classes[i]
	test, ok := conditions[c.cond]
	if !ok {
		j.unmet(c, j.t.Imports[i].Offset, "it is on the list under a condition that this version does not know")
		return
	}
	for k := range j.t.Calls {
		call := &j.t.Calls[k]
		if call.Callee.Kind != decode.Imported || call.Callee.Import != i {
			continue
		}
		if !call.Known && !test.anyArgs {
			j.unmet(c, call.Offset, "its arguments cannot be followed")
		} else if test.call != nil && !test.call(j, call) {
			j.unmetBy(test, c, call.Offset)
		}
	}
	if test.write == nil {
		return
	}
	for k := range j.t.Writes {
		w := &j.t.Writes[k]
		if w.Target.Kind == decode.Object && w.Target.Import == i && w.Op == 'b' && !test.write(j, w) {
			j.unmetBy(test, c, w.Offset)
		}
	}
}

func (j *judge) unmetBy(test condition, c *class, off int64) {
	if !test.runs {
		j.unmet(c, off, test.want)
		return
	}
	j.raise(ruleGadget, off, c.symbol, fmt.Sprintf("Loading this file uses %s, which %s.", show(c.symbol), test.want))
}

func (j *judge) unmet(c *class, off int64, want string) {
	j.raise(ruleCondition, off, c.symbol, fmt.Sprintf("Loading this file uses %s in a way that is not known to be inert: %s.", show(c.symbol), want))
}

// condition is one test of tier C. want completes "… not known to be inert:".
type condition struct {
	want    string
	anyArgs bool // call works without the arguments
	runs    bool // what does not meet it runs code; want completes "…, which"
	call    func(*judge, *decode.Call) bool
	write   func(*judge, *decode.Write) bool
}

var conditions = map[string]condition{
	"codec":               {want: "only plain text codecs are", call: (*judge).plainCodec},
	"bound-name":          {want: "only a plain name of a known class is", call: (*judge).boundName},
	"factory":             {want: "the factory must be a type or function that only computes", call: (*judge).factory},
	"class-and-base":      {want: "the class must be a known one", call: (*judge).classAndBase},
	"class-first":         {want: "the class must be a known one", call: (*judge).classFirst},
	"callable-first":      {want: "the function must be a known one", call: (*judge).partial, write: (*judge).knownState},
	"callable-and-class":  {want: "function and class must be known ones", call: (*judge).callableAndClass},
	"numpy-class":         {want: "the class must be one of NumPy", call: classOf("numpy")},
	"pandas-class":        {want: "the class must be one of pandas", call: classOf("pandas")},
	"numpy-random":        {want: "only generators of NumPy are", call: (*judge).numpyRandom},
	"short-pattern":       {want: "only short patterns are", call: (*judge).shortPattern},
	"function-attributes": {want: "its functions must be known ones", anyArgs: true, call: empty, write: (*judge).functionAttributes},
	"data-attributes":     {want: "its attributes must be plain data", call: empty, write: (*judge).dataAttributes},
	"generated-code":      {want: "runs a text of its state, and the text is not the one that SciPy generates", runs: true, call: empty, write: (*judge).generatedText},
	"type-name":           {want: "only types of Python itself are", call: builtinType},
	"type-of-constant":    {want: "can make classes of its own", runs: true, call: typeOfConstant},
	"array-parts":         {want: "it must make an array of NumPy", call: (*judge).arrayParts},
	"no-formula":          {want: "evaluates a formula of its state", runs: true, call: empty, write: (*judge).noFormula},
	"data-state":          {want: "its state must be plain data", call: (*judge).dataState},
	"sibling-file":        {want: "it must name a file of this repository", anyArgs: true, write: (*judge).siblingFile},
	"inline-array":        {want: "its array must follow", anyArgs: true},
	"nested-stream":       {want: "only bytes that lie in the file are", call: (*judge).constantBytes},
	"training-args":       {want: "only training arguments are", anyArgs: true},
}

// known is an import of tier A or B.
func (j *judge) known(v decode.Value) bool {
	return v.Kind == decode.Imported && v.Import >= 0 && j.classes[v.Import].safe
}

func (j *judge) knownArg(c *decode.Call, i int) bool { return len(c.Args) > i && j.known(c.Args[i]) }

func (j *judge) plainCodec(c *decode.Call) bool {
	if len(c.Args) == 1 {
		return c.Args[0].Kind == decode.String
	}
	if len(c.Args) != 2 || c.Args[0].Kind != decode.String || !c.Args[1].Exact {
		return false
	}
	switch strings.ReplaceAll(strings.ToLower(c.Args[1].Text), "_", "-") {
	case "latin1", "latin-1", "utf-8", "utf8", "ascii", "raw-unicode-escape":
		return true
	}
	return false
}

func (j *judge) boundName(c *decode.Call) bool {
	if len(c.Args) != 2 || !c.Args[1].Exact || c.Args[1].Kind != decode.String {
		return false
	}
	name, owner := c.Args[1].Text, c.Args[0]
	made := owner.Kind == decode.Object && owner.Import >= 0 && (j.classes[owner.Import].safe || j.classes[owner.Import].cond == "generated-code")
	if !j.known(owner) && !made || !dottedIdentifier(name) || strings.Contains(name, ".") || strings.HasPrefix(name, "__") {
		return false
	}
	return name == strings.ToUpper(name) || j.listedTogether(c) || j.harmlessOwner(owner, name, made)
}

// harmlessOwner tells methods that a file may fetch from those that do something
// when a container calls its key or its element: pandas calls a callable key,
// and a path's unlink needs no argument.
func (j *judge) harmlessOwner(owner decode.Value, name string, made bool) bool {
	top, _, _ := strings.Cut(j.t.Imports[owner.Import].RealModule, ".")
	switch top {
	case "pathlib", "pandas", "numpy", "io", "_io", "zoneinfo", "joblib", "pyarrow":
		return false
	}
	return !made || strings.HasPrefix(name, "forward") || j.classes[owner.Import].cond == "generated-code"
}

func (j *judge) factory(c *decode.Call) bool {
	return len(c.Args) == 0 || c.Args[0].Kind == decode.None || j.harmlessCall(c.Args[0])
}

func (j *judge) classFirst(c *decode.Call) bool { return j.knownArg(c, 0) }

func (j *judge) classAndBase(c *decode.Call) bool {
	return len(c.Args) == 3 && j.knownOrConditional(c.Args[0]) && j.builtinBase(c.Args[1])
}

// knownOrConditional also takes a tier C class: making one through a trampoline
// is no more than making it directly, and its attributes are judged.
func (j *judge) knownOrConditional(v decode.Value) bool {
	if j.known(v) {
		return true
	}
	if v.Kind != decode.Imported || v.Import < 0 {
		return false
	}
	switch j.classes[v.Import].cond {
	case "data-attributes", "function-attributes", "inline-array", "training-args", "generated-code", "no-formula":
		return true
	}
	return false
}

func (j *judge) callableAndClass(c *decode.Call) bool {
	return len(c.Args) > 1 && j.rebuilds(c.Args[0]) && j.known(c.Args[1])
}

func classOf(library string) func(*judge, *decode.Call) bool {
	return func(j *judge, c *decode.Call) bool {
		if !j.knownArg(c, 0) {
			return false
		}
		module := j.t.Imports[c.Args[0].Import].RealModule
		return module == library || strings.HasPrefix(module, library+".")
	}
}

func (j *judge) shortPattern(c *decode.Call) bool {
	if len(c.Args) == 0 {
		return false
	}
	p := c.Args[0]
	return (p.Kind == decode.String || p.Kind == decode.Bytes) && p.Length < bounded.MaxStringKept && (p.Exact || p.Length > 0)
}

// knownState is the state of functools.partial: (func, args, keywords, dict).
func (j *judge) knownState(w *decode.Write) bool {
	for _, e := range w.Keys {
		if lively(e.Value) && !j.harmlessCall(e.Value) {
			return false
		}
	}
	return !w.Cut
}

func (j *judge) functionAttributes(w *decode.Write) bool {
	if w.Cut {
		return false
	}
	for _, e := range w.Keys {
		switch {
		case e.Key != "func" && e.Key != "inverse_func", e.Value.Kind == decode.None, j.known(e.Value):
		case e.Value.Kind == decode.Object && e.Value.Import >= 0 && j.classes[e.Value.Import].cond == "callable-first":
		default:
			return false
		}
	}
	return true
}

func (j *judge) dataAttributes(w *decode.Write) bool {
	for _, e := range w.Keys {
		if lively(e.Value) && (hook(e.Key) || e.Key == "?" || !j.known(e.Value) && e.Value.Kind != decode.Object) {
			return false
		}
	}
	return !w.Cut
}

func (j *judge) dataState(c *decode.Call) bool {
	if len(c.Args) < 4 {
		return false
	}
	switch c.Args[3].Kind {
	case decode.None, decode.Dict, decode.Tuple, decode.List:
		return true
	}
	return false
}

// siblingFile is a companion of an old joblib file: beside it, by its bare name.
func (j *judge) siblingFile(w *decode.Write) bool {
	for _, e := range w.Keys {
		if e.Key != "filename" {
			continue
		}
		name := e.Value.Text
		folder := j.in.Path[:strings.LastIndexByte(j.in.Path, '/')+1]
		return e.Value.Kind == decode.String && e.Value.Exact && name != "" && !strings.ContainsAny(name, `/\:`) && name != ".." &&
			j.in.Repo != nil && j.in.Repo.Has(folder+name)
	}
	return false
}

func (j *judge) constantBytes(c *decode.Call) bool {
	return len(c.Args) == 1 && c.Args[0].Kind == decode.Bytes && c.Args[0].Length > 0
}

// builtinType is a type that dill or cloudpickle look up by its name. The types of
// code are judged as what they are.
func builtinType(_ *judge, c *decode.Call) bool {
	return len(c.Args) == 1 && c.Args[0].Kind == decode.String && c.Args[0].Exact && decode.BuiltinType(c.Args[0].Text)
}

// typeOfConstant is how Python spells NoneType and the types of its other
// constants.
func typeOfConstant(j *judge, c *decode.Call) bool {
	if len(c.Args) != 1 {
		return false
	}
	v := c.Args[0]
	if v.Kind == decode.None {
		return true
	}
	if v.Kind != decode.Imported || v.Import < 0 || j.t.Imports[v.Import].RealModule != "builtins" {
		return false
	}
	name := j.t.Imports[v.Import].RealName
	return name == "Ellipsis" || name == "NotImplemented"
}

// arrayParts is dill's (function, arguments, state, attributes) of an array.
func (j *judge) arrayParts(c *decode.Call) bool {
	if len(c.Args) < 3 || c.Args[0].Kind != decode.Imported || c.Args[0].Import < 0 || j.classes[c.Args[0].Import].cond != "numpy-class" {
		return false
	}
	made := c.Args[1]
	if made.Kind != decode.Tuple || len(made.Items) == 0 || !j.known(made.Items[0]) || top(j.t.Imports[made.Items[0].Import].RealModule) != "numpy" {
		return false
	}
	return len(c.Args) == 3 || c.Args[3].Kind == decode.None || c.Args[3].Kind == decode.Dict
}
