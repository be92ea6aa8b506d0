// Package office reads documents of Office and LibreOffice: zip archives whose
// parts refer to each other.
//
// Specification: ECMA-376 (Open Packaging Conventions), ISO/IEC 26300
// (OpenDocument).
//
// Threat: macros; objects of other programs; parts that are fetched from an
// address when the document is opened. Every part goes back to the engine as well.
//
// Not covered: formulas, field codes such as DDE, and what parts say; the old
// binary format, which is recognised and not read.
package office

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/decode/xml"
	"github.com/sallyport/sallyport/internal/decode/zip"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const (
	ruleEmbedded = "SP-MEDIA-002" // objects of other programs
	ruleMacros   = "SP-MEDIA-003"
	ruleOutside  = "SP-MEDIA-004" // parts that lie elsewhere
)

// Format is the document.
var Format = format.Format{
	ID:    "office",
	Title: "Office document",
	Spec:  "https://ecma-international.org/publications-and-standards/standards/ecma-376/ https://docs.oasis-open.org/office/OpenDocument/",
	Extensions: []string{".docx", ".docm", ".dotx", ".dotm", ".xlsx", ".xlsm", ".xltx", ".xltm", ".xlsb", ".pptx", ".pptm", ".ppsx", ".potx",
		".odt", ".ods", ".odp", ".odg", ".vsdx"},
	Refines: "zip",
	Rules: append(zip.FindingRules(), ruleEmbedded, ruleMacros, ruleOutside,
		"SP-COV-003", "SP-COV-004", "SP-COV-010", "SP-COV-012", "SP-COV-016"),
	Match: match,
	Read:  read,
}

const contentTypes = "[Content_Types].xml"

// match asks for the list of parts of a package, or the first member of an
// OpenDocument file.
func match(in *format.Input) format.Confidence {
	if !zip.Match(in.R, in.Head()) {
		return format.No
	}
	a := archive(in)
	if a.Find([]byte(contentTypes)) >= 0 && a.Find([]byte("_rels/.rels")) >= 0 || openDocument(a) {
		return format.Strong
	}
	return format.No
}

// openDocument looks for the member that says what kind of document it is.
func openDocument(a *zip.Archive) bool {
	i := a.Find([]byte("mimetype"))
	if i < 0 || a.Entries[i].Size > 256 {
		return false
	}
	r, ok := a.Member(i, true)
	if !ok {
		return false
	}
	p, err := r.Bytes(0, r.Size())
	return err == nil && bytes.HasPrefix(p, []byte("application/vnd.oasis.opendocument."))
}

func archive(in *format.Input) *zip.Archive {
	return format.Memo(in, "decode/zip", func() *zip.Archive { return zip.Read(in.R) })
}

// document is one file.
type document struct {
	in     *format.Input
	res    format.Result
	a      *zip.Archive
	raised map[string]int
}

func read(in *format.Input) format.Result {
	d := &document{in: in, a: archive(in), raised: map[string]int{}}
	d.res.Facts = []finding.Fact{{Key: "zip.members", Value: fmt.Sprint(len(d.a.Entries))}}
	open := openDocument(d.a)
	for i := range d.a.Entries {
		if e := &d.a.Entries[i]; !e.Dir() {
			d.member(i, e, open)
		}
	}
	d.res.Findings = append(d.res.Findings, d.a.Findings(in.Location)...)
	for _, c := range d.a.Comments {
		if r, err := in.R.Section(c.Offset, c.Length); err == nil {
			d.res.Children = append(d.res.Children, format.Child{Name: "archive comment", R: r, Offset: c.Offset, Length: c.Length})
		}
	}
	for _, s := range d.a.Structure {
		d.res.Spans = append(d.res.Spans, format.Span{Offset: s.Offset, Length: s.Length, Kind: format.Structure})
	}
	for _, u := range d.a.Unread {
		d.res.Spans = append(d.res.Spans, format.Span{Offset: u.Offset, Length: u.Length, Kind: format.Unread, Rule: u.Rule, Reason: u.Reason})
	}
	return d.res
}

