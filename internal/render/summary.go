package render

import (
	"strings"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/rule"
)

// summary is the first screen of a report: what the verdict is, why, and what to
// do next. All of it is escaped.
type summary struct {
	verdict string
	what    string // "./model  (14 files, 91.6 MB)"
	reason  string
	next    string
}

func summarise(r *finding.Report) summary {
	s := summary{
		verdict: verdictWord(r.Verdict),
		what:    Escape(r.Source) + "  (" + count(len(r.Files), "file") + ", " + size(r.Size) + ")",
	}
	switch r.Verdict {
	case finding.Clean:
		s.reason = "Nothing was found that runs or exposes anything on loading, and every byte is accounted for." + review(r)
		s.next = "Load it, or admit it: sallyport admit " + argument(r.Source) + " --to REF"
	case finding.Flagged:
		s.reason, s.next = flagged(r)
	case finding.Nothing:
		s.reason = "There is no file to look at." + excluded(r)
		s.next = "Check the path and the --include and --exclude patterns."
	default:
		s.reason, s.next = incomplete(r)
	}
	return s
}

// flagged names the worst finding; findings are sorted, the worst first.
func flagged(r *finding.Report) (reason, next string) {
	var blocking []finding.Finding
	for _, f := range r.Findings {
		if f.Severity >= finding.High {
			blocking = append(blocking, f)
		}
	}
	if len(blocking) == 0 {
		return "The report calls itself flagged and lists no finding at HIGH or above.", "Scan again; this report was edited."
	}
	reason = about(blocking[0].Location, blocking[0].Message)
	if n := len(blocking) - 1; n > 0 {
		reason += " There " + areMore(n, "finding") + " at HIGH or above."
	}
	return reason, remediation(blocking[0].Rule)
}

// incomplete names the first gap.
func incomplete(r *finding.Report) (reason, next string) {
	if len(r.Gaps) == 0 {
		return "The report calls itself incomplete and lists no gap.", "Scan again; this report was edited."
	}
	files := map[string]bool{}
	for _, g := range r.Gaps {
		files[g.Location.Path] = true
	}
	reason = "Nothing blocking was found, but not everything was read or understood: " +
		count(len(r.Gaps), "gap") + " in " + count(len(files), "file") + ". The first: " +
		about(r.Gaps[0].Location, r.Gaps[0].Reason) + review(r)
	return reason, remediation(r.Gaps[0].Rule)
}

func areMore(n int, noun string) string {
	if n == 1 {
		return "is 1 more " + noun
	}
	return "are " + grouped(int64(n)) + " more " + noun + "s"
}

// review counts what does not block and still wants a look.
func review(r *finding.Report) string {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == finding.Medium {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return " " + count(n, "finding") + " at MEDIUM should be reviewed."
}

func excluded(r *finding.Report) string {
	if len(r.Excluded) == 0 {
		return ""
	}
	return " Excluded: " + count(len(r.Excluded), "file") + "."
}

// remediation is what the catalogue says about a rule. A rule of another version
// of the catalogue has none here.
func remediation(id string) string {
	if r, ok := rule.Lookup(id); ok {
		return Escape(r.Remediation)
	}
	return "See sallyport rules " + Escape(id) + " of the version that wrote this report."
}

// argument is the source as it can be typed again, or a placeholder when a shell
// would read it as something else.
func argument(source string) string {
	for _, c := range source {
		if !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/:@+=-", c) {
			return "SOURCE"
		}
	}
	if source == "" || source[0] == '-' {
		return "SOURCE"
	}
	return source
}
