package scan

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// examiner works through one file and everything nested in it.
type examiner struct {
	*engine
	out *fileResult
}

// reading is one format's attempt at an input.
type reading struct {
	format *format.Format
	result format.Result
}

// examine identifies and reads one input, then its children, and returns the
// node with its coverage. as names a format to run in any case.
func (x *examiner) examine(in *format.Input, as string, node finding.Node, depth int) finding.Node {
	if in.R.Size() == 0 {
		node.Formats = []string{"empty"}
		return node
	}
	strong, weak := x.match(in, as)
	var won []reading
	for _, f := range strong {
		won = append(won, x.read(f, in))
	}
	cover := newCover(in.R.Size(), won)
	if cover.sum.Unexplained > 0 {
		won, cover = x.tryWeak(in, weak, won, cover)
	} else {
		won = append(won, x.alsoReads(in, weak, won)...)
	}
	x.settle(in, &node, won, cover)
	if x.opt.Deep {
		x.deep(in, won)
	}
	for _, r := range won {
		for i, c := range r.result.Children {
			if n, ok := x.child(in, c, depth); ok {
				node.Children = append(node.Children, n)
			}
			r.result.Children[i] = format.Child{} // a decoded stream holds memory
		}
	}
	if len(won) > 0 {
		x.sniff(in, cover.holes, depth)
	}
	return node
}

// alsoReads asks the readers of binary formats that have no signature even when
// a format with one explains every byte: a tensor file whose length spells an
// instruction, or an image, can be a pickle from its first byte on, and which of
// the two is loaded decides the loader. The name does not count, so that nobody
// searches the input for something that lies deeper in it. Containers are left
// out: what they hold is examined anyway, and may be such a stream.
func (x *examiner) alsoReads(in *format.Input, weak []*format.Format, won []reading) []reading {
	if !slices.ContainsFunc(won, func(r reading) bool { return !r.format.Textual && explains(r) }) ||
		slices.ContainsFunc(won, holdsStreams) {
		return nil
	}
	var more []reading
	for _, f := range weak {
		if f.Textual {
			continue
		}
		nameless := &format.Input{Path: in.Path, Inside: in.Inside, R: in.R, Repo: in.Repo, Names: in.Names}
		if r := x.read(f, nameless); explains(r) {
			more = append(more, r)
		}
	}
	return more
}

// holdsStreams reports children that lie in the input itself.
func holdsStreams(r reading) bool {
	return slices.ContainsFunc(r.result.Children, func(c format.Child) bool { return c.Length > 0 })
}

// sniff looks at what no structure explains, such as an archive behind the end
// of the format. It explains nothing: the range stays a gap. Only findings in it
// count.
func (x *examiner) sniff(in *format.Input, holes []interval, depth int) {
	if depth+1 > bounded.MaxNesting {
		return
	}
	gaps := len(x.out.gaps)
	for _, h := range holes[:min(len(holes), bounded.MaxGapsPerFile)] {
		if r, err := in.R.Section(h.off, h.end-h.off); err == nil && r.Size() < in.R.Size() {
			sub := &format.Input{Path: in.Path, Inside: append(slices.Clone(in.Inside), "unexplained bytes"), R: r, Repo: in.Repo, Names: in.Names}
			x.examine(sub, "", finding.Node{}, depth+1)
		}
	}
	x.out.gaps = x.out.gaps[:gaps]
}

// tryWeak runs the readers without a signature until one explains the whole
// input. A reader whose names claim this input tells why it could not. When
// nothing explains anything, the reader that got furthest is kept.
func (x *examiner) tryWeak(in *format.Input, weak []*format.Format, won []reading, cover *cover) ([]reading, *cover) {
	var tried []reading
	best, bestCover := -1, cover
	for _, f := range weak {
		r := x.read(f, in)
		c := newCover(in.R.Size(), []reading{r})
		tried = append(tried, r)
		if c.sum.Unexplained < bestCover.sum.Unexplained {
			best, bestCover = len(tried)-1, c
		}
		if c.sum.Unexplained == 0 && c.unread == 0 {
			break
		}
	}
	for i, r := range tried {
		switch {
		case i == best:
			won = append(won, r)
		case r.format.Claims(in.Name):
			won = append(won, reading{format: r.format, result: format.Result{Spans: onlyUnread(r.result.Spans)}})
		}
	}
	return won, bestCover
}

// match asks every format and drops general ones that a special one refines.
func (x *examiner) match(in *format.Input, as string) (strong, weak []*format.Format) {
	refined := map[string]bool{}
	for i := range x.formats {
		f := &x.formats[i]
		switch x.ask(f, in, as) {
		case format.Strong:
			strong = append(strong, f)
			if f.Refines != "" {
				refined[f.Refines] = true
			}
		case format.Weak:
			weak = append(weak, f)
		}
	}
	strong = slices.DeleteFunc(strong, func(f *format.Format) bool { return refined[f.ID] })
	return strong, weak
}

func (x *examiner) ask(f *format.Format, in *format.Input, as string) (c format.Confidence) {
	if f.ID == as {
		return format.Strong
	}
	defer func() {
		if recover() != nil {
			x.failed(f, in)
			c = format.No
		}
	}()
	return f.Match(in)
}

// read runs one reader. A panic in it is a gap of this file, no more.
func (x *examiner) read(f *format.Format, in *format.Input) (r reading) {
	r.format = f
	defer func() {
		if recover() != nil {
			x.failed(f, in)
		}
	}()
	r.result = f.Read(in)
	x.out.findings = append(x.out.findings, r.result.Findings...)
	x.out.claims = append(x.out.claims, r.result.Claims...)
	return r
}

