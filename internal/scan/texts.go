package scan

import (
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/detect"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// texts hands code and templates to the detector of their language. What nobody
// judges, or did not understand, is a gap: it is not clean.
func (x *examiner) texts(in *format.Input, r reading) {
	for i := range r.result.Texts {
		t := &r.result.Texts[i]
		d := x.detector(t.Language)
		if d == nil {
			x.unjudged(in, t, "which this version does not judge.")
			continue
		}
		text := &detect.Text{Content: t.Content, Name: t.Name, At: in.Location(t.Offset, t.Length)}
		text.At.Line = t.Line
		if text.Content == nil {
			content, err := in.R.Bytes(0, in.R.Size())
			if err != nil || in.R.Size() > bounded.MaxBlock {
				x.unjudged(in, t, "which is too long to be judged.")
				continue
			}
			text.Content, text.At = content, in.Location(0, in.R.Size())
		}
		x.judge(in, d, text, t)
	}
}

// judge runs one detector. A panic in it is a gap of this text, no more.
func (x *examiner) judge(in *format.Input, d *detect.Detector, text *detect.Text, t *format.Text) {
	defer func() {
		if recover() != nil {
			x.unjudged(in, t, "on which its detector failed.")
		}
	}()
	res := d.Judge(text)
	x.out.findings = append(x.out.findings, res.Findings...)
	if res.Gap != "" {
		x.gap(rule.Gap("SP-COV-008", text.At, res.Gap))
	}
}

func (x *examiner) detector(language string) *detect.Detector {
	for i := range x.opt.Detectors {
		if d := &x.opt.Detectors[i]; slices.Contains(d.Languages, language) {
			return d
		}
	}
	return nil
}

func (x *examiner) unjudged(in *format.Input, t *format.Text, why string) {
	at := in.Location(t.Offset, t.Length)
	at.Line = t.Line
	what := "This is " + t.Language + " code, "
	if t.Name != "" {
		what = "The value of \"" + rule.Clip(t.Name) + "\" is " + t.Language + " code, "
	}
	x.gap(rule.Gap("SP-COV-008", at, what+why))
}
