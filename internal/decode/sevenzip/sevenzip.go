// Package sevenzip reads the structure of a 7z archive: where its packed streams
// lie, which coders turn them into folders, and which files the folders hold.
//
// Specification: 7zFormat.txt of the LZMA SDK, as lenient as 7-Zip in what it
// skips.
//
// Threat: every count and size is a number of up to 64 bits, so forty bytes can
// ask for gigabytes; the header may be packed itself, again and again; packed
// streams can point anywhere; properties that nobody knows hide bytes. Counts
// are checked against the bytes that remain, and lists grow with what is really
// read. What is not understood is Unread, and what was read before it is kept.
//
// Not covered: the coders. Whoever calls Read brings them, since a packed header
// needs them; data kept in additional streams; archives split over several files.
package sevenzip

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
)

// Magic begins an archive.
const Magic = "7z\xbc\xaf\x27\x1c"

// HeadSize is the length of the signature header in bytes.
const HeadSize = 32

// Errors of an Opener: the reason why a folder cannot be decoded.
var (
	ErrEncrypted   = errors.New("encrypted")
	ErrUnsupported = errors.New("not supported")
)

// Opener is the decoded stream of a folder. r is the archive.
type Opener func(r *bounded.Reader, f *Folder) (*bounded.Reader, error)

// Range is a piece of the archive, in bytes.
type Range struct{ Offset, Length int64 }

// End is the offset behind the range.
func (r Range) End() int64 { return r.Offset + r.Length }

// Coder is one step of a folder.
type Coder struct {
	ID     uint64
	Inputs int    // streams it takes; it gives one
	Props  []byte // settings, in a form of its own
	Size   int64  // bytes it gives
}

// Bind says that an input stream is the output of another coder. Inputs are
// counted through all coders of the folder.
type Bind struct{ Input, Coder int }

// Stream is one file's part of a folder.
type Stream struct {
	Size   int64
	Sum    uint32 // CRC-32
	Summed bool   // Sum is known
}

// Folder is a row of files that are packed together.
type Folder struct {
	Coders []Coder
	Binds  []Bind
	Inputs []int   // input streams that are fed from the archive, in the order of Packs
	Packs  []Range // where they lie, cut to the archive
	Last   int     // the coder whose output is the content
	Cut    bool    // a pack is shorter than declared, because the archive ends
	Shared bool    // its packs lie over other structures: it claims no bytes
	Whole  Stream  // content of all files together

	Streams []Stream
}

// Claim is the range of the archive that the folder explains.
func (f *Folder) Claim() Range {
	if len(f.Packs) == 0 || f.Shared {
		return Range{}
	}
	return Range{f.Packs[0].Offset, f.Packs[len(f.Packs)-1].End() - f.Packs[0].Offset}
}

// File is one entry. Attributes are those of Windows; when bit 15 is set, the
// upper half holds a Unix mode.
type File struct {
	Name       string // as in the archive, UTF-8, untrusted
	Folder     int32  // -1 when it has no content
	Stream     int32  // of the folder
	Attributes uint32
	Dir        bool
	Anti       bool // unpacking deletes a file of this name
	Nameless   bool // a stream that no entry names
}

// Mode is the Unix mode of the file, 0 when the writer gave none.
func (f *File) Mode() uint16 {
	if f.Attributes&(1<<15) == 0 {
		return 0
	}
	return uint16(f.Attributes >> 16)
}

// Archive is what was found.
type Archive struct {
	Files     []File
	Folders   []Folder
	Structure []Range // headers, sorted, without overlap with each other or the folders
	Unread    []Unread
	Encrypted bool // the header is: not even names are known

	r      *bounded.Reader
	open   Opener
	pieces []Range
	most   int64 // entries, folders or streams that are read
}

// Unread is a range that was understood to exist and not read.
type Unread struct {
	Range
	Rule   string // coverage rule
	Reason string
}

