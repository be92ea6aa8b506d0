package keras

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/marshal"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
	"github.com/sallyport/sallyport/rules"
)

// lambdaLayer judges a Lambda layer: each of its functions is bytecode, or the
// name of a function that the loader looks for.
func (w *walker) lambdaLayer(o *object) {
	name := "The Lambda layer \"" + rule.Clip(o.config["name"].s) + "\""
	for _, part := range [...]string{"function", "output_shape", "mask"} {
		if code := o.config[part+"[]"]; code.set {
			w.lambda(o, name, code)
			continue
		}
		f := o.config[part]
		if !f.set || f.s == "" {
			continue
		}
		module := "module"
		if part != "function" {
			module = part + "_module"
		}
		if isCode(f.s) {
			w.lambda(o, name, f)
			continue
		}
		if m := o.config[module].s; m != "" && m != "__main__" && rules.LookupGlobal(m, f.s).Effect != "" {
			w.raise(ruleGadget, m+"."+f.s, o.line, fmt.Sprintf("%s calls %s, which is known from attacks.", name, rule.Clip(m+"."+f.s)))
			continue
		}
		w.raise(ruleNamed, f.s, o.line, fmt.Sprintf("%s calls \"%s\", which the loader looks for by that name.", name, rule.Clip(f.s)))
	}
}

// isCode reports text that is code of marshal in base64: its first byte marks a
// code object.
func isCode(s string) bool {
	data := decode(s)
	return len(data) > 32 && data[0]&0x7f == 'c'
}

// decode undoes base64 as Python does: white space and other characters that do
// not belong are skipped.
func decode(s string) []byte {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '+', r == '/':
			return r
		}
		return -1
	}, s)
	clean = clean[:len(clean)-len(clean)%4+[...]int{0, 0, 2, 3}[len(clean)%4]]
	data, err := base64.RawStdEncoding.DecodeString(clean)
	if err != nil {
		return nil
	}
	return data
}

// lambda judges the bytecode of a function.
func (w *walker) lambda(o *object, what string, code text) {
	data := decode(code.s)
	if len(data) == 0 { // older versions fall back to the text itself
		data = []byte(code.s)
	}
	if code.cut {
		_ = w.in.R.Budget().Reach("string-kept", bounded.MaxStringKept)
	}
	p, err := marshal.Read(bounded.NewBytes(data, w.in.R.Budget()), marshal.Any)
	symbol, detail := "code", "that cannot be decoded"
	if err == nil && len(p.Codes) > 0 {
		symbol, detail = w.refers(p)
	}
	w.raise(ruleLambda, symbol, o.line, fmt.Sprintf("%s carries bytecode %s: loading the model makes it a function, and building the model calls it.", what, detail))
	if err != nil {
		w.res.Spans = append(w.res.Spans, format.Span{Kind: format.Unread, Rule: "SP-COV-012",
			Reason: fmt.Sprintf("Line %d: the bytecode of a function cannot be decoded.", o.line)})
	}
}

// refers names what bytecode refers to, known gadgets first.
func (w *walker) refers(p *marshal.Program) (symbol, detail string) {
	names, texts, imports := p.Find()
	var bad []string
	modules := append(append(append([]string{}, imports...), names...), texts...)
	modules = modules[:min(len(modules), 64)]
	for _, m := range append(modules, "builtins") {
		if len(m) > 64 || m != "builtins" && rules.LookupGlobal(m, "*").Effect == "" && !strings.Contains(m, ".") {
			continue
		}
		for _, n := range names[:min(len(names), 64)] {
			builtin := known("builtins", n) != ""
			if builtin != (m == "builtins") || builtin && harmless(n) || n == m || rules.LookupGlobal(m, n).Effect == "" {
				continue
			}
			bad = append(bad, m+"."+n)
		}
	}
	symbol = p.Codes[0].Name
	if len(bad) > 0 {
		symbol = bad[0]
	}
	all := append(append([]string{}, bad...), names...)
	list := strings.Join(all[:min(len(all), 12)], ", ")
	if list == "" {
		list = "no names"
	}
	return rule.Clip(symbol), fmt.Sprintf("(%s) that refers to %s", p.Layout, rule.Clip(list))
}

