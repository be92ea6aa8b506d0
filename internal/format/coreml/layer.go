package coreml

import (
	"math/bits"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const inlineData = 64 // bytes of a payload that count as structure

// neuralLayer reads a layer of a neural network, with the networks inside of it.
func (t *reader) neuralLayer(m *protobuf.Message) {
	outer := t.layer
	t.each(m, func() bool {
		switch {
		case m.Decl.Name == "name":
			t.layer = rule.Clip(m.Text())
		case m.Number >= 100 && len(t.layers) < bounded.MaxTensorNames:
			t.layers = append(t.layers, m.Decl.Name)
		}
		return false
	})
	t.layer = outer
}

// parameters are the layers whose weights have a size that the layer declares:
// for each field the numbers that are multiplied, "3x3" for what is missing.
var parameters = map[string]map[string]string{
	"InnerProductLayerParams":   {"weights": "outputChannels inputChannels", "bias": "outputChannels"},
	"ConvolutionLayerParams":    {"weights": "outputChannels kernelChannels kernelSize", "bias": "outputChannels"},
	"BatchnormLayerParams":      {"gamma": "channels", "beta": "channels", "mean": "channels", "variance": "channels"},
	"EmbeddingLayerParams":      {"weights": "outputChannels inputDim", "bias": "outputChannels"},
	"EmbeddingNDLayerParams":    {"weights": "embeddingSize vocabSize", "bias": "embeddingSize"},
	"LoadConstantLayerParams":   {"data": "shape"},
	"LoadConstantNDLayerParams": {"data": "shape"},
	"BiasLayerParams":           {"bias": "shape"},
	"ScaleLayerParams":          {"scale": "shapeScale", "bias": "shapeBias"},
}

// sized reads such a layer. Its numbers stand in front of its weights, as every
// writer puts them; a layer in another order has weights of unknown shape.
func (t *reader) sized(m *protobuf.Message, shapes map[string]string) {
	numbers := map[string][]int64{}
	t.each(m, func() bool {
		switch {
		case m.Decl.Kind == protobuf.Int:
			n := numbers[m.Decl.Name]
			for x := range m.Numbers(protobuf.Varint) {
				if len(n) < maxRank {
					n = append(n, int64(x))
				}
			}
			numbers[m.Decl.Name] = n
		case shapes[m.Decl.Name] != "":
			var sub protobuf.Message
			if m.Enter(&sub) {
				groups := int64(1)
				if g := numbers["nGroups"]; len(g) == 1 && g[0] > 1 && len(numbers["isDeconvolution"]) == 1 && m.Decl.Name == "weights" {
					groups = g[0]
				}
				t.weights(&sub, m.Decl.Name, shapeOf(numbers, shapes[m.Decl.Name]), groups)
			}
			return true
		}
		return false
	})
}

const maxRank = 64

// shapeOf looks up the numbers that make a shape; nil when one is not there.
func shapeOf(numbers map[string][]int64, names string) (dims []int64) {
	for name := range strings.FieldsSeq(names) {
		n := numbers[name]
		if name == "kernelSize" && len(n) == 0 {
			n = []int64{3, 3}
		}
		if len(n) == 0 {
			return nil
		}
		dims = append(dims, n...)
	}
	return dims
}

// count multiplies a shape. ok is false when that overflows.
func count(dims []int64) (n int64, ok bool) {
	n = 1
	for _, d := range dims {
		hi, lo := bits.Mul64(uint64(n), uint64(d))
		if d < 0 || hi != 0 || lo > 1<<62 {
			return 0, false
		}
		n = int64(lo)
	}
	return n, true
}

// stored is the data of some weights.
type stored struct {
	dtype string
	width int64 // bits of one element
	bytes int64
	kinds int
}

// weights reads WeightParams. dims is nil when the shape is not known; groups
// divides the number of elements.
func (t *reader) weights(m *protobuf.Message, field string, dims []int64, groups int64) {
	var s stored
	width := int64(0)
	t.each(m, func() bool {
		switch m.Decl.Name {
		case "floatValue":
			s.take("F32", 32, t.payload(m, "F32", dims, 32))
		case "float16Value":
			s.take("F16", 16, t.payload(m, "F16", dims, 16))
		case "int8RawValue":
			s.take("I8", 8, t.payload(m, "I8", dims, 8))
		case "rawValue":
			s.take("", 0, t.payload(m, "", nil, 0))
		case "quantization":
			width = t.quantized(m)
		default:
			return false
		}
		return true
	})
	if s.kinds == 1 && s.width == 0 {
		s.width, s.dtype = width, "U"+itoa(width)
	}
	name := t.layer + "." + field
	switch n, ok := count(dims); {
	case s.kinds == 0:
	case s.kinds > 1:
		t.gap(gapSize, m.Start, 0, "The weights "+quote(name)+" have data in two fields: loaders take one of them.")
	case s.width == 0:
		t.gap(gapMalformed, m.Start, 0, "The weights "+quote(name)+" do not say how many bits an element has.")
	case dims == nil:
		t.tensor(name, s.dtype, []int64{s.bytes * 8 / s.width})
	case !ok || !s.fits(n/groups):
		t.gap(gapSize, m.Start, 0, "The shape of the weights "+quote(name)+" does not fit the length of their data.")
	default:
		t.tensor(name, s.dtype, dims)
	}
}

// take notes data; the entries of a list that is not packed come one by one.
func (s *stored) take(dtype string, width, n int64) {
	if s.kinds == 0 || s.dtype != dtype || s.width != width {
		s.kinds++
	}
	s.dtype, s.width, s.bytes = dtype, width, s.bytes+n
}

// fits reports whether n elements take the bytes that are there.
func (s *stored) fits(n int64) bool { return n <= 1<<56 && (n*s.width+7)/8 == s.bytes }

// quantized reads how many bits an element has.
func (t *reader) quantized(m *protobuf.Message) (width int64) {
	var sub protobuf.Message
	if m.Enter(&sub) {
		t.each(&sub, func() bool {
			if sub.Decl.Name == "numberOfBits" && sub.Value <= 64 {
				width = int64(sub.Value)
			}
			return false
		})
	}
	return width
}

// payload explains the data of a tensor and returns its length.
func (t *reader) payload(m *protobuf.Message, dtype string, dims []int64, width int64) int64 {
	n := m.Length
	if m.Wire != protobuf.Bytes { // one number that is not packed
		return width / 8
	}
	if n > inlineData && t.tensors < bounded.MaxTensorNames {
		t.tiles.Put(format.Span{Offset: m.Data, Length: n, Kind: format.Payload, Type: dtype, Row: stride(dims, width)})
	}
	return n
}

// stride is how many bytes one step along the first dimension takes.
func stride(dims []int64, width int64) int64 {
	if len(dims) < 2 {
		return 0
	}
	n, ok := count(dims[1:])
	if !ok || n > 1<<40 {
		return 0
	}
	return (n*width + 7) / 8
}

func (t *reader) tensor(name, dtype string, dims []int64) {
	if t.tensors++; t.tensors > bounded.MaxTensorNames {
		_ = t.in.R.Budget().Reach("tensor-names", bounded.MaxTensorNames)
		return
	}
	t.inventory.Add(name, dtype, dims)
}
