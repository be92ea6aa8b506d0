package json

import (
	"slices"
	"strings"

	decode "github.com/sallyport/sallyport/internal/decode/json"
	"github.com/sallyport/sallyport/internal/format"
)

// notebook gathers the cells of a Jupyter notebook. Whether the file is one is
// known only at its end, because keys have no order.
type notebook struct {
	isOne    bool // it has the key nbformat
	language string
	cells    []cell
	kept     int // bytes of all sources
	cell     cell
}

// cell is one cell with code, or the first output that a browser would run.
type cell struct {
	format.Text
	kind string
}

// maxNotebook is how many bytes of source one notebook may have.
const maxNotebook = 16 << 20

// inCells reports whether the parser is inside of cells[i] of the root object, or
// of worksheets[j].cells[i] as in version 3; base is the depth of the cell's own keys.
func inCells(p *decode.Parser) (base int, ok bool) {
	switch {
	case string(p.Key(0)) == "cells" && p.Depth() >= 2:
		return 2, true
	case string(p.Key(0)) == "worksheets" && p.Depth() >= 4 && string(p.Key(2)) == "cells":
		return 4, true
	}
	return 0, false
}

func (c *collector) beginCell(p *decode.Parser) {
	if base, ok := inCells(p); ok && p.Depth() == base {
		c.nb.cell = cell{Text: format.Text{Name: p.Path(), Line: p.Line(), Offset: p.Offset()}}
	}
}

func (c *collector) endCell(p *decode.Parser) {
	base, ok := inCells(p)
	if !ok || p.Depth() != base {
		return
	}
	done := c.nb.cell
	done.Length = p.Offset() - done.Offset
	if done.kind == "code" && len(strings.TrimSpace(string(done.Content))) > 0 {
		c.nb.cells = append(c.nb.cells, done)
	}
	c.nb.cell = cell{}
}

// cellValue takes the parts of a cell: its type and its source, one string or a
// list of lines ("input" in version 3).
func (c *collector) cellValue(p *decode.Parser, v *decode.Value) {
	switch string(p.Key(0)) {
	case "nbformat":
		c.nb.isOne = true
	case "metadata":
		if v.Kind == decode.String && p.Depth() == 3 && string(p.Key(1)) == "language_info" && string(p.Key(2)) == "name" {
			c.nb.language = strings.ToLower(string(v.Bytes))
		}
	}
	base, ok := inCells(p)
	if !ok || v.Kind != decode.String || p.Depth() <= base {
		return
	}
	switch key := string(p.Key(base)); {
	case key == "cell_type":
		c.nb.cell.kind = string(v.Bytes)
	case key == "source" || key == "input":
		c.addSource(v)
	case key == "outputs":
		c.output(p, v, base)
	}
}

func (c *collector) addSource(v *decode.Value) {
	if c.nb.kept += len(v.Bytes); v.Cut || c.nb.kept > maxNotebook {
		_ = c.in.R.Budget().Reach("notebook-source", maxNotebook)
		return
	}
	c.nb.cell.Content = append(c.nb.cell.Content, v.Bytes...)
}

// output notes an output that a browser runs when the notebook is opened. One is
// enough to make somebody look.
func (c *collector) output(p *decode.Parser, v *decode.Value, base int) {
	for d := base + 1; d < p.Depth(); d++ {
		switch kind := string(p.Key(d)); kind {
		case "text/html", "application/javascript", "image/svg+xml":
			if c.once("output " + kind) {
				text := format.Text{Language: "html", Name: p.Path(), Offset: v.Offset, Length: v.Length, Line: p.Line(), Content: slices.Clone(v.Bytes)}
				c.nb.cells = append(c.nb.cells, cell{Text: text})
			}
		}
	}
}

// notebook hands the cells on when the file turned out to be a notebook.
func (c *collector) notebook() {
	if !c.nb.isOne {
		return
	}
	language := c.nb.language
	if language == "" {
		language = "python"
	}
	for _, cell := range c.nb.cells {
		if cell.Language == "" {
			cell.Language = language
		}
		c.res.Texts = append(c.res.Texts, cell.Text)
	}
}
