package engine

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/flatbuffer"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

//go:embed mnn.txt
var mnnText string

var mnnSchema = sync.OnceValue(func() *flatbuffer.Schema { return flatbuffer.Parse(mnnText) })

const ruleBroken = "SP-ENGINE-007" // structure that cannot be trusted

// MNN is a model of Alibaba's runtime. Its files have no mark of their own: the
// name says what it is, and the structure that it is so.
var MNN = format.Format{
	ID:         "mnn",
	Title:      "MNN model",
	Spec:       "https://github.com/alibaba/MNN/tree/master/schema/default",
	Extensions: []string{".mnn"},
	Rules:      append(flatbuffer.Coverage(), ruleLibrary, ruleOutside, ruleHidden, ruleBroken, gapAbsent, gapUnsupported),
	Match: func(in *format.Input) format.Confidence {
		if strings.HasSuffix(strings.ToLower(in.Name), ".mnn") && len(in.Head()) >= 8 && binaryData(in.Head()) {
			return format.Strong
		}
		return format.No
	},
	Read: readMNN,
}

type mnn struct {
	*judge
	weights string
	told    bool
}

func readMNN(in *format.Input) format.Result {
	t := &mnn{judge: newJudge(in, "mnn", "MNN"), weights: in.Path + ".weight"}
	f := flatbuffer.Read(in.R, mnnSchema(), 0)
	found, unread := f.Judge(ruleBroken, 0, in.Location)
	t.res.Findings = append(t.res.Findings, found...)
	for _, u := range unread {
		t.gap(u.Rule, u.Offset, u.Length, u.Reason)
	}
	for _, s := range f.Structure {
		t.span(format.Span{Offset: s.Offset, Length: s.Length})
	}
	for _, s := range f.Payload {
		t.span(format.Span{Offset: s.Offset, Length: s.Length, Kind: format.Payload})
	}
	if f.Root.OK() {
		t.list(f.Root.List("oplists"))
		graphs := f.Root.List("subgraphs")
		for i := range graphs.Len() {
			t.list(graphs.Table(i).List("nodes"))
		}
	}
	return t.done()
}

func (t *mnn) list(ops flatbuffer.Vector) {
	for i := range ops.Len() {
		if e := ops.Table(i); e.OK() {
			t.op(e)
		}
	}
}

// op judges one operator by what its parameters are.
func (t *mnn) op(e flatbuffer.Table) {
	at := t.in.Location(e.Offset(), 0)
	if name := e.Text("externalPath"); name != "" {
		t.path(name, "from which weights are read", at)
	}
	main := e.Union("main")
	kind := main.Name()
	switch kind {
	case "Plugin", "Extra":
		name := main.Text("type")
		if engine := main.Text("engine"); engine != "" {
			name = engine + ":" + name
		}
		if !t.seen[name] && len(t.seen) <= bounded.MaxFindings {
			t.seen[name] = true
			t.custom = append(t.custom, rule.Clip(name))
			t.raise(ruleLibrary, at, name, "The model uses the operator "+quote(name)+", which is native code that the application brings along.")
		}
		attrs := main.List("attr")
		for i := range attrs.Len() {
			t.text([]byte(attrs.Table(i).Text("s")), "attribute", at, nil)
		}
	}
	if kind != "" && !t.seen["kind "+kind] {
		t.seen["kind "+kind] = true
		t.operators = append(t.operators, kind)
	}
	switch kind {
	case "Blob", "Convolution2D", "Convolution3D", "Scale", "LayerNorm", "GroupNorm":
		t.external(e, main.List("external"))
	}
}

// external claims weights that lie in the file beside the model: an offset, and
// the sizes of what lies there.
func (t *mnn) external(e flatbuffer.Table, list flatbuffer.Vector) {
	if list.Len() < 2 || e.Text("externalPath") != "" {
		return
	}
	if len(t.in.Inside) > 0 {
		if !t.told {
			t.told = true
			t.gap(gapAbsent, e.Offset(), 0, "It keeps its weights in a file beside it, and lies inside of another file itself.")
		}
		return
	}
	size := int64(0)
	for i := int64(1); i < min(list.Len(), 16); i++ {
		size += min(max(list.Int(i), 0), 1<<56)
	}
	if t.tensors++; t.tensors > bounded.MaxTensorNames {
		_ = t.in.R.Budget().Reach("tensor-names", bounded.MaxTensorNames)
		return
	}
	t.res.Claims = append(t.res.Claims, format.Claim{Path: t.weights, Offset: list.Int(0), Length: size, Name: rule.Clip(e.Text("name")), At: t.in.Location(e.Offset(), 0)})
}
