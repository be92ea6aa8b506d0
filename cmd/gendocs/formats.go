package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
	"github.com/sallyport/sallyport/rules"
)

const formatsIntro = `# Formats

<!-- Generated from the list of formats and their packages by go generate ./cmd/gendocs; do not edit. -->

What sallyport reads, recognised by content before name. The endings are a hint only: a file whose content is something else
than its name says is a finding. A file that is none of these is a gap (SP-COV-002), and the verdict is ` + "`incomplete`" + ` at least.

Every reader accounts for every byte: structure that it parsed, payload that this structure declares, nested streams, text. What is
left over is a gap of its own (SP-COV-001), bytes that two structures claim another (SP-COV-013); any format can have them. The
values of all limits stand in each report.

| Format | Id | Endings |
| --- | --- | --- |
`

// formatsPage is docs/formats.md: an overview by title, then a section a format.
func formatsPage(formats []format.Format, src *sources) ([]byte, error) {
	sorted := slices.Clone(formats)
	slices.SortFunc(sorted, func(a, b format.Format) int { return cmp.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title)) })
	var b bytes.Buffer
	b.WriteString(formatsIntro)
	for i := range sorted {
		f := &sorted[i]
		fmt.Fprintf(&b, "| [%s](#%s) | `%s` | %s |\n", cell(f.Title), f.ID, f.ID, endings(f))
	}
	b.WriteString(unread())
	for i := range sorted {
		if err := section(&b, &sorted[i], src); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// section describes one format: what is judged, what it can report, its limits.
func section(b *bytes.Buffer, f *format.Format, src *sources) error {
	p, err := src.describe(f)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "\n<a id=\"%s\"></a>\n\n## %s\n\n%s\n", f.ID, cell(f.Title), specification(f))
	for _, text := range p.doc {
		fmt.Fprintf(b, "\n%s\n", paragraph(text))
	}
	if findings, gaps := raised(f); len(findings) > 0 {
		b.WriteString("\n| Finding | Severity | Says |\n| --- | --- | --- |\n" + strings.Join(findings, ""))
		ends(b, "Gaps", gaps)
	} else {
		ends(b, "Gaps", gaps)
	}
	if f.Signatures != nil {
		b.WriteString("\nLooked for inside of tensor data by `--deep`.\n")
	}
	ends(b, "Limits", limits(p.limits))
	return nil
}

// paragraph turns one of a package comment into prose for users.
func paragraph(text string) string {
	if rest, ok := strings.CutPrefix(text, "Package "); ok {
		_, rest, _ = strings.Cut(rest, " ")
		text = strings.ToUpper(rest[:1]) + rest[1:]
	}
	text = cell(text)
	for _, word := range []string{"Specification:", "Threat:", "Not covered:"} {
		text = strings.Replace(text, word, "**"+word+"**", 1)
	}
	return strings.Replace(text, " **Not covered:**", "\n\n**Not covered:**", 1)
}

// ends writes one line of things, or nothing.
func ends(b *bytes.Buffer, title string, things []string) {
	if len(things) > 0 {
		fmt.Fprintf(b, "\n%s: %s.\n", title, strings.Join(things, ", "))
	}
}

// raised splits the rules of a format into rows of findings and links to gaps.
func raised(f *format.Format) (findings, gaps []string) {
	ids := slices.Clone(f.Rules)
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		link := "[" + id + "](rules/" + id + ".md)"
		switch r, ok := rule.Lookup(id); {
		case ok && r.Kind == "finding":
			findings = append(findings, fmt.Sprintf("| %s | %s | %s |\n", link, r.Severity, cell(r.Title)))
		default:
			gaps = append(gaps, link)
		}
	}
	return findings, gaps
}

// limits are names with values, in the order of names.
func limits(names []string) (out []string) {
	all := bounded.Limits()
	for _, name := range names {
		out = append(out, fmt.Sprintf("`%s` %d", name, all[name]))
	}
	return out
}

// specification links what is an address and prints the rest.
func specification(f *format.Format) string {
	var out []string
	for word := range strings.FieldsSeq(f.Spec) {
		if strings.HasPrefix(word, "https://") && !strings.ContainsAny(word, "|<>()") {
			word = "<" + word + ">"
		} else {
			word = cell(word)
		}
		out = append(out, word)
	}
	return "Specification: " + strings.Join(out, " ")
}

// unread lists the endings of formats that have no reader.
func unread() string {
	lines := strings.Split(strings.TrimSpace(rules.UnreadFormats), "\n")[1:]
	if len(lines) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\nKnown by name and not read, so never clean: ")
	for i, line := range lines {
		ending, title, _ := strings.Cut(line, "\t")
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "`%s` (%s)", cell(ending), cell(title))
	}
	return b.String() + ".\n"
}

func endings(f *format.Format) string {
	out := make([]string, len(f.Extensions))
	for i, e := range f.Extensions {
		out[i] = "`" + cell(e) + "`"
	}
	return strings.Join(out, " ")
}

func cell(s string) string {
	return strings.NewReplacer("|", "&#124;", "<", "&lt;", ">", "&gt;", "\n", " ").Replace(s)
}
