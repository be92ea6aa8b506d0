package zip

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
)

// readCentral streams the entries of one directory. It goes on while there are
// entries, past the declared end and count, and then compares.
func (a *Archive) readCentral(v view) {
	c := a.r.NewCursor(v.start)
	defer c.Close()
	names := &arena{}
	a.Entries = slices.Grow(a.Entries, int(min(v.count, c.Remaining()/centralSize, bounded.MaxArchiveEntries)))
	a.pieces = slices.Grow(a.pieces, cap(a.Entries)-len(a.Entries)+8)
	count := int64(0)
	for {
		at := c.Offset()
		p, err := c.Peek(centralSize)
		if err != nil || string(p[:4]) != sigCentral {
			break
		}
		if !a.room() {
			a.unread(Range{at, max(0, v.record-at)}, "SP-COV-003", "The archive has more members than are read.")
			return
		}
		if !a.readEntry(c, v.base, names) {
			a.unread(Range{at, max(0, v.record-at)}, "SP-COV-004", "An entry of the directory ends early.")
			return
		}
		count++
	}
	a.dirs = append(a.dirs, Range{v.start, c.Offset() - v.start})
	if size := c.Offset() - v.start; size != v.size || count != v.count {
		a.anomaly(DirectoryMismatch, -1, v.record, fmt.Sprintf("the end record declares %d entries in %d bytes, the directory has %d in %d", v.count, v.size, count, size))
	}
}

// room charges one more entry.
func (a *Archive) room() bool {
	if len(a.Entries) >= bounded.MaxArchiveEntries {
		_ = a.r.Budget().Reach("archive-entries", bounded.MaxArchiveEntries)
		a.over = true
	}
	return !a.over && a.r.Budget().Items(1) == nil
}

// readEntry reads one central header. False means that it ends early.
func (a *Archive) readEntry(c *bounded.Cursor, base int64, names *arena) bool {
	at := c.Offset()
	p, err := c.Next(centralSize)
	if err != nil {
		return false
	}
	e := Entry{
		Flags: le.Uint16(p[8:]), Method: le.Uint16(p[10:]), Mode: uint16(le.Uint32(p[38:]) >> 16),
		Length: int64(le.Uint32(p[20:])), Size: int64(le.Uint32(p[24:])), Header: int64(le.Uint32(p[42:])),
		Offset: -1, central: at, sum: le.Uint32(p[16:]),
	}
	nameLen, extraLen, noteLen := int64(le.Uint16(p[28:])), int64(le.Uint16(p[30:])), int64(le.Uint16(p[32:]))
	q, err := c.Next(nameLen + extraLen + noteLen)
	if err != nil {
		return false
	}
	e.Name = names.keep(q[:nameLen])
	i := len(a.Entries)
	x := readExtra(q[nameLen : nameLen+extraLen])
	if !x.wide(&e.Size, &e.Length, &e.Header) {
		a.anomaly(SizeMismatch, i, at, "its zip64 sizes contradict the directory")
	}
	if other := x.otherName(e.Name); other != "" {
		a.anomaly(NameMismatch, i, at, other)
	}
	a.structure(at, centralSize+nameLen)
	a.explainExtra(at+centralSize+nameLen, x)
	if plainText(q[nameLen+extraLen:]) {
		a.structure(at+centralSize+nameLen+extraLen, noteLen)
	}
	e.Header += base
	e.declared = e.Length
	a.Entries = append(a.Entries, e)
	return true
}

// arena keeps many short strings in few allocations.
type arena struct{ b strings.Builder }

func (s *arena) keep(p []byte) string {
	if s.b.Cap()-s.b.Len() < len(p) {
		s.b = strings.Builder{}
		s.b.Grow(max(len(p), 32<<10))
	}
	at := s.b.Len()
	s.b.Write(p)
	return s.b.String()[at:]
}

// plainText reports whether a comment may count as explained: printable ASCII
// with line breaks. Anything else stays uncovered.
func plainText(p []byte) bool {
	for _, b := range p {
		if b != '\t' && b != '\n' && b != '\r' && (b < ' ' || b > '~') {
			return false
		}
	}
	return true
}
