package engine

import (
	"encoding/binary"
	"strings"

	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/format"
)

// PaddleParams is a stream of tensors: of each a version, levels of detail, a
// description and the data. They have no names; the program knows their order.
var PaddleParams = format.Format{
	ID:         "paddle-params",
	Title:      "PaddlePaddle parameters",
	Spec:       "https://github.com/PaddlePaddle/Paddle/blob/develop/paddle/fluid/framework/dense_tensor_serialize.cc",
	Extensions: []string{".pdiparams"},
	Rules:      []string{gapMalformed, gapUnsupported},
	Match: func(in *format.Input) format.Confidence {
		s := paddleStream{judge: newJudge(in, "paddle", "PaddlePaddle")}
		if _, _, what := s.header(); what == "" || len(in.Head()) >= 16 && strings.HasSuffix(strings.ToLower(in.Name), ".pdiparams") && in.Head()[0] == 0 {
			return format.Strong
		}
		return format.No
	},
	Read: readPaddleParams,
}

type paddleStream struct {
	*judge
	at int64
}

func readPaddleParams(in *format.Input) format.Result {
	s := &paddleStream{judge: newJudge(in, "paddle", "PaddlePaddle")}
	for s.at < in.R.Size() {
		e, dims, what := s.header()
		n, ok := count(dims, e.width)
		if what == "" && (!ok || n > in.R.Size()-s.at) {
			what = "its data ends behind the file"
		}
		if what != "" {
			s.gap(gapMalformed, s.at, 0, "The tensor at this place cannot be read: "+what+".")
			break
		}
		if in.R.Budget().Items(1) != nil || !s.tensor("", e.name, dims) {
			break
		}
		s.span(format.Span{Offset: s.at, Length: n, Kind: format.Payload, Type: e.name, Row: stride(dims, e.width)})
		s.at += n
	}
	return s.done()
}

const (
	maxLevels      = 8       // levels of detail of one tensor
	maxDescription = 1 << 12 // bytes of the description of one tensor
)

// header reads what stands in front of the data of the next tensor and steps over
// it. Nothing is said of it when it cannot be read.
func (s *paddleStream) header() (e element, dims []int64, what string) {
	at := s.at
	number := func(width int64) uint64 {
		p, err := s.in.R.Bytes(at, width)
		if err != nil {
			what = "it is cut off"
			return 0
		}
		at += width
		if width == 4 {
			return uint64(binary.LittleEndian.Uint32(p))
		}
		return binary.LittleEndian.Uint64(p)
	}
	if version := number(4); version != 0 {
		return e, nil, "its version is not known"
	}
	levels := number(8)
	if levels > maxLevels {
		return e, nil, "it has more levels than any tensor"
	}
	for range levels {
		n := number(8)
		if n > uint64(s.in.R.Size()-at) || n%8 != 0 {
			return e, nil, "its levels end behind the file"
		}
		at += int64(n)
	}
	if version := number(4); version != 0 {
		return e, nil, "its version is not known"
	}
	size := number(4)
	if size > maxDescription || what != "" {
		return e, nil, "its description is too long or cut off"
	}
	r, err := s.in.R.Section(at, int64(size))
	if err != nil {
		return e, nil, "its description is cut off"
	}
	m := protobuf.Open(r, paddleSchema().Type("VarType.TensorDesc"))
	defer m.Close()
	known := false
	dims = []int64{}
	for m.Next() {
		switch {
		case m.Decl == nil:
			return e, nil, "its description has a field that is not known"
		case m.Number == 1:
			e, known = paddleElement(m.Value)
		case m.Number == 2:
			for d := range m.Numbers(protobuf.Varint) {
				if len(dims) < maxRank {
					dims = append(dims, int64(d))
				}
			}
		}
	}
	if m.Err() != nil || !known {
		return e, nil, "its description is not known"
	}
	at += int64(size)
	s.span(format.Span{Offset: s.at, Length: at - s.at})
	s.at = at
	return e, dims, ""
}
