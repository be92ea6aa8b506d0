// Package pdf reads PDF files as a sequence of tokens, from the header to the last
// end mark, the way viewers do that repair a damaged file: it believes no table of
// offsets. Names are compared with their escapes undone, and streams of objects
// are inflated and read like the file.
//
// Specification: ISO 32000-2.
//
// Threat: scripts and actions that start programs or send data when the document
// is opened; files carried inside; bytes before the header, between objects and
// behind the end.
//
// Not covered: content of pages, fonts and pictures; what scripts do; objects that
// the table of offsets hides; encrypted documents and unusual encodings of streams
// of objects, which are gaps.
package pdf

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const (
	ruleActive   = "SP-MEDIA-001" // acts when it is opened
	ruleEmbedded = "SP-MEDIA-002" // carries files
)

// Format is the PDF document.
var Format = format.Format{
	ID:         "pdf",
	Title:      "PDF document",
	Spec:       "https://pdfa.org/resource/iso-32000-2/",
	Extensions: []string{".pdf"},
	Rules:      []string{ruleActive, ruleEmbedded, "SP-COV-001", "SP-COV-003", "SP-COV-004", "SP-COV-010", "SP-COV-012"},
	Match: func(in *format.Input) format.Confidence {
		if start(in) >= 0 {
			return format.Strong
		}
		return format.No
	},
	Read: read,
}

// start is where the header stands, -1 when there is none. Viewers accept it in
// the first 1024 bytes; other texts that speak of PDF have no end mark.
func start(in *format.Input) int64 {
	head := in.Head()
	i := bytes.Index(head[:min(len(head), 1024)], []byte("%PDF-"))
	if i <= 0 {
		return int64(i)
	}
	if in.R.Decoded() && in.R.Size() > format.HeadSize {
		return -1
	}
	tail, err := in.R.Bytes(max(0, in.R.Size()-1024), min(1024, in.R.Size()))
	if err != nil || !bytes.Contains(tail, []byte("%%EOF")) {
		return -1
	}
	return int64(i)
}

// document is one file while it is read.
type document struct {
	lexer
	in     *format.Input
	res    format.Result
	raised map[string]bool

	object  int64 // number of the object that is open
	before  [2]int64
	entries entries
	depth   int

	opens     []int64        // objects that are to be done when the document opens
	addresses map[int64]bool // objects that are actions with an address
	pages     int64
	gaps      int
	sealed    bool  // encrypted
	ended     int64 // behind the last end mark
	big       []format.Span
}

// entries are those of the outermost dictionary of an object.
type entries struct {
	key     string
	last    string // key of the value that was read last
	kind    string // Type
	filters []string
	length  int64 // -1: not given, or in another object
}

func read(in *format.Input) format.Result {
	from := start(in)
	if from < 0 {
		return format.Result{}
	}
	d := &document{lexer: lexer{c: in.R.NewCursor(from)}, in: in, raised: map[string]bool{}, addresses: map[int64]bool{}}
	defer d.c.Close()
	err := d.run()
	if err == nil {
		d.blank()
	}
	end := d.ended
	if end == 0 {
		end = max(from, d.token)
	}
	d.judgeOpening()
	d.tell(from, end, err)
	return d.res
}

// tell states the coverage: everything up to the last end mark is structure but
// for long streams and what was left out.
func (d *document) tell(from, end int64, err error) {
	at := from
	for _, s := range d.big {
		if s.Offset >= end {
			break
		}
		d.span(at, s.Offset, format.Structure)
		if s.Kind == format.Payload {
			d.span(s.Offset, min(end, s.Offset+s.Length), format.Payload)
		}
		at = min(end, s.Offset+s.Length)
	}
	d.span(at, end, format.Structure)
	var limit *bounded.LimitError
	switch {
	case errors.As(err, &limit):
	case err != nil && (d.ended == 0 || d.token < d.ended):
		d.gap("SP-COV-004", fmt.Sprintf("The document cannot be read from byte %d on.", d.token))
	case d.ended == 0:
		d.gap("SP-COV-004", "The document has no end mark.")
	}
	if d.sealed {
		d.gap("SP-COV-010", "The document is encrypted: its streams and texts cannot be read.")
	}
	d.res.Facts = append(d.res.Facts, finding.Fact{Key: "pdf.pages", Value: fmt.Sprint(d.pages)})
}

func (d *document) span(from, to int64, k format.SpanKind) {
	if to > from {
		d.res.Spans = append(d.res.Spans, format.Span{Offset: from, Length: to - from, Kind: k})
	}
}

func (d *document) gap(id, reason string) {
	if d.gaps++; d.gaps > bounded.MaxGapsPerFile {
		return
	}
	d.res.Spans = append(d.res.Spans, format.Span{Offset: d.ended, Kind: format.Unread, Rule: id, Reason: reason})
}

func (d *document) raise(id, symbol, message string) {
	if key := id + symbol; !d.raised[key] {
		d.raised[key] = true
		d.res.Findings = append(d.res.Findings, rule.Finding(id, d.in.Location(d.token, 0), symbol, message))
	}
}

// name judges a name wherever it stands.
func (d *document) name(s string) {
	switch s {
	case "JS", "JavaScript":
		d.raise(ruleActive, "JavaScript", "This document carries a script that the viewer runs.")
	case "Launch":
		d.raise(ruleActive, s, "This document can start a program.")
	case "ImportData", "SubmitForm", "GoToE", "RichMedia", "XFA", "Rendition":
		d.raise(ruleActive, s, fmt.Sprintf("This document has an active part (%s) that viewers act on.", s))
	case "EmbeddedFile", "EmbeddedFiles":
		d.raise(ruleEmbedded, "EmbeddedFile", "This document carries another file inside.")
	case "Encrypt":
		d.sealed = true
	case "Page":
		d.pages++
	case "URI":
		if len(d.addresses) < bounded.MaxFindings {
			d.addresses[d.object] = true
		}
	}
}

// judgeOpening looks for addresses that are visited when the document opens.
func (d *document) judgeOpening() {
	for _, n := range d.opens {
		if d.addresses[n] {
			d.raise(ruleActive, "OpenAction", "This document visits an address when it is opened.")
		}
	}
}
