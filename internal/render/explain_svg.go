package render

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

// The drawing has two columns with a gutter between them for the edges that pass
// a row, so that it is readable at the width of a phone. Sizes are in CSS pixels.
const (
	drawSeeds  = 16 // nodes with a severity that are drawn
	drawNodes  = 48 // with what leads to them
	boxWidth   = 158
	gutter     = 30
	margin     = 4
	drawWidth  = 2*margin + 2*boxWidth + gutter
	lineHeight = 13
	boxPad     = 8
	rowGap     = 30
	boxColumns = 22 // characters of one line
	boxLines   = 5
)

// box is a node with its place in the drawing.
type box struct {
	node   *format.Node
	rank   int // place in the order of the stream
	row    int
	column int
	x, y   int
	height int
	lines  []string
}

// drawing is the part of a graph that is worth a picture.
type drawing struct {
	boxes []*box // by rank
	edges []line
	rows  int
	high  int
	left  int // nodes with a severity that are not drawn
}

// line is an edge between two boxes, downwards.
type line struct {
	from, to *box
	kind     string
	back     bool // the edge leads upwards: the arrow is at its beginning
}

// graph draws the calls that are dangerous with what they lead from. Without
// any there is nothing to draw: the lists say it better.
func (h *sheet) graph(account int, a *format.Account) {
	d := draw(&a.Graph)
	if len(d.boxes) < 2 {
		return
	}
	h.raw(markup(fmt.Sprintf("<figure>\n<svg viewBox=\"0 0 %d %d\" role=\"group\" aria-labelledby=\"g%d\">\n<title id=\"g%d\">What the dangerous steps lead from</title>\n",
		drawWidth, d.high, account+1, account+1)))
	h.raw(markup(fmt.Sprintf(`<defs><marker id="a%d" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z"/></marker></defs>`+"\n", account+1)))
	used := 0
	for _, l := range d.edges {
		end := markup("marker-end")
		if l.back {
			end = "marker-start"
		}
		h.raw(markup(fmt.Sprintf(`<path class="%s" %s="url(#a%d)" d="%s"/>`+"\n", edgeClass(l.kind), end, account+1, route(l, &used))))
	}
	for _, b := range d.boxes {
		h.box(account, b)
	}
	h.raw("</svg>\n<figcaption>")
	h.text("Arrows lead from what comes first. Solid: is called. Dashed: is an argument. Dotted: is changed, or holds.")
	if d.left > 0 {
		h.text(" " + count(d.left, "more step") + " with a severity did not fit.")
	}
	h.raw("</figcaption>\n</figure>\n")
}

func edgeClass(kind string) markup {
	switch kind {
	case format.EdgeCalls, format.EdgeArgument, format.EdgeWrites, format.EdgeBuilds, format.EdgeContains:
		return markup(kind)
	}
	return "other"
}

func (h *sheet) box(account int, b *box) {
	n := b.node
	loud := n.Severity >= finding.Medium
	if loud {
		h.raw(markup(fmt.Sprintf(`<a href="#s%d-%d">`, account+1, n.Offset)))
	}
	h.raw(markup(fmt.Sprintf(`<g class="%s"><rect class="box" x="%d" y="%d" width="%d" height="%d" rx="4"/>`, severityClass(n.Severity), b.x, b.y, boxWidth, b.height)))
	h.raw(markup(fmt.Sprintf(`<text class="what" x="%d" y="%d">`, b.x+boxPad, b.y+boxPad+7)))
	h.text(kindText(n))
	h.raw("</text>")
	for i, text := range b.lines {
		h.raw(markup(fmt.Sprintf(`<text x="%d" y="%d">`, b.x+boxPad, b.y+boxPad+7+(i+1)*lineHeight)))
		h.text(text)
		h.raw("</text>")
	}
	h.raw("</g>")
	if loud {
		h.raw("</a>")
	}
	h.raw("\n")
}

func kindText(n *format.Node) string {
	text := n.Kind
	if n.Severity >= finding.Medium {
		text = n.Severity.String() + " " + text
	}
	return fmt.Sprintf("%s at %d", text, n.Offset)
}

// draw chooses what to draw and places it.
func draw(g *format.Graph) *drawing {
	d := &drawing{}
	chosen := d.choose(g)
	for i := range g.Nodes {
		if chosen[g.Nodes[i].ID] {
			d.boxes = append(d.boxes, &box{node: &g.Nodes[i], lines: wrap(Escape(g.Nodes[i].Text))})
		}
	}
	slices.SortStableFunc(d.boxes, func(a, b *box) int {
		return cmp.Or(cmp.Compare(a.node.Offset, b.node.Offset), cmp.Compare(late(a.node), late(b.node)))
	})
	byID := map[int]*box{}
	for i, b := range d.boxes {
		b.rank, b.height = i, 2*boxPad+lineHeight*len(b.lines)+8
		byID[b.node.ID] = b
	}
	for _, e := range g.Edges {
		from, to := byID[e.From], byID[e.To]
		if from == nil || to == nil || from == to {
			continue
		}
		l := line{from: from, to: to, kind: e.Kind}
		if from.rank > to.rank {
			l = line{from: to, to: from, kind: e.Kind, back: true}
		}
		d.edges = append(d.edges, l)
	}
	d.place()
	return d
}

