package render

import (
	"io"
	"strings"

	"github.com/sallyport/sallyport/internal/rule"
)

// Rules writes the catalogue as a list, one line per rule.
func Rules(w io.Writer, rules []rule.Rule, opt Options) error {
	p := newPrinter(w, opt)
	for i := range rules {
		r := &rules[i]
		word, colour := ruleWord(r)
		p.para(0, 24, r.Title, label{pad(r.ID, 14), bold}, label{pad(word, 10), colour})
	}
	p.blank()
	p.para(0, 0, count(len(rules), "rule")+". What one means and what to do: sallyport rules ID")
	return p.done()
}

// ruleWord is the severity, or what the rule is instead.
func ruleWord(r *rule.Rule) (word, colour string) {
	if r.Kind == "coverage" {
		return "gap", yellow
	}
	return r.Severity.String(), severityColour(r.Severity)
}

// Rule writes the page of one rule.
func Rule(w io.Writer, r *rule.Rule, opt Options) error {
	p := newPrinter(w, opt)
	word, colour := ruleWord(r)
	p.para(0, 4, r.Title, label{r.ID + "  ", bold})
	p.para(0, 4, ruleKind(r), label{word, colour})
	for _, part := range [][2]string{
		{"What an attacker does", r.Attack}, {"Why it may be innocent", r.Innocent}, {"What to do", r.Remediation},
	} {
		p.heading(part[0])
		p.para(2, 2, part[1])
	}
	p.heading("Known elsewhere as")
	p.facts([][2]string{
		{"CWE", strings.Join(r.CWE, ", ")}, {"ATLAS", strings.Join(r.ATLAS, ", ")}, {"OWASP", strings.Join(r.OWASP, ", ")},
		{"formats", strings.Join(r.Formats, ", ")},
	})
	if len(r.References) > 0 {
		p.heading("Read more")
		for _, ref := range r.References {
			p.para(2, 4, ref)
		}
	}
	return p.done()
}

func ruleKind(r *rule.Rule) string {
	s := ""
	if r.Kind == "coverage" {
		s = ": something was not read or not understood; it makes a verdict incomplete"
	}
	if r.Confidence != "" {
		s += ", confidence " + r.Confidence
	}
	return strings.TrimPrefix(s, " ")
}

// RulesMarkdown writes docs/rules/README.md.
func RulesMarkdown(w io.Writer, rules []rule.Rule) error {
	var b strings.Builder
	b.WriteString("# Rules\n\n" + generated + "\n" +
		"A finding rule names something seen in bytes; CRITICAL and HIGH make the verdict `flagged`. A coverage rule names a gap:\n" +
		"something that was not read or not understood, which makes the verdict `incomplete` at least.\n" +
		"The same texts are in the program: `sallyport rules` and `sallyport rules ID`.\n")
	for _, kind := range [][2]string{{"finding", "Findings"}, {"coverage", "Gaps"}} {
		b.WriteString("\n## " + kind[1] + "\n\n| Rule | Severity | Title | CWE | MITRE ATLAS | OWASP LLM |\n| --- | --- | --- | --- | --- | --- |\n")
		for i := range rules {
			if r := &rules[i]; r.Kind == kind[0] {
				b.WriteString("| [" + r.ID + "](" + r.ID + ".md) | " + tableWord(r) + " | " + mdText(r.Title) + " | " +
					links(r.CWE, cweURL) + " | " + links(r.ATLAS, atlasURL) + " | " + strings.Join(r.OWASP, ", ") + " |\n")
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func tableWord(r *rule.Rule) string {
	if r.Kind == "coverage" {
		return "gap"
	}
	return r.Severity.String()
}

const generated = "<!-- Generated from the catalogue by go generate ./cmd/gendocs; do not edit. -->\n"

// RuleMarkdown writes docs/rules/ID.md.
func RuleMarkdown(w io.Writer, r *rule.Rule) error {
	var b strings.Builder
	b.WriteString("# " + r.ID + ": " + mdText(r.Title) + "\n\n" + generated + "\n")
	if r.Kind == "coverage" {
		b.WriteString("A **gap**: it makes the verdict `incomplete` at least.")
	} else {
		b.WriteString("Severity **" + r.Severity.String() + "**.")
	}
	if r.Confidence != "" {
		b.WriteString(" Confidence: " + r.Confidence + ".")
	}
	b.WriteString("\n")
	for _, part := range [][2]string{
		{"What an attacker does", r.Attack}, {"Why it may be innocent", r.Innocent}, {"What to do", r.Remediation},
	} {
		b.WriteString("\n## " + part[0] + "\n\n" + mdText(part[1]) + "\n")
	}
	b.WriteString("\n## Known elsewhere as\n\n")
	for _, m := range [][2]string{
		{"CWE", links(r.CWE, cweURL)}, {"MITRE ATLAS", links(r.ATLAS, atlasURL)}, {"OWASP Top 10 for LLM applications", strings.Join(r.OWASP, ", ")},
	} {
		if m[1] != "" {
			b.WriteString("- " + m[0] + ": " + m[1] + "\n")
		}
	}
	if len(r.Formats) > 0 {
		b.WriteString("\nRaised by: " + mdText(strings.Join(r.Formats, ", ")) + ".\n")
	}
	if len(r.References) > 0 {
		b.WriteString("\n## Read more\n\n")
		for _, ref := range r.References {
			b.WriteString("- " + reference(ref) + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func cweURL(id string) string {
	return "https://cwe.mitre.org/data/definitions/" + strings.TrimPrefix(id, "CWE-") + ".html"
}

func atlasURL(id string) string { return "https://atlas.mitre.org/techniques/" + id }

func links(ids []string, address func(string) string) string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = "[" + id + "](" + address(id) + ")"
	}
	return strings.Join(out, ", ")
}

// reference is a link when it is an address, else a sentence.
func reference(s string) string {
	if strings.HasPrefix(s, "https://") && !strings.ContainsAny(s, " <>") {
		return "<" + s + ">"
	}
	return mdText(s)
}
