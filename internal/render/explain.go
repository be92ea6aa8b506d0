package render

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

// Explanation is what loading one file would do.
type Explanation struct {
	Report   *finding.Report  // of a scan of the same file
	Accounts []format.Account // in the order of reading
	Cuts     []format.Cut     // limits that kept streams from being told
}

// How much of an account the text form shows without Options.All.
const (
	foldSteps    = 12 // harmless steps in a row
	foldBefore   = 4  // those of them that stand right before one that is not
	foldLoud     = 60 // steps at MEDIUM and above
	foldAccounts = 20 // streams without such a step
	foldDangers  = 5  // sentences about the worst steps
	foldClasses  = 8
)

// Explain writes what loading would do: for each stream what it builds and what
// is dangerous in it, then its steps in order, the place before each. Steps at
// MEDIUM and above carry their severity.
func Explain(w io.Writer, e *Explanation, opt Options) error {
	p := newPrinter(w, opt)
	quiet := 0
	for i := range e.Accounts {
		a := &e.Accounts[i]
		if a.Worst() < finding.Medium {
			if quiet++; quiet > foldAccounts && !opt.All {
				continue
			}
		}
		if i > 0 {
			p.blank()
		}
		p.account(a)
	}
	if n := quiet - foldAccounts; n > 0 && !opt.All {
		p.blank()
		p.fold(2, count(n, "more stream")+" without a step at MEDIUM or above")
	}
	for _, c := range e.Cuts {
		p.para(2, 4, cutText(c))
	}
	p.beside(e)
	p.para(0, 2, "scan says: "+Escape(string(e.Report.Verdict)))
	return p.done()
}

// beside names what the scan found elsewhere in the file, so that nobody takes
// an account for the whole.
func (p *printer) beside(e *Explanation) {
	other, gaps := besides(e)
	if len(e.Accounts) > 0 {
		p.blank()
	}
	shown := len(other)
	if !p.opt.All && shown > foldSteps {
		shown = foldSteps
	}
	for _, f := range other[:shown] {
		p.para(0, 2, fmt.Sprintf("%s (%s)", about(f.Location, f.Message), Escape(f.Rule)), label{"beside that: " + f.Severity.String() + "  ", severityColour(f.Severity)})
	}
	if n := len(other) - shown; n > 0 {
		p.fold(2, count(n, "more finding"))
	}
	shown = len(gaps)
	if !p.opt.All && shown > foldDangers {
		shown = foldDangers
	}
	for _, g := range gaps[:shown] {
		p.para(0, 2, fmt.Sprintf("%s (%s)", about(g.Location, g.Reason), Escape(g.Rule)), label{"not understood: ", yellow})
	}
	if n := len(gaps) - shown; n > 0 {
		p.fold(2, count(n, "more gap"))
	}
}

// besides lists the findings at MEDIUM and above, and the gaps, that no step of
// an account carries.
func besides(e *Explanation) (out []finding.Finding, gaps []finding.Gap) {
	told := map[string]bool{}
	for i := range e.Accounts {
		a := &e.Accounts[i]
		for _, s := range a.Steps {
			if s.Rule != "" {
				told[a.Location.String()+"\x00"+s.Rule] = true
			}
		}
	}
	for _, f := range e.Report.Findings {
		if f.Severity >= finding.Medium && !told[f.Location.String()+"\x00"+f.Rule] {
			out = append(out, f)
		}
	}
	for _, g := range e.Report.Gaps {
		if !told[g.Location.String()+"\x00"+g.Rule] {
			gaps = append(gaps, g)
		}
	}
	return out, gaps
}

