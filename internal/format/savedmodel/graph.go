package savedmodel

import (
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/rule"
)

const (
	graphNode    = 1 // GraphDef
	graphLibrary = 2
	graphVersion = 4

	libraryFunction   = 1 // FunctionDefLibrary
	libraryGradient   = 2
	libraryRegistered = 3

	functionSignature = 1 // FunctionDef
	functionNode      = 3
	functionRet       = 4
	functionAttr      = 5

	signatureName = 1 // OpDef
	signatureArg  = 2
	signatureOut  = 3
	argName       = 1 // OpDef.ArgDef
	argType       = 3

	nodeName  = 1 // NodeDef
	nodeOp    = 2
	nodeInput = 3
	nodeAttr  = 5

	attrList   = 1 // AttrValue
	attrString = 2
	attrShape  = 7
	attrTensor = 8
	attrFunc   = 10

	listString = 2 // AttrValue.ListValue
	listShape  = 7
	listTensor = 8
	listFunc   = 9

	funcName = 1 // NameAttrList
	funcAttr = 2

	versionProducer = 1 // VersionDef
)

// value is the name of a node, an argument or a function, as a hash: graphs have
// many, and only equality matters.
type value uint64

// nameOf hashes a name (FNV-1a). The empty name is 0.
func nameOf[T string | []byte](p T) value {
	if len(p) == 0 {
		return 0
	}
	h := uint64(14695981039346656037)
	for i := 0; i < len(p); i++ {
		h = (h ^ uint64(p[i])) * 1099511628211
	}
	return value(h | 1)
}

// refOf hashes the node that an input is about: "^node", "node:1", "node:out:0".
func refOf[T string | []byte](p T) value {
	if len(p) > 0 && p[0] == '^' {
		p = p[1:]
	}
	for i := 0; i < len(p); i++ {
		if p[i] == ':' {
			return nameOf(p[:i])
		}
	}
	return nameOf(p)
}

// graph is what is kept of a GraphDef or of the body of a function.
type graph struct {
	nodes  []node
	inputs []value         // of all nodes, one behind the other; 0 is a control input
	index  map[value]int32 // node by name; the first one of that name
}

// node is a NodeDef.
type node struct {
	op     *operator
	effect effect
	id     value
	label  label
	off    int64 // of the file
	from   int32 // its inputs are graph.inputs[from:to], control inputs behind
	data   int32 // end of the inputs that are data
	to     int32
	calls  []value // functions that it names
	text   *string // of a constant that is one string
	path   *string // of an attribute that is a path
	single bool    // one element by declaration
	wide   bool    // what it puts out has two or more long dimensions, as the graph says
	many   bool    // a constant of several strings, or of a long one
}

// label is where the name of a node stands, in bytes of what is read.
type label struct {
	off int64
	len int32
}

// title is the name of a node, for people.
func (t *reader) title(n *node) string {
	p, err := t.src.Bytes(n.label.off, int64(min(n.label.len, 256)))
	if err != nil {
		return ""
	}
	return rule.Clip(string(p))
}

func (g *graph) in(n *node) []value { return g.inputs[n.from:n.data] }

// find returns the node of that name, or -1.
func (g *graph) find(v value) int32 {
	if g.index == nil {
		g.index = make(map[value]int32, len(g.nodes))
		for i := range g.nodes {
			if _, ok := g.index[g.nodes[i].id]; !ok {
				g.index[g.nodes[i].id] = int32(i)
			}
		}
	}
	if i, ok := g.index[v]; ok {
		return i
	}
	return -1
}

// function is a FunctionDef.
type function struct {
	graph
	name       value
	label      string
	off        int64
	args       []argument
	returns    []value
	other      bool  // it returns something that is no truth
	implements value // functions that stand for the same may be exchanged
	refs       []value
}

type argument struct {
	name value
	kind uint64 // DataType
}

func (t *reader) graphFile(m *protobuf.Message) {
	x := t.newMeta()
	t.graph(m, x)
}

// graph reads a GraphDef.
func (t *reader) graph(m *protobuf.Message, x *meta) {
	t.each(m, func() bool {
		switch m.Number {
		case graphNode:
			var sub protobuf.Message
			if m.Enter(&sub) {
				t.node(&sub, &x.main)
			}
		case graphLibrary:
			var sub protobuf.Message
			if m.Enter(&sub) {
				t.library(&sub, x)
			}
		case graphVersion:
			t.into(m, func(sub *protobuf.Message) bool {
				if sub.Number == versionProducer && t.kind == "GraphDef" {
					t.fact("tensorflow.graph_version", itoa(int64(sub.Value)))
				}
				return false
			})
		default:
			return false
		}
		return true
	})
}

func (t *reader) library(m *protobuf.Message, x *meta) {
	t.each(m, func() bool {
		switch m.Number {
		case libraryFunction:
			var sub protobuf.Message
			if m.Enter(&sub) {
				t.function(&sub, x)
			}
		case libraryGradient, libraryRegistered:
			t.gradient(m, x)
		default:
			return false
		}
		return true
	})
}

