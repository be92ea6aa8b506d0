package scan

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const (
	ruleOutside = "SP-REF-001"
	ruleShared  = "SP-REF-002"
	gapAbsent   = "SP-COV-009"

	// maxPadding is the longest run of zeros that counts as padding between two
	// claims, in bytes: writers align to pages of at most 64 KiB.
	maxPadding = 64 << 10

	claimedFormat = "external-data" // what a file counts as that only claims explain
)

// claim is one claim with the input that makes it.
type claim struct {
	format.Claim
	by int // index of its file
}

// settleClaims explains files by what others declare about them. It runs when
// all files have been read.
func (e *engine) settleClaims(ctx context.Context, files []artifact.File, results []fileResult) {
	byPath := map[string][]claim{}
	for i := range results {
		for _, c := range results[i].claims {
			byPath[c.Path] = append(byPath[c.Path], claim{c, i})
		}
		results[i].claims = nil
	}
	var targets []int
	for i := range files {
		if len(byPath[files[i].Path]) > 0 {
			targets = append(targets, i)
		}
	}
	for _, i := range targets {
		checkClaims(byPath[files[i].Path], results, results[i].node.Size)
	}
	e.each(ctx, len(targets), func(w *worker, k int) {
		i := targets[k]
		w.claimed(ctx, &files[i], byPath[files[i].Path], &results[i])
	})
	for _, i := range targets {
		delete(byPath, files[i].Path)
	}
	absent(byPath, results)
	for i := range results {
		r := &results[i]
		r.gaps = append(r.gaps, r.leftover...)
		r.finish()
	}
}

// absent reports claims about files that are not there, once per input and file.
func absent(byPath map[string][]claim, results []fileResult) {
	told := map[int]int{} // gaps by input
	for _, name := range slices.Sorted(maps.Keys(byPath)) {
		last := -1
		for _, c := range byPath[name] { // in the order of the inputs
			if c.by == last || told[c.by] > bounded.MaxGapsPerFile {
				continue
			}
			last = c.by
			reason := fmt.Sprintf("It keeps %q in the file %q, which is not part of what was scanned.", rule.Clip(c.Name), rule.Clip(name))
			if told[c.by]++; told[c.by] > bounded.MaxGapsPerFile {
				reason = "It keeps data in more files that are not part of what was scanned than are listed."
			}
			results[c.by].gaps = append(results[c.by].gaps, rule.Gap(gapAbsent, c.At, reason))
		}
	}
}

// checkClaims sorts the claims about one file by offset, cuts them to it, and
// reports those that leave it or that share bytes with another of the same input.
func checkClaims(claims []claim, results []fileResult, size int64) {
	for i := range claims {
		c := &claims[i]
		if c.Length < 0 && c.Offset >= 0 && c.Offset <= size {
			c.Length = size - c.Offset
		}
		if c.Offset < 0 || c.Length < 0 || c.Offset > size || c.Length > size-c.Offset {
			results[c.by].raise(ruleOutside, c, fmt.Sprintf("The model keeps %q at bytes %d+%d of %q, which has %d bytes.",
				rule.Clip(c.Name), c.Offset, c.Length, path.Base(c.Path), size))
			c.Offset = min(max(c.Offset, 0), size)
			c.Length = min(max(c.Length, 0), size-c.Offset)
		}
	}
	slices.SortStableFunc(claims, func(a, b claim) int {
		return cmp.Or(cmp.Compare(a.by, b.by), cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Length, b.Length))
	})
	var before *claim // of the same input, the one that reaches furthest
	for i := range claims {
		c := &claims[i]
		switch {
		case before == nil || before.by != c.by || c.Length == 0:
		case c.Offset == before.Offset && c.Length == before.Length: // one tensor under two names
		case c.Offset < before.Offset+before.Length:
			results[c.by].raise(ruleShared, c, fmt.Sprintf("%q and %q share bytes of %q without being the same.",
				rule.Clip(before.Name), rule.Clip(c.Name), path.Base(c.Path)))
		}
		if before == nil || before.by != c.by || c.Offset+c.Length > before.Offset+before.Length {
			before = c
		}
	}
}

func (res *fileResult) raise(id string, c *claim, message string) {
	if len(res.findings) <= bounded.MaxFindings { // one too many, so that the cut is told
		res.findings = append(res.findings, rule.Finding(id, c.At, c.Name, message))
	}
}

