package render

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/finding"
)

// entry is a finding or a gap, seen as one line of a list.
type entry struct {
	rule     string
	at       finding.Location
	message  string
	seen     string // evidence; empty for gaps
	severity finding.Severity
	gap      bool
}

// word is the first word of the entry's line.
func (e *entry) word() string {
	if e.gap {
		return "GAP"
	}
	return e.severity.String()
}

// place is where the entry lies within its file; a gap says how long it is.
func (e *entry) place() string {
	at := strings.TrimPrefix(inside(e.at), " ")
	if e.gap && at != "" && e.at.Length > 0 {
		at += ", " + count(e.at.Length, "byte")
	}
	return at
}

func findingEntries(findings []finding.Finding) []entry {
	out := make([]entry, len(findings))
	for i, f := range findings {
		out[i] = entry{rule: f.Rule, at: f.Location, message: f.Message, seen: f.Evidence, severity: f.Severity}
	}
	return out
}

func gapEntries(gaps []finding.Gap) []entry {
	out := make([]entry, len(gaps))
	for i, g := range gaps {
		out[i] = entry{rule: g.Rule, at: g.Location, message: g.Reason, gap: true}
	}
	return out
}

// fileGroup is the entries of one file in their order.
type fileGroup struct {
	path    string
	entries []entry
}

// byFile groups entries, keeping the order of first appearance: findings come
// worst first, so the file with the worst one comes first.
func byFile(entries []entry) []fileGroup {
	index := map[string]int{}
	var groups []fileGroup
	for _, e := range entries {
		i, ok := index[e.at.Path]
		if !ok {
			i = len(groups)
			index[e.at.Path] = i
			groups = append(groups, fileGroup{path: e.at.Path})
		}
		groups[i].entries = append(groups[i].entries, e)
	}
	return groups
}

// ruleCount says how often a rule was met.
type ruleCount struct {
	rule     string
	n        int
	severity finding.Severity // the worst
	gap      bool
}

// byRule counts entries per rule, worst first, gaps last.
func byRule(entries []entry) []ruleCount {
	index := map[string]int{}
	var counts []ruleCount
	for _, e := range entries {
		i, ok := index[e.rule]
		if !ok {
			i = len(counts)
			index[e.rule] = i
			counts = append(counts, ruleCount{rule: e.rule, gap: e.gap, severity: e.severity})
		}
		counts[i].n++
		counts[i].severity = max(counts[i].severity, e.severity)
	}
	slices.SortStableFunc(counts, func(a, b ruleCount) int {
		switch {
		case a.gap != b.gap && a.gap:
			return 1
		case a.gap != b.gap:
			return -1
		}
		return cmp.Or(cmp.Compare(b.severity, a.severity), cmp.Compare(a.rule, b.rule))
	})
	return counts
}

// coverage is the sum over an artifact. Nested is what lies in members: it is
// explained only as far as the members explain it.
type coverage struct {
	finding.Coverage
	payload    int64 // declared payload, members included
	unread     int64 // unexplained bytes inside members, after decoding
	unreadable int   // members with unexplained bytes
}

func sumCoverage(files []finding.Node) coverage {
	var c coverage
	for i := range files {
		v := files[i].Coverage
		c.Structure += v.Structure
		c.Payload += v.Payload
		c.Child += v.Child
		c.Text += v.Text
		c.Unexplained += v.Unexplained
		c.payload += v.Payload
		c.members(files[i].Children)
	}
	return c
}

// parts lists what the explained bytes are, without what does not occur.
func (c *coverage) parts() string {
	var parts []string
	for _, p := range []struct {
		name  string
		bytes int64
	}{{"structure", c.Structure}, {"payload", c.Payload}, {"nested", c.Child}, {"text", c.Text}} {
		if p.bytes > 0 {
			parts = append(parts, p.name+" "+size(p.bytes))
		}
	}
	return strings.Join(parts, ", ")
}

func (c *coverage) members(nodes []finding.Node) {
	for i := range nodes {
		c.payload += nodes[i].Coverage.Payload
		if n := nodes[i].Coverage.Unexplained; n > 0 {
			c.unread += n
			c.unreadable++
		}
		c.members(nodes[i].Children)
	}
}