// gradient notes which function computes the gradient of another, or of nodes
// that name it.
func (t *reader) gradient(m *protobuf.Message, x *meta) {
	var pair [3]value
	registered := m.Number == libraryRegistered
	t.into(m, func(sub *protobuf.Message) bool {
		if sub.Number <= 2 {
			pair[sub.Number] = t.name(sub)
		}
		return false
	})
	if registered {
		pair[1], pair[2] = pair[2], pair[1]
	}
	if t.keep(2) {
		x.gradients = append(x.gradients, [2]value{pair[1], pair[2]})
	}
}

// name hashes the text of the present field.
func (t *reader) name(m *protobuf.Message) value { return nameOf(m.Head(bounded.MaxStringKept)) }

func (t *reader) function(m *protobuf.Message, x *meta) {
	f := &function{off: t.at(m.Start)}
	if t.keep(1) {
		x.functions = append(x.functions, f)
	}
	t.each(m, func() bool {
		var sub protobuf.Message
		switch m.Number {
		case functionSignature:
			if m.Enter(&sub) {
				t.signature(&sub, f)
			}
		case functionNode:
			if m.Enter(&sub) {
				t.node(&sub, &f.graph)
			}
		case functionAttr:
			if m.Enter(&sub) {
				t.functionAttr(&sub, f)
			}
		case functionRet:
			t.into(m, func(sub *protobuf.Message) bool {
				if sub.Number == entryValue && t.keep(1) {
					f.returns = append(f.returns, refOf(sub.Head(bounded.MaxStringKept)))
				}
				return false
			})
		default:
			return false
		}
		return true
	})
}

func (t *reader) signature(m *protobuf.Message, f *function) {
	t.each(m, func() bool {
		switch m.Number {
		case signatureName:
			f.name, f.label = t.name(m), rule.Clip(m.Text())
		case signatureArg:
			var a argument
			t.into(m, func(sub *protobuf.Message) bool {
				switch sub.Number {
				case argName:
					a.name = t.name(sub)
				case argType:
					a.kind = sub.Value
				}
				return false
			})
			if t.keep(1) {
				f.args = append(f.args, a)
			}
			return true
		case signatureOut:
			truth := false
			t.into(m, func(sub *protobuf.Message) bool {
				truth = truth || sub.Number == argType && sub.Value == typeBool
				return false
			})
			f.other = f.other || !truth
			return true
		}
		return false
	})
}

// functionAttr notes which other functions a function names: its gradients, and
// what may be taken in its place.
func (t *reader) functionAttr(m *protobuf.Message, f *function) {
	var key string
	t.each(m, func() bool {
		switch m.Number {
		case entryKey:
			key = m.Text()
		case entryValue:
			var a attribute
			var sub protobuf.Message
			if m.Enter(&sub) {
				t.attrValue(&sub, key, &a)
			}
			switch {
			case key == "api_implements":
				f.implements = nameOf(a.text)
			case strings.HasSuffix(key, "_function_name") && t.keep(1):
				f.refs = append(f.refs, nameOf(a.text))
			}
			f.refs = append(f.refs, a.calls...)
			return true
		}
		return false
	})
}

// attribute is what matters of an AttrValue.
type attribute struct {
	calls  []value
	text   string // of a string, or the first of a list of them; at most a path
	filled bool   // a string or list that is not empty
	tensor *tensor
	single bool
	wide   bool // one of several shapes has two or more long dimensions
}

// long counts dimensions of more than one step, or of an unknown number.
func long(dims []int64) (n int) {
	for _, d := range dims {
		if d != 1 {
			n++
		}
	}
	return n
}

func (t *reader) node(m *protobuf.Message, g *graph) {
	n := node{off: t.at(m.Start), from: int32(len(g.inputs))}
	t.named = t.named[:0]
	var op string
	var controls []value
	var attrs nodeAttrs
	t.each(m, func() bool {
		switch m.Number {
		case nodeName:
			n.id = t.name(m)
			n.label = label{t.base + m.Data, int32(min(m.Length, 1<<20))}
			t.named = append(t.named[:0], m.Head(256)...)
			return false
		case nodeOp:
			op = m.Text()
			return false
		case nodeInput:
			p := m.Head(bounded.MaxStringKept)
			switch ref := refOf(p); {
			case !t.keep(1):
			case len(p) > 0 && p[0] == '^':
				controls = append(controls, ref)
			default:
				g.inputs = append(g.inputs, ref)
			}
			return false
		case nodeAttr:
			var sub protobuf.Message
			if m.Enter(&sub) {
				t.nodeAttr(&sub, &n, &attrs)
			}
			return true
		}
		return false
	})
	t.nodes++
	n.data = int32(len(g.inputs))
	g.inputs = append(g.inputs, controls...)
	n.to = int32(len(g.inputs))
	if op != "" {
		n.op = t.ops.use(t, op)
	} else if m.Err() == nil {
		t.gap(gapMalformed, m.Start, m.End-m.Start, "A node has no operator.")
	}
	t.constant(&n, &attrs)
	n.effect = t.effectOf(&n, &attrs)
	if t.keep(1) {
		g.nodes = append(g.nodes, n)
	}
}

