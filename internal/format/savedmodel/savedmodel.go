// Package savedmodel reads graphs of TensorFlow: a SavedModel (saved_model.pb or
// .pbtxt), a MetaGraph (.meta beside a checkpoint), a frozen GraphDef, and the
// small messages that lie beside them (fingerprint.pb, tfhub_module.pb).
//
// Specification: tensorflow/core/protobuf and tensorflow/core/framework of
// TensorFlow 2.19 (schema.tsv), tensorflow/cc/saved_model and
// tensorflow/python/saved_model for what a loader runs.
//
// Threat: operators that read and write files, talk to other machines or call
// Python. Some run while the model is loaded: initializers, the restore functions
// of objects. They hide in functions that functions call, in control inputs, in
// gradients, in graphs that are constants of graphs. A graph may wait for a
// certain input, name assets outside of its folder, carry pickles in collections
// and constants, need foreign libraries.
//
// What saves and restores the variables of every model (SaveV2, RestoreV2) is
// allowed where the saver of the model uses it with the path that it is given.
//
// Not covered: compiled modules in operators (StableHLO); what the weights make of
// ordinary input; triggers that are learned; whether types and shapes fit.
package savedmodel

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/format"
)

const (
	ruleLoad      = "SP-TF-001"
	ruleFile      = "SP-TF-002"
	ruleRead      = "SP-TF-003"
	rulePython    = "SP-TF-004"
	ruleNetwork   = "SP-TF-005"
	ruleNative    = "SP-TF-006"
	ruleCustom    = "SP-TF-007"
	ruleLibrary   = "SP-TF-008"
	ruleUnreached = "SP-TF-009"
	ruleOutside   = "SP-TF-010"
	ruleHidden    = "SP-TF-011"
	ruleTrigger   = "SP-TF-012"
	ruleCycle     = "SP-TF-013"
	ruleShadow    = "SP-TF-014"
	ruleGraph     = "SP-TF-015"

	gapLimit       = "SP-COV-003"
	gapMalformed   = "SP-COV-004"
	gapAbsent      = "SP-COV-009"
	gapUnsupported = "SP-COV-012"
	gapTwice       = "SP-COV-014"
	gapSize        = "SP-COV-016"
)

var (
	rulesOfGraphs = []string{ruleLoad, ruleFile, ruleRead, rulePython, ruleNetwork, ruleNative, ruleCustom, ruleLibrary, ruleUnreached,
		ruleOutside, ruleHidden, ruleTrigger, ruleCycle, ruleShadow, ruleGraph,
		gapLimit, gapMalformed, gapAbsent, gapUnsupported, gapTwice, gapSize}
	rulesOfMessages = []string{gapLimit, gapMalformed, gapUnsupported, gapTwice}
)

// IDs of the formats.
const (
	idModel     = "savedmodel"
	idMetaGraph = "metagraph"
	idGraph     = "graphdef"
	idFunction  = "tffunction"
)

const (
	specification = "https://www.tensorflow.org/guide/saved_model"
	modelName     = "saved_model.pb"
)

// Format is the SavedModel.
var Format = format.Format{
	ID:         idModel,
	Title:      "TensorFlow SavedModel",
	Spec:       specification,
	Extensions: []string{modelName},
	Rules:      rulesOfGraphs,
	Match:      matchModel,
	Read:       func(in *format.Input) format.Result { return read(in, "SavedModel") },
}

// MetaGraph is one graph with its saver and collections.
var MetaGraph = format.Format{
	ID:         idMetaGraph,
	Title:      "TensorFlow MetaGraph",
	Spec:       "https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/meta_graph.proto",
	Extensions: []string{".meta"},
	Rules:      rulesOfGraphs,
	Match:      matchMetaGraph,
	Read:       func(in *format.Input) format.Result { return read(in, "MetaGraphDef") },
}

// GraphDef is a graph alone: weights are constants in it.
var GraphDef = format.Format{
	ID:         idGraph,
	Title:      "TensorFlow graph",
	Spec:       "https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/graph.proto",
	Extensions: []string{"graph.pb"}, // other messages are called .pb as well
	Rules:      rulesOfGraphs,
	Match:      matchGraph,
	Read:       func(in *format.Input) format.Result { return read(in, "GraphDef") },
}

// Function is a function of a graph, or a library of them, as data lie in other
// files.
var Function = format.Format{
	ID:    idFunction,
	Title: "TensorFlow function",
	Spec:  "https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/function.proto",
	Rules: rulesOfGraphs,
	Match: func(*format.Input) format.Confidence { return format.No }, // only as a part of something else
	Read:  func(in *format.Input) format.Result { return read(in, "FunctionDef") },
}

