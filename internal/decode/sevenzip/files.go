package sevenzip

import (
	"math"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/bounded"
)

// files reads the entries: one list per property, each as long as there are
// entries that it concerns.
func (p *parser) files() {
	n := p.count("files")
	if p.err != nil {
		return
	}
	l := &listing{parser: p, files: make([]File, n)}
	for p.err == nil {
		id := p.number()
		if p.err != nil || id == idEnd {
			break
		}
		l.property(id)
	}
	l.assign()
	p.a.Files = l.files
}

// listing is the list of files while it is read.
type listing struct {
	*parser
	files []File
	empty []bool // of all files: has no content
	count int    // of those that have none
	file  []bool // of those: is a file, not a folder
	anti  []bool // of those: is to be deleted
	named bool
}

// property reads one list; what it does not use of its declared length is odd.
func (l *listing) property(id uint64) {
	size := l.size("A property of files")
	if l.err == nil && size > l.c.Remaining() {
		l.err = bounded.ErrTruncated
	}
	if l.err != nil {
		return
	}
	end := l.c.Offset() + size
	switch id {
	case idEmptyStream:
		l.empty, l.count = l.bits(len(l.files)), 0
		for _, e := range l.empty {
			if e {
				l.count++
			}
		}
	case idEmptyFile:
		l.file = l.bits(l.count)
	case idAnti:
		l.anti = l.bits(l.count)
	case idNames:
		l.names(end)
	case idAttributes:
		l.attributes()
	case idCreated, idAccessed, idModified, idStartPositions:
		l.times(end)
	case idDummy:
		l.padding(end)
	default:
		l.note(gapUnsupported, "The list of files has a property that nobody knows.")
		if l.err == nil {
			l.err = l.c.Skip(end - l.c.Offset())
		}
	}
	if l.err == nil && l.c.Offset() != end {
		l.fail("A property of files is longer or shorter than it says.")
	}
}

// external refuses data that lies in additional streams.
func (l *listing) external() {
	if l.byte() != 0 {
		l.fail("A property of files lies in additional streams.")
	}
}

func (l *listing) names(end int64) {
	l.external()
	l.named = true
	var name []uint16
	for i := range l.files {
		name = name[:0]
		for {
			if l.err == nil && l.c.Offset() >= end {
				l.fail("The list of names ends early.")
			}
			q := l.bytes(2)
			if l.err != nil {
				return
			}
			u := uint16(q[0]) | uint16(q[1])<<8
			if u == 0 {
				break
			}
			if len(name) == bounded.MaxStringKept {
				l.err = l.b.Reach("string-kept", bounded.MaxStringKept)
				return
			}
			name = append(name, u)
		}
		l.files[i].Name = text(name)
	}
}

// text decodes UTF-16. Half a pair becomes three bytes that are no UTF-8, so
// that two names which differ stay different.
func text(u []uint16) string {
	var out strings.Builder
	out.Grow(len(u))
	for i := 0; i < len(u); i++ {
		r := rune(u[i])
		if utf16.IsSurrogate(r) {
			if i+1 < len(u) {
				if pair := utf16.DecodeRune(r, rune(u[i+1])); pair != utf8.RuneError {
					out.WriteRune(pair)
					i++
					continue
				}
			}
			out.Write([]byte{0xe0 | byte(r>>12), 0x80 | byte(r>>6)&0x3f, 0x80 | byte(r)&0x3f})
			continue
		}
		out.WriteRune(r)
	}
	return out.String()
}

func (l *listing) attributes() {
	defined := l.defined(len(l.files))
	l.external()
	for i, known := range defined {
		if known {
			l.files[i].Attributes = l.uint32()
		}
		if l.err != nil {
			return
		}
	}
}

// times are eight bytes for each file that has one.
func (l *listing) times(end int64) {
	n := int64(0)
	for _, known := range l.defined(len(l.files)) {
		if known {
			n++
		}
	}
	l.external()
	if l.err == nil && l.c.Offset()+8*n <= end {
		l.err = l.c.Skip(8 * n)
	}
}

// padding must be zero.
func (l *listing) padding(end int64) {
	for l.err == nil && l.c.Offset() < end {
		if l.byte() != 0 {
			l.note(gapUnexplained, "The padding of the list of files is not zero.")
			if l.err == nil {
				l.err = l.c.Skip(end - l.c.Offset())
			}
		}
	}
}

// assign gives the files their streams, in order.
func (l *listing) assign() {
	if len(l.empty) < len(l.files) {
		l.empty = append(l.empty, make([]bool, len(l.files)-len(l.empty))...)
	}
	next, hollow := walker{folders: l.a.Folders}, 0
	for i := range l.files {
		f := &l.files[i]
		f.Folder = -1
		if l.empty[i] {
			f.Dir = hollow >= len(l.file) || !l.file[hollow]
			f.Anti = hollow < len(l.anti) && l.anti[hollow]
			hollow++
			continue
		}
		folder, stream, ok := next.next()
		if !ok {
			l.fail("The list has more files than the archive has streams.")
			continue
		}
		f.Folder, f.Stream = folder, stream
	}
	if !l.named && len(l.files) > 0 {
		l.note(gapMalformed, "The files have no names.")
	}
}

// walker goes through the streams of all folders.
type walker struct {
	folders        []Folder
	folder, stream int
}

func (w *walker) next() (folder, stream int32, ok bool) {
	for w.folder < len(w.folders) && w.stream >= len(w.folders[w.folder].Streams) {
		w.folder, w.stream = w.folder+1, 0
	}
	if w.folder >= len(w.folders) || w.folder > math.MaxInt32 {
		return 0, 0, false
	}
	w.stream++
	return int32(w.folder), int32(w.stream - 1), true
}

// nameless adds a file for every stream that no entry names, and for a folder
// that is cut into no file at all: its bytes are looked at as well.
func (a *Archive) nameless() {
	used := 0
	for i := range a.Files {
		if a.Files[i].Folder >= 0 {
			used++
		}
	}
	for i := range a.Folders {
		f := &a.Folders[i]
		if len(f.Streams) == 0 && f.Whole.Size > 0 {
			f.Streams = []Stream{f.Whole}
		} else if used >= len(f.Streams) {
			used -= len(f.Streams)
			continue
		} else if used > 0 {
			for j := used; j < len(f.Streams); j++ {
				a.Files = append(a.Files, File{Folder: int32(i), Stream: int32(j), Nameless: true})
			}
			used = 0
			continue
		}
		for j := range f.Streams {
			a.Files = append(a.Files, File{Folder: int32(i), Stream: int32(j), Nameless: true})
		}
	}
}
