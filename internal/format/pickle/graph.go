package pickle

import (
	"cmp"
	"slices"

	decode "github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// builds says what the stream makes.
func (t *teller) builds() {
	a := t.t.Account
	if a == nil {
		return
	}
	b := &t.out.Builds
	b.Tensors, b.Elements = a.Count, a.Elements
	if t.t.Stopped {
		b.Returns = t.returned()
	}
	for i := range a.Built[:min(len(a.Built), maxTensors)] {
		one := &a.Built[i]
		tensor := format.Tensor{Name: rule.Clip(one.Name), Dtype: t.dtype(one), Offset: one.Offset}
		if one.Known {
			tensor.Shape = append([]int64{}, one.Shape...)
		}
		b.Listed = append(b.Listed, tensor)
	}
	for _, m := range a.Made {
		b.Classes = append(b.Classes, format.Class{Name: rule.Clip(t.j.classes[m.Import].symbol), Count: m.Count})
	}
	slices.SortStableFunc(b.Classes, func(x, y format.Class) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Name, y.Name))
	})
	if n := len(b.Classes); n > maxClasses {
		t.cut("explain-classes", maxClasses, int64(n-maxClasses))
		b.Classes = b.Classes[:maxClasses]
	}
}

// weaver puts the graph of one stream together.
type weaver struct {
	*teller
	imports   map[int]int   // node by index in Trace.Imports
	calls     map[int64]int // node by offset of the call
	makers    map[int]int   // first call of an import, by its index
	writes    map[int]int   // node by index in Trace.Writes
	externals map[int64]int // node by offset
	tensors   map[int]int   // node by index in Account.Built
	objects   map[int]int   // node by index in Trace.Imports of the class
	constants map[constant]int
	streams   map[int64]int // node by offset of the bytes
	result    int
	seen      map[format.Edge]bool
	left      int64 // edges that had no room
	leftNodes int64
}

// constant is a text or byte string of the stream, by what it says.
type constant struct {
	offset int64
	text   string
}

// graph turns the acts that are kept into nodes, then draws the edges.
func (t *teller) graph() {
	w := &weaver{teller: t, imports: map[int]int{}, calls: map[int64]int{}, makers: map[int]int{}, writes: map[int]int{}, externals: map[int64]int{},
		tensors: map[int]int{}, objects: map[int]int{}, constants: map[constant]int{}, streams: map[int64]int{}, seen: map[format.Edge]bool{}}
	for i := range t.acts {
		w.node(&t.acts[i])
	}
	for i := range t.acts {
		w.edges(&t.acts[i])
	}
	w.links()
	w.contents()
	t.cut("explain-nodes", maxNodes, w.leftNodes)
	t.cut("explain-edges", maxEdges, w.left)
}

// add appends a node and returns its id; 0 when there is no room for it.
func (w *weaver) add(n format.Node) int {
	if len(w.out.Graph.Nodes) >= maxNodes {
		w.leftNodes++
		return 0
	}
	n.ID = len(w.out.Graph.Nodes) + 1
	n.Text = clipText(n.Text)
	w.out.Graph.Nodes = append(w.out.Graph.Nodes, n)
	return n.ID
}

func (w *weaver) edge(from, to int, kind string) {
	e := format.Edge{From: from, To: to, Kind: kind}
	if from == 0 || to == 0 || from == to || w.seen[e] {
		return
	}
	if len(w.out.Graph.Edges) >= maxEdges {
		w.left++
		return
	}
	w.seen[e] = true
	w.out.Graph.Edges = append(w.out.Graph.Edges, e)
}

// node makes the node of an act. Remarks and breaks have none.
func (w *weaver) node(a *act) {
	n := format.Node{Offset: a.offset, Text: w.words(a), Severity: a.severity, Rule: a.rule}
	if a.count > 1 {
		n.Count = a.count
	}
	switch a.kind {
	case format.StepImport:
		n.Kind, n.Name = format.NodeImport, rule.Clip(w.j.classes[a.index].symbol)
		n.Text = show(w.j.classes[a.index].symbol)
		w.imports[a.index] = w.add(n)
		a.node = w.imports[a.index]
	case format.StepCall:
		a.node = w.callNode(n, &w.t.Calls[a.index])
	case format.StepWrite:
		n.Kind = format.NodeWrite
		a.node = w.add(n)
		w.writes[a.index] = a.node
	case format.StepExternal:
		n.Kind = format.NodeExternal
		a.node = w.add(n)
		w.externals[a.offset] = a.node
	case format.StepBuild:
		b := &w.t.Account.Built[a.index]
		n.Kind, n.Name, n.Dtype, n.Shape = format.NodeTensor, rule.Clip(b.Name), w.dtype(b), b.Shape
		a.node = w.add(n)
		w.tensors[a.index] = a.node
	case format.StepStream:
		n.Kind, n.Name, n.Text = format.NodeStream, rule.Clip(w.s.inside[a.index].name), w.s.inside[a.index].name
		a.node = w.add(n)
		w.streams[a.offset] = a.node
	case format.StepReturn:
		n.Kind = format.NodeResult
		a.node = w.add(n)
		w.result = a.node
	}
}

