// Package onnx reads ONNX models: a graph of named operators and the tensors it
// computes with, as one protocol buffer message, with tensor data inside or in
// files beside it.
//
// Specification: https://onnx.ai/onnx/repo-docs/IR.html, onnx.proto of IR version
// 14 (schema.tsv), ExternalData.md; what onnx 1.23 and onnxruntime 1.31 load.
//
// Threat: tensors that point to files outside of the model, or to memory;
// operators that need foreign code or are it (Python, precompiled engines, custom
// libraries), at any depth of subgraphs, functions and training graphs; a branch
// that waits for a certain input; payloads in metadata and strings; fields that
// one parser merges and another replaces; bytes between the fields.
//
// Not covered: what the weights make of ordinary input; triggers that are
// learned, or compared behind layers with weights; the content of engines for
// one device; checksums of external data.
package onnx

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/format"
)

// Format is the ONNX model.
var Format = format.Format{
	ID:         "onnx",
	Title:      "ONNX model",
	Spec:       "https://onnx.ai/onnx/repo-docs/IR.html",
	Extensions: []string{ending},
	Rules: []string{ruleOutside, rulePython, ruleLibrary, ruleReach, ruleEngine, ruleTrigger, ruleHidden, ruleText,
		ruleSettings, ruleCycle, ruleShadow, ruleMemory,
		gapLimit, gapMalformed, gapAbsent, gapUnsupported, gapTwice, gapSize},
	Match: match,
	Read:  read,
}

const (
	ending = ".onnx"

	ruleOutside  = "SP-ONNX-001"
	rulePython   = "SP-ONNX-002"
	ruleLibrary  = "SP-ONNX-003"
	ruleReach    = "SP-ONNX-004"
	ruleEngine   = "SP-ONNX-005"
	ruleTrigger  = "SP-ONNX-006"
	ruleHidden   = "SP-ONNX-007"
	ruleText     = "SP-ONNX-008"
	ruleSettings = "SP-ONNX-009"
	ruleCycle    = "SP-ONNX-010"
	ruleShadow   = "SP-ONNX-011"
	ruleMemory   = "SP-ONNX-012"

	gapLimit       = "SP-COV-003"
	gapMalformed   = "SP-COV-004"
	gapAbsent      = "SP-COV-009"
	gapUnsupported = "SP-COV-012"
	gapTwice       = "SP-COV-014"
	gapSize        = "SP-COV-016"
)

//go:embed schema.tsv
var schemaTable string

// model is the type of the outermost message.
var model = sync.OnceValue(func() *protobuf.Type { return protobuf.ParseSchema(schemaTable).Type("ModelProto") })

// looks is how many fields of the outermost message an input may have whose name
// does not say what it is. Models have a few dozen, one for each function.
const looks = 1 << 16

// match walks the outermost message: the encoding has no magic number, but a
// version, a graph or functions, nothing unknown, and an end at the last byte
// are more than chance. A name that says it is one needs its first field only,
// so that a model that was cut short counts as one.
func match(in *format.Input) format.Confidence {
	head := in.Head()
	if len(head) < 2 || head[0]&7 > 2 {
		return format.No
	}
	named := strings.HasSuffix(strings.ToLower(in.Name), ending)
	m := protobuf.Open(in.R, model())
	defer m.Close()
	var version, graph, other bool
	for n := 0; m.Next(); n++ {
		if n == looks || m.Decl == nil && !named {
			return format.No
		}
		switch {
		case m.Decl == nil:
			other = true
		case named && n == 0:
			return format.Strong
		case m.Number == fieldVersion:
			version = true
		case m.Number == fieldGraph || m.Number == fieldFunctions:
			graph = true
		}
	}
	if m.Err() == nil && graph && (version && !other || named) {
		return format.Strong
	}
	return format.No
}
