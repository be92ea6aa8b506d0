// Package llamafile reads llamafiles: a program that runs on all systems, with a
// zip archive behind it in which the model lies, uncompressed and aligned.
//
// Specification: https://github.com/mozilla-ai/llamafile, and APPNOTE 6.3.10 for
// the archive.
//
// Threat: it is a program. Whoever starts it runs what its builder put in,
// whatever the model in it is; and an ordinary program with an archive behind it
// can call itself a llamafile.
//
// The file is two things at once, so two formats read it: Program says what it is
// and leaves the machine code unread, Format hands on the members of the archive.
//
// Not covered: what the machine code does.
package llamafile

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/decode/zip"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const spec = "https://github.com/mozilla-ai/llamafile"

// Format is the archive in a llamafile.
var Format = format.Format{
	ID:         "llamafile",
	Title:      "llamafile",
	Spec:       spec,
	Extensions: []string{".llamafile"},
	Refines:    "zip",
	Rules:      append(zip.FindingRules(), "SP-COV-003", "SP-COV-004", "SP-COV-010", "SP-COV-012", "SP-COV-016"),
	Match:      match,
	Read:       read,
}

// Program is the program in a llamafile.
var Program = format.Format{
	ID:      "llamafile-program",
	Title:   "Program of a llamafile",
	Spec:    spec,
	Refines: "native",
	Rules:   []string{ruleProgram, "SP-COV-012"},
	Match:   match,
	Read:    readProgram,
}

const (
	ruleProgram = "SP-GGUF-013"
	rulePrefix  = "SP-ZIP-005" // bytes before the archive, which are the program
)

// match wants a program in front and an archive with a model behind it.
func match(in *format.Input) format.Confidence {
	if isProgram(in.Head()) && zip.Match(in.R, in.Head()) && slices.ContainsFunc(archive(in).Entries, isModel) {
		return format.Strong
	}
	return format.No
}

// isProgram looks at the magic alone: what else the header says does not matter
// for a file with a model behind it.
func isProgram(p []byte) bool {
	if len(p) < 64 {
		return false
	}
	switch string(p[:4]) {
	case "\x7fELF", "\xfe\xed\xfa\xce", "\xfe\xed\xfa\xcf", "\xce\xfa\xed\xfe", "\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe":
		return true
	}
	return string(p[:2]) == "MZ" || string(p[:8]) == "jartsr='" || string(p[:8]) == "APEDBG='"
}

func isModel(e zip.Entry) bool { return strings.HasSuffix(strings.ToLower(e.Name), ".gguf") }

func archive(in *format.Input) *zip.Archive {
	return format.Memo(in, "decode/zip", func() *zip.Archive { return zip.Read(in.R) })
}

func read(in *format.Input) format.Result {
	var res format.Result
	a := archive(in)
	for i := range a.Entries {
		e := &a.Entries[i]
		if e.Dir() {
			continue
		}
		if r, ok := a.Member(i, false); ok {
			res.Children = append(res.Children, format.Child{Name: e.Name, R: r, Offset: e.Offset, Length: e.Claim()})
		}
	}
	for _, c := range a.Comments {
		if r, err := in.R.Section(c.Offset, c.Length); err == nil {
			res.Children = append(res.Children, format.Child{Name: "archive comment", R: r, Offset: c.Offset, Length: c.Length})
		}
	}
	for _, s := range a.Structure {
		res.Spans = append(res.Spans, format.Span{Offset: s.Offset, Length: s.Length, Kind: format.Structure})
	}
	for _, u := range a.Unread {
		res.Spans = append(res.Spans, format.Span{Offset: u.Offset, Length: u.Length, Kind: format.Unread, Rule: u.Rule, Reason: u.Reason})
	}
	res.Findings = slices.DeleteFunc(a.Findings(in.Location), func(f finding.Finding) bool { return f.Rule == rulePrefix })
	res.Facts = []finding.Fact{{Key: "zip.members", Value: strconv.Itoa(len(a.Entries))}}
	return res
}

// readProgram explains nothing: the program stays unread up to the archive.
func readProgram(in *format.Input) format.Result {
	if !isProgram(in.Head()) {
		return format.Result{}
	}
	end := in.R.Size()
	for _, e := range archive(in).Entries {
		if e.Header >= 0 && e.Offset >= 0 {
			end = min(end, e.Header)
		}
	}
	return format.Result{
		Findings: []finding.Finding{rule.Finding(ruleProgram, in.Location(0, 0), "llamafile",
			"This file is a llamafile, a program with a model in it: starting it runs its machine code with your rights.")},
		Spans: []format.Span{{Length: end, Kind: format.Unread, Rule: "SP-COV-012", Reason: "The program of a llamafile is recognised and not read."}},
	}
}
