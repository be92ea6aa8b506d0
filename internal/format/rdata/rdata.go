// Package rdata reads R's serialised objects: .rds, .rda and .RData files.
//
// Specification: "Serialization Formats" of R Internals; see package decode/rdata.
//
// Threat: R keeps code as data. A promise that has no value yet runs its expression
// when it is touched (CVE-2024-27322, R before 4.4), an active binding each time it
// is read, .First and .Last when a session begins and ends. Stock models hold
// functions too, those of a glm for example, which prediction calls: a function is
// silent here when everything it calls is known to compute and nothing else, and a
// finding when it is not. R does not check byte code, so we do.
//
// Not covered: what calls kept as data mean to the package that reads them, beyond
// calls that start programs, run text, reach the network or load code; whether a
// function of R that is known computes the right thing.
package rdata

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/encoded"
	"github.com/sallyport/sallyport/internal/decode/magic"
	decode "github.com/sallyport/sallyport/internal/decode/rdata"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const (
	rulePromise  = "SP-R-001" // code that runs when the object is touched
	ruleReaches  = "SP-R-002" // a function that reaches beyond the data
	ruleUnknown  = "SP-R-003" // a function that calls what is not known
	ruleBytecode = "SP-R-004" // byte code that R's compiler does not write
	ruleSession  = "SP-R-005" // runs when a session begins or ends
	ruleQuoted   = "SP-R-006" // a call kept as data that reaches beyond it
	ruleMask     = "SP-R-007" // an object that takes the place of a function of R
	ruleClass    = "SP-R-008" // a class that opens files or loads packages
	ruleOutside  = "SP-R-009" // a reference or length that leads out of the file
	ruleHidden   = "SP-R-010" // a program or pickle in a text
)

// Format is R's serialisation. Files are compressed as a rule; what unpacks them
// hands them on.
var Format = format.Format{
	ID:         "rdata",
	Extensions: []string{".rds", ".rda", ".rdata"},
	Title:      "R data",
	Spec:       "https://cran.r-project.org/doc/manuals/r-release/R-ints.html#Serialization-Formats",
	Rules: []string{rulePromise, ruleReaches, ruleUnknown, ruleBytecode, ruleSession, ruleQuoted, ruleMask, ruleClass, ruleOutside, ruleHidden,
		"SP-COV-003", "SP-COV-004", "SP-COV-012"},
	Match: func(in *format.Input) format.Confidence {
		if decode.Starts(in.Head()) {
			return format.Strong
		}
		return format.No
	},
	Read: read,
}

// reader judges one stream.
type reader struct {
	in     *format.Input
	res    format.Result
	t      *decode.Trace
	raised map[string]int
	hidden int
}

func read(in *format.Input) format.Result {
	r := &reader{in: in, raised: map[string]int{}}
	var end int64
	var err error
	r.t, end, err = decode.Parse(in.R, r.look)
	r.judge()
	r.spans(end)
	if err != nil {
		r.stopped(end, err)
	}
	if r.t.Persist >= 0 {
		r.gap(r.t.Persist, 0, "SP-COV-012", "It refers to an object that only the program which wrote it has.")
	}
	if r.t.Omitted {
		r.gap(0, 0, "SP-COV-003", "It holds more functions, promises or objects than are looked at.")
	}
	r.state()
	return r.res
}

func (r *reader) gap(off, length int64, id, reason string) {
	r.res.Spans = append(r.res.Spans, format.Span{Offset: off, Length: length, Kind: format.Unread, Rule: id, Reason: reason})
}

// stopped says why the stream was not read to its end.
func (r *reader) stopped(end int64, err error) {
	rest := r.in.R.Size() - end
	var limit *bounded.LimitError
	switch {
	case errors.As(err, &limit):
		r.gap(end, rest, "SP-COV-003", fmt.Sprintf("The data was not read to its end: %s.", err))
	case errors.Is(err, decode.ErrType):
		r.gap(end, rest, "SP-COV-012", fmt.Sprintf("The data has %s.", err))
	default:
		r.gap(end, rest, "SP-COV-004", fmt.Sprintf("The data is not valid: %s.", err))
	}
}

