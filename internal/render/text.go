package render

import (
	"io"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/rule"
)

// How much of a long list is shown without Options.All.
const (
	foldFiles    = 15 // files with findings, files with gaps
	foldPerRule  = 3  // entries of one rule in one file
	foldPerFile  = 8  // entries in one file
	foldExcluded = 5
)

// Text writes the report for a person: verdict, reason and next step first, then
// what was found, what was not read, what to do per rule, and the coverage.
func Text(w io.Writer, r *finding.Report, opt Options) error {
	p := newPrinter(w, opt)
	p.summary(summarise(r), r.Verdict)
	listed, hidden := r.Findings, 0
	if !opt.All {
		listed, hidden = withoutInfo(r.Findings)
	}
	found, gaps := findingEntries(listed), gapEntries(r.Gaps)
	if len(r.Findings) > 0 {
		p.heading("Findings: " + bySeverity(r.Findings))
		p.groups(byFile(found), "findings")
		if hidden > 0 {
			p.fold(2, count(hidden, "more finding")+" at INFO")
		}
	}
	if len(gaps) > 0 {
		p.heading("Gaps, not read or not understood: " + grouped(int64(len(gaps))))
		p.groups(byFile(gaps), "gaps")
	}
	p.whatToDo(byRule(append(found, gaps...)))
	p.coverage(r)
	return p.done()
}

func (p *printer) summary(s summary, v finding.Verdict) {
	colour := boldRed
	switch v {
	case finding.Clean:
		colour = "1;32"
	case finding.Incomplete, finding.Nothing:
		colour = "1;33"
	}
	p.w.WriteString(p.paint(colour, s.verdict) + "  " + s.what + "\n")
	p.para(2, 2, s.reason)
	p.para(2, 8, s.next, label{"Next: ", bold})
}

func withoutInfo(all []finding.Finding) (listed []finding.Finding, hidden int) {
	for _, f := range all {
		if f.Severity == finding.Info {
			hidden++
			continue
		}
		listed = append(listed, f)
	}
	return listed, hidden
}

// fold writes what was left out and how to see it.
func (p *printer) fold(indent int, what string) {
	p.para(indent, indent+2, "… and "+what+" (--all shows everything)")
}

// groups lists entries under the names of their files. Nothing that a stranger
// named stands in the first column: there it could pass for a verdict.
func (p *printer) groups(groups []fileGroup, noun string) {
	for i, g := range groups {
		if i == foldFiles && !p.opt.All {
			p.fold(2, count(len(groups)-i, "more file")+" with "+noun)
			return
		}
		p.para(2, 2, "", label{Escape(g.path), bold})
		p.entries(g.entries)
	}
}

// entries lists those of one file; a rule that fires often shows its first few.
func (p *printer) entries(entries []entry) {
	perRule, shown, folded := map[string]int{}, 0, 0
	for i := range entries {
		e := &entries[i]
		perRule[e.rule]++
		if !p.opt.All && (perRule[e.rule] > foldPerRule || shown == foldPerFile) {
			folded++
			continue
		}
		shown++
		p.entry(e)
	}
	if folded > 0 {
		p.fold(4, grouped(int64(folded))+" more in this file")
	}
}

func (p *printer) entry(e *entry) {
	colour := severityColour(e.severity)
	if e.gap {
		colour = yellow
	}
	labels := []label{{pad(e.word(), 10), colour}, {Escape(e.rule) + "  ", ""}}
	if at := e.place(); at != "" {
		p.para(4, 14, "", append(labels, label{at, dim})...)
		p.para(14, 14, Escape(e.message))
	} else {
		p.para(4, 14, Escape(e.message), labels...)
	}
	if e.seen != "" {
		p.para(14, 20, Escape(e.seen), label{"seen: ", dim})
	}
}

// whatToDo gives each rule's advice once.
func (p *printer) whatToDo(rules []ruleCount) {
	if len(rules) == 0 {
		return
	}
	p.heading("What to do")
	for _, c := range rules {
		title := "a rule of another version"
		if r, ok := rule.Lookup(c.rule); ok {
			title = Escape(r.Title)
		}
		p.para(2, 4, title+" ("+grouped(int64(c.n))+"×)", label{Escape(c.rule) + "  ", bold})
		p.para(4, 4, remediation(c.rule))
	}
	p.para(2, 4, "More about a rule: sallyport rules "+Escape(rules[0].rule))
}

func (p *printer) coverage(r *finding.Report) {
	c := sumCoverage(r.Files)
	total := c.Total()
	p.heading("Coverage")
	p.para(2, 4, size(total-c.Unexplained)+" of "+size(total)+" explained ("+percent(total-c.Unexplained, total)+"), "+
		size(c.Unexplained)+" unexplained")
	if total > 0 {
		p.para(2, 4, c.parts())
	}
	if c.unreadable > 0 {
		p.para(2, 4, size(c.unread)+" unexplained inside "+count(c.unreadable, "nested member"))
	}
	if c.payload > 0 && r.Deep {
		p.para(2, 4, "payload declared, and searched for what is no data: "+size(c.payload)+" of tensor or media data")
	} else if c.payload > 0 {
		p.para(2, 4, "payload declared, not inspected: "+size(c.payload)+" of tensor or media data")
	}
	for i, e := range r.Excluded {
		if i == foldExcluded && !p.opt.All {
			p.fold(2, count(len(r.Excluded)-i, "more excluded file"))
			break
		}
		p.para(2, 4, Escape(e.Path)+" ("+Escape(e.Reason)+")", label{"excluded: ", ""})
	}
	for _, n := range r.Names {
		p.para(2, 4, Escape(n.Module+"."+n.Name)+" (tier "+Escape(n.Tier)+", until "+Escape(n.Expires)+": "+Escape(n.Reason)+")", label{"allowed by the policy: ", ""})
	}
	p.para(2, 4, Escape(r.Tool.Name)+" "+Escape(r.Tool.Version)+", ruleset "+grouped(int64(r.Tool.Sequence))+" ("+
		shortDigest(r.Tool.Ruleset)+"), "+size(r.BytesRead)+" read")
}

// shortDigest keeps enough of a digest to compare by eye.
func shortDigest(d string) string {
	const keep = len("sha256:") + 12
	if len(d) > keep {
		return Escape(d[:keep]) + "…"
	}
	return Escape(d)
}
