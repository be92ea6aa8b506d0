// Package finding is the one result vocabulary: findings, coverage with its
// gaps, and the report with its verdict.
//
// A finding is something seen in bytes by one rule. A gap is a range, or a
// whole file, that nobody has read, understood or finished; it has a rule id of
// its own and no severity. The verdict follows from both and from nothing else:
// flagged (a finding at HIGH or above), else incomplete (a gap), else clean.
// Everything here is plain data, sorted, without a clock: the same input gives
// the same JSON.
package finding

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Location says where: a file of the artifact, the chain of members inside it
// (outermost first), and a byte range or a line of the innermost one.
type Location struct {
	Path   string   `json:"path"`
	Inside []string `json:"inside,omitempty"`
	Offset int64    `json:"offset"`           // bytes from the start of the innermost member
	Length int64    `json:"length,omitempty"` // bytes; 0 when not known
	Line   int      `json:"line,omitempty"`   // from 1; 0 for binary content
}

// String joins path and members with "!": "model.pt!archive/data.pkl".
func (l Location) String() string {
	if len(l.Inside) == 0 {
		return l.Path
	}
	return l.Path + "!" + strings.Join(l.Inside, "!")
}

// Finding is something seen in bytes by one rule.
type Finding struct {
	Rule        string   `json:"rule"`
	Severity    Severity `json:"severity"`
	Confidence  string   `json:"confidence,omitempty"` // high, medium or low
	Location    Location `json:"location"`
	FileSHA256  string   `json:"fileSha256,omitempty"` // digest of the top-level file, when it is known
	Message     string   `json:"message"`              // one sentence for a person
	Evidence    string   `json:"evidence,omitempty"`   // shortened excerpt; raw, so escape it on output
	Symbol      string   `json:"symbol,omitempty"`     // what was named: "os.system", a key, a member
	Fingerprint string   `json:"fingerprint"`          // from rule, place and symbol; survives re-ordering
}

// Gap is a coverage entry: bytes (or a file) that are not explained, and why.
type Gap struct {
	Rule       string   `json:"rule"`
	Location   Location `json:"location"`
	FileSHA256 string   `json:"fileSha256,omitempty"`
	Reason     string   `json:"reason"`          // one sentence for a person
	Limit      string   `json:"limit,omitempty"` // name of the limit reached, from package bounded
}

// Fact is something the structure states about the model, for the bill of
// materials: never a judgement, never trusted by a gate.
type Fact struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Coverage adds up to the size of a file: every byte is structure that was
// parsed, payload that the structure declares, a child stream, text, or
// unexplained.
type Coverage struct {
	Structure   int64 `json:"structure"`
	Payload     int64 `json:"payload"`
	Child       int64 `json:"child"`
	Text        int64 `json:"text"`
	Unexplained int64 `json:"unexplained"`
}

// Total is the sum of all parts.
func (c Coverage) Total() int64 {
	return c.Structure + c.Payload + c.Child + c.Text + c.Unexplained
}

// Node is one file of the artifact, or one member inside a file.
type Node struct {
	Name     string   `json:"name"` // path of the file, or name of the member
	Size     int64    `json:"size"` // bytes after decoding
	SHA256   string   `json:"sha256,omitempty"`
	Formats  []string `json:"formats"` // what it was read as; empty when unknown
	Coverage Coverage `json:"coverage"`
	Facts    []Fact   `json:"facts,omitempty"`
	Children []Node   `json:"children,omitempty"`
}

// Verdict is what a scan says of an artifact.
type Verdict string

// The verdicts. Nothing means that there was no file to look at; it is never
// signed and never passes.
const (
	Clean      Verdict = "clean"
	Flagged    Verdict = "flagged"
	Incomplete Verdict = "incomplete"
	Nothing    Verdict = "nothing"
)

// Tool names the scanner and its rules.
type Tool struct {
	Name     string `json:"name"`
	Version  string `json:"version"`
	Ruleset  string `json:"ruleset"`  // "sha256:…" of the rule catalogue and its lists
	Sequence int    `json:"sequence"` // rises with every published ruleset
}

// Excluded is a file that the user kept out of the scan.
type Excluded struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// Report is the whole result of a scan. Its JSON form is published as
// docs/schema/scan-report.schema.json.
type Report struct {
	Schema    string           `json:"schema"`
	Tool      Tool             `json:"tool"`
	Source    string           `json:"source"`
	Verdict   Verdict          `json:"verdict"`
	Files     []Node           `json:"files"`
	Findings  []Finding        `json:"findings"`
	Gaps      []Gap            `json:"gaps"`
	Excluded  []Excluded       `json:"excluded,omitempty"`
	Deep      bool             `json:"deep,omitempty"`  // declared payload was looked into
	Names     []Name           `json:"names,omitempty"` // additions of the user's policy that were in force
	Limits    map[string]int64 `json:"limits"`          // the limits in force, by name
	Size      int64            `json:"size"`            // bytes of all files
	BytesRead int64            `json:"bytesRead"`       // bytes fetched from the files, hashing excluded
}

// ReportSchema identifies version and kind of the JSON form.
const ReportSchema = "https://github.com/sallyport/sallyport/schema/scan-report/v0.1"

// Judge computes the verdict of findings and gaps over n files. It ignores
// waivers and thresholds by design.
func Judge(files int, findings []Finding, gaps []Gap) Verdict {
	for _, f := range findings {
		if f.Severity >= High {
			return Flagged
		}
	}
	switch {
	case len(gaps) > 0:
		return Incomplete
	case files == 0:
		return Nothing
	}
	return Clean
}

// Seal sorts the report, sets fingerprints and computes the verdict.
func (r *Report) Seal() {
	r.Schema = ReportSchema
	for i := range r.Findings {
		r.Findings[i].Fingerprint = r.Findings[i].fingerprint()
	}
	slices.SortStableFunc(r.Files, func(a, b Node) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(r.Findings, compareFindings)
	slices.SortStableFunc(r.Gaps, func(a, b Gap) int {
		return cmp.Or(a.Location.compare(b.Location), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Reason, b.Reason))
	})
	r.Verdict = Judge(len(r.Files), r.Findings, r.Gaps)
	// Empty lists are lists in JSON, not null.
	r.Files, r.Findings, r.Gaps = orEmpty(r.Files), orEmpty(r.Findings), orEmpty(r.Gaps)
}

// Worst is the highest severity among the findings; ok is false without any.
func (r *Report) Worst() (worst Severity, ok bool) {
	for _, f := range r.Findings {
		if !ok || f.Severity > worst {
			worst, ok = f.Severity, true
		}
	}
	return worst, ok
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func compareFindings(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(b.Severity, a.Severity), a.Location.compare(b.Location),
		cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Symbol, b.Symbol), cmp.Compare(a.Message, b.Message))
}

func (l Location) compare(m Location) int {
	return cmp.Or(cmp.Compare(l.Path, m.Path), slices.Compare(l.Inside, m.Inside),
		cmp.Compare(l.Offset, m.Offset), cmp.Compare(l.Line, m.Line))
}

func (f *Finding) fingerprint() string {
	h := sha256.New()
	parts := append([]string{f.Rule, f.Location.Path, f.Symbol}, f.Location.Inside...)
	h.Write([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(h.Sum(nil)[:12])
}
