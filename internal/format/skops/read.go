package skops

import (
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/decode/json"
	"github.com/sallyport/sallyport/internal/decode/zip"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

func read(in *format.Input) format.Result {
	a := archive(in)
	var res format.Result
	judged := 0
	for i := range a.Entries {
		e := &a.Entries[i]
		if e.Dir() {
			continue
		}
		r, ok := a.Member(i, false)
		if !ok {
			continue
		}
		if strings.EqualFold(e.Name, schema) {
			j := newJudge(in, e.Name)
			_, _ = json.Parse(r, j) // what is wrong with it tells the JSON format, which gets it too
			res.Findings = append(res.Findings, j.findings...)
			res.Spans = append(res.Spans, j.gaps...)
			judged += j.count
		}
		res.Children = append(res.Children, format.Child{Name: e.Name, R: r, Offset: e.Offset, Length: e.Claim()})
	}
	if judged == 0 {
		res.Spans = append(res.Spans, format.Span{Kind: format.Unread, Rule: "SP-COV-004", Reason: "Its schema.json holds no node that skops could load."})
	}
	container(in, a, &res)
	res.Facts = []finding.Fact{{Key: "skops.nodes", Value: strconv.Itoa(judged)}}
	return res
}

// container adds what concerns the archive itself.
func container(in *format.Input, a *zip.Archive, res *format.Result) {
	for _, c := range a.Comments {
		if r, err := in.R.Section(c.Offset, c.Length); err == nil {
			res.Children = append(res.Children, format.Child{Name: "archive comment", R: r, Offset: c.Offset, Length: c.Length})
		}
	}
	for _, s := range a.Structure {
		res.Spans = append(res.Spans, format.Span{Offset: s.Offset, Length: s.Length, Kind: format.Structure})
	}
	for _, u := range a.Unread {
		res.Spans = append(res.Spans, format.Span{Offset: u.Offset, Length: u.Length, Kind: format.Unread, Rule: u.Rule, Reason: u.Reason})
	}
	res.Findings = append(res.Findings, a.Findings(in.Location)...)
}
