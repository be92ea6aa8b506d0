package zip

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
)

const (
	nearby     = 4 << 10  // distance that is cheaper to read than to skip
	windowSize = 64 << 10 // one read while headers are dense
	slack      = 96       // guess for a name and an extra field
)

// window reads short pieces at rising offsets with few reads: it takes a large
// block while the next pieces are near and only what is asked for when they
// are far, so that tensor data between headers is not read.
type window struct {
	r     *bounded.Reader
	buf   []byte
	start int64
}

// at returns up to n bytes at off, fewer at the end of the file. ahead is how
// many bytes from off on will be asked for soon.
func (w *window) at(off, n, ahead int64) []byte {
	n = min(n, w.r.Size()-off)
	if off < 0 || n <= 0 {
		return nil
	}
	if mem := w.r.Memory(); mem != nil {
		return mem[off : off+n]
	}
	if off < w.start || off+n > w.start+int64(len(w.buf)) {
		if w.buf == nil {
			w.buf = make([]byte, windowSize)
		}
		want := min(max(n, ahead), max(n, int64(cap(w.buf))), w.r.Size()-off)
		if want > int64(cap(w.buf)) {
			w.buf = make([]byte, want)
		}
		w.start, w.buf = off, w.buf[:want]
		if got, err := w.r.ReadAt(w.buf, off); err != nil {
			w.buf = w.buf[:got]
			return nil
		}
	}
	return w.buf[off-w.start : off-w.start+n]
}

// readLocals compares the entries from first on with their local headers, in
// the order of the file.
func (a *Archive) readLocals(first int) {
	order := make([]int32, 0, len(a.Entries)-first)
	for i := first; i < len(a.Entries); i++ {
		order = append(order, int32(i))
	}
	byHeader := func(x, y int32) int { return cmp.Compare(a.Entries[x].Header, a.Entries[y].Header) }
	if !slices.IsSortedFunc(order, byHeader) {
		slices.SortStableFunc(order, byHeader)
	}
	w := &window{r: a.r}
	for k, i := range order {
		a.readLocal(w, int(i), func(off int64) int64 { return a.ahead(order, k, off) })
	}
}

// ahead is how much to read at off: a whole window while entries are dense,
// else up to the end of the next header.
func (a *Archive) ahead(order []int32, k int, off int64) int64 {
	if k+16 < len(order) && a.Entries[order[k+16]].Header-off < windowSize {
		return windowSize
	}
	want := int64(localSize + slack)
	for _, i := range order[k:min(k+2, len(order))] {
		if h := a.Entries[i].Header; h >= off && h-off < nearby {
			want = max(want, h-off+localSize+slack)
		}
	}
	return want
}

// readLocal reads the local header of one entry, and the descriptor behind its data.
func (a *Archive) readLocal(w *window, i int, ahead func(int64) int64) {
	e := &a.Entries[i]
	h, ok := a.local(w, e.Header, ahead(e.Header))
	if !ok {
		a.anomaly(NoLocalHeader, i, e.central, "")
		a.unread(Range{e.central, 0}, "SP-COV-004", "A member of the directory is not where the directory says.")
		return
	}
	e.Offset = h.end
	if rest := a.r.Size() - h.end; e.Length > rest {
		a.anomaly(SizeMismatch, i, e.Header, fmt.Sprintf("%d bytes are declared and the file ends after %d", e.Length, rest))
		e.Length = rest
	}
	a.compare(i, &h)
	if h.flags&flagDescribe != 0 {
		at := e.Offset + e.Length
		e.behind = a.descriptor(w.at(at, 24, ahead(at)), i, h.length == 0 || h.length == max32)
		a.structure(at, int64(e.behind))
	}
}

// local is a local header.
type local struct {
	flags, method uint16
	length, size  int64
	sum           uint32 // checksum
	wide          bool   // the zip64 copies are consistent
	name          []byte // valid until the window moves
	other         string // what the Unicode path says instead
	end           int64  // offset of the data
}

