// Package gguf reads GGUF: keys with typed values, a table of tensors, and their
// bytes at aligned places. Versions 1 to 3, either byte order; models, adapters,
// projectors, control vectors and importance matrices are all of this form.
//
// Specification: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, and
// gguf.cpp where it is stricter or laxer.
//
// Threat: the readers of this format are written in C and have trusted it: counts
// and lengths that exceed the file, products that overflow, types that are not
// those the code expects, overlapping tensors. The chat template in it is run for
// every request, so it goes to whoever judges templates. Metadata is a place to
// hide a pickle or a program.
// Arrays are passed over as they lie: a vocabulary of any size takes no memory.
//
// Not covered: what templates do; whether the tensors fit the architecture;
// executables inside tensor bytes (a deep scan); the tensors of other parts of a
// split model (each part is read by itself).
package gguf

import (
	"encoding/binary"

	"github.com/sallyport/sallyport/internal/format"
)

// Format is GGUF.
var Format = format.Format{
	ID:         "gguf",
	Title:      "GGUF",
	Spec:       "https://github.com/ggml-org/ggml/blob/master/docs/gguf.md",
	Extensions: []string{".gguf"},
	Rules: []string{ruleBeyond, ruleOverflow, ruleShape, ruleOutside, ruleOverlap, ruleAlign, ruleTwice, ruleType, ruleRange,
		rulePickle, ruleProgram, ruleSplit, "SP-COV-003", "SP-COV-004", "SP-COV-009", "SP-COV-012", "SP-COV-016"},
	Match: match,
	Read:  read,
}

const (
	ruleBeyond   = "SP-GGUF-001"
	ruleOverflow = "SP-GGUF-002"
	ruleShape    = "SP-GGUF-003"
	ruleOutside  = "SP-GGUF-004"
	ruleOverlap  = "SP-GGUF-005"
	ruleAlign    = "SP-GGUF-006"
	ruleTwice    = "SP-GGUF-007"
	ruleType     = "SP-GGUF-008"
	ruleRange    = "SP-GGUF-009"
	rulePickle   = "SP-GGUF-010"
	ruleProgram  = "SP-GGUF-011"
	ruleSplit    = "SP-GGUF-012"
)

const signature = "GGUF"

// match wants the magic and a version that can be one: text that begins with the
// same four letters has none.
func match(in *format.Input) format.Confidence {
	head := in.Head()
	if len(head) < 8 || string(head[:4]) != signature {
		return format.No
	}
	if v := binary.LittleEndian.Uint32(head[4:]); v < 1<<16 || v&0xffff == 0 {
		return format.Strong
	}
	return format.No
}
