package render

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/rule"
)

// maxMarkdown is below the 1024 KiB at which a step summary is refused.
const maxMarkdown = 900 << 10

// Markdown writes the report for a step summary or a comment: verdict, findings,
// gaps, files. It stops at 900 KiB and says so.
func Markdown(w io.Writer, r *finding.Report) error {
	p := &page{}
	s := summarise(r)
	p.writef("## %s %s\n\n", mark(r.Verdict), mdText(s.verdict+": "+s.what))
	p.writef("%s\n\n**Next:** %s\n", mdText(s.reason), mdText(s.next))
	p.findings(r.Findings)
	p.gaps(r.Gaps)
	p.advice(byRule(append(findingEntries(r.Findings), gapEntries(r.Gaps)...)))
	p.files(r.Files)
	if len(r.Excluded) > 0 {
		p.table("Excluded from the scan", "File", "Reason")
		for _, e := range r.Excluded {
			p.row(mdCode(e.Path), mdText(e.Reason))
		}
	}
	c := sumCoverage(r.Files)
	p.writef("\nCoverage: %s of %s explained (%s). ", size(c.Total()-c.Unexplained), size(c.Total()), percent(c.Total()-c.Unexplained, c.Total()))
	if c.payload > 0 {
		p.writef("Payload declared, not inspected: %s. ", size(c.payload))
	}
	p.writef("%s %s, ruleset %d (%s).\n", mdText(r.Tool.Name), mdText(r.Tool.Version), r.Tool.Sequence, mdCode(r.Tool.Ruleset))
	return p.writeTo(w)
}

// mark stands before the verdict; the word behind it says the same.
func mark(v finding.Verdict) string {
	switch v {
	case finding.Clean:
		return "✅"
	case finding.Flagged:
		return "⛔"
	}
	return "⚠️"
}

func (p *page) findings(findings []finding.Finding) {
	if len(findings) == 0 {
		return
	}
	p.table("Findings: "+bySeverity(findings), "Severity", "Rule", "Where", "What")
	for _, f := range findings {
		if p.full() {
			continue
		}
		what := mdText(f.Message)
		if f.Evidence != "" {
			what += " " + mdCode(f.Evidence)
		}
		p.row(f.Severity.String(), ruleLink(f.Rule), mdCode(where(f.Location)), what)
	}
}

func (p *page) gaps(gaps []finding.Gap) {
	if len(gaps) == 0 {
		return
	}
	p.table("Gaps, not read or not understood: "+grouped(int64(len(gaps))), "Rule", "Where", "Why")
	for _, g := range gaps {
		if p.full() {
			continue
		}
		p.row(ruleLink(g.Rule), mdCode(where(g.Location)), mdText(g.Reason))
	}
}

func (p *page) advice(rules []ruleCount) {
	if len(rules) == 0 {
		return
	}
	p.writef("\n### What to do\n\n")
	for _, c := range rules {
		p.writef("- %s: %s\n", ruleLink(c.rule), mdText(remediation(c.rule)))
	}
}

func (p *page) files(files []finding.Node) {
	if len(files) == 0 {
		return
	}
	p.table("Files", "File", "Size", "Read as", "Unexplained", "SHA-256")
	for i := range files {
		if p.full() {
			continue
		}
		f := &files[i]
		digest := ""
		if f.SHA256 != "" {
			digest = mdCode(f.SHA256)
		}
		p.row(mdCode(f.Name), size(f.Size), mdText(strings.Join(f.Formats, ", ")), size(f.Coverage.Unexplained), digest)
	}
}

// ruleLink leads to the rule's page when the catalogue has one.
func ruleLink(id string) string {
	if _, ok := rule.Lookup(id); ok {
		return "[" + id + "](" + rulePages + id + ".md)"
	}
	return mdCode(id)
}

// page collects Markdown up to the limit. What does not fit is dropped line by
// line, so a table is never cut in its middle of a row.
type page struct {
	b    bytes.Buffer
	lost int // lines that did not fit
}

func (p *page) writef(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if p.lost > 0 || p.b.Len()+len(text) > maxMarkdown {
		p.lost += strings.Count(text, "\n")
		return
	}
	p.b.WriteString(text)
}

// full counts a line that would not fit; its caller need not make it.
func (p *page) full() bool {
	if p.lost > 0 {
		p.lost++
	}
	return p.lost > 0
}

func (p *page) table(title string, columns ...string) {
	p.writef("\n### %s\n\n| %s |\n|%s\n", title, strings.Join(columns, " | "), strings.Repeat(" --- |", len(columns)))
}

func (p *page) row(cells ...string) { p.writef("| %s |\n", strings.Join(cells, " | ")) }

func (p *page) writeTo(w io.Writer) error {
	if p.lost > 0 {
		fmt.Fprintf(&p.b, "\n**Cut at %d KiB: %s not shown. The JSON report lists everything.**\n", maxMarkdown>>10, count(p.lost, "more line"))
	}
	_, err := w.Write(p.b.Bytes())
	return err
}

// mdCode is a stranger's string as a code span, in which Markdown sees no markup,
// no HTML, no link and no mention. The two characters that could end the span or
// the table cell are written as escapes.
func mdCode(s string) string {
	s = strings.NewReplacer("`", `\x60`, "|", `\x7c`).Replace(Escape(s))
	if strings.TrimSpace(s) == "" {
		return "(no name)"
	}
	return "`" + s + "`"
}

// mdText is a sentence that may contain strangers' strings: every character that
// means something in Markdown or HTML is made literal, and mentions, references
// to issues and bare addresses are broken by an empty character.
func mdText(s string) string {
	var b strings.Builder
	s = Escape(s)
	for i := range len(s) {
		switch c := s[i]; {
		case c == '<':
			b.WriteString("&lt;")
		case c == '>':
			b.WriteString("&gt;")
		case c == '&':
			b.WriteString("&amp;")
		case c == '|':
			b.WriteString("&#124;")
		case c == '@' || c == '#':
			b.WriteByte(c)
			b.WriteString("&#8203;")
		case c == ':' && strings.HasPrefix(s[i:], "://"):
			b.WriteString("&#58;")
		case c == '.' && i >= 3 && strings.EqualFold(s[i-3:i], "www"):
			b.WriteString("&#46;")
		case strings.IndexByte("\\`*_[]~$", c) >= 0 || i == 0 && strings.IndexByte("+-=", c) >= 0:
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
