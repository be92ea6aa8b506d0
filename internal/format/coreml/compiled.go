package coreml

import (
	"bytes"
	"strings"

	"github.com/sallyport/sallyport/internal/format"
)

// Compiled is any file of a compiled model (.mlmodelc) that says what is computed.
// They are written by Apple's compiler for one system and read by nobody else.
var Compiled = format.Format{
	ID:         "coreml-compiled",
	Title:      "Compiled Core ML model",
	Spec:       "https://developer.apple.com/documentation/coreml/mlmodel/compilemodel(at:)",
	Extensions: []string{".espresso.net", ".espresso.shape", ".espresso.weights"},
	Rules:      []string{gapUnsupported},
	Match: func(in *format.Input) format.Confidence {
		if compiled(in) {
			return format.Strong
		}
		return format.No
	},
	Read: func(in *format.Input) format.Result {
		return format.Result{Spans: []format.Span{{Length: in.R.Size(), Kind: format.Unread, Rule: gapUnsupported,
			Reason: "It is part of a compiled Core ML model, which only Apple's systems can read: ask for the model before it was compiled (.mlpackage or .mlmodel), or for a signature that you trust."}}}
	},
}

// compiled goes by the name, and by the first line of a compiled program.
func compiled(in *format.Input) bool {
	name := strings.ToLower(in.Name)
	switch {
	case name == "coremldata.bin", strings.Contains(name, ".espresso."):
		return true
	}
	head := bytes.TrimLeft(in.Head(), " \t\r\n")
	return bytes.HasPrefix(head, []byte("program(")) && (strings.HasSuffix(name, ".mil") || bytes.Contains(head, []byte("func ")))
}
