package zip

import (
	"bytes"
	"hash/crc32"
)

// extra is what the extra field of a header says. Slices alias the header.
type extra struct {
	zip64   []byte
	unicode []byte // Info-ZIP Unicode path (0x7075)
	known   [8]Range
	n       int // pieces in known, relative to the field
}

// Ids whose content is short and has no other use than the named one.
const (
	extraZip64    = 0x0001
	extraNTFS     = 0x000a
	extraUnix0    = 0x000d
	extraTime     = 0x5455
	extraUnix1    = 0x5855
	extraUnix2    = 0x7855
	extraUnix3    = 0x7875
	extraUnicode  = 0x7075
	extraJar      = 0xcafe
	extraTorch    = 0x4246 // "FB": torch pads to its storage alignment
	extraAlign    = 0xd935 // zipalign
	extraGrowth   = 0xa220 // padding of Open Packaging writers
	maxShortExtra = 64
)

// readExtra walks the field. Pieces with an unknown id, an odd length or
// content where padding belongs are left out of known, so they stay uncovered.
func readExtra(p []byte) extra {
	var x extra
	for at := 0; len(p)-at >= 4; {
		id, n := le.Uint16(p[at:]), int(le.Uint16(p[at+2:]))
		if n > len(p)-at-4 {
			break
		}
		body := p[at+4 : at+4+n]
		switch id {
		case extraZip64:
			x.zip64 = body
		case extraUnicode:
			x.unicode = body
		}
		if innocent(id, body) {
			x.explain(at, 4+n)
		}
		at += 4 + n
	}
	if x.n == 0 && len(p) > 0 && filler(p) {
		x.explain(0, len(p)) // zipalign pads without an id
	}
	return x
}

func (x *extra) explain(at, n int) {
	if x.n > 0 && x.known[x.n-1].End() == int64(at) {
		x.known[x.n-1].Length += int64(n)
	} else if x.n < len(x.known) {
		x.known[x.n] = Range{int64(at), int64(n)}
		x.n++
	}
}

func innocent(id uint16, body []byte) bool {
	switch id {
	case extraTorch, extraGrowth, extraAlign:
		return padding(body)
	case extraUnicode:
		return len(body) >= 5
	case extraZip64, extraNTFS, extraUnix0, extraTime, extraUnix1, extraUnix2, extraUnix3, extraJar:
		return len(body) <= maxShortExtra
	}
	return false
}

// padding is one byte repeated, behind at most six bytes that say how much.
func padding(p []byte) bool {
	return len(p) <= 6 || filler(p) || filler(p[min(len(p), 6):]) || filler(p[2:])
}

func filler(p []byte) bool {
	return len(p) == 0 || bytes.Count(p, p[:1]) == len(p) && (p[0] == 0 || p[0] == 'Z')
}

// wide replaces fields that are all ones by their 64-bit copies, in the order
// of the specification. False means that a copy contradicts its field, is
// missing, or is absurd.
func (x *extra) wide(fields ...*int64) bool {
	p, ok := x.zip64, true
	if whole := len(p) >= 16; whole && *fields[0] != max32 && *fields[1] != max32 {
		// Copies of values that would have fitted: readers differ in which they take.
		ok = int64(le.Uint64(p)) == *fields[0] && int64(le.Uint64(p[8:])) == *fields[1]
		p = p[16:]
	}
	for _, f := range fields {
		if *f != max32 {
			continue
		}
		if len(p) < 8 {
			return false // a real size of 2^32-1 has its copy as well
		}
		v := int64(le.Uint64(p))
		p = p[8:]
		if v < 0 {
			ok = false
			continue
		}
		*f = v
	}
	return ok
}

// otherName is the Unicode path when it is in force and says something else
// than an ASCII name. For names in old code pages it is the translation.
func (x *extra) otherName(name string) string {
	p := x.unicode
	if len(p) < 5 || p[0] != 1 || string(p[5:]) == name || le.Uint32(p[1:]) != crc32.ChecksumIEEE([]byte(name)) {
		return ""
	}
	for i := range len(name) {
		if name[i] >= 0x80 {
			return ""
		}
	}
	return string(p[5:])
}

func (a *Archive) explainExtra(at int64, x extra) {
	for _, k := range x.known[:x.n] {
		a.structure(at+k.Offset, k.Length)
	}
}
