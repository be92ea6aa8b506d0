package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/format"
)

const formatsIntro = `# Formats

<!-- Generated from the list of formats by go generate ./cmd/gendocs; do not edit. -->

What sallyport reads, recognised by content before name. The endings are a hint only: a file whose content is something else
than its name says is a finding. A file that is none of these is a gap (SP-COV-002), and the verdict is ` + "`incomplete`" + ` at least.

| Format | Id | Endings | Can raise |
| --- | --- | --- | --- |
`

// formatsPage is docs/formats.md: one row per format, by title.
func formatsPage(formats []format.Format) []byte {
	sorted := slices.Clone(formats)
	slices.SortFunc(sorted, func(a, b format.Format) int { return cmp.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title)) })
	var b bytes.Buffer
	b.WriteString(formatsIntro)
	for i := range sorted {
		f := &sorted[i]
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", title(f), f.ID, endings(f), ruleLinks(f))
	}
	return b.Bytes()
}

// title links to the specification when it is an address.
func title(f *format.Format) string {
	switch {
	case strings.HasPrefix(f.Spec, "https://") && !strings.ContainsAny(f.Spec, " |<>()"):
		return "[" + cell(f.Title) + "](" + f.Spec + ")"
	case f.Spec != "":
		return cell(f.Title) + " (" + cell(f.Spec) + ")"
	}
	return cell(f.Title)
}

func endings(f *format.Format) string {
	out := make([]string, len(f.Extensions))
	for i, e := range f.Extensions {
		out[i] = "`" + cell(e) + "`"
	}
	return strings.Join(out, " ")
}

func ruleLinks(f *format.Format) string {
	ids := slices.Clone(f.Rules)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	for i, id := range ids {
		ids[i] = "[" + id + "](rules/" + id + ".md)"
	}
	return strings.Join(ids, " ")
}

func cell(s string) string {
	return strings.NewReplacer("|", "&#124;", "<", "&lt;", ">", "&gt;", "\n", " ").Replace(s)
}
