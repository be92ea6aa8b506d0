package render

import (
	"io"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

// ExplanationSchema identifies version and kind of the JSON form of explain.
const ExplanationSchema = "https://github.com/sallyport/sallyport/schema/explanation/v0.1"

// maxBeside is how many findings and gaps an explanation repeats from the report.
const maxBeside = 200

// ExplainJSON writes an explanation as docs/schema/explanation.schema.json
// describes it.
func ExplainJSON(w io.Writer, e *Explanation) error {
	cuts := append([]format.Cut{}, e.Cuts...)
	var worth []finding.Finding
	for _, f := range e.Report.Findings {
		if f.Severity >= finding.Medium {
			worth = append(worth, f)
		}
	}
	worth, cuts = firstOf(worth, "explain-findings", cuts)
	gaps, cuts := firstOf(e.Report.Gaps, "explain-gaps", cuts)
	truncated := len(cuts) > 0
	for i := range e.Accounts {
		truncated = truncated || len(e.Accounts[i].Cuts) > 0
	}
	s := newStream(w)
	s.begin('{')
	s.field("schema", ExplanationSchema)
	s.field("tool", e.Report.Tool)
	s.field("source", e.Report.Source)
	s.field("verdict", e.Report.Verdict)
	s.field("truncated", truncated)
	list(s, "cuts", cuts)
	list(s, "accounts", e.Accounts)
	list(s, "findings", worth)
	list(s, "gaps", gaps)
	s.end('}')
	return s.done()
}

func firstOf[T any](items []T, limit string, cuts []format.Cut) ([]T, []format.Cut) {
	if n := len(items); n > maxBeside {
		return items[:maxBeside], append(cuts, format.Cut{Limit: limit, Most: maxBeside, Left: int64(n - maxBeside)})
	}
	return items, cuts
}
