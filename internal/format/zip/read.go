package zip

import (
	"strconv"

	"github.com/sallyport/sallyport/internal/decode/zip"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

func read(in *format.Input) format.Result {
	a := format.Memo(in, "decode/zip", func() *zip.Archive { return zip.Read(in.R) })
	var res format.Result
	for i := range a.Entries {
		member(a, i, &res)
	}
	comments(in, a, &res)
	spans(a, &res)
	res.Findings = a.Findings(in.Location)
	res.Facts = []finding.Fact{{Key: "zip.members", Value: strconv.Itoa(len(a.Entries))}}
	return res
}

// member hands one entry to the engine.
func member(a *zip.Archive, i int, res *format.Result) {
	e := &a.Entries[i]
	if e.Dir() {
		return
	}
	if r, ok := a.Member(i, false); ok {
		res.Children = append(res.Children, format.Child{Name: e.Name, R: r, Offset: e.Offset, Length: e.Claim()})
	}
}

// comments are streams of their own: a loader of another format may start there.
func comments(in *format.Input, a *zip.Archive, res *format.Result) {
	for _, c := range a.Comments {
		if r, err := in.R.Section(c.Offset, c.Length); err == nil {
			res.Children = append(res.Children, format.Child{Name: "archive comment", R: r, Offset: c.Offset, Length: c.Length})
		}
	}
}

func spans(a *zip.Archive, res *format.Result) {
	for _, s := range a.Structure {
		res.Spans = append(res.Spans, format.Span{Offset: s.Offset, Length: s.Length, Kind: format.Structure})
	}
	for _, u := range a.Unread {
		res.Spans = append(res.Spans, format.Span{Offset: u.Offset, Length: u.Length, Kind: format.Unread, Rule: u.Rule, Reason: u.Reason})
	}
}
