package tflite

import (
	"slices"

	"github.com/sallyport/sallyport/internal/decode/zip"
	"github.com/sallyport/sallyport/internal/format"
)

// tail reads the zip that metadata writers append to a model: labels,
// vocabularies. Its members are examined as what they are. A piece of it that
// lies inside of the model is claimed twice.
func (t *reader) tail() {
	if !zip.Match(t.in.R, t.in.Head()) {
		return
	}
	a := *format.Memo(t.in, "decode/zip", func() *zip.Archive { return zip.Read(t.in.R) })
	a.Anomalies = slices.DeleteFunc(slices.Clone(a.Anomalies), func(x zip.Anomaly) bool { return x.Kind == zip.Prefix })
	t.res.Findings = append(t.res.Findings, a.Findings(t.in.Location)...)
	twice := false
	for i := range a.Entries {
		e := &a.Entries[i]
		if e.Dir() {
			continue
		}
		r, ok := a.Member(i, false)
		if !ok {
			continue
		}
		c := format.Child{Name: e.Name, R: r, Offset: e.Offset, Length: e.Claim()}
		if e.Offset < t.end {
			c.Length, twice = 0, true
		}
		t.res.Children = append(t.res.Children, c)
	}
	for _, s := range a.Structure {
		if s.Offset < t.end {
			twice = true
			continue
		}
		t.res.Spans = append(t.res.Spans, format.Span{Offset: s.Offset, Length: s.Length, Kind: format.Structure})
	}
	t.comments(&a)
	for _, u := range a.Unread {
		t.res.Spans = append(t.res.Spans, format.Span{Offset: u.Offset, Length: u.Length, Kind: format.Unread, Rule: u.Rule, Reason: u.Reason})
	}
	if twice {
		t.res.Spans = append(t.res.Spans, format.Span{Length: t.end, Kind: format.Unread, Rule: "SP-COV-013", Reason: "The model is also a part of a zip archive."})
	}
}

func (t *reader) comments(a *zip.Archive) {
	for _, c := range a.Comments {
		if r, err := t.in.R.Section(c.Offset, c.Length); err == nil && c.Offset >= t.end {
			t.res.Children = append(t.res.Children, format.Child{Name: "archive comment", R: r, Offset: c.Offset, Length: c.Length})
		}
	}
}