// Coverage rules of Unread.
const (
	gapUnexplained = "SP-COV-001"
	gapLimit       = "SP-COV-003"
	gapMalformed   = "SP-COV-004"
	gapEncrypted   = "SP-COV-010"
	gapUnsupported = "SP-COV-012"
	gapShared      = "SP-COV-013"
)

// entriesFloor is how many entries a small archive may have: a header packs so
// well that a kilobyte can list a million.
const entriesFloor = 100_000

// Valid reports whether p begins with the signature header of an archive.
func Valid(p []byte) bool {
	return len(p) >= HeadSize && string(p[:6]) == Magic && crc32.ChecksumIEEE(p[12:HeadSize]) == binary.LittleEndian.Uint32(p[8:])
}

// Read reads the archive that fills r. It never fails: what is broken is Unread.
func Read(r *bounded.Reader, open Opener) *Archive {
	a := &Archive{r: r, open: open, most: min(bounded.MaxArchiveEntries, entriesFloor+r.Size())}
	head, err := r.Bytes(0, min(HeadSize, r.Size()))
	if err != nil || len(head) < HeadSize {
		a.pieces = append(a.pieces, Range{0, int64(len(head))})
		a.unread(Range{int64(len(head)), 0}, gapMalformed, "The header of the 7z archive ends early.")
		a.settle()
		return a
	}
	a.pieces = append(a.pieces, Range{0, HeadSize})
	if !Valid(head) {
		a.unread(Range{8, 24}, gapMalformed, "The checksum of the 7z header is wrong.")
	}
	at, length := binary.LittleEndian.Uint64(head[12:]), binary.LittleEndian.Uint64(head[20:])
	rest := uint64(r.Size() - HeadSize)
	switch {
	case at > rest || length > rest-at:
		a.unread(Range{HeadSize, int64(rest)}, gapMalformed, "The 7z archive is shorter than its header says: it is damaged, or only the first part of a split archive.")
	case length > 0:
		a.outer(Range{HeadSize + int64(at), int64(length)}, binary.LittleEndian.Uint32(head[28:]))
	case at > 0:
		a.unread(Range{12, 8}, gapMalformed, "The 7z header gives a place for a list of files that is not there.")
	}
	a.settle()
	return a
}

// outer reads the header as it stands in the archive.
func (a *Archive) outer(where Range, sum uint32) {
	a.claim(where)
	view, err := a.r.Section(where.Offset, where.Length)
	if err == nil {
		view, err = a.load(view, sum, true, where)
	}
	if err != nil {
		a.trouble(where, err)
		return
	}
	a.header(view, where, 0)
}

// load brings a header into memory if it is small enough, and compares its
// checksum. A header that 7-Zip refuses for it is read all the same.
func (a *Archive) load(view *bounded.Reader, sum uint32, summed bool, where Range) (*bounded.Reader, error) {
	if view.Size() > bounded.MaxArchiveHeader {
		return nil, a.r.Budget().Reach("archive-header-size", bounded.MaxArchiveHeader)
	}
	got, packed := crc32.NewIEEE(), view
	src := io.TeeReader(io.NewSectionReader(view, 0, view.Size()), got)
	if view.Memory() == nil && view.Size() <= bounded.MaxBlock {
		p, err := io.ReadAll(src) // grows with what is there, whatever was declared
		if err != nil {
			return nil, err
		}
		view = bounded.NewBytes(p, a.r.Budget())
	} else if _, err := io.Copy(io.Discard, src); err != nil {
		return nil, err
	}
	if summed && got.Sum32() != sum {
		a.unread(where, gapMalformed, "The checksum of the list of files is wrong.")
	}
	if more, err := packed.Excess(); more || err != nil {
		a.unread(where, gapMalformed, "The list of files unpacks to more than is declared.")
	}
	return view, nil
}

// header reads the list of files, or unpacks it first.
func (a *Archive) header(view *bounded.Reader, where Range, depth int) {
	p := newParser(a, view)
	defer p.c.Close()
	switch id := p.number(); {
	case p.err != nil:
	case id == idHeader:
		p.header()
	case id == idEncodedHeader:
		s := p.streams()
		if p.err == nil {
			a.packed(s, where, depth)
		}
	default:
		p.fail("The list of files begins in an unknown way.")
	}
	if p.err == nil && p.c.Remaining() > 0 {
		a.unread(where, gapUnexplained, "Bytes follow behind the end of the list of files.")
	}
	a.trouble(where, p.err)
}

