package render

import (
	"io"
	"strconv"

	"github.com/sallyport/sallyport/internal/finding"
)

// Step is one thing that loading a file would do.
type Step struct {
	Offset   int64            // bytes from the start of the file or member; -1: no place of its own
	Text     string           // one sentence, not escaped
	Severity finding.Severity // Info: harmless
}

// foldSteps is how many harmless steps in a row are shown without Options.All.
const foldSteps = 12

// Steps writes what loading would do, one step per line in order, the place
// before it. Steps at MEDIUM and above carry their severity and are never folded.
func Steps(w io.Writer, title string, steps []Step, opt Options) error {
	p := newPrinter(w, opt)
	p.para(0, 2, "", label{Escape(title), bold})
	column := len("offset")
	for _, s := range steps {
		column = max(column, len(strconv.FormatInt(s.Offset, 10)))
	}
	if len(steps) == 0 {
		p.para(2, 2, "Nothing happens.")
		return p.done()
	}
	p.para(2, 2, "", label{right("offset", column), dim}, label{"  step", dim})
	for len(steps) > 0 {
		run := harmless(steps)
		shown := len(run)
		if !opt.All && shown > foldSteps {
			shown = foldSteps
		}
		for _, s := range run[:shown] {
			p.step(s, column)
		}
		if n := len(run) - shown; n > 0 {
			p.fold(column+4, count(n, "more harmless step"))
		}
		if steps = steps[len(run):]; len(steps) > 0 {
			p.step(steps[0], column)
			steps = steps[1:]
		}
	}
	return p.done()
}

// harmless is the longest beginning without a step at MEDIUM or above.
func harmless(steps []Step) []Step {
	for i, s := range steps {
		if s.Severity >= finding.Medium {
			return steps[:i]
		}
	}
	return steps
}

func (p *printer) step(s Step, column int) {
	place := ""
	if s.Offset >= 0 {
		place = strconv.FormatInt(s.Offset, 10)
	}
	labels := []label{{right(place, column) + "  ", dim}}
	if s.Severity >= finding.Medium {
		labels = append(labels, label{s.Severity.String() + "  ", severityColour(s.Severity)})
	}
	p.para(2, column+4, Escape(s.Text), labels...)
}

func right(s string, columns int) string {
	for len(s) < columns {
		s = " " + s
	}
	return s
}
