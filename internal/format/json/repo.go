package json

import (
	"bytes"
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	decode "github.com/sallyport/sallyport/internal/decode/json"
)

// code looks at the keys by which a loader is told to import something. It runs
// for every value, so it converts nothing before it knows that a key matters.
func (c *collector) code(p *decode.Parser, v *decode.Value) {
	last := p.Key(p.Depth() - 1)
	if string(last) == "trust_remote_code" && truthy(v) {
		c.raise(p, v, "SP-REPO-004", p.Path(), "The configuration sets "+p.Path()+" to true, so that a nested loader runs code without asking you.")
	}
	if v.Kind != decode.String || len(v.Bytes) == 0 {
		return
	}
	if judge := c.judgeOf(p, string(last)); judge != nil {
		judge(c, p, v, string(v.Bytes[:min(len(v.Bytes), bounded.MaxPathBytes)]))
	}
}

// truthy reports whether Python takes the value for true: "false" in quotes is.
func truthy(v *decode.Value) bool {
	switch v.Kind {
	case decode.True:
		return true
	case decode.String:
		return len(v.Bytes) > 0
	case decode.Number: // not zero, whatever its exponent; NaN and Infinity count
		mantissa, _, _ := strings.Cut(strings.ToLower(string(v.Bytes)), "e")
		return strings.ContainsAny(mantissa, "123456789n")
	}
	return false
}

type judge = func(*collector, *decode.Parser, *decode.Value, string)

// judgeOf picks what to do with a string by where it stands.
func (c *collector) judgeOf(p *decode.Parser, last string) judge {
	switch {
	case c.mar:
		return (*collector).serve
	case under(p, "auto_map"), last == "impl" && under(p, "custom_pipelines"):
		return (*collector).remote
	case c.name == "modules.json" && !c.root && p.Depth() == 2 && last == "type",
		c.name == "router_config.json" && p.Depth() == 2 && string(p.Key(0)) == "types":
		return (*collector).sentence
	case c.name == "model_index.json" && c.root:
		return (*collector).component
	case choosesKernel(p):
		return (*collector).kernel
	case last == "class_name":
		return (*collector).keras
	case last == "parent_library" && under(p, "auto_mapping"):
		return (*collector).parent
	case last == "activation_function" || last == "activation_fn" || last == "sbert_ce_default_activation_function":
		return (*collector).activation
	}
	return nil
}

// under reports whether the value lies in, or is, the value of the key.
func under(p *decode.Parser, key string) bool {
	for d := range p.Depth() {
		if string(p.Key(d)) == key {
			return true
		}
	}
	return false
}

// choosesKernel reports whether the value lies in, or is, the choice of an
// implementation: one name, or one for each part of the model.
func choosesKernel(p *decode.Parser) bool {
	for d := range p.Depth() {
		if key, ok := bytes.CutSuffix(p.Key(d), []byte("_implementation")); ok {
			switch string(bytes.TrimPrefix(key, []byte("_"))) {
			case "attn", "experts":
				return true
			}
		}
		if string(p.Key(d)) == "_attn_implementation_internal" {
			return true
		}
	}
	return false
}

// remote judges "file.Class" and "owner/repository--file.Class". A value may
// hold anything; only what has the form of a reference counts.
func (c *collector) remote(p *decode.Parser, v *decode.Value, ref string) {
	if repo, rest, ok := strings.Cut(ref, "--"); ok {
		c.raise(p, v, "SP-REPO-002", ref, "Loading this model imports "+quote(rest)+" from the other repository "+quote(repo)+", whose code was not scanned and can change.")
		return
	}
	module := ref
	if i := strings.LastIndexByte(ref, '.'); i >= 0 {
		module = ref[:i]
	}
	file := path.Join(path.Dir(c.in.Path), strings.ReplaceAll(module, ".", "/")+".py")
	where := ", which is not in this repository"
	if c.in.Repo.Has(file) {
		where = ""
	}
	c.raise(p, v, "SP-REPO-001", module, "Loading this model with remote code allowed imports "+quote(file)+where+".")
}

// kernel judges "owner/repository", with a version and a function behind it:
// transformers fetches that repository of the hub and runs its code in the place
// of its own. Plain names such as "sdpa" are its own.
func (c *collector) kernel(p *decode.Parser, v *decode.Value, name string) {
	if strings.Contains(name, "/") {
		c.raise(p, v, "SP-REPO-002", name, "Loading this model fetches the kernel "+quote(name)+" from another repository and runs it; its code was not scanned and can change.")
	}
}

// keras judges a class of a Keras configuration that is code: a Lambda layer and
// the function in it, which the file carries as bytecode.
func (c *collector) keras(p *decode.Parser, v *decode.Value, name string) {
	if name == "Lambda" || name == "__lambda__" {
		c.class(p, v, name, "Keras builds a function from code in this file")
	}
}

// sentence judges the type of a module of sentence-transformers.
func (c *collector) sentence(p *decode.Parser, v *decode.Value, class string) {
	if !inLibrary(class, "sentence_transformers") {
		c.class(p, v, class, "sentence-transformers imports it to build this part of the model")
	}
}

// component judges an entry of a pipeline index of diffusers: a class name alone
// is one of diffusers' own; a list names the library first.
func (c *collector) component(p *decode.Parser, v *decode.Value, name string) {
	if p.Depth() != 2 || p.Key(0) == nil || p.Key(1) != nil || p.Index(1) != 0 {
		return
	}
	own := string(p.Key(0)) == "_class_name"
	part := path.Join(path.Dir(c.in.Path), string(p.Key(0)))
	_, isFile := c.in.Repo.Module(name)
	isFile = isFile || c.in.Repo.Has(path.Join(part, name+".py"))
	if own || isFile || strings.ContainsAny(name, "./\\-") && !inLibrary(name, "diffusers", "transformers", "onnxruntime", "flax") {
		c.class(p, v, name, "diffusers imports it to build the pipeline")
	}
}

// parent judges the library that an adapter names.
func (c *collector) parent(p *decode.Parser, v *decode.Value, library string) {
	if !inLibrary(library, "transformers", "diffusers", "peft", "sentence_transformers", "timm", "torch", "torchvision", "__main__") {
		c.class(p, v, library, "peft imports it to find the class of the base model")
	}
}

// activation judges a function given by its dotted name; plain names such as
// "gelu" are looked up in a table and import nothing.
func (c *collector) activation(p *decode.Parser, v *decode.Value, name string) {
	if strings.ContainsAny(name, ".:") && !inLibrary(name, "torch", "transformers", "sentence_transformers") {
		c.class(p, v, name, "the loader imports it as the activation function")
	}
}

func (c *collector) class(p *decode.Parser, v *decode.Value, name, why string) {
	from := ""
	if file, ok := c.in.Repo.Module(name); ok {
		from = " (" + quote(file) + " in this repository)"
	}
	c.raise(p, v, "SP-REPO-003", name, "The configuration names "+quote(name)+from+": "+why+", and importing runs it.")
}

// inLibrary reports whether a dotted name belongs to one of the libraries.
func inLibrary(name string, libraries ...string) bool {
	top, _, _ := strings.Cut(name, ".")
	for _, l := range libraries {
		if top == l {
			return true
		}
	}
	return false
}