func (p *printer) account(a *format.Account) {
	if len(a.Steps) <= 1 && a.Worst() < finding.Medium { // plain data: one line
		p.para(0, 2, "", label{"Loading " + Escape(a.Location.String()), bold}, label{title(a) + ": " + strings.Join(buildLines(a, false), "; "), ""})
		return
	}
	p.para(0, 2, "", label{"Loading " + Escape(a.Location.String()), bold}, label{title(a), dim})
	p.dangers(a)
	for _, line := range buildLines(a, p.opt.All) {
		p.para(2, 4, line)
	}
	if len(a.Steps) > 1 {
		p.blank()
		p.steps(a.Steps)
	}
	for _, c := range a.Cuts {
		p.para(2, 4, cutText(c))
	}
}

// title is which stream of the input it is, to continue the name.
func title(a *format.Account) string {
	if a.Title == "" {
		return ""
	}
	return fmt.Sprintf("  (%s, at byte %d)", Escape(a.Title), a.Offset)
}

// dangers says first what is dangerous, in sentences, each rule and message once.
func (p *printer) dangers(a *format.Account) {
	list := dangers(a)
	shown := list
	if len(list) > foldDangers && !p.opt.All {
		shown = list[:foldDangers]
	}
	for _, s := range shown {
		p.para(2, 4, does(s)+" "+placeAndRule(s), label{s.Severity.String() + "  ", severityColour(s.Severity)})
	}
	if n := len(list) - len(shown); n > 0 {
		p.fold(4, count(n, "more reason"))
	}
}

// dangers are the steps with a sentence at MEDIUM and above, the worst first.
func dangers(a *format.Account) (out []format.Step) {
	for sev := finding.Critical; sev >= finding.Medium; sev-- {
		for _, s := range a.Steps {
			if s.Severity == sev && (s.Message != "" || s.Kind == format.StepRemark || s.Kind == format.StepBreak) {
				out = append(out, s)
			}
		}
	}
	return out
}

// does is what a step does as a sentence that goes on from "Loading NAME".
func does(s format.Step) string {
	text := s.Message
	if text == "" {
		text = s.Text
	}
	text = strings.TrimPrefix(strings.TrimSuffix(text, "."), "Loading this file ")
	return Escape(text)
}

func placeAndRule(s format.Step) string {
	return fmt.Sprintf("(byte %d, %s)", s.Offset, Escape(s.Rule))
}

// buildLines say what a stream makes and returns, and whether that is all.
func buildLines(a *format.Account, all bool) (out []string) {
	b := &a.Builds
	if b.Tensors > 0 {
		out = append(out, "builds "+tensorsText(a))
	}
	if n := len(b.Classes); n > 0 {
		if !all {
			n = min(n, foldClasses)
		}
		var parts []string
		for _, c := range b.Classes[:n] {
			parts = append(parts, grouped(int64(c.Count))+" "+Escape(c.Name))
		}
		text := "makes " + strings.Join(parts, ", ")
		if left := len(b.Classes) - n; left > 0 {
			text += ", and objects of " + pluralOf(left, "more class", "more classes")
		}
		out = append(out, text)
	}
	if b.Returns != "" {
		out = append(out, "returns "+Escape(b.Returns))
	}
	if a.Worst() < finding.Medium {
		out = append(out, quietText(a))
	}
	return out
}

// tensorsText counts tensors and what they hold: "44 tensors with 22,500
// parameters (float32)".
func tensorsText(a *format.Account) string {
	b := &a.Builds
	noun, holds := nouns(a)
	var dtypes []string
	seen := map[string]bool{}
	for _, t := range b.Listed {
		if !seen[t.Dtype] && len(dtypes) < foldClasses {
			seen[t.Dtype] = true
			dtypes = append(dtypes, Escape(t.Dtype))
		}
	}
	text := count(b.Tensors, noun) + " with " + count(b.Elements, holds)
	if len(dtypes) > 0 {
		text += " (" + strings.Join(dtypes, ", ") + ")"
	}
	return text
}

// nouns are what the library calls what is built, and what that holds.
func nouns(a *format.Account) (noun, holds string) {
	for _, s := range a.Steps {
		if s.Kind == format.StepBuild && strings.Contains(s.Text, ": tensor of ") {
			return "tensor", "parameter"
		}
	}
	return "array", "value"
}

