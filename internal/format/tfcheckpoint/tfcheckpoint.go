// Package tfcheckpoint reads checkpoints of TensorFlow: the index (.index) that
// says where in the data files each variable lies, the single file of version 1,
// and the text "checkpoint" that names the latest of several.
//
// Specification: tensorflow/core/protobuf/tensor_bundle.proto and
// tensorflow/core/util/tensor_bundle of TensorFlow 2.19 (schema.tsv);
// tensorflow/core/util/saved_tensor_slice.proto for version 1.
//
// Threat: variables that lie outside of their file or on top of each other,
// sizes that are not those of the shapes, bytes in data files that no variable
// explains, payloads in constants of version 1, a name of a checkpoint that leads
// to another place. The data files are claimed, byte for byte, and not read.
//
// Not covered: strings in data files (payload like any other variable), checksums
// of variables, whether variables and graph fit together.
package tfcheckpoint

import (
	"bytes"
	_ "embed"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/decode/sstable"
	"github.com/sallyport/sallyport/internal/format"
)

const (
	ruleOutside  = "SP-TF-010"
	ruleHidden   = "SP-TF-011"
	ruleAbsolute = "SP-TF-016"

	gapLimit       = "SP-COV-003"
	gapMalformed   = "SP-COV-004"
	gapAbsent      = "SP-COV-009"
	gapUnsupported = "SP-COV-012"
	gapTwice       = "SP-COV-014"
	gapSize        = "SP-COV-016"
)

const ending = ".index"

// Format is the index of a checkpoint, or a checkpoint of version 1.
var Format = format.Format{
	ID:         "tfcheckpoint",
	Title:      "TensorFlow checkpoint",
	Spec:       "https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/tensor_bundle.proto",
	Extensions: []string{"variables.index", ".ckpt"}, // other indexes are called .index as well
	Rules:      []string{ruleHidden, gapLimit, gapMalformed, gapAbsent, gapUnsupported, gapTwice, gapSize},
	Match: func(in *format.Input) format.Confidence {
		if head := in.Head(); len(head) > 0 && (head[0] == 0 || likely(in.Name)) && sstable.Is(in.R) {
			return format.Strong
		}
		return format.No
	},
	Read: read,
}

// likely reports the name of a checkpoint; only files with such a name are asked
// for their last bytes. The first byte of an index is 0 in any case.
func likely(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ending) || strings.Contains(name, "ckpt") || !strings.Contains(name, ".")
}

// State is the text that names the latest checkpoint.
var State = format.Format{
	ID:      "tfcheckpointstate",
	Title:   "List of TensorFlow checkpoints",
	Spec:    "https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/training/checkpoint_state.proto",
	Textual: true,
	Rules:   []string{ruleOutside, ruleAbsolute, gapLimit, gapMalformed},
	Match: func(in *format.Input) format.Confidence {
		if bytes.HasPrefix(firstLine(in.Head()), []byte("model_checkpoint_path:")) {
			return format.Strong
		}
		return format.No
	},
	Read: readState,
}

// firstLine skips blanks and comments.
func firstLine(p []byte) []byte {
	for {
		p = bytes.TrimLeft(p, " \t\r\n")
		if len(p) == 0 || p[0] != '#' {
			return p
		}
		_, p, _ = bytes.Cut(p, []byte("\n"))
	}
}

//go:embed schema.tsv
var schemaTable string

var schema = sync.OnceValue(func() *protobuf.Schema { return protobuf.ParseSchema(schemaTable) })

func typeNamed(name string) *protobuf.Type { return schema().Type("tensorflow." + name) }