// nodeAttrs are the attributes of a node that say what it does.
type nodeAttrs struct {
	tensor   *tensor
	places   []placeOf // attributes that can name a place
	module   bool
	callback bool // a module that calls Python
	keys     []value
}

type placeOf struct{ key, text string }

func (t *reader) nodeAttr(m *protobuf.Message, n *node, attrs *nodeAttrs) {
	var key string
	t.each(m, func() bool {
		switch m.Number {
		case entryKey:
			key = m.Text()
			id := nameOf(key)
			for _, k := range attrs.keys {
				if k == id {
					t.gap(gapTwice, m.Offset, m.Behind()-m.Offset, "The attribute "+quote(key)+" stands there twice: loaders take one of them.")
				}
			}
			if len(attrs.keys) < maxAttrs {
				attrs.keys = append(attrs.keys, id)
			}
			return false
		case entryValue:
			var a attribute
			var sub protobuf.Message
			if m.Enter(&sub) {
				t.attrValue(&sub, key, &a)
			}
			t.keepAttr(key, &a, n, attrs)
			return true
		}
		return false
	})
}

// maxAttrs is how many attributes of one node are compared with each other.
const maxAttrs = 64

func (t *reader) keepAttr(key string, a *attribute, n *node, attrs *nodeAttrs) {
	if len(a.calls) > 0 && t.keep(len(a.calls)) {
		n.calls = append(n.calls, a.calls...)
	}
	if key == "_gradient_op_type" && a.text != "" && t.keep(1) {
		n.calls = append(n.calls, nameOf(a.text))
	}
	switch key {
	case "value":
		if a.tensor != nil {
			attrs.tensor = a.tensor
		}
	case "shape":
		n.single = a.single
	case "_output_shapes":
		n.wide = a.wide
	case "module", "mlir_module", "host_mlir_module":
		attrs.module = true
		attrs.callback = attrs.callback || a.filled && callsPython(a.text)
	}
	if a.filled && len(attrs.places) < maxAttrs && placeAttr(key) && t.keep(1) {
		attrs.places = append(attrs.places, placeOf{key, a.text})
	}
}

// attrValue reads the value of an attribute.
func (t *reader) attrValue(m *protobuf.Message, key string, a *attribute) {
	t.each(m, func() bool {
		var sub protobuf.Message
		switch m.Number {
		case attrList:
			if m.Enter(&sub) {
				t.attrList(&sub, key, a)
			}
		case attrString:
			t.attrText(m, key, a)
		case attrShape:
			if m.Enter(&sub) {
				dims, ok := t.shape(&sub)
				n, good := count(dims)
				a.single = ok && good && n == 1
			}
		case attrTensor:
			if m.Enter(&sub) {
				a.tensor = t.tensor(&sub)
			}
		case attrFunc:
			if m.Enter(&sub) {
				t.functionRef(&sub, a)
			}
		default:
			return false
		}
		return true
	})
}

func (t *reader) attrList(m *protobuf.Message, key string, a *attribute) {
	t.each(m, func() bool {
		var sub protobuf.Message
		switch m.Number {
		case listString:
			t.attrText(m, key, a)
		case listTensor:
			if m.Enter(&sub) {
				t.tensor(&sub)
			}
		case listShape:
			if key != "_output_shapes" {
				return false
			}
			if m.Enter(&sub) {
				dims, _ := t.shape(&sub)
				a.wide = a.wide || long(dims) > 1
			}
		case listFunc:
			if m.Enter(&sub) {
				t.functionRef(&sub, a)
			}
		default:
			return false
		}
		return true
	})
}

// functionRef reads the name of a function with the attributes that it is to get.
func (t *reader) functionRef(m *protobuf.Message, a *attribute) {
	t.each(m, func() bool {
		switch m.Number {
		case funcName:
			if m.Length > 0 && t.keep(1) {
				a.calls = append(a.calls, t.name(m))
			}
			return false
		case funcAttr:
			t.into(m, func(entry *protobuf.Message) bool {
				var sub protobuf.Message
				if entry.Number != entryValue || !entry.Enter(&sub) {
					return false
				}
				var inner attribute
				t.attrValue(&sub, "", &inner)
				a.calls = append(a.calls, inner.calls...)
				return true
			})
			return true
		}
		return false
	})
}

// attrText reads a string of an attribute. Some are messages by name.
func (t *reader) attrText(m *protobuf.Message, key string, a *attribute) {
	if m.Length == 0 {
		return
	}
	a.filled = true
	switch key {
	case "config_proto", "serialized_options":
		x := typeNamed("ConfigProto")
		if key == "serialized_options" {
			x = typeNamed("data.Options")
		}
		if conforms(m.Reader(), x) {
			t.inside(m, x)
			return
		}
	case "module", "mlir_module", "host_mlir_module":
		a.text = string(m.Head(bounded.MaxBlock))
		t.gap(gapUnsupported, m.Data, m.Length, "The operator runs a compiled module (MLIR), which this version does not read.")
		return
	}
	if a.text == "" {
		a.text = string(m.Head(bounded.MaxPathBytes))
	}
	t.text(m, "attribute "+key)
}
