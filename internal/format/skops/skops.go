// Package skops reads skops files: zip archives whose schema.json says how to put
// an estimator together.
//
// Specification: skops/io of skops 0.16 (protocol 2, and what it reads of 0 and 1).
//
// Threat: each node of the schema names a class and a loader. Loaders import the
// class, some call it, and some versions looked at the one name and used the
// other (CVE-2025-54412, CVE-2025-54413). The judge is an allow list: loader and
// class must belong together, the class must be one that a pickle may hold, and
// loaders that call something by name are refused whatever they call.
//
// Not covered: what known classes do with hostile state, such as a tree whose
// node numbers lead out of its arrays.
package skops

import (
	"strings"

	"github.com/sallyport/sallyport/internal/decode/json"
	"github.com/sallyport/sallyport/internal/decode/zip"
	"github.com/sallyport/sallyport/internal/format"
)

// Format is the skops file.
var Format = format.Format{
	ID:         "skops",
	Title:      "skops model",
	Spec:       "https://skops.readthedocs.io/en/stable/persistence.html",
	Extensions: []string{extension},
	Refines:    "zip",
	Rules: append(zip.FindingRules(), ruleCall, ruleMismatch, ruleUnknown,
		"SP-COV-003", "SP-COV-004", "SP-COV-010", "SP-COV-012", "SP-COV-016"),
	Match: match,
	Read:  read,
}

const (
	extension    = ".skops"
	schema       = "schema.json"
	ruleCall     = "SP-SKOPS-001"
	ruleMismatch = "SP-SKOPS-002"
	ruleUnknown  = "SP-SKOPS-003"
)

// match asks for a zip with a schema that has loaders. A file that goes by the
// name is one whatever its schema says.
func match(in *format.Input) format.Confidence {
	if !zip.Match(in.R, in.Head()) {
		return format.No
	}
	named := strings.HasSuffix(strings.ToLower(in.Name), extension)
	a := archive(in)
	i := a.Find([]byte(schema))
	if i < 0 {
		return format.No
	}
	if named {
		return format.Strong
	}
	for ; i >= 0; i = a.Next(i) {
		if r, ok := a.Member(i, false); ok {
			v := &search{}
			_, _ = json.Parse(r, v)
			if v.found {
				return format.Strong
			}
		}
	}
	return format.No
}

func archive(in *format.Input) *zip.Archive {
	return format.Memo(in, "decode/zip", func() *zip.Archive { return zip.Read(in.R) })
}

// search looks for a node.
type search struct{ found bool }

// Begin implements json.Visitor.
func (s *search) Begin(*json.Parser, bool) {}

// End implements json.Visitor.
func (s *search) End(*json.Parser) {}

// Value implements json.Visitor.
func (s *search) Value(p *json.Parser, _ *json.Value) {
	s.found = s.found || string(p.Key(p.Depth()-1)) == keyLoader
}
