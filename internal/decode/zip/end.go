package zip

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/sallyport/sallyport/internal/bounded"
)

const (
	endSize      = 22
	end64Size    = 56
	locatorSize  = 20
	centralSize  = 46
	localSize    = 30
	tailWindow   = endSize + 65535 // where loaders look for the end record
	farWindow    = 8 << 20         // where we look when they would find none
	maxViews     = 8               // directories read for one file
	sigEnd       = "PK\x05\x06"
	sigEnd64     = "PK\x06\x06"
	sigLocator   = "PK\x06\x07"
	sigCentral   = "PK\x01\x02"
	sigLocal     = "PK\x03\x04"
	sigData      = "PK\x07\x08"
	max32        = math.MaxUint32
	max16        = math.MaxUint16
	flagCrypt    = 1<<0 | 1<<6 | 1<<13 // encrypted, strongly encrypted, headers masked
	flagDescribe = 1 << 3              // sizes follow the data
)

var le = binary.LittleEndian

// view is one way to read the end of the file: an end record and where the
// directory starts if one believes it.
type view struct {
	record   int64 // offset of the end record
	end64    int64 // offset of the zip64 end record; -1 without one
	start    int64 // offset of the directory in the file
	base     int64 // what the archive's own offsets are relative to
	size     int64 // bytes of the directory as declared
	count    int64 // entries as declared
	comment  int64 // bytes of comment behind the end record, cut at the end of file
	conflict bool  // the zip64 record contradicts the end record
	stray    int64 // zip64 locator without a record at its target: offset, or -1
}

// Match reports whether the bytes start with a member or end in a directory
// that can be read. head is the beginning of the view.
func Match(r *bounded.Reader, head []byte) bool {
	if bytes.HasPrefix(head, []byte(sigLocal)) {
		return true
	}
	views, _ := viewsIn(r, max(0, r.Size()-tailWindow))
	return len(views) > 0
}

// findDirectories lists the readable directories, the one that loaders take
// first. last is the last end record, whether it leads anywhere or not.
func findDirectories(r *bounded.Reader) (views []view, last int64) {
	if views, last = viewsIn(r, max(0, r.Size()-tailWindow)); len(views) > 0 || r.Size() <= tailWindow {
		return views, last
	}
	return viewsIn(r, max(0, r.Size()-farWindow))
}

// viewsIn tries every end record from the offset on, the last one first.
func viewsIn(r *bounded.Reader, from int64) (out []view, last int64) {
	tail, err := r.Bytes(from, r.Size()-from)
	if err != nil {
		return nil, -1
	}
	last = -1
	records := findAll(tail, []byte(sigEnd))
	for i := len(records) - 1; i >= 0 && len(out) < maxViews; i-- {
		if at := records[i]; len(tail)-at >= endSize {
			last = max(last, from+int64(at))
			out = append(out, interpret(r, from+int64(at), tail[at:])...)
		}
	}
	return out[:min(len(out), maxViews)], last
}

// findAll lists where sig stands in p. Searching forward is much faster than
// searching backward, and most files hold no record at all.
func findAll(p, sig []byte) (at []int) {
	for from := 0; ; {
		i := bytes.Index(p[from:], sig)
		if i < 0 {
			return at
		}
		at = append(at, from+i)
		from += i + 1
	}
}

// interpret lists the directories that an end record can mean: with and without
// its zip64 companion, with offsets from the start of the file (miniz) or
// counted back from the record (Python).
func interpret(r *bounded.Reader, at int64, p []byte) []view {
	v := view{record: at, end64: -1, stray: -1,
		count: int64(le.Uint16(p[10:])), size: int64(le.Uint32(p[12:])), start: int64(le.Uint32(p[16:]))}
	v.comment = min(int64(le.Uint16(p[20:])), int64(len(p)-endSize))
	big, ok := zip64(r, &v)
	if !ok {
		return placed(r, v)
	}
	out := placed(r, big)
	if big.conflict {
		out = append(out, placed(r, v)...)
	}
	return out
}

// zip64 reads the record that the locator before the end record points to.
func zip64(r *bounded.Reader, v *view) (view, bool) {
	at := v.record - locatorSize
	p, err := r.Bytes(at, locatorSize)
	if err != nil || string(p[:4]) != sigLocator {
		return *v, false
	}
	for _, off := range []int64{int64(le.Uint64(p[8:])), at - end64Size} {
		q, err := r.Bytes(off, end64Size)
		if err != nil || string(q[:4]) != sigEnd64 || off >= at {
			continue
		}
		w := *v
		w.end64 = off
		w.count, w.size, w.start = int64(le.Uint64(q[32:])), int64(le.Uint64(q[40:])), int64(le.Uint64(q[48:]))
		w.conflict = differs(v.count, w.count, max16) || differs(v.size, w.size, max32) || differs(v.start, w.start, max32)
		return w, true
	}
	v.stray = at
	return *v, false
}

// differs compares a field with its wider copy; all ones mean "see there".
func differs(narrow, wide, ones int64) bool { return narrow != ones && narrow != wide }

// placed keeps the readings of v under which a directory is really there.
func placed(r *bounded.Reader, v view) []view {
	if v.size < 0 || v.start < 0 || v.count < 0 {
		return nil
	}
	behind := v.record
	if v.end64 >= 0 {
		behind = v.end64
	}
	if v.size == 0 && v.count == 0 {
		if v.start > behind || v.comment != r.Size()-v.record-endSize {
			return nil // a stray signature, not an empty archive
		}
		v.start = behind
		return []view{v}
	}
	var out []view
	absolute, relative := v.start, behind-v.size
	for i, start := range []int64{absolute, relative} {
		if i > 0 && start == absolute {
			break
		}
		if p, err := r.Bytes(start, centralSize); err == nil && start < v.record && string(p[:4]) == sigCentral {
			w := v
			w.start, w.base = start, start-absolute
			out = append(out, w)
		}
	}
	return out
}

// addEnd explains the end records of a view.
func (a *Archive) addEnd(v view) {
	a.dirs = append(a.dirs, Range{v.record, endSize + v.comment})
	if v.end64 >= 0 {
		a.dirs = append(a.dirs, Range{v.end64, v.record - v.end64})
		a.structure(v.end64, end64Size)
		a.structure(v.record-locatorSize, locatorSize)
	}
	a.structure(v.record, endSize)
	if v.comment > 0 {
		a.Comments = append(a.Comments, Range{v.record + endSize, v.comment})
	}
	if v.conflict {
		a.anomaly(DirectoryMismatch, -1, v.record, "the zip64 record contradicts the end record")
	}
	if v.stray >= 0 {
		a.anomaly(DirectoryMismatch, -1, v.stray, "the zip64 locator points nowhere")
	}
}
