// Package ggml reads the model files that came before GGUF: ggml without a
// version, ggmf, ggjt 1 to 3, and the adapters of ggla. They begin with numbers
// that only the program for one architecture knows the meaning of, so the
// layouts of known architectures are tried: the one whose vocabulary and tensors
// fill the file to its last byte is the right one.
//
// Specification: llama.cpp and ggml before August 2023 (llama.cpp, examples/);
// there is no other.
//
// Threat: the readers of these formats trust every count, and nobody mends them
// any more.
// Not covered: what no known layout explains, and saved states of a session (both
// are recognised, and a gap).
package ggml

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

// Format is GGML and its kin.
var Format = format.Format{
	ID:         "ggml",
	Title:      "GGML (before GGUF)",
	Spec:       "https://github.com/ggml-org/ggml",
	Extensions: []string{".ggml"},
	Rules:      []string{"SP-COV-004", "SP-COV-012"},
	Match:      match,
	Read:       read,
}

// container is one of the formats. Its magic is a little-endian number, so that
// its letters stand in the file from behind.
type container struct {
	magic, title string
	versioned    bool
	most         uint32 // highest version
}

var containers = [...]container{
	{"lmgg", "ggml", false, 0}, {"fmgg", "ggmf", true, 1}, {"tjgg", "ggjt", true, 3}, {"algg", "ggla", true, 1},
	{"nsgg", "a saved session", true, 1 << 16}, {"qsgg", "a saved sequence", true, 1 << 16},
}

// match wants a magic and a number behind it that is small: four letters of text
// are followed by more text.
func match(in *format.Input) format.Confidence {
	head := in.Head()
	if c := containerOf(head); c != nil && len(head) >= 12 && binary.LittleEndian.Uint32(head[4:]) < 1<<24 {
		return format.Strong
	}
	return format.No
}

func containerOf(head []byte) *container {
	for i := range containers {
		if len(head) >= 4 && string(head[:4]) == containers[i].magic {
			return &containers[i]
		}
	}
	return nil
}

func read(in *format.Input) format.Result {
	c := containerOf(in.Head())
	if c == nil {
		return format.Result{}
	}
	version := uint32(0)
	start := int64(4)
	if c.versioned {
		p, err := in.R.Bytes(4, 4)
		if err != nil {
			return unread(in, "SP-COV-004", "The header ends in the middle.")
		}
		version, start = binary.LittleEndian.Uint32(p), 8
	}
	if version > c.most || strings.HasPrefix(c.title, "a ") {
		return unread(in, "SP-COV-012", fmt.Sprintf("This is %s, version %d, which is recognised and not read.", c.title, version))
	}
	for i := range layouts {
		l := &layouts[i]
		if !l.fits(c) {
			continue
		}
		for _, old := range [...]bool{false, true} { // blocks changed without a word in the file
			w := walker{in: in, layout: l, aligned: c.title == "ggjt" || c.title == "ggla", scores: c.versioned && !l.adapter, old: old}
			if w.walk(start) {
				w.res.Facts = append([]finding.Fact{{Key: "ggml.container", Value: fmt.Sprintf("%s %d", c.title, version)},
					{Key: format.FactArchitecture, Value: l.name}}, w.inventory.Facts()...)
				return w.res
			}
		}
	}
	return unread(in, "SP-COV-012", fmt.Sprintf("This is a %s file of an architecture whose layout is not known, or a broken one.", c.title))
}

func unread(in *format.Input, id, reason string) format.Result {
	n := min(in.R.Size(), 8)
	return format.Result{Spans: []format.Span{{Length: n, Kind: format.Structure},
		{Offset: n, Length: in.R.Size() - n, Kind: format.Unread, Rule: id, Reason: reason}}}
}

// maxTensors is more than any model of that time had.
const maxTensors = bounded.MaxTensorNames