// perRule is how often one rule is raised for one document.
const perRule = 20

func (d *document) raise(id string, e *zip.Entry, symbol, message string) {
	if d.raised[id]++; d.raised[id] <= perRule {
		d.res.Findings = append(d.res.Findings, rule.Finding(id, d.in.Location(e.Offset, e.Length), symbol, message))
	}
}

// member judges a part by its name, hands it on, and reads what it refers to.
func (d *document) member(i int, e *zip.Entry, open bool) {
	name := strings.ToLower(strings.ReplaceAll(e.Name, "\\", "/"))
	base, dir := path.Base(name), "/"+path.Dir(name)+"/"
	shown := rule.Clip(e.Name)
	switch {
	case base == "vbaproject.bin", strings.Contains(dir, "/macrosheets/"), open && strings.HasPrefix(dir, "/scripts/"),
		open && strings.HasPrefix(dir, "/basic/") && base != "script-lc.xml" && base != "script-lb.xml":
		d.raise(ruleMacros, e, shown, fmt.Sprintf("This document has macros (\"%s\").", shown))
	case strings.Contains(dir, "/activex/"), strings.Contains(dir, "/embeddings/") && strings.HasSuffix(base, ".bin"),
		open && strings.HasPrefix(base, "object ") && path.Ext(base) == "":
		d.raise(ruleEmbedded, e, shown, fmt.Sprintf("This document carries an object of another program (\"%s\").", shown))
	}
	r, ok := d.a.Member(i, false)
	if !ok {
		return
	}
	d.res.Children = append(d.res.Children, format.Child{Name: e.Name, R: r, Offset: e.Offset, Length: e.Claim()})
	if strings.HasSuffix(base, ".rels") || name == strings.ToLower(contentTypes) {
		v := &references{d: d, e: e}
		if _, err := xml.Parse(r, v); err != nil {
			d.res.Spans = append(d.res.Spans, format.Span{Offset: e.Offset, Length: 0, Kind: format.Unread, Rule: "SP-COV-004",
				Reason: fmt.Sprintf("The part \"%s\" that names other parts cannot be read.", shown)})
		}
	}
}

// references reads lists of relationships and of content types.
type references struct {
	d *document
	e *zip.Entry
}

// Start implements xml.Visitor.
func (v *references) Start(_ *xml.Parser, e *xml.Element) {
	switch local(string(e.Name)) {
	case "Relationship":
		v.relationship(e.Get("Type"), e.Get("Target"), e.Get("TargetMode"))
	case "Override", "Default":
		if kind := strings.ToLower(e.Get("ContentType")); strings.Contains(kind, "vbaproject") || strings.Contains(kind, "intlmacrosheet") || strings.Contains(kind, "ms-excel.macrosheet") {
			v.d.raise(ruleMacros, v.e, "content type", "This document declares a part with macros.")
		}
	}
}

// relationship judges a part that is not in the file. Links wait for a click.
func (v *references) relationship(kind, target, mode string) {
	kind = kind[strings.LastIndexByte(kind, '/')+1:]
	if kind == "vbaProject" {
		v.d.raise(ruleMacros, v.e, rule.Clip(target), "This document refers to a part with macros.")
	}
	if !strings.EqualFold(mode, "External") || kind == "hyperlink" {
		return
	}
	v.d.raise(ruleOutside, v.e, rule.Clip(target), fmt.Sprintf("Opening this document loads a part of it (%s) from \"%s\".", rule.Clip(kind), rule.Clip(target)))
}

func local(name string) string { return name[strings.LastIndexByte(name, ':')+1:] }

// End implements xml.Visitor.
func (v *references) End(*xml.Parser, string) {}

// Text implements xml.Visitor.
func (v *references) Text(*xml.Parser, *xml.Text) {}

// Doctype implements xml.Visitor.
func (v *references) Doctype(_ *xml.Parser, _ *xml.Doctype) {
	v.d.raise(ruleOutside, v.e, "DOCTYPE", "A part of this document has a document type, which can pull in other files.")
}
