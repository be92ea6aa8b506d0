package onnx

import (
	"strconv"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/rule"
)

// value is the name of a value in a graph, as a hash: graphs have many, and only
// equality matters.
type value uint64

// nameOf hashes a name (FNV-1a). The empty name, an input left out, is 0.
func nameOf(p []byte) value {
	if len(p) == 0 {
		return 0
	}
	h := uint64(14695981039346656037)
	for _, b := range p {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return value(h | 1)
}

// graph is what the search for triggers needs to know of a GraphProto.
type graph struct {
	nodes  []node
	inputs []input
	consts []value // initializers
}

type input struct {
	name   value
	single bool // one element by declaration: a setting, such as a sampling rate
}

// node is a NodeProto.
type node struct {
	op       *operator
	label    string // name, for people
	off      int64
	in, out  []value
	inside   []*graph
	constant bool // Constant has a value of its own
}

// keep counts n things that stay in memory while the model is read.
func (t *reader) keep(n int) bool {
	if t.values += n; t.values > maxKept {
		_ = t.in.R.Budget().Reach("tensor-names", bounded.MaxTensorNames)
		return false
	}
	return true
}

// maxKept is how many nodes, inputs and outputs are kept for the search for
// triggers: a graph with 100,000 nodes has 400,000.
const maxKept = 2 * bounded.MaxTensorNames

func (t *reader) graph(m *protobuf.Message) *graph {
	g := &graph{}
	t.each(m, func() bool {
		var sub protobuf.Message
		switch m.Number {
		case graphNode:
			if m.Enter(&sub) {
				if n := t.node(&sub); t.keep(1 + len(n.in) + len(n.out)) {
					g.nodes = append(g.nodes, n)
				}
			}
		case graphName:
			if m.Depth() == 1 {
				t.fact("onnx.graph", m.Text())
			}
			return false
		case graphInitializer:
			if m.Enter(&sub) {
				x := t.tensor(&sub, true)
				if t.keep(1) {
					g.consts = append(g.consts, x.id)
				}
			}
		case graphSparse:
			if m.Enter(&sub) {
				if id := t.sparse(&sub); t.keep(1) {
					g.consts = append(g.consts, id)
				}
			}
		case graphInput:
			if m.Enter(&sub) {
				if in := t.input(&sub); t.keep(1) {
					g.inputs = append(g.inputs, in)
				}
			}
		case graphMetadata:
			if m.Enter(&sub) {
				t.metadata(&sub)
			}
		default:
			return false
		}
		return true
	})
	return g
}

// join makes one graph of two that stand in the same field, as parsers do.
func join(a, b *graph) *graph {
	if a != nil {
		b.nodes = append(a.nodes, b.nodes...)
		b.inputs = append(a.inputs, b.inputs...)
		b.consts = append(a.consts, b.consts...)
	}
	return b
}

const (
	nodeInput     = 1 // NodeProto
	nodeOutput    = 2
	nodeName      = 3
	nodeOp        = 4
	nodeAttribute = 5
	nodeDomain    = 7
	nodeOverload  = 8

	attributeName    = 1 // AttributeProto
	attributeInt     = 3
	attributeString  = 4
	attributeTensor  = 5
	attributeGraph   = 6
	attributeTensors = 10
	attributeGraphs  = 11
	attributeSparse  = 22
	attributeSparses = 23
)

func (t *reader) node(m *protobuf.Message) node {
	n := node{off: m.Start}
	var op, domain string
	var a attributes
	t.each(m, func() bool {
		var sub protobuf.Message
		switch m.Number {
		case nodeInput:
			n.in = append(n.in, t.name(m))
			return m.Length < shortestHidden
		case nodeOutput:
			n.out = append(n.out, t.name(m))
			return m.Length < shortestHidden
		case nodeName:
			n.label = rule.Clip(m.Text())
		case nodeOp:
			op = m.Text()
		case nodeDomain:
			domain = m.Text()
		case nodeAttribute:
			if m.Enter(&sub) {
				t.attribute(&sub, &n, &a)
			}
			return true
		}
		return false
	})
	t.nodes++
	n.op = t.ops.use(t, official(domain), op, n.off, n.label)
	if n.op != nil && n.op.effect == effectEngine {
		t.compiled(&n, &a)
	}
	return n
}

func (t *reader) name(m *protobuf.Message) value { return nameOf(m.Head(bounded.MaxStringKept)) }

// attributes are those of a node that say where a compiled engine lies.
type attributes struct {
	engine string // path, or the beginning of the engine itself
	off    int64
	file   bool // embed_mode is 0: engine is a path
}

func (t *reader) attribute(m *protobuf.Message, n *node, a *attributes) {
	var name, text string
	var number uint64
	var off int64
	t.each(m, func() bool {
		var sub protobuf.Message
		switch m.Number {
		case attributeName:
			name = m.Text()
			return false
		case attributeInt:
			number = m.Value
		case attributeString:
			text, off = string(m.Head(bounded.MaxPathBytes)), m.Data
			return false
		case attributeTensor, attributeTensors:
			if m.Enter(&sub) {
				t.tensor(&sub, false)
				n.constant = true
			}
		case attributeSparse, attributeSparses:
			if m.Enter(&sub) {
				t.sparse(&sub)
				n.constant = true
			}
		case attributeGraph, attributeGraphs:
			if m.Enter(&sub) {
				if g := t.graph(&sub); t.keep(1) {
					n.inside = append(n.inside, g)
				}
			}
		default:
			return false
		}
		return true
	})
	switch name {
	case "ep_cache_context", "DLC":
		a.engine, a.off = text, off
	case "embed_mode":
		a.file = number == 0
	}
}

// function reads a function that the model brings along.
func (t *reader) function(m *protobuf.Message) {
	f := &function{off: m.Start, body: &graph{}}
	t.each(m, func() bool {
		var sub protobuf.Message
		switch m.Number {
		case functionName:
			f.name = m.Text()
		case functionDomain:
			f.domain = m.Text()
		case functionOverload:
			f.overload = m.Text()
		case functionInput:
			if t.keep(1) {
				f.body.inputs = append(f.body.inputs, input{name: t.name(m)})
			}
		case functionNode:
			if m.Enter(&sub) {
				if n := t.node(&sub); t.keep(1 + len(n.in) + len(n.out)) {
					f.body.nodes = append(f.body.nodes, n)
				}
			}
			return true
		case functionAttributes:
			if m.Enter(&sub) {
				t.attribute(&sub, &node{}, &attributes{})
			}
			return true
		case functionOpset:
			if m.Enter(&sub) {
				t.opset(&sub)
			}
			return true
		}
		return false
	})
	f.domain = official(f.domain)
	if t.keep(1) {
		t.functions = append(t.functions, f)
	}
}

const (
	infoName = 1 // ValueInfoProto
	infoType = 2

	typeTensor = 1 // TypeProto
	typeShape  = 2 // TypeProto.Tensor
	shapeDim   = 1 // TensorShapeProto
	dimValue   = 1 // TensorShapeProto.Dimension
)

// input reads the declaration of an input.
func (t *reader) input(m *protobuf.Message) (in input) {
	t.each(m, func() bool {
		var sub protobuf.Message
		switch {
		case m.Number == infoName:
			in.name = t.name(m)
		case m.Number == infoType && m.Enter(&sub):
			in.single = t.singleType(&sub)
			return true
		}
		return false
	})
	return in
}

// singleType reports a tensor type of exactly one element.
func (t *reader) singleType(m *protobuf.Message) (single bool) {
	t.each(m, func() bool {
		var tensor, shape protobuf.Message
		if m.Number != typeTensor || !m.Enter(&tensor) {
			return false
		}
		t.each(&tensor, func() bool {
			if tensor.Number != typeShape || !tensor.Enter(&shape) {
				return false
			}
			single = t.singleShape(&shape)
			return true
		})
		return true
	})
	return single
}

func (t *reader) singleShape(m *protobuf.Message) bool {
	single := true
	t.each(m, func() bool {
		var dim protobuf.Message
		if m.Number != shapeDim || !m.Enter(&dim) {
			return false
		}
		one := false
		t.each(&dim, func() bool {
			one = one || dim.Number == dimValue && dim.Value == 1
			return false
		})
		single = single && one
		return true
	})
	return single
}

func itoa(v int64) string { return strconv.FormatInt(v, 10) }
