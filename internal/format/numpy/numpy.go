// Package numpy reads NumPy's array files (.npy), one array or several behind
// each other.
//
// Specification: numpy/lib/_format_impl.py, format versions 1.0 to 3.0.
//
// Threat: an item type that holds objects anywhere turns the rest of the file
// into a pickle; sizes that do not add up hide bytes. The header is parsed by
// package decode/npy, the pickle is judged by the pickle format.
//
// Not covered: archives of arrays (.npz) are zip archives, whose members come
// back here by their content; a file of this name without the magic is loaded as
// a pickle by NumPy, and read as one by the pickle format.
package numpy

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/npy"
	"github.com/sallyport/sallyport/internal/decode/pickle"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// Format is the array file.
var Format = format.Format{
	ID:         "numpy",
	Title:      "NumPy array",
	Spec:       "https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html",
	Extensions: []string{".npy"},
	Rules:      []string{ruleLong, ruleObjects, gapMalformed, gapLimit, gapUnsupported, gapSize},
	Match:      match,
	Read:       read,
}

const (
	ruleLong       = "SP-NPY-001"
	ruleObjects    = "SP-NPY-002"
	gapLimit       = "SP-COV-003"
	gapMalformed   = "SP-COV-004"
	gapUnsupported = "SP-COV-012"
	gapSize        = "SP-COV-016"
)

// longHeader is where NumPy refuses a header unless told to trust the file, in bytes.
const longHeader = 10_000

func match(in *format.Input) format.Confidence {
	if strings.HasPrefix(string(in.Head()[:min(len(in.Head()), len(npy.Magic))]), npy.Magic) {
		return format.Strong
	}
	return format.No
}

// reader works through the arrays of one file.
type reader struct {
	in  *format.Input
	res format.Result
}

func read(in *format.Input) format.Result {
	t := &reader{in: in}
	for off, more := int64(0), true; more; {
		off, more = t.array(off)
	}
	return t.res
}

// array reads the array at off and returns where the next one starts, if one does.
func (t *reader) array(off int64) (next int64, more bool) {
	if t.in.R.Budget().Items(1) != nil {
		return 0, false
	}
	h, err := npy.Read(t.in.R, off)
	if err != nil {
		t.refuse(off, h, err)
		return 0, false
	}
	t.span(format.Span{Offset: off, Length: h.Length, Kind: format.Structure})
	if off == 0 {
		t.facts(h)
	}
	if h.Length > longHeader {
		t.raise(ruleLong, off, "header", fmt.Sprintf(
			"The header of the array has %d bytes: NumPy refuses it unless the caller says that the file is trusted, which also permits pickles.", h.Length))
	}
	end := t.data(off+h.Length, h)
	return end, end > 0 && t.magicAt(end)
}

// data explains what follows a header and returns its end, 0 when that is not known.
func (t *reader) data(at int64, h *npy.Header) int64 {
	rest := t.in.R.Size() - at
	switch {
	case h.Object:
		return t.objects(at)
	case h.Data > rest:
		t.span(format.Span{Offset: at, Kind: format.Unread, Rule: gapSize, Reason: fmt.Sprintf(
			"The header declares %d bytes of data, %d are there.", h.Data, rest)})
		return 0
	case h.Data > 0:
		t.span(format.Span{Offset: at, Length: h.Data, Kind: format.Payload, Type: deepType(h), Row: h.Row()})
	}
	return at + h.Data
}

// objects hands on the pickle that holds an array of objects.
func (t *reader) objects(at int64) int64 {
	t.raise(ruleObjects, at, "objects", fmt.Sprintf(
		"The array holds Python objects, so its data is a pickle (at byte %d), which numpy.load runs when allow_pickle is set.", at))
	rest, err := t.in.R.Section(at, t.in.R.Size()-at)
	if err != nil || rest.Size() == 0 {
		t.span(format.Span{Offset: at, Kind: format.Unread, Rule: gapSize, Reason: "The pickle that should hold its objects is missing."})
		return 0
	}
	trace := pickle.Run(rest, 0, pickle.Options{})
	end := int64(0)
	if trace.Stopped && t.magicAt(at+trace.End) {
		end = at + trace.End
		if rest, err = t.in.R.Section(at, trace.End); err != nil {
			return 0
		}
	}
	t.res.Children = append(t.res.Children, format.Child{Name: fmt.Sprintf("objects@%d", at), R: rest,
		Offset: at, Length: rest.Size(), As: "pickle", Parsed: trace})
	return end
}

// refuse reports a header that cannot be read. What follows it stays
// unexplained, so that the engine looks for other things in it.
func (t *reader) refuse(off int64, h *npy.Header, err error) {
	s := format.Span{Offset: off, Kind: format.Unread, Rule: gapMalformed, Reason: "The header of the array cannot be read: " + err.Error() + "."}
	var limit *bounded.LimitError
	switch {
	case errors.As(err, &limit):
		s.Rule = gapLimit
	case errors.Is(err, npy.ErrType), errors.Is(err, npy.ErrVersion):
		s.Rule = gapUnsupported
	}
	if h != nil && off+h.Length <= t.in.R.Size() {
		s.Length = h.Length
		if h.Object {
			t.objects(off + h.Length)
		}
	}
	t.span(s)
}

func (t *reader) magicAt(off int64) bool {
	if t.in.R.Size()-off < int64(len(npy.Magic)) {
		return false
	}
	p, err := t.in.R.Bytes(off, int64(len(npy.Magic)))
	return err == nil && string(p) == npy.Magic
}

func (t *reader) span(s format.Span) { t.res.Spans = append(t.res.Spans, s) }

func (t *reader) raise(id string, off int64, symbol, message string) {
	t.res.Findings = append(t.res.Findings, rule.Finding(id, t.in.Location(off, 0), symbol, message))
}

// facts describe the first array.
func (t *reader) facts(h *npy.Header) {
	dims := make([]string, min(len(h.Shape), 32))
	for i := range dims {
		dims[i] = strconv.FormatInt(h.Shape[i], 10)
	}
	t.res.Facts = []finding.Fact{
		{Key: "numpy.dtype", Value: rule.Clip(h.Type)},
		{Key: "numpy.shape", Value: strings.Join(dims, "x")},
	}
}

// deepType is the element type for a look at the values.
func deepType(h *npy.Header) string {
	return map[string]string{"<f8": "F64", "<f4": "F32", "<f2": "F16"}[h.Type]
}