// quietText is what can be said of a stream in which nothing has a severity.
func quietText(a *format.Account) string {
	imports, does := 0, false
	for _, s := range a.Steps {
		switch s.Kind {
		case format.StepImport:
			imports++
		case format.StepCall, format.StepWrite, format.StepExternal:
			does = true
		}
	}
	switch {
	case imports == 0 && !does:
		return "imports nothing and calls nothing"
	case imports == 1:
		return "imports one name, and it is on the list of inert ones"
	}
	return fmt.Sprintf("imports %s names, and all of them are on the list of inert ones", grouped(int64(imports)))
}

func pluralOf(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(int64(n)) + " " + many
}

// cutText says what a limit left out.
func cutText(c format.Cut) string {
	return fmt.Sprintf("%s more are not listed: the limit %s is %s.", grouped(c.Left), Escape(c.Limit), grouped(c.Most))
}

// steps writes a table of steps. Harmless ones in a row are folded, with those
// kept that lead up to one that is not.
func (p *printer) steps(steps []format.Step) {
	column := len("offset")
	for _, s := range steps {
		column = max(column, len(strconv.FormatInt(s.Offset, 10)))
	}
	p.para(2, 2, "", label{right("offset", column), dim}, label{"  step", dim})
	loud := 0
	for _, part := range segments(steps) {
		if part.folded && !p.opt.All {
			p.fold(column+4, count(len(part.steps), "more harmless step"))
			continue
		}
		for _, s := range part.steps {
			if s.Severity >= finding.Medium {
				loud++
			}
			if loud <= foldLoud || p.opt.All {
				p.step(s, column)
			}
		}
	}
	if n := loud - foldLoud; n > 0 && !p.opt.All {
		p.fold(column+4, count(n, "more step")+" at MEDIUM or above, and what lies between")
	}
}

// segment is a part of a list of steps that is shown, or folded away.
type segment struct {
	steps  []format.Step
	folded bool
}

// segments folds long runs of harmless steps. Those that lead up to one that is
// not stay visible.
func segments(steps []format.Step) (out []segment) {
	shown := 0 // steps at the beginning that go into the next visible part
	flush := func() {
		if shown > 0 {
			out = append(out, segment{steps: steps[:shown]})
		}
		steps, shown = steps[shown:], 0
	}
	for shown < len(steps) {
		run := len(harmless(steps[shown:]))
		head, tail := run, 0
		if run > foldSteps+1 {
			if head = foldSteps; shown+run < len(steps) {
				head, tail = foldSteps-foldBefore, foldBefore
			}
		}
		shown += head
		if folded := run - head - tail; folded > 0 {
			flush()
			out = append(out, segment{steps: steps[:folded], folded: true})
			steps = steps[folded:]
		}
		shown = min(shown+tail+1, len(steps))
	}
	flush()
	return out
}

// harmless is the longest beginning without a step at MEDIUM or above.
func harmless(steps []format.Step) []format.Step {
	for i, s := range steps {
		if s.Severity >= finding.Medium {
			return steps[:i]
		}
	}
	return steps
}

func (p *printer) step(s format.Step, column int) {
	place := ""
	if s.Offset >= 0 {
		place = strconv.FormatInt(s.Offset, 10)
	}
	labels := []label{{right(place, column) + "  ", dim}}
	if s.Severity >= finding.Medium {
		labels = append(labels, label{s.Severity.String() + "  ", severityColour(s.Severity)})
	}
	p.para(2, column+4, Escape(s.Text)+timesText(s), labels...)
}

// timesText marks the first of several steps that differ in their data only.
func timesText(s format.Step) string {
	if s.Count < 2 {
		return ""
	}
	return "  # the first of " + grouped(int64(s.Count))
}

func right(s string, columns int) string {
	for len(s) < columns {
		s = " " + s
	}
	return s
}