// packed unpacks a header.
func (a *Archive) packed(s streams, where Range, depth int) {
	if len(s.folders) != 1 || s.spare {
		if len(s.folders) > 0 || s.spare {
			a.unread(where, gapMalformed, "The list of files is packed in more than one piece.")
		}
		return
	}
	if depth+1 > bounded.MaxNesting {
		a.trouble(where, a.r.Budget().Reach("nesting", bounded.MaxNesting))
		return
	}
	f := &s.folders[0]
	at := f.Claim()
	if at.Length == 0 {
		at = where
	} else {
		a.claim(at)
	}
	view, err := a.open(a.r, f)
	if err == nil {
		view, err = a.load(view, f.Whole.Sum, f.Whole.Summed, at)
	}
	if err != nil {
		a.trouble(at, err)
		return
	}
	a.header(view, at, depth+1)
}

// claim marks a piece of the archive as a header.
func (a *Archive) claim(r Range) {
	if slices.ContainsFunc(a.pieces, func(p Range) bool { return r.Offset < p.End() && p.Offset < r.End() }) {
		a.unread(r, gapShared, "Two headers of the 7z archive claim the same bytes.")
	}
	a.pieces = append(a.pieces, r)
}

// trouble says why reading a header ended.
func (a *Archive) trouble(where Range, err error) {
	var limit *bounded.LimitError
	var bad *malformed
	switch {
	case err == nil:
	case errors.As(err, &limit):
		a.unread(where, gapLimit, fmt.Sprintf("Reading the list of files stopped at the limit %q (%d).", limit.Name, limit.Max))
	case errors.Is(err, ErrEncrypted):
		a.Encrypted = true
		a.unread(where, gapEncrypted, "The list of files is encrypted: not even their names are known.")
	case errors.Is(err, ErrUnsupported):
		a.unread(where, gapUnsupported, "The list of files is packed in a way that is not supported.")
	case errors.As(err, &bad):
		a.unread(where, gapMalformed, bad.reason)
	case errors.Is(err, bounded.ErrCorrupt):
		a.unread(where, gapMalformed, "The list of files cannot be unpacked: its data is broken.")
	case errors.Is(err, bounded.ErrTruncated), errors.Is(err, io.EOF):
		a.unread(where, gapMalformed, "The list of files ends early.")
	default:
		a.unread(where, gapMalformed, "The list of files could not be read.")
	}
}

func (a *Archive) unread(r Range, rule, reason string) {
	r.Offset = min(r.Offset, a.r.Size())
	r.Length = min(r.Length, a.r.Size()-r.Offset)
	if len(a.Unread) < bounded.MaxGapsPerFile {
		a.Unread = append(a.Unread, Unread{r, rule, reason})
	}
}

// settle makes the structure free of overlap. A folder that lies over a header
// claims nothing.
func (a *Archive) settle() {
	slices.SortFunc(a.pieces, func(x, y Range) int { return int(min(1, max(-1, x.Offset-y.Offset))) })
	for _, p := range a.pieces {
		if k := len(a.Structure); k > 0 && p.Offset <= a.Structure[k-1].End() {
			last := &a.Structure[k-1]
			last.Length = max(last.End(), p.End()) - last.Offset
			continue
		}
		a.Structure = append(a.Structure, p)
	}
	for i := range a.Folders {
		c := a.Folders[i].Claim()
		if c.Length > 0 && slices.ContainsFunc(a.Structure, func(p Range) bool { return c.Offset < p.End() && p.Offset < c.End() }) {
			a.Folders[i].Shared = true
			a.unread(c, gapShared, "Packed files and a header claim the same bytes.")
		}
	}
	a.pieces, a.open = nil, nil
}
