package render

import (
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/rule"
)

// What code scanning accepts in one run; a file above it is refused as a whole.
const maxResults = 25_000

// Addresses in the log.
const (
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	homepage    = "https://github.com/sallyport/sallyport"
	rulePages   = homepage + "/blob/main/docs/rules/"
	sourceRoot  = "%SRCROOT%"
)

// SARIF writes the report as SARIF 2.1.0 in the shape that GitHub code scanning
// wants. Paths are relative to the artifact. Gaps are notifications of the tool,
// and a report with gaps says that the execution was not successful.
//
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/
func SARIF(w io.Writer, r *finding.Report) error { return SARIFUnder(w, r, "") }

// SARIFUnder is SARIF for an artifact that lies in the folder base of a
// checkout, relative to its root and slash-separated: code scanning shows a
// finding only when its path exists in the repository.
func SARIFUnder(w io.Writer, r *finding.Report, base string) error {
	l := newSarifLog(r, base)
	s := newStream(w)
	s.begin('{')
	s.field("$schema", sarifSchema)
	s.field("version", "2.1.0")
	s.beginField("runs", '[')
	s.next()
	s.begin('{')
	s.field("tool", sarifTool{l.driver(r.Tool)})
	l.invocation(s)
	s.field("automationDetails", sarifAutomation{ID: l.category()})
	s.field("originalUriBaseIds", map[string]sarifBase{sourceRoot: {sarifText{Text: "The folder that was scanned, or the checkout that holds it."}}})
	if len(l.artifacts) > 0 {
		list(s, "artifacts", l.artifacts)
	}
	s.beginField("results", '[')
	for i := range l.findings {
		s.next()
		s.value(l.result(&l.findings[i]))
	}
	s.end(']')
	s.field("columnKind", "utf16CodeUnits")
	s.field("properties", map[string]any{"verdict": r.Verdict, "source": Escape(r.Source), "rulesetDigest": r.Tool.Ruleset, "rulesetSequence": r.Tool.Sequence})
	s.end('}')
	s.end(']')
	s.end('}')
	return s.done()
}

// sarifLog holds the tables that results point into.
type sarifLog struct {
	report    *finding.Report
	base      string
	findings  []finding.Finding // cut to what code scanning accepts
	rules     []string          // of the findings, sorted
	coverage  []string          // of the gaps, sorted
	artifacts []sarifArtifact   // files that a result or notification names
	ruleIndex map[string]int
	gapIndex  map[string]int
	fileIndex map[string]int
}

func newSarifLog(r *finding.Report, base string) *sarifLog {
	l := &sarifLog{report: r, base: base, findings: r.Findings, fileIndex: map[string]int{}}
	if len(l.findings) > maxResults {
		l.findings = l.findings[:maxResults]
	}
	files := map[string]*finding.Node{}
	for i := range r.Files {
		files[r.Files[i].Name] = &r.Files[i]
	}
	var rules, gaps []string
	for i := range l.findings {
		rules = append(rules, l.findings[i].Rule)
		l.file(l.findings[i].Location.Path, files)
	}
	for i := range r.Gaps {
		gaps = append(gaps, r.Gaps[i].Rule)
		l.file(r.Gaps[i].Location.Path, files)
	}
	l.rules, l.ruleIndex = table(rules)
	l.coverage, l.gapIndex = table(gaps)
	return l
}

// file enters a file into the table of artifacts.
func (l *sarifLog) file(name string, files map[string]*finding.Node) {
	if _, ok := l.fileIndex[name]; ok {
		return
	}
	l.fileIndex[name] = len(l.artifacts)
	a := sarifArtifact{Location: sarifFile{URI: l.uri(name), URIBaseID: sourceRoot}, Length: -1}
	if n := files[name]; n != nil {
		a.Length = n.Size
		if n.SHA256 != "" {
			a.Hashes = map[string]string{"sha-256": n.SHA256}
		}
		if len(n.Formats) > 0 {
			a.Properties = map[string]any{"formats": n.Formats}
		}
	}
	l.artifacts = append(l.artifacts, a)
}

