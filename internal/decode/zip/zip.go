// Package zip reads the structure of a zip archive (PKWARE APPNOTE 6.3.10) the
// way lenient loaders do: miniz in torch, Python's zipfile.
//
// Threat: a zip says everything twice (central directory and local headers),
// and loaders believe different copies. So every directory that some loader
// could pick is read, every local header is compared with its entry, and what
// neither explains stays uncovered: bytes before, between and after the members.
// Members that no directory lists are found in those gaps and kept. Every
// oddity is an Anomaly; the archive is read on regardless.
//
// Not covered: the checksums of members above 1 MiB (loaders ignore them; they
// need every byte), archives split over several disks, and methods other than stored, deflate and bzip2.
package zip

import (
	"cmp"
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
)

// Entry is one member. Sizes are what the central directory says; a member
// without one (Hidden) has those of its local header.
type Entry struct {
	Name   string // raw bytes of the directory, not decoded, untrusted
	Header int64  // offset of the local header in the file
	Offset int64  // offset of the stored data; -1 when there is no local header
	Length int64  // stored bytes, never beyond the end of the file
	Size   int64  // decoded bytes as declared
	Mode   uint16 // Unix mode bits, 0 when the writer gave none
	Flags  uint16 // general purpose flags, central and local joined
	Method uint16 // compression method
	Hidden bool   // found in a gap, listed by no directory
	Shared bool   // its bytes are those of another member already: it claims none

	central  int64  // offset of the central header; -1 when hidden
	declared int64  // stored bytes as declared, before Length was cut
	sum      uint32 // checksum as declared
	same     int32  // 1 + index of another entry whose name is equal without regard to case
	behind   uint8  // bytes of the data descriptor
}

// Dir reports whether the entry is a folder: it has a name and no bytes.
func (e *Entry) Dir() bool {
	return e.Length == 0 && e.Size == 0 && len(e.Name) > 0 && e.Name[len(e.Name)-1] == '/'
}

// Claim is how many bytes of the file the member explains: Length, or none when
// they are another member's.
func (e *Entry) Claim() int64 {
	if e.Shared {
		return 0
	}
	return e.Length
}

// Range is a piece of the file, in bytes.
type Range struct{ Offset, Length int64 }

// End is the offset behind the range.
func (r Range) End() int64 { return r.Offset + r.Length }

// Archive is what was found, in the order of the directory.
type Archive struct {
	Entries   []Entry
	Comments  []Range   // archive comments
	Structure []Range   // headers, directories and end records, sorted, without overlap with each other or data
	Anomalies []Anomaly // at most MaxFindings
	Unread    []Unread

	r      *bounded.Reader
	names  index
	starts map[int64]bool // directories read so far, by offset
	dirs   []Range        // directories and end records
	pieces []Range        // structure as it is found
	over   bool           // the limit of entries was reached

	searched int64 // bytes searched for the ends of hidden members
	wrong    bool  // a member with a wrong checksum was reported
}

// Unread is a range that was understood to exist and not read.
type Unread struct {
	Range
	Rule   string // coverage rule
	Reason string
}

// Read finds every member. It never fails: what is broken is an anomaly, unread
// or uncovered.
func Read(r *bounded.Reader) *Archive {
	a := &Archive{r: r, starts: map[int64]bool{}}
	views, last := findDirectories(r)
	if len(views) > 0 && last > views[0].record {
		a.anomaly(DirectoryMismatch, -1, last, "its last end record leads nowhere")
	}
	for i, v := range views {
		if i > 0 && a.insideMember(v.record) {
			continue // a zip stored in this zip has an end record of its own
		}
		a.readView(v)
	}
	if len(views) == 0 {
		a.anomaly(NoDirectory, -1, 0, "")
		a.unread(Range{r.Size(), 0}, "SP-COV-004", "The archive has no directory; its members were searched from the front.")
	}
	a.settle()
	a.checkNames()
	a.claim()
	a.pieces, a.dirs, a.starts = nil, nil, nil
	return a
}

// readView reads one directory and the local headers it points to.
func (a *Archive) readView(v view) {
	if a.starts[v.start] {
		return
	}
	if len(a.starts) > 0 {
		a.anomaly(SeveralDirectories, -1, v.record, "")
	}
	a.starts[v.start] = true
	first := len(a.Entries)
	a.readCentral(v)
	if first > 0 {
		a.dropKnown(first)
	}
	a.addEnd(v)
	a.readLocals(first)
}

// dropKnown removes entries from first on that an earlier directory lists in
// the same way: two directories that agree are no two members.
func (a *Archive) dropKnown(first int) {
	type key struct {
		header int64
		name   string
	}
	known := make(map[key]bool, first)
	for _, e := range a.Entries[:first] {
		known[key{e.Header, e.Name}] = true
	}
	rest := slices.DeleteFunc(a.Entries[first:], func(e Entry) bool { return known[key{e.Header, e.Name}] })
	a.Entries = a.Entries[:first+len(rest)]
}

// insideMember reports whether the offset lies in the data of a member read so far.
func (a *Archive) insideMember(off int64) bool {
	return slices.ContainsFunc(a.Entries, func(e Entry) bool {
		return e.Offset >= 0 && off >= e.Offset && off < e.Offset+e.Length
	})
}

func (a *Archive) structure(off, n int64) {
	if n <= 0 {
		return
	}
	if k := len(a.pieces); k > 0 && a.pieces[k-1].End() == off {
		a.pieces[k-1].Length += n
		return
	}
	a.pieces = append(a.pieces, Range{off, n})
}

func (a *Archive) unread(r Range, rule, reason string) {
	a.Unread = append(a.Unread, Unread{r, rule, reason})
}

// merge sorts ranges and joins those that touch or overlap.
func merge(rs []Range) []Range {
	if !slices.IsSortedFunc(rs, byOffset) {
		slices.SortFunc(rs, byOffset)
	}
	out := rs[:0]
	for _, r := range rs {
		if k := len(out); k > 0 && r.Offset <= out[k-1].End() {
			out[k-1].Length = max(out[k-1].End(), r.End()) - out[k-1].Offset
			continue
		}
		out = append(out, r)
	}
	return out
}

func byOffset(x, y Range) int { return cmp.Compare(x.Offset, y.Offset) }