// spans makes structure of everything but long vectors and bytes; bytes that look
// like a file of their own are handed on.
func (r *reader) spans(end int64) {
	all := append(slices.Clone(r.t.Raw), r.t.Payload...)
	slices.SortFunc(all, func(a, b decode.Range) int { return cmp.Compare(a.Offset, b.Offset) })
	var tiles format.Tiling
	for _, p := range all {
		tiles.Put(format.Span{Offset: p.Offset, Length: p.Length, Kind: format.Payload})
	}
	r.res.Spans = append(r.res.Spans, tiles.Spans(end)...)
	if r.t.Notation == "text" {
		return
	}
	for _, p := range r.t.Raw {
		r.raw(p)
	}
}

// raw hands on a vector of bytes that begins like a file.
func (r *reader) raw(p decode.Range) {
	head, err := r.in.R.Bytes(p.Offset, min(p.Length, 4096))
	if err != nil || !begins(head) || r.hidden == maxHidden {
		return
	}
	if view, err := r.in.R.Section(p.Offset, p.Length); err == nil {
		r.hidden++
		r.res.Children = append(r.res.Children, format.Child{Name: fmt.Sprintf("raw@%d", p.Offset), R: view, Offset: p.Offset})
	}
}

// begins reports whether bytes look like a format that is read elsewhere.
func begins(p []byte) bool {
	if _, ok := magic.Find(p); ok || decode.Starts(p) {
		return true
	}
	if _, how := encoded.Pickle(p); how != "" {
		return true
	}
	for _, m := range []string{"{L\x00\x00", "binf", "CBM1", "tree\nversion", "\x1f\x8b\x08", "BZh", "\xfd7zXZ", "PK\x03\x04", "\x89HDF", "\x80\x02", "\x80\x03", "\x80\x04", "\x80\x05", "MZ", "\x7fELF"} {
		if strings.HasPrefix(string(p[:min(len(p), 16)]), m) {
			return true
		}
	}
	return false
}

const (
	perRule   = 20
	maxHidden = 100
)

func (r *reader) raise(id string, off int64, symbol, message string) {
	if r.raised[id]++; r.raised[id] <= perRule {
		r.res.Findings = append(r.res.Findings, rule.Finding(id, r.in.Location(min(off, r.in.R.Size()), 0), symbol, message))
	}
}

// look searches a text for a pickle or a program.
func (r *reader) look(off int64, text []byte, cut bool) {
	data, how := encoded.Pickle(text)
	what := "a pickle"
	if data == nil {
		h, ok := magic.Find(text)
		if !ok {
			if cut && encoded.MayBegin(text) {
				_ = r.in.R.Budget().Reach("string-kept", bounded.MaxStringKept)
			}
			return
		}
		data, how, what = h.Data, h.How, h.What
	}
	if cut || r.hidden == maxHidden {
		_ = r.in.R.Budget().Reach("string-kept", bounded.MaxStringKept)
	}
	r.raise(ruleHidden, off, what, fmt.Sprintf("A text at byte %d holds %s (%s).", off, what, how))
	if r.hidden < maxHidden {
		r.hidden++
		r.res.Children = append(r.res.Children, format.Child{Name: fmt.Sprintf("text@%d", off), Offset: off, R: bounded.NewBytes(slices.Clone(data), r.in.R.Budget())})
	}
}

func (r *reader) state() {
	add := func(key, value string) {
		if value != "" {
			r.res.Facts = append(r.res.Facts, finding.Fact{Key: key, Value: rule.Clip(value)})
		}
	}
	add(format.FactProducer, "R "+r.t.Writer)
	add("r.class", strings.Join(r.t.Classes, ","))
	add("r.type", r.t.Type)
	var names []string
	for _, o := range r.t.Objects {
		if o.Name != "" {
			names = append(names, o.Name)
		}
	}
	r.res.Facts = append(r.res.Facts, format.List("r.objects", names, 50)...)
	r.res.Facts = append(r.res.Facts, format.List("r.namespaces", r.t.Homes, 50)...)
	if n := len(r.t.Functions); n > 0 {
		add("r.functions", fmt.Sprint(n))
	}
}