//go:embed schema.tsv
var schemaTable string

// hubTable is the message of TensorFlow Hub, which the package does not bring along.
const hubTable = "tensorflow.ModuleDef\t1\tformat\tint\t\ntensorflow.ModuleDef\t2\trequired_features\ttext\trepeated\n"

var schema = sync.OnceValue(func() *protobuf.Schema { return protobuf.ParseSchema(schemaTable + hubTable) })

// typeNamed finds a message by its name without the package.
func typeNamed(name string) *protobuf.Type { return schema().Type("tensorflow." + name) }

// looks is how many fields of the outermost message an input may have whose name
// does not say what it is.
const looks = 1 << 20

func named(in *format.Input, endings ...string) bool {
	name := strings.ToLower(in.Name)
	for _, e := range endings {
		if strings.HasSuffix(name, e) {
			return true
		}
	}
	return false
}

// matchModel asks for a version and graphs, or for the name, which no other
// format has.
func matchModel(in *format.Input) format.Confidence {
	head := in.Head()
	if len(head) < 2 || head[0] != 0x08 && head[0] != 0x12 {
		return format.No
	}
	if strings.EqualFold(in.Name, modelName) {
		return format.Strong
	}
	return sure(in, "SavedModel", func(m *protobuf.Message) bool {
		var sub protobuf.Message
		return m.Number == modelGraphs && m.Enter(&sub) && sensible(&sub, isMetaGraphField)
	})
}

func matchMetaGraph(in *format.Input) format.Confidence {
	head := in.Head()
	if len(head) < 2 || head[0]&7 != 2 || head[0]>>3 < 1 || head[0]>>3 > metaObjects {
		return format.No
	}
	if named(in, ".meta") && (head[0] == 0x0a || head[0] == 0x12) {
		return format.Strong
	}
	return sure(in, "MetaGraphDef", func(m *protobuf.Message) bool { return m.Number == metaGraph && isMetaGraphField(m) })
}

// isMetaGraphField reports the graph of a MetaGraph.
func isMetaGraphField(m *protobuf.Message) bool {
	var sub protobuf.Message
	return m.Number == metaGraph && m.Enter(&sub) && sensible(&sub, isNode)
}

// matchGraph walks the outermost message. A name that says it is a graph needs
// its first node only, so that one that was cut short counts as one.
func matchGraph(in *format.Input) format.Confidence {
	head := in.Head()
	if len(head) < 4 {
		return format.No
	}
	switch head[0] {
	case 0x0a, 0x12, 0x18, 0x22, 0x2a: // node, library, version, versions, debug_info
	default:
		return format.No
	}
	if named(in, ".pb") && !strings.EqualFold(in.Name, modelName) {
		m := protobuf.Open(in.R, typeNamed("GraphDef"))
		defer m.Close()
		if m.Next() && isNode(m) {
			return format.Strong
		}
	}
	return sure(in, "GraphDef", isNode)
}

// sure walks a message that has no magic number: all fields known, an end at the
// last byte, and one field that shows what it is.
func sure(in *format.Input, name string, shows func(*protobuf.Message) bool) format.Confidence {
	m := protobuf.Open(in.R, typeNamed(name))
	defer m.Close()
	if sensible(m, shows) {
		return format.Strong
	}
	return format.No
}

func sensible(m *protobuf.Message, shows func(*protobuf.Message) bool) bool {
	seen := false
	for n := 0; m.Next(); n++ {
		if n == looks || m.Decl == nil {
			return false
		}
		if !seen {
			seen = shows(m)
		}
	}
	return seen && m.Err() == nil
}

// isNode reports a node with a name and an operator, and nothing unknown.
func isNode(m *protobuf.Message) bool {
	var sub protobuf.Message
	if m.Number != graphNode || m.Decl == nil || !m.Enter(&sub) {
		return false
	}
	name, op := false, false
	for n := 0; sub.Next() && n < looks; n++ {
		if sub.Decl == nil {
			return false
		}
		name = name || sub.Number == nodeName && sub.Length > 0 && plainName(sub.Head(64))
		op = op || sub.Number == nodeOp && sub.Length > 0 && plainName(sub.Head(64))
	}
	return name && op && sub.Err() == nil
}

// plainName reports printable ASCII without blanks.
func plainName(p []byte) bool {
	for _, b := range p {
		if b <= ' ' || b > '~' {
			return false
		}
	}
	return len(p) > 0
}