func (x *examiner) failed(f *format.Format, in *format.Input) {
	x.gap(rule.Gap("SP-COV-011", in.Location(0, in.R.Size()), "The reader for "+f.Title+" failed on it."))
}

func (x *examiner) gap(g finding.Gap) { x.out.gaps = append(x.out.gaps, g) }

// settle writes what the readings say of this input: facts, formats, coverage, and a gap for everything left over.
func (x *examiner) settle(in *format.Input, node *finding.Node, won []reading, cover *cover) {
	var read []*format.Format
	for _, r := range won {
		if explains(r) {
			read = append(read, r.format)
			node.Formats = append(node.Formats, r.format.ID)
		}
		node.Facts = append(node.Facts, r.result.Facts...)
		x.spanGaps(in, r)
		x.texts(in, r)
	}
	node.Coverage = cover.sum
	x.leftover(in, cover, len(read) > 0)
	x.names(in, read)
}

// explains reports whether the reading accounts for any byte.
func explains(r reading) bool {
	return slices.ContainsFunc(r.result.Spans, func(s format.Span) bool { return s.Kind != format.Unread && s.Length > 0 }) ||
		len(r.result.Children) > 0
}

// spanGaps reports the ranges that a reader knows of and could not explain.
func (x *examiner) spanGaps(in *format.Input, r reading) {
	for _, s := range r.result.Spans {
		if s.Kind == format.Unread {
			x.gap(rule.Gap(s.Rule, in.Location(s.Offset, s.Length), s.Reason))
		}
	}
}

// leftover reports bytes that nobody explained and bytes claimed twice.
func (x *examiner) leftover(in *format.Input, c *cover, known bool) {
	gap := x.gap
	if len(in.Inside) == 0 { // other files of the artifact may explain it
		x.out.holes = c.holes
		gap = func(g finding.Gap) { x.out.leftover = append(x.out.leftover, g) }
	}
	size := in.R.Size()
	switch {
	case c.sum.Unexplained == size && !known:
		if c.unread == 0 {
			gap(rule.Gap("SP-COV-002", in.Location(0, size), "No reader recognises its content."))
		}
	default:
		for i, h := range c.holes {
			if i == bounded.MaxGapsPerFile {
				_ = in.R.Budget().Reach("gaps-per-file", bounded.MaxGapsPerFile)
				break
			}
			gap(rule.Gap("SP-COV-001", in.Location(h.off, h.end-h.off), "No structure of the file explains these bytes."))
		}
	}
	if c.overlap.end > 0 {
		x.gap(rule.Gap("SP-COV-013", in.Location(c.overlap.off, c.overlap.end-c.overlap.off), "Two parts of the file claim the same bytes."))
	}
}

// names compares what the content is with what the name claims, and reports a
// file that is valid in two unrelated formats.
func (x *examiner) names(in *format.Input, read []*format.Format) {
	binary := slices.DeleteFunc(slices.Clone(read), func(f *format.Format) bool { return f.Textual })
	if len(binary) > 1 {
		ids := make([]string, len(binary))
		for i, f := range binary {
			ids[i] = f.ID
		}
		what := strings.Join(ids, " and ")
		x.out.findings = append(x.out.findings, rule.Finding("SP-NAME-002", in.Location(0, in.R.Size()), what,
			"The same bytes are valid as "+what+": what is looked at depends on who looks."))
	}
	if len(read) == 0 || slices.ContainsFunc(read, func(f *format.Format) bool { return f.Claims(in.Name) }) {
		return
	}
	var claimed *format.Format
	for i := range x.formats {
		f := &x.formats[i]
		if !f.Claims(in.Name) {
			continue
		}
		claimed = f
		if slices.ContainsFunc(read, func(r *format.Format) bool {
			return r.ID == f.ID || r.Refines == f.ID || f.Refines == r.ID || (r.Textual && f.Textual)
		}) {
			return
		}
	}
	if claimed != nil {
		x.out.findings = append(x.out.findings, rule.Finding("SP-NAME-001", in.Location(0, 0), claimed.ID,
			"Its name says "+claimed.Title+", its content is "+read[0].Title+"."))
	}
}

// child examines a nested stream one level deeper.
func (x *examiner) child(in *format.Input, c format.Child, depth int) (finding.Node, bool) {
	if c.R == nil {
		return finding.Node{}, false
	}
	inside := append(slices.Clone(in.Inside), rule.Clip(c.Name))
	sub := &format.Input{Name: baseName(c.Name), Path: in.Path, Inside: inside, R: c.R, Repo: in.Repo, Names: in.Names, Parsed: c.Parsed}
	node := finding.Node{Name: rule.Clip(c.Name), Size: c.R.Size(), Formats: []string{}}
	if depth+1 > bounded.MaxNesting {
		_ = in.R.Budget().Reach("nesting", bounded.MaxNesting)
		node.Coverage.Unexplained = node.Size
		return node, true
	}
	node = x.examine(sub, c.As, node, depth+1)
	if more, err := c.R.Excess(); more || errors.Is(err, bounded.ErrCorrupt) {
		x.gap(rule.Gap("SP-COV-016", sub.Location(0, c.R.Size()), "It unpacks to more, or to something else, than its container declares."))
	}
	return node, true
}

// baseName is the part behind the last slash of either kind.
func baseName(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		return name[i+1:]
	}
	return name
}

func onlyUnread(spans []format.Span) []format.Span {
	var out []format.Span
	for _, s := range spans {
		if s.Kind == format.Unread {
			out = append(out, s)
		}
	}
	return out
}

func keepWorst(fs []finding.Finding) {
	slices.SortStableFunc(fs, func(a, b finding.Finding) int { return cmp.Compare(b.Severity, a.Severity) })
}