func (l *sarifLog) uri(name string) string {
	if l.base == "" {
		return uri(name)
	}
	return uri(path.Clean(l.base)) + "/" + uri(name)
}

// category keeps the results of two models in one repository apart: code
// scanning replaces the last upload of the same category.
func (l *sarifLog) category() string {
	source := strings.Trim(strings.TrimPrefix(l.report.Source, "./"), "/")
	if source == "" || source == "." {
		return "sallyport/"
	}
	return "sallyport/" + uri(source) + "/"
}

func (l *sarifLog) driver(t finding.Tool) sarifDriver {
	d := sarifDriver{Name: "Sallyport", InformationURI: homepage, Version: t.Version, Rules: []sarifRule{}}
	if semantic(t.Version) {
		d.SemanticVersion = strings.TrimPrefix(t.Version, "v")
	}
	for _, id := range l.rules {
		d.Rules = append(d.Rules, describe(id))
	}
	for _, id := range l.coverage {
		d.Notifications = append(d.Notifications, describe(id))
	}
	return d
}

func (l *sarifLog) result(f *finding.Finding) sarifResult {
	return sarifResult{
		RuleID: Escape(f.Rule), RuleIndex: l.ruleIndex[f.Rule], Kind: sarifKind(f.Severity), Level: sarifLevel(f.Severity),
		Message:   sarifText{Text: noLinks(about(f.Location, f.Message))},
		Locations: []sarifLocation{l.location(f.Location)},
		// The first is the name that code scanning reads, the second our own.
		Fingerprints: map[string]string{"primaryLocationLineHash": f.Fingerprint, "sallyport/v1": f.Fingerprint},
		Properties:   properties(f),
	}
}

// noLinks breaks what SARIF would read as an embedded link in a message.
func noLinks(s string) string { return strings.ReplaceAll(s, "](", "] (") }

func properties(f *finding.Finding) map[string]any {
	m := map[string]any{"severity": f.Severity.String()}
	for key, value := range map[string]string{"confidence": f.Confidence, "symbol": f.Symbol, "evidence": f.Evidence} {
		if value != "" {
			m[key] = Escape(value)
		}
	}
	return m
}

// location points to the file as a whole when the place is inside a member:
// offsets there do not count from the start of the file.
func (l *sarifLog) location(at finding.Location) sarifLocation {
	region := sarifRegion{StartLine: max(at.Line, 1)}
	loc := sarifLocation{}
	if len(at.Inside) > 0 {
		region.StartLine = 1
		loc.Logical = []sarifLogical{{Name: Escape(at.Inside[len(at.Inside)-1]), FullName: member(at), Kind: "member"}}
		loc.Properties = map[string]any{"memberOffset": at.Offset}
		if at.Line > 0 {
			loc.Properties["memberLine"] = at.Line
		}
	} else if at.Line == 0 {
		region.ByteOffset, region.ByteLength = &at.Offset, at.Length
	}
	loc.Physical = sarifPhysical{
		File:   sarifFile{URI: l.uri(at.Path), URIBaseID: sourceRoot, Index: new(l.fileIndex[at.Path])},
		Region: region,
	}
	return loc
}

// invocation tells how the scan went: gaps are notifications, and only a scan
// without any was successful.
func (l *sarifLog) invocation(s *stream) {
	notices := l.notices()
	gaps := l.report.Gaps
	s.beginField("invocations", '[')
	s.next()
	s.begin('{')
	s.field("executionSuccessful", len(notices)+len(gaps) == 0)
	if len(notices)+len(gaps) > 0 {
		s.beginField("toolExecutionNotifications", '[')
		for i := range notices {
			s.next()
			s.value(&notices[i])
		}
		for i := range gaps {
			s.next()
			s.value(l.notification(&gaps[i]))
		}
		s.end(']')
	}
	s.end('}')
	s.end(']')
}

