package orbax

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/json"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
	"github.com/sallyport/sallyport/rules"
)

// Zarr is the metadata of Zarr arrays. The JSON reader explains its bytes; this
// one looks at the codecs it names.
var Zarr = format.Format{
	ID:      "zarr",
	Title:   "Metadata of a Zarr array",
	Spec:    "https://zarr-specs.readthedocs.io",
	Textual: true,
	Rules:   []string{rulePickle, ruleCodec},
	Match:   matchZarr,
	Read:    readZarr,
}

// isMetadata recognises the names of metadata.
func isMetadata(base string) bool {
	switch strings.ToLower(base) {
	case ".zarray", ".zgroup", ".zattrs", ".zmetadata", "zarr.json":
		return true
	}
	return false
}

func matchZarr(in *format.Input) format.Confidence {
	if isMetadata(in.Name) && bytes.HasPrefix(bytes.TrimLeft(in.Head(), "\ufeff \t\r\n"), []byte("{")) {
		return format.Strong
	}
	return format.No
}

// array is what the metadata says.
type array struct {
	in      *format.Input // nil: only the numbers are wanted
	res     format.Result
	raised  map[string]bool
	chunk   int64 // elements of a chunk, version 2
	shape   []int64
	dtype   string
	codecs  []string
	version string
}

// Begin implements json.Visitor.
func (a *array) Begin(*json.Parser, bool) {}

// End implements json.Visitor.
func (a *array) End(*json.Parser) {}

// Value implements json.Visitor.
func (a *array) Value(p *json.Parser, v *json.Value) {
	d := p.Depth()
	if d == 0 || attributes(p, d) {
		return
	}
	if version := codec(p, d); version != "" && v.Kind == json.String {
		a.codec(p, v, version)
		return
	}
	switch {
	case d == 1 && (string(p.Key(0)) == "dtype" || string(p.Key(0)) == "data_type") && v.Kind == json.String:
		a.dtype = string(v.Bytes[:min(len(v.Bytes), 100)])
	case d == 2 && v.Kind == json.Number && string(p.Key(0)) == "shape" && len(a.shape) < 64:
		a.shape = append(a.shape, number(v.Bytes))
	case d == 2 && v.Kind == json.Number && string(p.Key(0)) == "chunks":
		n := number(v.Bytes)
		if a.chunk == 0 {
			a.chunk = 1
		}
		if n <= 0 || a.chunk < 0 || a.chunk > (1<<40)/n {
			a.chunk = -1
		} else {
			a.chunk *= n
		}
	}
}

func number(p []byte) int64 {
	n := int64(0)
	for _, b := range p {
		if b < '0' || b > '9' || n > 1<<50 {
			return -1
		}
		n = 10*n + int64(b-'0')
	}
	return n
}

// attributes reports values that the user chose.
func attributes(p *json.Parser, depth int) bool {
	for d := range depth {
		if string(p.Key(d)) == "attributes" {
			return true
		}
	}
	return false
}

// codec is the version of Zarr that takes the value for the name of a codec.
func codec(p *json.Parser, d int) string {
	switch string(p.Key(d - 1)) {
	case "id":
		if string(p.Key(d-2)) == "compressor" || p.Key(d-2) == nil && string(p.Key(d-3)) == "filters" {
			return "2"
		}
	case "name":
		if k := string(p.Key(d - 3)); p.Key(d-2) == nil && (k == "codecs" || k == "index_codecs") {
			return "3"
		}
	}
	if k := string(p.Key(d - 2)); p.Key(d-1) == nil && (k == "codecs" || k == "index_codecs") {
		return "3" // the short form: the name alone
	}
	return ""
}

func (a *array) codec(p *json.Parser, v *json.Value, version string) {
	name := string(v.Bytes[:min(len(v.Bytes), 200)])
	a.codecs, a.version = append(a.codecs, name), version
	effect, known := rules.Row(rules.ZarrCodecs, version, name)
	if a.in == nil || known && effect == "inert" || a.raised[name] || len(a.res.Findings) > bounded.MaxFindings {
		return
	}
	a.raised[name] = true
	at := a.in.Location(v.Offset, v.Length)
	at.Line = p.Line()
	if known {
		a.res.Findings = append(a.res.Findings, rule.Finding(rulePickle, at, name, fmt.Sprintf("The chunks of this array are decoded by the codec %q, which unpickles them.", rule.Clip(name))))
		return
	}
	a.res.Findings = append(a.res.Findings, rule.Finding(ruleCodec, at, name, fmt.Sprintf("The chunks of this array are decoded by the codec %q, which is not one that is known to be harmless.", rule.Clip(name))))
}

func readZarr(in *format.Input) format.Result {
	a := &array{in: in, raised: map[string]bool{}}
	_, err := json.Parse(in.R, a) // faults are the JSON reader's to tell
	if err == nil && a.dtype != "" {
		var v format.Inventory
		name := in.Path
		if n := len(in.Inside); n > 0 {
			name = in.Inside[n-1]
		}
		v.Add(path.Base(path.Dir(name)), a.dtype, a.shape)
		a.res.Facts = v.Facts()
	}
	return a.res
}

// arrays are the arrays whose metadata stands in the same node as their chunks.
type arrays struct {
	budget *bounded.Budget
	by     map[string]*array
}

func arraysIn(budget *bounded.Budget, keys []string, values [][]byte) *arrays {
	s := &arrays{budget: budget, by: map[string]*array{}}
	for i, key := range keys {
		if path.Base(key) == ".zarray" && len(values[i]) > 0 {
			a := &array{}
			if _, err := json.Parse(bounded.NewBytes(values[i], budget), a); err == nil {
				s.by[path.Dir(key)] = a
			}
		}
	}
	return s
}

// explain reports whether the value is a chunk of an array: a name of numbers,
// and decoded exactly as long as a chunk.
func (s *arrays) explain(key string, value []byte) bool {
	a := s.by[path.Dir(key)]
	if a == nil || a.chunk < 0 || !chunkName(path.Base(key)) {
		return false
	}
	size := itemSize(a.dtype) * max(a.chunk, 1)
	switch {
	case size == 0:
		return false
	case len(a.codecs) == 0:
		return int64(len(value)) == size
	case len(a.codecs) > 1 || a.codecs[0] != "zstd":
		return false
	}
	data, err := unzstd(s.budget, value)
	return err == nil && int64(len(data)) == size
}

func chunkName(base string) bool {
	return base != "" && strings.Trim(base, "0123456789.") == ""
}

// itemSize is the size of an element of version 2 in bytes, 0 when unknown.
func itemSize(dtype string) int64 {
	if dtype == "bfloat16" {
		return 2
	}
	if len(dtype) == 3 && strings.IndexByte("<>|", dtype[0]) >= 0 && strings.IndexByte("biufc", dtype[1]) >= 0 && dtype[2] >= '1' && dtype[2] <= '8' {
		return int64(dtype[2] - '0')
	}
	if len(dtype) == 4 && dtype[1:] == "c16" {
		return 16
	}
	return 0
}