func (w *weaver) callNode(n format.Node, c *decode.Call) int {
	n.Kind, n.Name = format.NodeCall, w.value(c.Callee)
	for _, a := range c.Args {
		n.Args = append(n.Args, rule.Clip(w.value(a)))
	}
	if a := c.Callee; a.Kind == decode.Imported && a.Import >= 0 {
		n.Name = rule.Clip(w.j.classes[a.Import].symbol)
	}
	id := w.add(n)
	if _, ok := w.calls[c.Offset]; !ok {
		w.calls[c.Offset] = id
	}
	if i := c.Callee.Import; i >= 0 {
		if _, ok := w.makers[i]; !ok {
			w.makers[i] = id
		}
	}
	return id
}

// edges draws what leads to the node of an act.
func (w *weaver) edges(a *act) {
	switch a.kind {
	case format.StepCall:
		c := &w.t.Calls[a.index]
		w.edge(w.source(&c.Callee), a.node, format.EdgeCalls)
		for i := range c.Args {
			w.arguments(&c.Args[i], a)
		}
		for i := range c.Keywords {
			w.arguments(&c.Keywords[i].Value, a)
		}
	case format.StepWrite:
		write := &w.t.Writes[a.index]
		for i := range write.Keys {
			w.arguments(&write.Keys[i].Value, a)
		}
		w.edge(a.node, w.source(&write.Target), format.EdgeWrites)
	case format.StepExternal:
		if a.index >= 0 {
			w.arguments(&w.t.Persistent[a.index].Value, a)
		}
	case format.StepBuild:
		w.edge(w.makers[w.t.Account.Built[a.index].Maker], a.node, format.EdgeBuilds)
	case format.StepReturn:
		if w.t.Account != nil {
			w.edge(a.node, w.source(&w.t.Account.Result), format.EdgeContains)
		}
	}
}

// arguments draws edges from a value, and what it holds, to the act that takes it.
func (w *weaver) arguments(v *decode.Value, a *act) {
	walk(v, func(v *decode.Value) {
		from := w.source(v)
		if from == 0 && a.severity >= finding.Medium && (v.Kind == decode.String || v.Kind == decode.Bytes) {
			from = w.constant(v)
		}
		w.edge(from, a.node, format.EdgeArgument)
	})
}

// source is the node that a value comes from; 0 when it has none.
func (w *weaver) source(v *decode.Value) int {
	switch v.Kind {
	case decode.Imported:
		return w.imports[v.Import]
	case decode.Object, decode.Computed:
		if id, ok := w.calls[v.Offset]; ok {
			return id
		}
		if v.Import >= 0 {
			return w.makers[v.Import]
		}
	case decode.PersID, decode.Ext:
		return w.externals[v.Offset]
	case decode.String:
		// A text that a call of harmless functions put together: see Account.Folds.
		if a := w.t.Account; a != nil && v.Length == 0 && v.Text != "" && v.Offset < int64(len(a.Folds)) {
			return w.calls[a.Folds[v.Offset].Offset]
		}
	case decode.Bytes:
		return w.constants[constant{v.Offset, v.Text}]
	}
	return 0
}

// constant is the node of a text or of bytes that a call with a severity takes.
func (w *weaver) constant(v *decode.Value) int {
	key := constant{v.Offset, v.Text}
	id, ok := w.constants[key]
	if !ok {
		id = w.add(format.Node{Kind: format.NodeConstant, Text: w.value(*v), Offset: v.Offset})
		w.constants[key] = id
		w.edge(id, w.streams[v.Offset], format.EdgeContains)
	}
	return id
}

// links draws what the operands of a computed name come from.
func (w *weaver) links() {
	a := w.t.Account
	if a == nil {
		return
	}
	byOffset := map[int64]int{}
	for i, id := range w.imports {
		byOffset[w.t.Imports[i].Offset] = id
	}
	for _, l := range a.Links {
		w.edge(w.calls[l.From], byOffset[l.To], format.EdgeArgument)
	}
}

// contents adds the objects by class and says which hold which tensors.
func (w *weaver) contents() {
	a := w.t.Account
	if a == nil {
		return
	}
	for _, m := range a.Made[:min(len(a.Made), maxClasses)] {
		id := w.add(format.Node{Kind: format.NodeObject, Name: rule.Clip(w.j.classes[m.Import].symbol), Offset: m.Offset,
			Text: plural(int64(m.Count), "object") + " of " + show(w.j.classes[m.Import].symbol), Count: m.Count})
		w.objects[m.Import] = id
		if call, ok := w.calls[m.Offset]; ok {
			w.edge(call, id, format.EdgeBuilds)
		} else {
			w.edge(w.makers[m.Import], id, format.EdgeBuilds)
		}
	}
	for i := range a.Built {
		b := &a.Built[i]
		switch id := w.tensors[i]; {
		case b.In >= 0 && b.In == a.Result.Offset:
			w.edge(w.result, id, format.EdgeContains)
		case b.Class >= 0:
			w.edge(w.objects[b.Class], id, format.EdgeContains)
		}
	}
}
