// Package ort reads models in ONNX Runtime's own format.
//
// Specification: onnxruntime/core/flatbuffers/schema/ort.fbs, up to version 6.
// The schema lies beside this file as data.
//
// Threat: that of ONNX, in a form that fewer tools read: operators that run
// Python, call into other libraries or carry a program for an accelerator, from
// domains whose code somebody must bring along, also inside of branches and
// loops; and offsets that the runtime follows.
//
// Not covered: branches on exact values; training checkpoints; whether operators
// get arguments that suit them.
package ort

import (
	_ "embed"
	"sync"

	"github.com/sallyport/sallyport/internal/decode/flatbuffer"
	"github.com/sallyport/sallyport/internal/format"
)

const (
	ruleBroken  = "SP-ORT-001" // structure that cannot be trusted
	ruleDomain  = "SP-ORT-002" // a domain that is not known
	rulePython  = "SP-ORT-003" // an operator that runs code or reaches out
	ruleEngine  = "SP-ORT-004" // an operator that holds a program
	ruleSize    = "SP-ORT-005" // shape and bytes disagree
	ruleOptions = "SP-ORT-006" // metadata that sets options
)

// Format is ONNX Runtime's format.
var Format = format.Format{
	ID:         "ort",
	Title:      "ONNX Runtime model",
	Spec:       "https://onnxruntime.ai/docs/performance/model-optimizations/ort-format-models.html",
	Extensions: []string{".ort"},
	Rules: append(flatbuffer.Coverage(), ruleBroken, ruleDomain, rulePython, ruleEngine, ruleSize, ruleOptions,
		"SP-COV-009", "SP-COV-016"),
	Match: func(in *format.Input) format.Confidence {
		if head := in.Head(); len(head) >= 8 && string(head[4:8]) == "ORTM" {
			return format.Strong
		}
		return format.No
	},
	Read: read,
}

//go:embed schema.txt
var schemaText string

var schema = sync.OnceValue(func() *flatbuffer.Schema { return flatbuffer.Parse(schemaText) })
