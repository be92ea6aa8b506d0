package render

import (
	"bufio"
	"io"
	"strings"
	"unicode"

	"github.com/sallyport/sallyport/internal/finding"
)

// printer writes lines of text, wrapped to the width, and keeps the first error
// of the writer. Whoever calls it has escaped what comes from a file.
type printer struct {
	w   *bufio.Writer
	opt Options
}

func newPrinter(w io.Writer, opt Options) *printer {
	return &printer{w: bufio.NewWriter(w), opt: opt}
}

// done flushes and returns the first error of the writer.
func (p *printer) done() error { return p.w.Flush() }

// Colours. Each stands beside a word that says the same.
const (
	bold    = "1"
	dim     = "2"
	red     = "31"
	green   = "32"
	yellow  = "33"
	cyan    = "36"
	boldRed = "1;31"
)

// paint colours a label when colour is asked for.
func (p *printer) paint(colour, s string) string {
	if !p.opt.Color || colour == "" || s == "" {
		return s
	}
	return "\x1b[" + colour + "m" + s + "\x1b[0m"
}

func severityColour(s finding.Severity) string {
	switch s {
	case finding.Info:
		return dim
	case finding.Low:
		return cyan
	case finding.Medium:
		return yellow
	case finding.High:
		return red
	}
	return boldRed
}

func (p *printer) blank() { p.w.WriteByte('\n') }

// heading starts a section.
func (p *printer) heading(s string) {
	p.blank()
	p.w.WriteString(p.paint(bold, s))
	p.blank()
}

// label is the beginning of a line: it may carry colour and is never broken.
type label struct{ text, colour string }

// para writes labels, then words, broken at spaces so that no line is wider than
// the terminal; following lines are indented by hang columns. A word that is
// wider than the line stays whole: a path must survive copying.
func (p *printer) para(indent, hang int, text string, labels ...label) {
	p.pad(indent)
	col, fresh := indent, true // fresh: nothing but indentation or a label on this line
	for _, l := range labels {
		p.w.WriteString(p.paint(l.colour, l.text))
		col += textWidth(l.text)
	}
	for word := range strings.FieldsSeq(text) {
		width := textWidth(word)
		switch {
		case fresh:
		case p.opt.Width > 0 && col+1+width > p.opt.Width:
			p.blank()
			p.pad(hang)
			col = hang
		default:
			p.w.WriteByte(' ')
			col++
		}
		p.w.WriteString(word)
		col, fresh = col+width, false
	}
	p.blank()
}

func (p *printer) pad(n int) {
	for range n {
		p.w.WriteByte(' ')
	}
}

// textWidth is the number of columns that printable text takes.
func textWidth(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case r < 0x300:
			n++
		case unicode.Is(unicode.M, r):
		case wide(r):
			n += 2
		default:
			n++
		}
	}
	return n
}

// wide reports a character that takes two columns: East Asian scripts, full-width
// forms, and the blocks of emoji. A few blocks, not the whole table: a mistake
// costs one column.
func wide(r rune) bool {
	return r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 ||
		r >= 0xf900 && r <= 0xfaff || r >= 0xfe30 && r <= 0xfe6f || r >= 0xff00 && r <= 0xff60 ||
		r >= 0xffe0 && r <= 0xffe6 || r >= 0x1f300 && r <= 0x1faff || r >= 0x20000 && r <= 0x3fffd)
}
