package format

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/rule"
)

// Keys of the facts that several formats state and the bill of materials reads.
// Lists are comma separated; all values come from the file and are clipped.
const (
	FactTensors       = "tensor.count"      // number of tensors
	FactParameters    = "tensor.parameters" // sum of their elements
	FactDtypes        = "tensor.dtypes"     // distinct element types, sorted
	FactTensorDigest  = "tensor.digest"     // see Inventory.Facts
	FactLayers        = "tensor.layers"     // highest number in the names of layers, plus one
	FactArchitecture  = "model.architecture"
	FactModelName     = "model.name"
	FactProducer      = "model.producer" // tool and version that wrote the file, as it says
	FactQuantization  = "model.quantization"
	FactContextLength = "model.context_length"
	FactOpset         = "model.opset"            // "ai.onnx 17,com.microsoft 1"
	FactOperators     = "model.operators"        // distinct operator names, sorted
	FactCustomOps     = "model.custom_operators" // those of them that the runtime does not bring along
)

// Inventory collects the tensors of one file for the facts about them. The zero
// value is ready.
type Inventory struct {
	lines    []string
	dtypes   []string
	elements int64
}

// Add notes a tensor. Dims that are negative (open) or overflow count as no
// elements. It keeps one string a tensor: the caller bounds how many.
func (v *Inventory) Add(name, dtype string, dims []int64) {
	line := make([]byte, 0, len(name)+len(dtype)+8+8*len(dims))
	line = append(append(append(line, name...), '\t'), dtype...)
	n := int64(1)
	for i, d := range dims {
		line = strconv.AppendInt(append(line, "\t,"[min(i, 1)]), d, 10)
		if d < 0 || (d > 0 && n > (1<<62)/d) {
			n = 0
		}
		n *= max(d, 0)
	}
	v.elements = min(v.elements+n, 1<<62)
	v.lines = append(v.lines, string(line))
	if i, ok := slices.BinarySearch(v.dtypes, dtype); !ok && len(v.dtypes) < 64 {
		v.dtypes = slices.Insert(v.dtypes, i, dtype)
	}
}

// Facts states the count, the elements, the dtypes and the digest: SHA-256 over
// the sorted lines "name TAB dtype TAB d0,d1,…", each ended by a line feed. The
// same tensors have the same digest in whatever order and format they are kept.
// No tensors, no facts.
func (v *Inventory) Facts() []finding.Fact {
	if len(v.lines) == 0 {
		return nil
	}
	slices.Sort(v.lines)
	h := sha256.New()
	for _, line := range v.lines {
		h.Write([]byte(line))
		h.Write([]byte{'\n'})
	}
	facts := []finding.Fact{
		{Key: FactTensors, Value: strconv.Itoa(len(v.lines))},
		{Key: FactParameters, Value: strconv.FormatInt(v.elements, 10)},
		{Key: FactDtypes, Value: rule.Clip(strings.Join(v.dtypes, ","))},
		{Key: FactTensorDigest, Value: "sha256:" + hex.EncodeToString(h.Sum(nil))},
	}
	if n := layers(v.lines); n > 0 {
		facts = append(facts, finding.Fact{Key: FactLayers, Value: strconv.Itoa(n)})
	}
	return facts
}

// layers counts by the names: "model.layers.31.mlp.weight" is layer 31 of 32.
func layers(lines []string) (n int) {
	for _, line := range lines {
		for _, word := range []string{"layers.", "layer.", "h.", "blocks.", "blk."} {
			i := strings.Index(line, word)
			if i < 0 || i > 0 && line[i-1] != '.' {
				continue
			}
			digits, _, ok := strings.Cut(line[i+len(word):], ".")
			if k, err := strconv.Atoi(digits); ok && err == nil && k >= n && k < 1<<20 {
				n = k + 1
			}
			break
		}
	}
	return n
}

// List is one fact that names things: distinct, sorted, at most max of them and
// the number of the rest.
func List(key string, names []string, most int) []finding.Fact {
	names = slices.Clone(names)
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 0 {
		return nil
	}
	var b strings.Builder
	for i, name := range names {
		if i == most {
			b.WriteString(" and " + strconv.Itoa(len(names)-most) + " more")
			break
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(rule.Clip(name))
	}
	return []finding.Fact{{Key: key, Value: b.String()}}
}
