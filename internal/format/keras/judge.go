package keras

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/rule"
	"github.com/sallyport/sallyport/rules"
)

// judge looks at one object that names a class.
func (w *walker) judge(o *object) {
	module, outer := normal(o.module.s)
	if v := o.config["vocabulary"]; v.set && v.s != "" {
		w.raise(ruleVocabulary, v.s, o.line, fmt.Sprintf("Loading this model makes the layer %s read its vocabulary from \"%s\".", rule.Clip(o.class.s), rule.Clip(v.s)))
	}
	w.path(o)
	switch o.class.s {
	case "__lambda__":
		w.lambda(o, "A function", first(o.config["code"], o.config["value"]))
		return
	case "__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__":
		return // values
	case "__typespec__":
		w.typeSpec(o)
		return
	case "function":
		w.function(o, module, outer, o.inner.s)
		return
	}
	if outer && module != "" && module != "__main__" && slices.Contains(settled[:], o.class.s) { // versions before 3.9 import the module, whatever the class is
		w.foreign(o, module, o.class.s)
	}
	switch o.class.s {
	case "Lambda":
		w.lambdaLayer(o)
		return
	case "TorchModuleWrapper":
		w.torchModule(o)
		return
	case "TFSMLayer":
		w.savedModel(o)
		return
	case "TFOpLambda", "SlicingOpLambda":
		w.tensorFlow(o, o.config["function"])
		return
	case "TensorFlowOpLayer":
		w.operator(o)
		return
	case "ClassMethod":
		w.tensorFlow(o, o.config["cls_symbol"])
		return
	case "InstanceMethod", "InstanceProperty": // of the tensor that comes in
		return
	case "__tuple__", "TensorShape", "TypeSpec": // values; a TypeSpec is looked up among those that are registered
		return
	}
	w.named(o, module, outer)
}

// settled are the classes that are judged by what their configuration says.
var settled = [...]string{"Lambda", "TorchModuleWrapper", "TFSMLayer", "TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "ClassMethod",
	"InstanceMethod", "InstanceProperty", "__tuple__", "TensorShape", "TypeSpec"}

func first(texts ...text) text {
	for _, t := range texts {
		if t.set {
			return t
		}
	}
	return text{}
}

