// Package torchlegacy reads the checkpoints that torch.save wrote before PyTorch
// 1.6, and writes still with _use_new_zipfile_serialization=False: five pickles
// behind each other and the raw data of the storages.
//
// Specification: torch/serialization.py, _legacy_save and _legacy_load.
//
// Threat: each of the five streams is a program. Tools that look at the first
// one, or at a few, see three harmless numbers. What follows them is tensor data
// only as far as the fourth pickle declares storages, the fifth lists them, and
// every size agrees; all else is unexplained.
//
// Not covered: the tar archives of PyTorch 0.1; a byte order other than little
// endian in the sizes of storages.
package torchlegacy

import (
	"bytes"

	"github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/format"
)

// Format is the legacy checkpoint.
var Format = format.Format{
	ID:         "torchlegacy",
	Title:      "PyTorch checkpoint (legacy)",
	Spec:       "https://docs.pytorch.org/docs/stable/notes/serialization.html",
	Extensions: []string{".pt", ".pth", ".ckpt"},
	Refines:    "pickle",
	Rules:      []string{ruleSize, ruleComputed, gapMalformed, gapSize},
	Match:      match,
	Read:       read,
}

const (
	ruleSize     = "SP-TORCH-001"
	ruleComputed = "SP-TORCH-003"
	gapMalformed = "SP-COV-004"
	gapSize      = "SP-COV-016"
)

// The numbers that the first two streams hold, in decimal.
const (
	magicNumber    = "119547037146038801333356" // 0x1950a86a20f9469cfc6c
	protocolNumber = "1001"
)

// match asks for the magic number or, when the first stream is no plain number,
// for the protocol number behind it: torch does not care how it gets the first.
func match(in *format.Input) format.Confidence {
	head := in.Head()
	if in.Parsed != nil || len(head) < 3 {
		return format.No // a stream of a container that has been read already
	}
	switch n, _, ok := number(head); {
	case ok && n == magicNumber:
		return format.Strong
	case ok || !mentionsProtocol(head):
		return format.No
	}
	t := pickle.Run(in.R, 0, pickle.Options{})
	if !t.Stopped {
		return format.No
	}
	p, err := in.R.Bytes(t.End, min(longestNumber, in.R.Size()-t.End))
	if err != nil {
		return format.No
	}
	if n, _, ok := number(p); ok && n == protocolNumber {
		return format.Strong
	}
	return format.No
}

// mentionsProtocol looks for a stream that ends with the protocol number, so
// that ordinary pickles cost no run.
func mentionsProtocol(head []byte) bool {
	if !bytes.Contains(head, []byte("\xe9\x03")) && !bytes.Contains(head, []byte("1001")) {
		return false
	}
	for _, spelling := range [...]string{"M\xe9\x03.", "J\xe9\x03\x00\x00.", "I1001\n.", "L1001L\n.", "\x8a\x02\xe9\x03."} {
		if bytes.Contains(head, []byte(spelling)) {
			return true
		}
	}
	return false
}