// local reads and explains the local header at off.
func (a *Archive) local(w *window, off, ahead int64) (h local, ok bool) {
	p := w.at(off, localSize, ahead)
	if len(p) < localSize || string(p[:4]) != sigLocal {
		return h, false
	}
	nameLen, extraLen := int64(le.Uint16(p[26:])), int64(le.Uint16(p[28:]))
	all := w.at(off, localSize+nameLen+extraLen, ahead)
	if int64(len(all)) < localSize+nameLen+extraLen {
		return h, false
	}
	h = local{flags: le.Uint16(all[6:]), method: le.Uint16(all[8:]),
		sum: le.Uint32(all[14:]), length: int64(le.Uint32(all[18:])), size: int64(le.Uint32(all[22:])), end: off + int64(len(all))}
	h.name = all[localSize : localSize+nameLen]
	x := readExtra(all[localSize+nameLen:])
	h.wide = x.wide(&h.size, &h.length)
	if len(x.unicode) > 0 {
		h.other = x.otherName(string(h.name))
	}
	a.structure(off, localSize+nameLen)
	a.explainExtra(off+localSize+nameLen, x)
	return h, true
}

// compare holds the local header against the directory.
func (a *Archive) compare(i int, h *local) {
	e := &a.Entries[i]
	if string(h.name) != e.Name {
		a.anomaly(NameMismatch, i, e.Header, string(h.name))
	}
	if h.other != "" && h.other != e.Name {
		a.anomaly(NameMismatch, i, e.Header, h.other)
	}
	if h.method != e.Method {
		a.anomaly(MethodMismatch, i, e.Header, fmt.Sprintf("method %d in the directory, %d before the data", e.Method, h.method))
	}
	later := h.flags&flagDescribe != 0
	said := func(v, want int64) bool { return v == want || later && (v == 0 || v == max32) }
	if !said(h.length, e.declared) || !said(h.size, e.Size) || !h.wide && !later {
		a.anomaly(SizeMismatch, i, e.Header, fmt.Sprintf("%d bytes (%d stored) in the directory, %d (%d stored) before the data", e.Size, e.declared, h.size, h.length))
	}
	if e.Method == Stored && e.Size != e.declared && !e.encrypted(h) {
		a.anomaly(SizeMismatch, i, e.Header, fmt.Sprintf("%d bytes are stored without compression, %d are declared", e.declared, e.Size))
	}
	if h.sum != e.sum && !(later && h.sum == 0) {
		a.wrongSum(i, "its headers give different ones")
	}
	e.Flags |= h.flags
	if e.Flags&flagCrypt != 0 {
		a.anomaly(EncryptionFlag, i, e.Header, "")
	}
}

// encrypted reports whether the sizes fit the traditional encryption, which
// puts twelve bytes before the data.
func (e *Entry) encrypted(h *local) bool {
	return (e.Flags|h.flags)&1 != 0 && e.declared == e.Size+12
}

// descriptor returns the length of the record behind the data that repeats the
// sizes: with or without signature, with sizes of 4 or 8 bytes. It must confirm
// the directory when the local header is silent.
func (a *Archive) descriptor(p []byte, i int, silent bool) uint8 {
	e := &a.Entries[i]
	signed := len(p) >= 4 && string(p[:4]) == sigData
	if signed {
		p = p[4:]
	}
	n := uint8(0)
	switch {
	case len(p) >= 20 && int64(le.Uint64(p[4:])) == e.declared && int64(le.Uint64(p[12:])) == e.Size:
		n = 20
	case len(p) >= 12 && int64(le.Uint32(p[4:])) == e.declared && int64(le.Uint32(p[8:])) == e.Size:
		n = 12
	case signed && len(p) >= 12:
		a.anomaly(SizeMismatch, i, e.Offset+e.Length, fmt.Sprintf("%d bytes (%d stored) in the directory, %d (%d stored) behind the data", e.Size, e.declared, le.Uint32(p[8:]), le.Uint32(p[4:])))
		return 0
	default:
		if silent && e.declared > 0 {
			a.anomaly(SizeMismatch, i, e.Offset+e.Length, fmt.Sprintf("%d bytes (%d stored) in the directory, and nothing behind the data confirms it", e.Size, e.declared))
		}
		return 0
	}
	if signed {
		n += 4
	}
	return n
}