// path judges the name of a layer, which becomes a folder of its assets.
func (w *walker) path(o *object) {
	name := o.config["name"]
	if !name.set || name.s == "" {
		return
	}
	for part := range strings.SplitSeq(strings.ReplaceAll(name.s, `\`, "/"), "/") {
		if part == ".." || strings.ContainsRune(part, 0) {
			w.raise(ruleTraversal, name.s, o.line, "The name \""+rule.Clip(name.s)+"\" is a path that leads out of the folder of the model.")
			return
		}
	}
	if name.s[0] == '/' || name.s[0] == '\\' {
		w.raise(ruleTraversal, name.s, o.line, "The name \""+rule.Clip(name.s)+"\" is an absolute path.")
	}
}

// normal spells a module as Keras 3 does. outer is false for the packages that
// belong to Keras.
func normal(module string) (name string, outer bool) {
	for _, p := range [...]string{"tf_keras", "tensorflow.keras", "tf.keras", "tensorflow.python.keras", "keras_core", "tensorflow.contrib.keras.python.keras"} {
		if module == p || strings.HasPrefix(module, p+".") {
			return "keras" + module[len(p):], false
		}
	}
	return module, module != "keras" && !strings.HasPrefix(module, "keras.")
}

// known reports what the list says of a name.
func known(module, name string) string {
	kind, _ := rules.Row(rules.KerasClasses, module, name)
	return kind
}

// friend reports packages beside Keras whose classes build models.
func friend(module string) bool {
	top, _, _ := strings.Cut(module, ".")
	switch top {
	case "keras_hub", "keras_nlp", "keras_cv", "keras_rs", "tensorflow_addons", "keras_tuner":
		return true
	}
	return false
}

// named judges a class by module and name.
func (w *walker) named(o *object, module string, outer bool) {
	class := o.class.s
	full := module + "." + class
	switch {
	case module == "" || module == "__main__": // the program itself
		w.unplaced(o)
	case !outer && known("*", class) == "class", friend(module) && upper(class):
	case !outer && (w.reaches(module, class) || !upper(class)):
		w.raise(ruleFunction, full, o.line, fmt.Sprintf("Loading this model calls %s, which is no building block of models.", rule.Clip(full)))
	case !outer && special(class):
		w.raise(ruleUnknown, full, o.line, fmt.Sprintf("Loading this model builds %s, which runs code that the file brings along.", rule.Clip(full)))
	case !outer:
		w.raise(ruleUnknown, full, o.line, fmt.Sprintf("Loading this model builds %s, which is not on the list of classes of Keras.", rule.Clip(full)))
	default:
		w.foreign(o, module, class)
	}
}

// special are layers that wrap code of another library.
func special(class string) bool {
	return class == "JaxLayer" || class == "FlaxLayer" || class == "ModuleWrapper"
}

func upper(name string) bool { return name != "" && name[0] >= 'A' && name[0] <= 'Z' }

// reaches reports functions of Keras that are known from attacks.
func (w *walker) reaches(module, name string) bool {
	return rules.LookupGlobal(module, name).Effect != ""
}

// unplaced judges a class without a module: the loader finds it among its own and
// those that the program has registered.
func (w *walker) unplaced(o *object) {
	class, registered := o.class.s, o.registered.s
	pack, bare, scoped := strings.Cut(registered, ">")
	if !scoped {
		pack, bare, scoped = strings.Cut(class, ">")
	}
	switch {
	case known("*", class) == "class", pack == "Custom" && known("*", bare) == "class":
	case scoped && known("package", pack) == "package":
	case special(class):
		w.raise(ruleUnknown, class, o.line, fmt.Sprintf("Loading this model builds %s, which runs code that the file brings along.", rule.Clip(class)))
	default:
		name := class
		if registered != "" {
			name = registered
		}
		w.raise(ruleCustom, name, o.line, fmt.Sprintf("The model needs the custom class or function %s, whose code is not in the file.", rule.Clip(name)))
	}
}

// foreign judges a name of a module outside of Keras, which versions before 3.9
// import.
func (w *walker) foreign(o *object, module, name string) {
	full := module + "." + name
	if file, ok := w.in.Repo.Module(module); ok {
		w.raise(ruleGadget, full, o.line, fmt.Sprintf("Loading this model imports %s, and \"%s\" of this repository is what it gets.", rule.Clip(full), rule.Clip(file)))
		return
	}
	if rules.Effect(module, name) != "" {
		w.raise(ruleGadget, full, o.line, fmt.Sprintf("Loading this model imports %s, which is known from attacks.", rule.Clip(full)))
		return
	}
	w.raise(ruleUnknown, full, o.line, fmt.Sprintf("Loading this model imports %s, which is not part of Keras.", rule.Clip(full)))
}

// function judges a function that is given by its name.
func (w *walker) function(o *object, module string, outer bool, name string) {
	if name == "" {
		name = o.registered.s
	}
	full := module + "." + name
	switch {
	case module == "builtins" && w.builtin(name), !outer && w.ours(module, name):
	case module == "builtins" && known("builtins", name) != "":
		w.raise(ruleGadget, full, o.line, fmt.Sprintf("Loading this model takes %s of Python for a function of Keras.", rule.Clip(full)))
	case module == "builtins" || module == "" || module == "__main__":
		w.raise(ruleCustom, name, o.line, fmt.Sprintf("The model needs the custom function %s, whose code is not in the file.", rule.Clip(name)))
	case !outer:
		w.raise(ruleFunction, full, o.line, fmt.Sprintf("Loading this model calls %s, which is no building block of models.", rule.Clip(full)))
	default:
		w.foreign(o, module, name)
	}
}

// builtin reports a function that Keras finds by its bare name.
func (w *walker) builtin(name string) bool {
	for _, part := range [...]string{"activations", "losses", "metrics", "initializers", "regularizers", "constraints"} {
		if known("keras."+part, name) != "" {
			return true
		}
	}
	return false
}

// ours reports a function of Keras that computes on tensors.
func (w *walker) ours(module, name string) bool {
	if known(module, name) == "function" {
		return true
	}
	if rest, ok := strings.CutPrefix(module, "keras.src."); ok { // where the public name comes from
		part, _, _ := strings.Cut(rest, ".")
		return known("keras."+part, name) == "function" || part == "backend" && known("keras.ops", name) == "function"
	}
	return false
}

// typeSpec judges the type of an input, a class of TensorFlow.
func (w *walker) typeSpec(o *object) {
	name := o.spec.s
	if strings.HasSuffix(name, "Spec") && (o.module.s == "tensorflow" || strings.HasPrefix(o.module.s, "tensorflow.python.")) {
		return
	}
	w.foreign(o, o.module.s, name)
}
