package coreml

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/json"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// Package is the list of files of a package (Manifest.json of an .mlpackage). The
// JSON reader explains its bytes; this one looks at the files it names.
var Package = format.Format{
	ID:      "coreml-package",
	Title:   "List of files of a Core ML package",
	Spec:    "https://github.com/apple/coremltools/blob/main/modelpackage/src/ModelPackage.cpp",
	Textual: true,
	Rules:   []string{ruleOutside, "SP-COV-009"},
	Match: func(in *format.Input) format.Confidence {
		if strings.EqualFold(in.Name, "manifest.json") && bytes.Contains(in.Head(), []byte(`"itemInfoEntries"`)) {
			return format.Strong
		}
		return format.No
	},
	Read: readPackage,
}

// items collects the paths of a package.
type items struct {
	paths []item
	root  string
	over  bool
}

type item struct {
	id, path string
	at       finding.Location
}

// Begin implements json.Visitor.
func (x *items) Begin(*json.Parser, bool) {}

// End implements json.Visitor.
func (x *items) End(*json.Parser) {}

// Value implements json.Visitor.
func (x *items) Value(p *json.Parser, v *json.Value) {
	switch {
	case v.Kind != json.String:
	case p.Depth() == 1 && string(p.Key(0)) == "rootModelIdentifier":
		x.root = string(v.Bytes)
	case p.Depth() == 3 && string(p.Key(0)) == "itemInfoEntries" && string(p.Key(2)) == "path":
		if len(x.paths) == maxItems {
			x.over = true
			return
		}
		name := string(v.Bytes[:min(len(v.Bytes), bounded.MaxPathBytes)])
		x.paths = append(x.paths, item{string(p.Key(1)), name, finding.Location{Offset: v.Offset, Length: v.Length, Line: p.Line()}})
	}
}

const maxItems = 10_000 // items of one package; there are two as a rule

func readPackage(in *format.Input) (res format.Result) {
	x := &items{}
	_, _ = json.Parse(in.R, x) // faults are the JSON reader's to tell
	if x.over {
		_ = in.R.Budget().Reach("archive-entries", maxItems)
	}
	for _, e := range x.paths {
		at := in.Location(e.at.Offset, e.at.Length)
		at.Line = e.at.Line
		file := path.Join(path.Dir(in.Path), "Data", strings.ReplaceAll(e.path, `\`, "/"))
		switch what := leads(e.path); {
		case what != "":
			res.Findings = append(res.Findings, rule.Finding(ruleOutside, at, e.path, fmt.Sprintf("The package lists the file %q, a path that %s.", rule.Clip(e.path), what)))
		case e.id == x.root && len(in.Inside) == 0 && !in.Repo.Has(file):
			res.Spans = append(res.Spans, format.Span{Offset: e.at.Offset, Length: e.at.Length, Kind: format.Unread, Rule: "SP-COV-009",
				Reason: fmt.Sprintf("The model of the package is %q, which is not here.", rule.Clip(e.path))})
		}
	}
	return res
}
