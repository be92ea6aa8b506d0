package pickle

import (
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
	"github.com/sallyport/sallyport/internal/sample"
)

// assemble builds a stream from instructions separated by "; ".
func assemble(t testing.TB, code string) []byte {
	t.Helper()
	code = strings.NewReplacer(
		"@os", "SHORT_BINUNICODE os; SHORT_BINUNICODE system; STACK_GLOBAL",
		"@call", "SHORT_BINUNICODE echo; TUPLE1; REDUCE").Replace(code)
	data, err := sample.Pickle(strings.ReplaceAll(code, "; ", "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// verdict is what reading yields: the rules of findings above INFO and of gaps,
// sorted, and "uncovered" when bytes are left over.
func verdict(t testing.TB, name string, data []byte, repo ...string) string {
	t.Helper()
	in := formattest.Input(name, data, true, repo...)
	res := Format.Read(in)
	if Format.Match(in) == format.No || len(res.Spans) == 0 && len(res.Findings) == 0 {
		return "no pickle"
	}
	var out []string
	for _, f := range res.Findings {
		if f.Severity > finding.Info {
			out = append(out, f.Rule)
		}
	}
	for _, s := range res.Spans {
		if s.Kind == format.Unread {
			out = append(out, s.Rule)
		}
	}
	for _, l := range in.R.Budget().Reached() {
		out = append(out, l.Name)
	}
	if formattest.Uncovered(res, int64(len(data))) > 0 {
		out = append(out, "uncovered")
	}
	for _, c := range res.Children {
		inner, err := c.R.Bytes(0, c.R.Size())
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, "child("+verdict(t, c.Name, inner, repo...)+")")
	}
	slices.Sort(out)
	return strings.ReplaceAll(strings.Join(slices.Compact(out), " "), "SP-PICKLE-", "")
}
