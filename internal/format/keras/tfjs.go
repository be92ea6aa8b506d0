package keras

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/json"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// TFJS is model.json of TensorFlow.js: a topology, which is a configuration of
// Keras or a graph, and the list of files that hold the weights.
var TFJS = format.Format{
	ID:      "tfjs",
	Title:   "TensorFlow.js model",
	Spec:    "https://github.com/tensorflow/tfjs/blob/master/tfjs-core/src/io/types.ts",
	Textual: true,
	Rules:   append(slices.Clone(Config.Rules), "SP-COV-016"),
	Match:   matchTFJS,
	Read:    readTFJS,
}

func matchTFJS(in *format.Input) format.Confidence {
	head := bytes.TrimLeft(bytes.TrimPrefix(in.Head(), []byte("\ufeff")), " \t\r\n")
	if len(head) == 0 || head[0] != '{' {
		return format.No
	}
	if mem := in.R.Memory(); mem != nil {
		head = mem
	}
	if bytes.Contains(head, []byte(`"modelTopology"`)) || bytes.Contains(head, []byte(`"weightsManifest"`)) {
		return format.Strong
	}
	return format.No
}

// topology reads the whole of model.json; the walker judges what is of Keras.
type topology struct {
	*walker
	group  group
	groups []group
	weight weight
	dtypes format.Inventory
	count  int
	ops    []string
}

// group is one entry of the list of weights: files that are read one behind the
// other, and the tensors in them.
type group struct {
	paths []string
	line  int
	bytes int64 // of all tensors; -1 when a length is not given
}

// weight is one tensor.
type weight struct {
	name, dtype, packed string
	dims                []int64
	lineno              int
}

func readTFJS(in *format.Input) format.Result {
	t := &topology{walker: newWalker(in)}
	_, err := json.Parse(in.R, t)
	for i := range t.groups {
		t.files(&t.groups[i])
	}
	t.finish()
	t.res.Facts = append(t.res.Facts, format.List(format.FactOperators, t.ops, 100)...)
	t.res.Facts = append(t.res.Facts, t.dtypes.Facts()...)
	t.explain(err)
	if err != nil && len(t.res.Spans) == 0 && !errors.Is(err, bounded.ErrTruncated) {
		t.res.Claims = nil // what was read is not the whole list
	}
	return t.res
}

// manifest reports the depth of a value below the list of weights, or -1.
func manifest(p *json.Parser) int {
	if string(p.Key(0)) != "weightsManifest" {
		return -1
	}
	return p.Depth() - 1
}

// Begin implements json.Visitor.
func (t *topology) Begin(p *json.Parser, isObject bool) {
	t.walker.Begin(p, isObject)
	switch d := manifest(p); {
	case isObject && d == 1:
		t.group = group{line: p.Line()}
	case isObject && d == 3 && string(p.Key(2)) == "weights":
		t.weight = weight{lineno: p.Line()}
	}
}

// End implements json.Visitor.
func (t *topology) End(p *json.Parser) {
	t.walker.End(p)
	switch d := manifest(p); {
	case d == 1 && len(t.groups) < maxGroups:
		t.groups = append(t.groups, t.group)
	case d == 1:
		_ = t.in.R.Budget().Reach("archive-entries", maxGroups)
	case d == 3 && string(p.Key(2)) == "weights":
		t.tensor()
	}
}

const maxGroups = 100_000

// Value implements json.Visitor.
func (t *topology) Value(p *json.Parser, v *json.Value) {
	t.walker.Value(p, v)
	text := func() string { return string(v.Bytes[:min(len(v.Bytes), bounded.MaxPathBytes)]) }
	d := manifest(p)
	switch {
	case d == 3 && string(p.Key(2)) == "paths" && v.Kind == json.String:
		if len(t.group.paths) < maxGroups {
			t.group.paths = append(t.group.paths, text())
		}
	case d == 4 && string(p.Key(2)) == "weights":
		switch string(p.Key(4)) {
		case "name":
			t.weight.name = text()
		case "dtype":
			t.weight.dtype = text()
		}
	case d == 5 && string(p.Key(4)) == "quantization" && string(p.Key(5)) == "dtype":
		t.weight.packed = text()
	case d == 5 && string(p.Key(4)) == "shape" && v.Kind == json.Number && len(t.weight.dims) < 32:
		t.weight.dims = append(t.weight.dims, number(v.Bytes))
	case v.Kind == json.String && p.Depth() == 4 && string(p.Key(0)) == "modelTopology" && string(p.Key(1)) == "node" && string(p.Key(3)) == "op":
		t.operator(text())
	case v.Kind == json.String && p.Depth() == 1 && (string(p.Key(0)) == "generatedBy" || string(p.Key(0)) == "format"):
		t.facts["tfjs."+strings.ToLower(string(p.Key(0)))] = rule.Clip(text())
	}
}

func (t *topology) operator(name string) {
	if i, ok := slices.BinarySearch(t.ops, name); !ok && len(t.ops) < 4096 {
		t.ops = slices.Insert(t.ops, i, name)
	}
}

// number reads a whole number that is not negative; another one is -1.
func number(p []byte) int64 {
	n := int64(0)
	for _, c := range p {
		if c < '0' || c > '9' || n > 1<<52 {
			return -1
		}
		n = 10*n + int64(c-'0')
	}
	return n
}

// sizes are the bytes of an element, by name.
var sizes = map[string]int64{"float32": 4, "int32": 4, "bool": 1, "uint8": 1, "uint16": 2, "float16": 2, "complex64": 8}

// spelled are the types as safetensors spells them.
var spelled = map[string]string{"float32": "F32", "int32": "I32", "bool": "BOOL", "uint8": "U8", "uint16": "U16", "float16": "F16", "complex64": "C64"}

// tensor adds a tensor to its group.
func (t *topology) tensor() {
	w := &t.weight
	if t.count++; t.count <= bounded.MaxTensorNames {
		name := spelled[w.dtype]
		if name == "" {
			name = w.dtype
		}
		t.dtypes.Add(w.name, rule.Clip(name), w.dims)
	} else {
		_ = t.in.R.Budget().Reach("tensor-names", bounded.MaxTensorNames)
	}
	stored := w.dtype
	if w.packed != "" {
		stored = w.packed
	}
	n, ok := sizes[stored]
	for _, d := range w.dims {
		if d < 0 || d > 0 && n > (1<<60)/d {
			ok = false
			break
		}
		n *= d
	}
	if !ok || t.group.bytes < 0 {
		t.group.bytes = -1 // texts have any length
		return
	}
	t.group.bytes = min(t.group.bytes+n, 1<<60)
}

// files judges the names of a group and says what their bytes are.
func (t *topology) files(g *group) {
	for i, p := range g.paths {
		full := path.Clean(path.Join(path.Dir(t.in.Path), p))
		if why := outside(p); why != "" {
			t.raise(ruleTraversal, p, g.line, fmt.Sprintf("The list of weight files names \"%s\", %s.", rule.Clip(p), why))
			continue
		}
		if artifact.CheckPath(full) != nil || len(t.in.Inside) > 0 {
			continue
		}
		n := int64(-1)
		if len(g.paths) == 1 {
			n = g.bytes
		}
		if n == 0 {
			continue
		}
		t.res.Claims = append(t.res.Claims, format.Claim{Path: full, Length: n, At: t.in.Line(0, g.line),
			Name: fmt.Sprintf("weights %d of %d", i+1, len(g.paths))})
	}
}
