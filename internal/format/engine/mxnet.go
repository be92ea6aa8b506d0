package engine

import (
	"bytes"
	"encoding/binary"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/json"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// MXNet is the graph of an MXNet model. The JSON reader explains its bytes; this
// one looks at the operators.
var MXNet = format.Format{
	ID:      "mxnet",
	Title:   "MXNet graph",
	Spec:    "https://github.com/apache/mxnet/blob/master/src/nnvm",
	Textual: true,
	Rules:   []string{ruleLibrary, ruleCode, ruleReach, ruleHidden, gapUnsupported},
	Match: func(in *format.Input) format.Confidence {
		head := bytes.TrimLeft(in.Head(), "\ufeff \t\r\n")
		if bytes.HasPrefix(head, []byte("{")) && bytes.Contains(head, []byte(`"nodes"`)) && bytes.Contains(head, []byte(`"op"`)) && bytes.Contains(head, []byte(`"inputs"`)) {
			return format.Strong
		}
		return format.No
	},
	Read: func(in *format.Input) format.Result {
		x := &symbol{judge: newJudge(in, "mxnet", "MXNet")}
		_, _ = json.Parse(in.R, x) // faults are the JSON reader's to tell
		if !x.heads {
			return format.Result{} // some other graph in JSON
		}
		return x.done()
	},
}

// symbol visits a graph.
type symbol struct {
	*judge
	heads bool // the outputs are there: no other kind of graph calls them so
}

// Begin implements json.Visitor.
func (x *symbol) Begin(p *json.Parser, object bool) {
	if d := p.Depth(); d > 0 && !object && string(p.Key(d-1)) == "heads" {
		x.heads = true
	}
}

// End implements json.Visitor.
func (x *symbol) End(*json.Parser) {}

// Value implements json.Visitor.
func (x *symbol) Value(p *json.Parser, v *json.Value) {
	d := p.Depth()
	if d > 0 && string(p.Key(0)) == "heads" {
		x.heads = true
	}
	if v.Kind != json.String || d == 0 {
		return
	}
	at := x.in.Location(v.Offset, v.Length)
	at.Line = p.Line()
	if d > 2 && string(p.Key(d-1)) == "op" && string(p.Key(d-3)) == "nodes" {
		x.operator(string(v.Bytes[:min(len(v.Bytes), bounded.MaxPathBytes)]), at)
		return
	}
	x.text(v.Bytes, string(p.Key(d-1)), at, nil)
}

const listMagic = 0x112

// MXNetParams is a list of arrays with their names behind them.
var MXNetParams = format.Format{
	ID:    "mxnet-params",
	Title: "MXNet parameters",
	Spec:  "https://github.com/apache/mxnet/blob/master/src/ndarray/ndarray.cc",
	Rules: []string{gapMalformed, gapUnsupported},
	Match: func(in *format.Input) format.Confidence {
		if p := in.Head(); len(p) >= 24 && binary.LittleEndian.Uint64(p) == listMagic && binary.LittleEndian.Uint64(p[8:]) == 0 {
			return format.Strong
		}
		return format.No
	},
	Read: readNDArrays,
}

const (
	arrayV1 = 0xf993fac8
	arrayV2 = 0xf993fac9
	arrayV3 = 0xf993faca
)

// arrays reads such a list. The first trouble ends it.
type arrays struct {
	*judge
	at   int64
	what string // why no more can be read
	list []ndarray
}

type ndarray struct {
	dtype string
	dims  []int64
}

func readNDArrays(in *format.Input) format.Result {
	s := &arrays{judge: newJudge(in, "mxnet", "MXNet"), at: 16}
	if in.R.Size() < 24 {
		return s.res
	}
	s.span(format.Span{Length: 24})
	n := s.number(8)
	for i := uint64(0); i < n && s.what == ""; i++ {
		if in.R.Budget().Items(1) != nil || len(s.list) == bounded.MaxTensorNames {
			_ = in.R.Budget().Reach("tensor-names", bounded.MaxTensorNames)
			return s.done()
		}
		s.array()
	}
	start := s.at
	if s.what == "" {
		s.names()
	}
	if s.what != "" {
		s.gap(gapMalformed, s.at, 0, "The list cannot be read any further: "+s.what+".")
	} else {
		s.span(format.Span{Offset: start, Length: s.at - start})
	}
	return s.done()
}

// number reads 4 or 8 bytes.
func (s *arrays) number(width int64) uint64 {
	if s.what != "" {
		return 0
	}
	p, err := s.in.R.Bytes(s.at, width)
	if err != nil {
		s.what = "it is cut off"
		return 0
	}
	s.at += width
	if width == 4 {
		return uint64(binary.LittleEndian.Uint32(p))
	}
	return binary.LittleEndian.Uint64(p)
}

// shape reads the number of dimensions and these.
func (s *arrays) shape(width int64) (dims []int64) {
	n := s.number(4)
	if int32(n) < 0 {
		return nil // an unknown shape
	}
	return s.dims(n, width)
}

func (s *arrays) dims(n uint64, width int64) []int64 {
	if n > maxRank {
		s.what = "an array has more dimensions than any has"
		return nil
	}
	dims := []int64{}
	for range n {
		dims = append(dims, int64(s.number(width)))
	}
	return dims
}

// array reads one array.
func (s *arrays) array() {
	start := s.at
	var x ndarray
	stored := [][]int64{nil} // shapes of what is stored: values, then indexes
	types := []uint64{0}
	kind := uint64(0)
	switch magic := s.number(4); magic {
	case arrayV2, arrayV3:
		if kind = s.number(4); kind > 2 {
			s.at, s.what = start, "an array is stored in a way that is not known"
			return
		}
		if kind > 0 {
			stored[0] = s.shape(8)
		}
		x.dims = s.shape(8)
		if kind == 0 {
			stored[0] = x.dims
		}
		if x.dims == nil || magic == arrayV2 && len(x.dims) == 0 {
			s.finish(start, x, nil, nil)
			return
		}
	case arrayV1:
		x.dims = s.shape(8)
		stored[0] = x.dims
		if len(x.dims) == 0 {
			s.finish(start, x, nil, nil)
			return
		}
	default: // the oldest form begins with the number of dimensions
		x.dims = s.dims(magic, 4)
		stored[0] = x.dims
		if len(x.dims) == 0 {
			s.finish(start, x, nil, nil)
			return
		}
	}
	s.number(8) // the device
	types[0] = s.number(4)
	for range kind {
		types = append(types, s.number(4))
		stored = append(stored, s.shape(8))
	}
	s.finish(start, x, types, stored)
}

// finish places the header of an array and the data behind it.
func (s *arrays) finish(start int64, x ndarray, types []uint64, stored [][]int64) {
	if s.what != "" {
		s.at = start
		return
	}
	spans := []format.Span{{Offset: start, Length: s.at - start}}
	at := s.at
	for i, number := range types {
		e, known := mxnetElement(number)
		n, ok := count(stored[i], e.width)
		switch {
		case !known:
			s.what = "an array has an element type that is not known"
		case !ok || n > s.in.R.Size()-at:
			s.what = "the data of an array ends behind the file"
		}
		if s.what != "" {
			s.at = start
			return
		}
		if i == 0 {
			x.dtype = e.name
		}
		spans = append(spans, format.Span{Offset: at, Length: n, Kind: format.Payload, Type: e.name, Row: stride(stored[i], e.width)})
		at += n
	}
	for _, p := range spans {
		s.span(p)
	}
	s.at = at
	s.list = append(s.list, x)
}

// names reads the names of the arrays, as many or none.
func (s *arrays) names() {
	start := s.at
	n := s.number(8)
	if s.what == "" && n != 0 && n != uint64(len(s.list)) {
		s.at, s.what = start, "it has another number of names than of arrays"
		return
	}
	for i := range n {
		at := s.at
		size := s.number(8)
		if s.what != "" || size > bounded.MaxStringKept {
			s.at, s.what = at, "a name is too long or cut off"
			return
		}
		p, err := s.in.R.Bytes(s.at, int64(size))
		if err != nil {
			s.at, s.what = at, "a name is cut off"
			return
		}
		s.at += int64(size)
		s.tensor(rule.Clip(string(p)), s.list[i].dtype, s.list[i].dims)
	}
	if n == 0 {
		for _, x := range s.list {
			s.tensor("", x.dtype, x.dims)
		}
	}
}

func mxnetElement(number uint64) (element, bool) {
	list := [...]element{{"F32", 4}, {"F64", 8}, {"F16", 2}, {"U8", 1}, {"I32", 4}, {"I8", 1}, {"I64", 8}, {"BOOL", 1}, {"I16", 2}, {"U16", 2}, {"U32", 4}, {"U64", 8}, {"BF16", 2}}
	if number >= uint64(len(list)) {
		return element{}, false
	}
	return list[number], true
}
