package sevenzip

import (
	"fmt"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/sevenzip"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// archive is one 7z archive while its result is put together.
type archive struct {
	*sevenzip.Archive
	in     *format.Input
	base   int64 // where it begins in the input
	body   *bounded.Reader
	solids []*solid  // by folder, nil for one that stays closed
	offs   [][]int64 // where each file begins in its folder, by folder
	res    format.Result
}

func (a *archive) unread(r sevenzip.Range, rule, reason string) {
	a.res.Spans = append(a.res.Spans, format.Span{Offset: a.base + r.Offset, Length: r.Length, Kind: format.Unread, Rule: rule, Reason: reason})
}

// spans explains the headers. What lies between packed streams and headers
// stays unexplained.
func (a *archive) spans() {
	for _, s := range a.Structure {
		a.res.Spans = append(a.res.Spans, format.Span{Offset: a.base + s.Offset, Length: s.Length, Kind: format.Structure})
	}
	for _, u := range a.Unread {
		a.unread(u.Range, u.Rule, u.Reason)
	}
}

// contents opens the folders and hands over their files.
func (a *archive) contents() {
	a.solids = make([]*solid, len(a.Folders))
	for i := range a.Folders {
		a.openFolder(i)
	}
	a.offs = a.offsets()
	for i := range a.Files {
		if f := &a.Files[i]; f.Folder >= 0 {
			a.hand(f)
		}
	}
}

// maxClosed is how many folders are reported one by one that stay closed.
const maxClosed = bounded.MaxGapsPerFile

func (a *archive) openFolder(i int) {
	f := &a.Folders[i]
	s, err := open(a.body, f)
	where := f.Claim()
	if where.Length == 0 {
		where.Offset = sevenzip.HeadSize
	}
	if err != nil {
		if i < maxClosed {
			a.unread(where, gapOf(err), why(err))
		}
		return
	}
	if f.Cut {
		a.unread(where, gapMalformed, "Packed data runs over the end of the archive.")
	}
	if stored(f) && f.Packs[0].Length != f.Whole.Size {
		a.unread(where, gapSizes, "Stored files have another size than their packed data.")
	}
	a.solids[i] = s
	if len(f.Streams) == 0 { // no file and no bytes: nothing must come out
		a.res.Children = append(a.res.Children, a.child("folder without files", &member{solid: s, last: true}))
	}
}

// stored reports a folder that is not packed at all.
func stored(f *sevenzip.Folder) bool { return len(f.Coders) == 1 && f.Coders[0].ID == 0 }

// offsets are where each file begins in its folder, folder by folder.
func (a *archive) offsets() [][]int64 {
	out := make([][]int64, len(a.Folders))
	for i := range a.Folders {
		at := int64(0)
		out[i] = make([]int64, len(a.Folders[i].Streams))
		for j, s := range a.Folders[i].Streams {
			out[i][j] = at
			at += s.Size
		}
	}
	return out
}

// hand gives a file to the engine. The first one of a folder that has content
// claims the bytes of all; the last one answers for what comes behind it.
func (a *archive) hand(f *sevenzip.File) {
	s := a.solids[f.Folder]
	if s == nil {
		return
	}
	folder := &a.Folders[f.Folder]
	m := &member{solid: s, stream: int(f.Stream), off: a.offs[f.Folder][f.Stream], size: folder.Streams[f.Stream].Size}
	m.last = m.stream == len(folder.Streams)-1
	name := f.Name
	if f.Nameless {
		name = "data without a name"
		a.unread(sevenzip.Range{Offset: folder.Claim().Offset}, gapMalformed, "The archive holds data that its list of files does not name.")
	}
	if m.size > 0 || m.last {
		a.res.Children = append(a.res.Children, a.child(name, m))
	}
}

func (a *archive) child(name string, m *member) format.Child {
	c := format.Child{Name: name, R: bounded.NewReader(m, m.size, a.body.Budget()), Offset: a.base + sevenzip.HeadSize}
	if at := m.solid.folder.Claim(); !m.solid.claimed && at.Length > 0 {
		c.Offset, c.Length = a.base+at.Offset, at.Length
		m.solid.claimed = true
	}
	return c
}

// judgePlace is about the file as a whole.
func judgePlace(in *format.Input, at place, res *format.Result) {
	if at.off > 0 {
		res.Findings = append(res.Findings, rule.Finding(rulePrefix, in.Location(at.off, 0), at.kind,
			fmt.Sprintf("A %s begins at byte %d of a program, which unpacks it when it is started.", at.kind, at.off)))
	}
	if saysModel(in.Name) {
		res.Findings = append(res.Findings, rule.Finding(ruleForeign, in.Location(at.off, 0), at.kind,
			"Its name says model, but it is a "+at.kind+", which model libraries do not open by themselves."))
	}
}
