package coreml

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

// Weights is the file of weights of a package: a header, and entries that follow
// each other, each with a header of its own and aligned to 64 bytes.
var Weights = format.Format{
	ID:    "coreml-weights",
	Title: "Core ML weights",
	Spec:  "https://github.com/apple/coremltools/blob/main/mlmodel/src/MILBlob/Blob/StorageFormat.hpp",
	Rules: []string{gapMalformed, gapUnsupported},
	Match: func(in *format.Input) format.Confidence {
		if p := in.Head(); len(p) >= 2*blobHeader && binary.LittleEndian.Uint32(p[blobHeader:]) == sentinel && p[4] >= 1 && p[4] <= 2 &&
			len(bytes.Trim(p[5:blobHeader], "\x00")) == 0 {
			return format.Strong
		}
		return format.No
	},
	Read: readWeights,
}

const sentinel = 0xdeadbeef // in front of every entry

// blobTypes are the types of elements by number.
var blobTypes = [...]string{1: "F16", 2: "F32", 3: "U8", 4: "I8", 5: "BF16", 6: "I16", 7: "U16", 8: "I4", 9: "U1", 10: "U2",
	11: "U4", 12: "U3", 13: "U6", 14: "I32", 15: "U32", 16: "F8_E4M3", 17: "F8_E5M2"}

// storage reads one file of weights.
type storage struct {
	in  *format.Input
	res format.Result
	at  int64 // behind what has been read
}

func readWeights(in *format.Input) format.Result {
	s := &storage{in: in}
	head := in.Head()
	if len(head) < blobHeader {
		return s.res
	}
	n := int64(binary.LittleEndian.Uint32(head))
	s.put(format.Span{Length: blobHeader})
	for i := range n {
		if in.R.Budget().Items(1) != nil || i == bounded.MaxTensorNames {
			_ = in.R.Budget().Reach("tensor-names", bounded.MaxTensorNames)
			break
		}
		if what := s.entry(); what != "" {
			s.res.Spans = append(s.res.Spans, format.Span{Offset: s.at, Kind: format.Unread, Rule: gapMalformed,
				Reason: fmt.Sprintf("Entry %d of %d cannot be read: %s.", i, n, what)})
			break
		}
	}
	s.pad(s.in.R.Size())
	s.res.Facts = append(s.res.Facts, finding.Fact{Key: format.FactTensors, Value: itoa(n)})
	return s.res
}

// entry reads the header of the next entry and steps over its data.
func (s *storage) entry() (what string) {
	p, err := s.in.R.Bytes(s.at, blobHeader)
	if err != nil {
		return err.Error()
	}
	kind, size, at := binary.LittleEndian.Uint32(p[4:]), binary.LittleEndian.Uint64(p[8:]), binary.LittleEndian.Uint64(p[16:])
	start := s.at + blobHeader
	switch {
	case binary.LittleEndian.Uint32(p) != sentinel:
		return "its mark is missing"
	case at != uint64(start):
		return "its data does not follow it"
	case size > uint64(s.in.R.Size()-start):
		return "its data ends behind the file"
	}
	if kind == 0 || int(min(kind, 100)) >= len(blobTypes) {
		s.unread(s.at, fmt.Sprintf("An entry has the unknown element type %d.", kind))
		kind = 0
	}
	if len(bytes.Trim(p[32:], "\x00")) > 0 || binary.LittleEndian.Uint64(p[24:]) > 7 {
		s.unread(s.at, "An entry has something where the format has nothing.")
	}
	s.put(format.Span{Offset: s.at, Length: blobHeader})
	s.put(format.Span{Offset: start, Length: int64(size), Kind: format.Payload, Type: blobTypes[kind]})
	s.pad((s.at + blobHeader - 1) &^ (blobHeader - 1))
	return ""
}

func (s *storage) put(x format.Span) {
	if x.Length > 0 {
		s.res.Spans = append(s.res.Spans, x)
	}
	s.at = max(s.at, x.Offset+x.Length)
}

func (s *storage) unread(off int64, reason string) {
	if len(s.res.Spans) < 4*bounded.MaxTensorNames {
		s.res.Spans = append(s.res.Spans, format.Span{Offset: off, Length: blobHeader, Kind: format.Unread, Rule: gapUnsupported, Reason: reason})
	}
}

// pad explains zeros up to an offset, or to the end of the file.
func (s *storage) pad(to int64) {
	to = min(to, s.in.R.Size())
	if n := to - s.at; n > 0 && n < blobHeader {
		if p, err := s.in.R.Bytes(s.at, n); err == nil && len(bytes.Trim(p, "\x00")) == 0 {
			s.put(format.Span{Offset: s.at, Length: n})
		}
	}
}