// notices are about the log as a whole.
func (l *sarifLog) notices() []sarifNotification {
	var out []sarifNotification
	add := func(text string) {
		out = append(out, sarifNotification{Level: "error", Message: sarifText{Text: text}})
	}
	if cut := len(l.report.Findings) - len(l.findings); cut > 0 {
		add("Code scanning accepts " + grouped(maxResults) + " results per run; " + count(cut, "finding") +
			" of lower severity are not in this log. The JSON report lists all.")
	}
	if l.report.Verdict == finding.Nothing {
		add("There was no file to look at.")
	}
	return out
}

func (l *sarifLog) notification(g *finding.Gap) *sarifNotification {
	return &sarifNotification{
		Descriptor: &sarifReference{ID: Escape(g.Rule), Index: l.gapIndex[g.Rule]}, Level: "error",
		Message: sarifText{Text: noLinks(about(g.Location, g.Reason))}, Locations: []sarifLocation{l.location(g.Location)},
	}
}

func sarifLevel(s finding.Severity) string {
	switch {
	case s >= finding.High || s < finding.Info:
		return "error"
	case s == finding.Medium:
		return "warning"
	case s == finding.Low:
		return "note"
	}
	return "none"
}

// sarifKind: only a result that fails may carry a level.
func sarifKind(s finding.Severity) string {
	if s == finding.Info {
		return "informational"
	}
	return "fail"
}

// describe is the rule as code scanning shows it.
func describe(id string) sarifRule {
	r, ok := rule.Lookup(id)
	if !ok {
		text := "This rule belongs to another version of the catalogue."
		return sarifRule{ID: Escape(id), Name: ruleName(id), Short: sarifText{Text: text}, Full: sarifText{Text: text},
			Help: sarifHelp{text, text}, HelpURI: homepage, Default: sarifDefault{Level: "error"}, Properties: map[string]any{"tags": []string{"security"}}}
	}
	level := "error"
	if r.Kind == "finding" {
		level = sarifLevel(r.Severity)
	}
	properties := map[string]any{"tags": tags(r), "precision": precision(r.Confidence)}
	if r.Kind == "finding" {
		properties["security-severity"] = securitySeverity(r.Severity)
	}
	return sarifRule{
		ID: r.ID, Name: ruleName(r.Title), HelpURI: rulePages + r.ID + ".md",
		Short: sarifText{Text: r.Title + "."}, Full: sarifText{Text: r.Attack},
		Help:    sarifHelp{helpText(r), helpMarkdown(r)},
		Default: sarifDefault{Level: level}, Properties: properties,
	}
}

// ruleName is the title as one word in PascalCase, as viewers expect.
func ruleName(title string) string {
	var b strings.Builder
	up := true
	for _, article := range []string{"A ", "An ", "The "} {
		title = strings.TrimPrefix(title, article) // a single letter is not a word in PascalCase
	}
	for _, c := range title {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9') {
			up = true
			continue
		}
		if up && c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		b.WriteRune(c)
		up = false
	}
	return b.String()
}

// tags: code scanning takes at most 20.
func tags(r *rule.Rule) []string {
	out := []string{"security"}
	for _, id := range r.CWE {
		out = append(out, "external/cwe/"+strings.ToLower(id))
	}
	for _, id := range r.ATLAS {
		out = append(out, "external/mitre-atlas/"+id)
	}
	for _, id := range r.OWASP {
		out = append(out, "external/owasp/"+id)
	}
	return out[:min(len(out), 20)]
}

func precision(confidence string) string {
	if confidence == "" {
		return "medium"
	}
	return confidence
}

// securitySeverity is a number in the band that code scanning shows under the
// same name.
func securitySeverity(s finding.Severity) string {
	return strconv.FormatFloat([...]float64{0, 2, 5.5, 8, 9.8}[min(max(s, finding.Info), finding.Critical)], 'f', 1, 64)
}

func helpText(r *rule.Rule) string {
	return r.Attack + "\n\nWhat to do: " + r.Remediation + "\n\nWhy it may be innocent: " + r.Innocent
}

func helpMarkdown(r *rule.Rule) string {
	return "**What an attacker does.** " + r.Attack + "\n\n**What to do.** " + r.Remediation + "\n\n**Why it may be innocent.** " + r.Innocent
}
