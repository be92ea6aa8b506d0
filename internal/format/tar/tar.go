// Package tar reads tar archives, and the checkpoints that the first versions
// of PyTorch wrote as tar archives.
//
// Specification: POSIX.1-2008 pax, GNU tar, as lenient as Python's tarfile;
// torch/serialization.py, _legacy_load.
//
// Threat: a tar under the name of a checkpoint hides a pickle from scanners
// that go by names; unpacking writes through links and through names that leave
// the folder; readers differ in which of two sizes they believe. Every member
// goes back to the engine, and what stands behind the end of the archive stays
// unexplained.
//
// Not covered: sparse members and archives split over several files, a gap each.
package tar

import (
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

// The rules of this format; see rules/<ID>/rule.yaml.
const (
	ruleEscape    = "SP-ARC-001"
	ruleSpecial   = "SP-ARC-002"
	ruleDuplicate = "SP-ARC-003"
	ruleSizes     = "SP-ARC-004"

	gapLimit       = "SP-COV-003"
	gapMalformed   = "SP-COV-004"
	gapUnsupported = "SP-COV-012"
	gapSizes       = "SP-COV-016"
)

var raised = []string{ruleEscape, ruleSpecial, ruleDuplicate, ruleSizes, gapLimit, gapMalformed, gapUnsupported, gapSizes}

// Format is the tar archive.
var Format = format.Format{
	ID:         "tar",
	Title:      "Tar archive",
	Spec:       "https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html",
	Extensions: []string{".tar", ".nemo"},
	Rules:      raised,
	Match:      match,
	Read:       read,
}

// match asks for a header with a valid checksum, as tarfile does; the magic
// number is optional there.
func match(in *format.Input) format.Confidence {
	if head := in.Head(); len(head) >= blockSize && validSum(head[:blockSize]) {
		return format.Strong
	}
	return format.No
}

func parsed(in *format.Input) *archive {
	return format.Memo(in, "format/tar", func() *archive { return walk(in) })
}

func read(in *format.Input) format.Result {
	a := parsed(in)
	res := format.Result{Findings: a.findings, Spans: append([]format.Span(nil), a.spans...)}
	for i := range a.members {
		a.hand(in, &a.members[i], &res)
	}
	res.Facts = []finding.Fact{a.count()}
	return res
}

// hand gives the content of a member to the engine.
func (a *archive) hand(in *format.Input, m *member, res *format.Result) {
	if m.stored == 0 {
		return
	}
	if r, err := in.R.Section(m.data, m.stored); err == nil {
		res.Children = append(res.Children, format.Child{Name: m.name, R: r, Offset: m.data, Length: m.stored})
	}
}