// harmless are builtins that every function uses.
func harmless(name string) bool {
	switch name {
	case "len", "int", "float", "str", "list", "tuple", "dict", "range", "sum", "min", "max", "abs", "zip", "enumerate", "isinstance", "print", "bool", "round", "sorted", "set", "slice", "reversed":
		return true
	}
	return false
}

// torchModule judges a layer that unpickles a module of PyTorch.
func (w *walker) torchModule(o *object) {
	m := o.config["module"]
	if !m.set {
		w.raise(ruleUnknown, "TorchModuleWrapper", o.line, "The model has a layer that wraps a module of PyTorch, and does not say which.")
		return
	}
	w.raise(ruleTorch, "TorchModuleWrapper", o.line, "Loading this model unpickles a module of PyTorch that the configuration carries.")
	if m.cut {
		_ = w.in.R.Budget().Reach("string-kept", bounded.MaxStringKept)
	}
	if data := decode(m.s); len(data) > 0 {
		w.child("TorchModuleWrapper", data, m.at.Offset, "")
	}
}

// savedModel judges a layer that loads a SavedModel from a path.
func (w *walker) savedModel(o *object) {
	p := o.config["filepath"].s
	if why := outside(p); why != "" {
		w.raise(ruleOutside, p, o.line, fmt.Sprintf("Loading this model loads a SavedModel from \"%s\", %s, and runs its graph.", rule.Clip(p), why))
		return
	}
	w.raise(ruleSavedModel, p, o.line, fmt.Sprintf("Loading this model loads a SavedModel from \"%s\" and runs its graph.", rule.Clip(p)))
}

// tensorFlow judges a layer that calls a function of TensorFlow by name.
func (w *walker) tensorFlow(o *object, f text) {
	name := strings.TrimPrefix(f.s, "tf.")
	name = strings.TrimPrefix(strings.TrimPrefix(name, "compat.v1."), "compat.v2.")
	if known("tf", name) != "" || o.class.s == "SlicingOpLambda" && !f.set {
		return
	}
	if reachesOut(name) {
		w.raise(ruleFunction, "tf."+name, o.line, fmt.Sprintf("Building this model calls tf.%s, which reaches beyond the model.", rule.Clip(name)))
		return
	}
	w.raise(ruleUnknown, "tf."+name, o.line, fmt.Sprintf("Building this model calls tf.%s, which is not on the list of functions that only compute.", rule.Clip(name)))
}

// reachesOut reports functions and operators of TensorFlow that touch files,
// Python or other programs.
func reachesOut(name string) bool {
	name = strings.ToLower(name)
	for _, part := range [...]string{"io.", "file", "py_func", "pyfunc", "numpy_function", "numpyfunction", "load_", "loadlibrary", "saved_model",
		"raw_ops.", "save", "restore", "readfile", "remote", "rpc", "__getattr"} {
		if strings.Contains(name, part) && !strings.HasSuffix(name, "profile") {
			return true
		}
	}
	return false
}

// operator judges a layer that holds an operator of a graph as text.
func (w *walker) operator(o *object) {
	def := o.config["node_def"].s
	name := ""
	if i := strings.Index(def, "op"); i >= 0 {
		rest := strings.TrimLeft(def[i+2:], "\": \t")
		if end := strings.IndexAny(rest, `"`+"\n"); end >= 0 {
			name = rest[:end]
		}
	}
	switch {
	case known("operator", name) != "":
	case reachesOut(name):
		w.raise(ruleFunction, name, o.line, fmt.Sprintf("The model runs the operator %s of TensorFlow, which reaches beyond the model.", rule.Clip(name)))
	default:
		w.raise(ruleUnknown, name, o.line, fmt.Sprintf("The model runs the operator \"%s\" of TensorFlow, which is not on the list of those that only compute.", rule.Clip(name)))
	}
}
