package zip

import (
	"bytes"
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
)

// Series finds torch archives that lie one behind the other and fill the file,
// as torch.distributed.checkpoint writes them. It follows them from the back, by
// their end records alone: each has no comment, and begins where its offsets,
// which count from its own start, say. Nil when the file is anything else.
//
// A loader that takes the whole file for one archive reads the last directory,
// perhaps with offsets from the start of the file. If that leads it anywhere but
// to the directory of the first archive, the file is no series.
func Series(r *bounded.Reader) []Range {
	var out []Range
	last := link{}
	for end := r.Size(); end > 0; {
		l, ok := linkBefore(r, end)
		if !ok || len(out) >= bounded.MaxArchiveEntries || r.Budget().Items(1) != nil {
			return nil
		}
		if len(out) == 0 {
			last = l
		}
		out = append(out, Range{l.base, end - l.base})
		if end = l.base; end == 0 && (len(out) < 2 || last.strays(r, l)) {
			return nil
		}
	}
	slices.Reverse(out)
	return out
}

// link is the end of one archive of a series. Offsets are those of the file.
type link struct {
	base    int64 // first byte of the archive
	start   int64 // of its directory
	end64   int64 // of its zip64 record; -1 without one
	locator int64 // what the zip64 locator says, from the start of the archive
}

// linkBefore reads the archive whose last byte is the one before end.
func linkBefore(r *bounded.Reader, end int64) (l link, ok bool) {
	at := end - endSize
	p, err := r.Bytes(at, endSize)
	if err != nil || string(p[:4]) != sigEnd || le.Uint32(p[4:]) != 0 || le.Uint16(p[20:]) != 0 {
		return l, false
	}
	count, size, start := int64(le.Uint16(p[10:])), int64(le.Uint32(p[12:])), int64(le.Uint32(p[16:]))
	l.end64 = -1
	behind := at
	if p, err := r.Bytes(at-locatorSize-end64Size, end64Size+locatorSize); err == nil && string(p[end64Size:end64Size+4]) == sigLocator {
		behind = at - locatorSize - end64Size
		l.end64, l.locator = behind, int64(le.Uint64(p[end64Size+8:]))
		big := [3]int64{int64(le.Uint64(p[32:])), int64(le.Uint64(p[40:])), int64(le.Uint64(p[48:]))}
		if string(p[:4]) != sigEnd64 || differs(count, big[0], max16) || differs(size, big[1], max32) || differs(start, big[2], max32) {
			return l, false
		}
		count, size, start = big[0], big[1], big[2]
	}
	if count <= 0 || size < centralSize || start < localSize || size > behind || start > behind-size {
		return l, false
	}
	l.start = behind - size
	l.base = l.start - start
	return l, (l.end64 < 0 || l.locator == l.end64-l.base) && startsWith(r, l.start, sigCentral) && checkpoint(r, l.base)
}

// strays reports whether offsets of this archive, taken from the start of the
// file, lead to a directory other than that of the first archive.
func (l link) strays(r *bounded.Reader, first link) bool {
	start := l.start - l.base
	return start != first.start && startsWith(r, start, sigCentral) ||
		l.end64 >= 0 && l.locator != first.end64 && startsWith(r, l.locator, sigEnd64)
}

func startsWith(r *bounded.Reader, off int64, sig string) bool {
	p, err := r.Bytes(off, int64(len(sig)))
	return err == nil && string(p) == sig
}

// checkpoint reports whether a member with the name of torch's main pickle
// starts at the offset. torch writes it first.
func checkpoint(r *bounded.Reader, off int64) bool {
	p, err := r.Bytes(off, localSize)
	if err != nil || string(p[:4]) != sigLocal {
		return false
	}
	name, err := r.Bytes(off+localSize, int64(le.Uint16(p[26:])))
	return err == nil && bytes.HasSuffix(name, []byte("/data.pkl"))
}
