// Package tflite reads TensorFlow Lite (LiteRT) models.
//
// Specification: tensorflow/compiler/mlir/lite/schema/schema.fbs, version 3 with
// all its additions; the metadata of tflite-support; FlexBuffers for the options
// of custom operators. The schemas lie beside this file as data.
//
// Threat: the graph names what runs. Custom operators are code that the
// application must bring along; those with a name in Flex run a kernel of
// TensorFlow, some of which read and write files. Indexes and offsets that leave
// their list or the file are reads of foreign memory in a runtime without a
// verifier. Room for more is behind the model (a zip with labels is usual there),
// in buffers that nothing uses, in metadata, and in subgraphs that nothing calls.
// A branch on one exact value is where a backdoor sits.
//
// Not covered: whether an operator's arguments suit it; compiled programs for
// accelerators (a gap); weights.
package tflite

import (
	_ "embed"
	"encoding/binary"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/flatbuffer"
	"github.com/sallyport/sallyport/internal/decode/zip"
	"github.com/sallyport/sallyport/internal/format"
)

const (
	ruleBroken    = "SP-TFL-001" // structure that cannot be trusted
	ruleCustom    = "SP-TFL-002" // a custom operator that is not known
	ruleFlex      = "SP-TFL-003" // a TensorFlow operator that reaches beyond the model
	ruleFlexOpen  = "SP-TFL-004" // one that reads files, or is not known
	ruleSize      = "SP-TFL-005" // shape and bytes disagree
	ruleIndex     = "SP-TFL-006" // an index outside of its list
	ruleRecursion = "SP-TFL-007" // a subgraph that calls itself
	ruleHidden    = "SP-TFL-008" // a subgraph that nothing calls
	ruleTrigger   = "SP-TFL-009" // a branch on one exact value
	ruleTwofold   = "SP-TFL-010" // two numbers or names for one operator
	ruleExternal  = "SP-TFL-011" // weights outside of the model's folder
	ruleShared    = "SP-TFL-012" // two buffers over the same bytes
)

// Format is the TensorFlow Lite model.
var Format = format.Format{
	ID:         "tflite",
	Title:      "TensorFlow Lite model",
	Spec:       "https://ai.google.dev/edge/litert/conversion/tensorflow/overview",
	Extensions: []string{".tflite", ".lite"},
	Refines:    "zip", // a zip may follow the model, which is read here
	Rules: append(append(zip.FindingRules(), flatbuffer.Coverage()...), ruleBroken, ruleCustom, ruleFlex, ruleFlexOpen, ruleSize, ruleIndex,
		ruleRecursion, ruleHidden, ruleTrigger, ruleTwofold, ruleExternal, ruleShared, "SP-COV-009", "SP-COV-010", "SP-COV-016"),
	Match: match,
	Read:  read,
}

//go:embed schema.txt
var schemaText string

//go:embed metadata.txt
var metadataText string

//go:embed conversion.txt
var conversionText string

var (
	schema           = sync.OnceValue(func() *flatbuffer.Schema { return flatbuffer.Parse(schemaText) })
	metadataSchema   = sync.OnceValue(func() *flatbuffer.Schema { return flatbuffer.Parse(metadataText) })
	conversionSchema = sync.OnceValue(func() *flatbuffer.Schema { return flatbuffer.Parse(conversionText) })
)

// match goes by the identifier. Writers may leave it out, so a name can stand for
// it when the file begins with the offset of a table.
func match(in *format.Input) format.Confidence {
	head := in.Head()
	switch {
	case len(head) >= 8 && string(head[4:8]) == "TFL3":
		return format.Strong
	case strings.HasSuffix(strings.ToLower(in.Name), ".tflite") && plausible(in):
		return format.Weak
	}
	return format.No
}

// plausible reports whether the root offset leads to a table.
func plausible(in *format.Input) bool {
	head := in.Head()
	if len(head) < 8 {
		return false
	}
	at := int64(binary.LittleEndian.Uint32(head))
	p, err := in.R.Bytes(at, 4)
	if err != nil || at%4 != 0 || at < 4 {
		return false
	}
	fields := at - int64(int32(binary.LittleEndian.Uint32(p)))
	v, err := in.R.Bytes(fields, 4)
	return err == nil && fields%2 == 0 && v[0] >= 4 && v[0]%2 == 0 && v[1] == 0 && v[2] >= 4 && v[3] == 0
}

// most bounds what is listed of one file where its own numbers ask for more.
const most = bounded.MaxFlatbufferObjects