// late puts a stream behind the bytes that hold it.
func late(n *format.Node) int {
	if n.Kind == format.NodeStream {
		return 1
	}
	return 0
}

// choose takes the worst nodes and what leads to them, nearest first.
func (d *drawing) choose(g *format.Graph) map[int]bool {
	var queue []int
	chosen := map[int]bool{}
	loud := 0
	for sev := finding.Critical; sev >= finding.Medium; sev-- {
		for i := range g.Nodes {
			if n := &g.Nodes[i]; n.Severity == sev {
				if loud++; loud <= drawSeeds {
					chosen[n.ID] = true
					queue = append(queue, n.ID)
				}
			}
		}
	}
	into := map[int][]int{}
	for _, e := range g.Edges {
		switch e.Kind {
		case format.EdgeWrites: // what a write changes belongs to it
			into[e.From] = append(into[e.From], e.To)
		case format.EdgeContains, format.EdgeCalls, format.EdgeArgument:
			into[e.To] = append(into[e.To], e.From)
			if e.Kind == format.EdgeContains {
				into[e.From] = append(into[e.From], e.To)
			}
		}
	}
	for len(queue) > 0 {
		id := queue[0]
		queue = queue[1:]
		for _, next := range into[id] {
			if !chosen[next] && len(chosen) < drawNodes {
				chosen[next] = true
				queue = append(queue, next)
			}
		}
	}
	d.left = max(0, loud-drawSeeds)
	return chosen
}

// place puts every box below all that leads to it, and what leads to it right
// above, two in a row. It goes from the ends backwards, so that what belongs
// together stays together.
func (d *drawing) place() {
	slices.SortStableFunc(d.edges, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.to.rank, b.to.rank), cmp.Compare(a.from.rank, b.from.rank))
	})
	into, ends := map[*box][]*box{}, slices.Clone(d.boxes)
	for _, l := range d.edges {
		into[l.to] = append(into[l.to], l.from)
		ends = slices.DeleteFunc(ends, func(b *box) bool { return b == l.from })
	}
	var order []*box
	seen := map[*box]bool{}
	var visit func(*box) // edges lead from lower to higher ranks: this ends
	visit = func(b *box) {
		if seen[b] {
			return
		}
		seen[b] = true
		for _, from := range into[b] {
			visit(from)
		}
		order = append(order, b)
	}
	for _, b := range ends {
		visit(b)
	}
	free := [2]bool{}
	for _, b := range order {
		column := d.wish(b)
		sharing := slices.ContainsFunc(into[b], func(from *box) bool { return from.row == d.rows-1 })
		if sharing || !free[0] && !free[1] {
			free = [2]bool{true, true}
			d.rows++
		}
		if !free[column] {
			column = 1 - column
		}
		b.row, b.column, free[column] = d.rows-1, column, false
	}
	d.measure()
}

// wish is the column of the last box that leads to b.
func (d *drawing) wish(b *box) int {
	column := 0
	for _, l := range d.edges {
		if l.to == b {
			column = l.from.column
		}
	}
	return column
}

func (d *drawing) measure() {
	heights := make([]int, d.rows)
	for _, b := range d.boxes {
		heights[b.row] = max(heights[b.row], b.height)
	}
	tops := make([]int, d.rows)
	y := margin
	for i, height := range heights {
		tops[i] = y
		y += height + rowGap
	}
	for _, b := range d.boxes {
		b.x, b.y = margin+b.column*(boxWidth+gutter), tops[b.row]
	}
	d.high = max(y-rowGap+margin, 2*margin)
}

// route is the path of an edge: straight on to the next row, through the gutter
// past others. used spreads those that share it.
func route(l line, used *int) string {
	x1, y1 := l.from.x+boxWidth/2, l.from.y+l.from.height
	x2, y2 := l.to.x+boxWidth/2, l.to.y
	if l.to.row == l.from.row+1 {
		mid := (y1 + y2) / 2
		return fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x1, y1, x1, mid, x2, mid, x2, y2)
	}
	g := drawWidth/2 + (*used%5-2)*5
	*used++
	return fmt.Sprintf("M%d %dC%d %d %d %d %d %dL%d %dC%d %d %d %d %d %d", x1, y1, x1, y1+16, g, y1+4, g, y1+24, g, y2-24, g, y2-4, x2, y2-16, x2, y2)
}

// wrap breaks a text into the lines of a box.
func wrap(s string) []string {
	var out []string
	start, columns := 0, 0
	for i, r := range s {
		width := textWidth(string(r))
		if columns+width > boxColumns {
			if len(out) == boxLines-1 {
				return append(out, s[start:i]+"…")
			}
			out = append(out, s[start:i])
			start, columns = i, 0
		}
		columns += width
	}
	return append(out, s[start:])
}
