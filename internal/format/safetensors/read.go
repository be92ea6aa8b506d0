package safetensors

import (
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/safetensors"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const ending = ".safetensors"

func claims(name string) bool { return strings.HasSuffix(strings.ToLower(name), ending) }

func read(in *format.Input) format.Result {
	var res format.Result
	m := metadata{in: in, res: &res}
	v := inventory{budget: in.R.Budget()}
	f := safetensors.ReadEach(in.R, m.value, v.tensor)
	for i := range f.Problems {
		report(in, &f.Problems[i], &res)
	}
	if !f.Complete {
		return res
	}
	res.Spans = append(res.Spans, format.Span{Offset: 0, Length: f.Data, Kind: format.Structure})
	place(f, in.R.Budget().Deep, &res)
	res.Facts = v.Facts()
	return res
}

// place explains the tensors; those that touch share one span unless the scan is
// deep. Bytes of two tensors are given to the first.
func place(f *safetensors.File, deep bool, res *format.Result) {
	var open *format.Span
	pos := f.Data
	for i := range f.Tensors {
		t := &f.Tensors[i]
		from, end := max(t.Begin, pos), t.End
		if t.Bad {
			res.Spans = append(res.Spans, format.Span{Offset: t.Begin, Length: t.End - t.Begin, Kind: format.Unread, Rule: "SP-COV-016",
				Reason: "Type, shape and length of a tensor do not fit together."})
			open = nil
			continue
		}
		switch {
		case end <= from:
			continue
		case !deep && open != nil && from == open.Offset+open.Length:
			open.Length += end - from
		default:
			res.Spans = append(res.Spans, format.Span{Offset: from, Length: end - from, Kind: format.Payload, Type: t.Type.String()})
			open = &res.Spans[len(res.Spans)-1]
			if deep && from == t.Begin {
				open.Row = t.Row
			}
		}
		pos = end
	}
}

// inventory notes the tensors while the header is read.
type inventory struct {
	format.Inventory
	budget *bounded.Budget
	n      int
	dims   []int64
}

func (v *inventory) tensor(name []byte, t *safetensors.Tensor, shape []uint64) {
	if t.Bad {
		return
	}
	if v.n++; v.n > bounded.MaxTensorNames {
		_ = v.budget.Reach("tensor-names", bounded.MaxTensorNames)
		return
	}
	v.dims = v.dims[:0]
	for _, d := range shape {
		v.dims = append(v.dims, int64(d))
	}
	v.Add(string(name), t.Type.String(), v.dims)
}

// report turns a problem into a finding, a gap, or both.
func report(in *format.Input, p *safetensors.Problem, res *format.Result) {
	raise := func(id, text string) {
		text = strings.Replace(text, "{name}", rule.Clip(p.Name), 1)
		res.Findings = append(res.Findings, rule.Finding(id, in.Location(p.Offset, p.Length), p.Name, text))
	}
	gap := func(id, reason string) {
		res.Spans = append(res.Spans, format.Span{Offset: p.Offset, Length: p.Length, Kind: format.Unread, Rule: id, Reason: reason})
	}
	switch p.Kind {
	case safetensors.Malformed:
		gap("SP-COV-004", "The header is not valid: "+p.Detail+".")
	case safetensors.Limit:
		gap("SP-COV-003", "The header was not read to its end: "+p.Detail+".")
	case safetensors.HeaderLength:
		raise("SP-ST-004", "The header is declared longer than the file.")
		gap("SP-COV-004", "The header is declared longer than the file.")
	case safetensors.Duplicate:
		raise("SP-ST-001", `The header names "{name}" twice.`)
	case safetensors.Overlap:
		raise("SP-ST-002", `The tensor "{name}" shares bytes with the one before it.`)
	case safetensors.Outside:
		raise("SP-ST-004", `The tensor "{name}" lies outside of the file, which may have been cut short.`)
	case safetensors.ShapeSize:
		raise("SP-ST-003", `The shape of the tensor "{name}" does not fit the number of its bytes.`)
	case safetensors.Overflow:
		raise("SP-ST-005", `The shape of the tensor "{name}" overflows.`)
	case safetensors.UnknownType:
		gap("SP-COV-012", "A tensor has the unknown type "+strconv.Quote(rule.Clip(p.Detail))+".")
	case safetensors.UnknownField:
		gap("SP-COV-012", "A tensor has a field that the format does not know.")
	case safetensors.NotText:
		gap("SP-COV-004", "A metadata value is not a text.")
	}
}