// claimed explains with claims what is left of a file.
func (w *worker) claimed(ctx context.Context, f *artifact.File, claims []claim, res *fileResult) {
	if len(res.holes) == 0 || w.named(f.Path) {
		return
	}
	content, err := f.Open()
	if err != nil {
		return // the gaps that it has stay
	}
	defer content.Close()
	if content.Size() != res.node.Size {
		return // and it has one about that, too
	}
	counted := &counter{src: content}
	budget := bounded.NewBudget(ctx, content.Size())
	budget.Deep = w.opt.Deep
	in := &format.Input{Name: path.Base(f.Path), Path: f.Path, R: bounded.NewReader(counted, content.Size(), budget), Repo: w.repo, Names: w.names}
	x := &examiner{engine: w.engine, out: res}
	x.explainByClaims(in, tile(claims))
	res.read += counted.n
	res.trouble(finding.Location{Path: f.Path}, budget)
}

// named reports a file whose name says that it is something of its own, such as a
// library or a pickle: whoever opens it by that name does not read it as the data
// that a model claims it to be.
func (w *worker) named(p string) bool {
	name := path.Base(p)
	switch strings.ToLower(path.Ext(name)) {
	case ".bin", ".data", ".dat", ".raw", ".weight":
		return false
	}
	return slices.ContainsFunc(w.formats, func(f format.Format) bool { return f.Claims(name) })
}

// explainByClaims replaces the gaps that say "nobody explains these bytes".
func (x *examiner) explainByClaims(in *format.Input, spans []format.Span) {
	cover := &x.out.node.Coverage
	holes := x.out.holes
	x.out.leftover, x.out.holes = nil, nil
	var payload []format.Span
	var rest []interval
	for _, h := range holes {
		cover.Unexplained -= h.end - h.off
		inside, left := split(h, spans)
		for _, s := range inside {
			cover.Payload += s.Length
		}
		payload = append(payload, inside...)
		for _, iv := range left {
			if isPadding(in, iv) {
				cover.Structure += iv.end - iv.off
				continue
			}
			cover.Unexplained += iv.end - iv.off
			rest = append(rest, iv)
		}
	}
	if len(x.out.node.Formats) == 0 {
		x.out.node.Formats = []string{claimedFormat}
	}
	x.unclaimed(in, rest)
	if x.opt.Deep {
		x.deep(in, []reading{{result: format.Result{Spans: payload}}})
	}
	x.sniff(in, rest, 0)
}

// unclaimed reports what even the claims leave.
func (x *examiner) unclaimed(in *format.Input, rest []interval) {
	for i, iv := range rest {
		if i == bounded.MaxGapsPerFile {
			_ = in.R.Budget().Reach("gaps-per-file", bounded.MaxGapsPerFile)
			return
		}
		x.gap(rule.Gap("SP-COV-001", in.Location(iv.off, iv.end-iv.off), "The model that keeps data in this file says nothing of these bytes."))
	}
}

// tile turns claims into payload spans in order, each byte once.
func tile(claims []claim) []format.Span {
	sorted := slices.SortedStableFunc(slices.Values(claims), func(a, b claim) int { return cmp.Compare(a.Offset, b.Offset) })
	var spans []format.Span
	at := int64(0)
	for _, c := range sorted {
		from, end := max(c.Offset, at), c.Offset+c.Length
		if end <= from {
			continue
		}
		s := format.Span{Offset: from, Length: end - from, Kind: format.Payload}
		if from == c.Offset {
			s.Type, s.Row = c.Type, c.Row
		}
		spans = append(spans, s)
		at = end
	}
	return spans
}

// split cuts an interval into what the spans, sorted and disjoint, cover of it
// and what they leave.
func split(iv interval, spans []format.Span) (inside []format.Span, left []interval) {
	first, _ := slices.BinarySearchFunc(spans, iv.off, func(s format.Span, off int64) int { return cmp.Compare(s.Offset+s.Length, off+1) })
	for _, s := range spans[first:] {
		if s.Offset >= iv.end {
			break
		}
		end := min(s.Offset+s.Length, iv.end)
		if s.Offset > iv.off {
			left = append(left, interval{off: iv.off, end: s.Offset})
			iv.off = s.Offset
		} else if s.Offset < iv.off {
			s.Offset, s.Type = iv.off, "" // a part of a tensor
		}
		s.Length = end - s.Offset
		inside = append(inside, s)
		iv.off = end
	}
	if iv.off < iv.end {
		left = append(left, iv)
	}
	return inside, left
}

// isPadding reports a short run of zeros.
func isPadding(in *format.Input, iv interval) bool {
	if iv.end-iv.off > maxPadding {
		return false
	}
	p, err := in.R.Bytes(iv.off, iv.end-iv.off)
	return err == nil && len(bytes.Trim(p, "\x00")) == 0
}
