package safetensors

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/decode/safetensors"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const ending = ".safetensors"

func claims(name string) bool { return strings.HasSuffix(strings.ToLower(name), ending) }

func read(in *format.Input) format.Result {
	var res format.Result
	m := metadata{in: in, res: &res}
	f := safetensors.Read(in.R, m.value)
	for i := range f.Problems {
		report(in, &f.Problems[i], &res)
	}
	if !f.Complete {
		return res
	}
	res.Spans = append(res.Spans, format.Span{Offset: 0, Length: f.Data, Kind: format.Structure})
	place(f, in.R.Budget().Deep, &res)
	facts(f, &res)
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
		}
		pos = end
	}
}

func facts(f *safetensors.File, res *format.Result) {
	var elements int64
	used := map[safetensors.Type]bool{}
	for i := range f.Tensors {
		if t := &f.Tensors[i]; !t.Bad {
			elements += t.Elements
			used[t.Type] = true
		}
	}
	var names []string
	for t := range used {
		names = append(names, t.String())
	}
	slices.Sort(names)
	res.Facts = append(res.Facts,
		finding.Fact{Key: "safetensors.tensors", Value: strconv.Itoa(len(f.Tensors))},
		finding.Fact{Key: "tensor.parameters", Value: strconv.FormatInt(elements, 10)},
		finding.Fact{Key: "tensor.dtypes", Value: strings.Join(names, ",")})
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
