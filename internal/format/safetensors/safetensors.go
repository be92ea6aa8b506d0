// Package safetensors reads safetensors files: a JSON header that places
// tensors, and their bytes.
//
// Specification: https://github.com/huggingface/safetensors, format section and
// the Rust reader.
//
// Threat: the format is trusted because it holds no code. So its metadata is a
// place to hide some (encoded pickles, text for eval), its header a place to
// say two things at once, and the bytes behind the last tensor a place for a
// second file. What the header does not place stays uncovered.
//
// Not covered: executables inside tensor bytes (a deep scan); whether a tensor is
// in the file that the index of a sharded model names (only that the file is there).
package safetensors

import (
	"encoding/binary"

	"github.com/sallyport/sallyport/internal/format"
)

// Format is safetensors.
var Format = format.Format{
	ID:         "safetensors",
	Title:      "Safetensors",
	Spec:       "https://github.com/huggingface/safetensors#format",
	Extensions: []string{".safetensors"},
	Rules: []string{"SP-ST-001", "SP-ST-002", "SP-ST-003", "SP-ST-004", "SP-ST-005", "SP-ST-006", "SP-ST-007",
		"SP-COV-003", "SP-COV-004", "SP-COV-012", "SP-COV-016"},
	Match: match,
	Read:  read,
}

// match wants a length that fits the file and an object behind it. A length
// that does not fit is a finding in a file that claims the format, and chance
// elsewhere.
func match(in *format.Input) format.Confidence {
	head := in.Head()
	if len(head) < 10 || head[8] != '{' {
		return format.No
	}
	if n := binary.LittleEndian.Uint64(head); n < 2 || n > uint64(in.R.Size()-8) {
		if in.Name == "" || !claims(in.Name) {
			return format.No
		}
	}
	for _, b := range head[9:] {
		switch b {
		case ' ', '\n', '\r', '\t':
		case '"', '}':
			return format.Strong
		default:
			return format.No
		}
	}
	return format.No
}
