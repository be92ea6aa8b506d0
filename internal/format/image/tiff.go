package image

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/format"
)

func isTIFF(p []byte) bool {
	if len(p) < 12 {
		return false
	}
	switch string(p[:4]) {
	case "II*\x00":
		return binary.LittleEndian.Uint32(p[4:]) >= 8
	case "MM\x00*":
		return binary.BigEndian.Uint32(p[4:]) >= 8
	}
	return false
}

// maxFields is how many directories and values one TIFF file has at most.
const maxFields = 100_000

// tiff collects the ranges that its directories declare.
type tiff struct {
	in    *format.Input
	order binary.ByteOrder
	parts []tiffPart
	open  []int64 // directories to read
	seen  map[int64]bool
	bad   bool
}

type tiffPart struct {
	off, length int64
	kind        format.SpanKind
}

// Fields of a directory that say where something lies, and what.
const (
	tagStripOffsets = 273
	tagStripCounts  = 279
	tagFreeOffsets  = 288
	tagTileOffsets  = 324
	tagTileCounts   = 325
	tagSubIFDs      = 330
	tagJPEGOffset   = 513
	tagJPEGLength   = 514
	tagEXIF         = 34665
	tagGPS          = 34853
	tagInterop      = 40965
)

// readTIFF follows the chain of directories and what they lead to.
func readTIFF(in *format.Input) format.Result {
	p := in.Head()
	t := &tiff{in: in, order: binary.LittleEndian, seen: map[int64]bool{}}
	if p[0] == 'M' {
		t.order = binary.BigEndian
	}
	t.put(0, 8, format.Structure)
	t.open = []int64{int64(t.order.Uint32(p[4:]))}
	for len(t.open) > 0 && !t.bad {
		at := t.open[len(t.open)-1]
		t.open = t.open[:len(t.open)-1]
		if at != 0 && !t.seen[at] {
			t.seen[at] = true
			t.directory(at)
		}
	}
	res := format.Result{Spans: t.spans()}
	if t.bad {
		res.Spans = append(res.Spans, format.Span{Kind: format.Unread, Rule: "SP-COV-004", Reason: "The image cannot be read: a part lies outside of the file."})
	}
	return res
}

func (t *tiff) put(off, length int64, kind format.SpanKind) {
	if off < 0 || length < 0 || off > t.in.R.Size() || length > t.in.R.Size()-off || len(t.parts) > maxFields {
		t.bad = true
		return
	}
	t.parts = append(t.parts, tiffPart{off, length, kind})
}

func (t *tiff) directory(at int64) {
	head, err := t.in.R.Bytes(at, 2)
	if err != nil || len(t.seen) > maxFields {
		t.bad = true
		return
	}
	n := int64(t.order.Uint16(head))
	p, err := t.in.R.Bytes(at+2, 12*n+4)
	if err != nil || t.in.R.Budget().Items(n) != nil {
		t.bad = true
		return
	}
	t.put(at, 2+12*n+4, format.Structure)
	values := map[uint16][]int64{}
	for ; len(p) >= 12; p = p[12:] {
		t.field(p[:12], values)
	}
	t.open = append(t.open, int64(t.order.Uint32(p)))
	for _, tag := range [...]uint16{tagSubIFDs, tagEXIF, tagGPS, tagInterop} {
		t.open = append(t.open, values[tag]...)
	}
	t.data(values[tagStripOffsets], values[tagStripCounts])
	t.data(values[tagTileOffsets], values[tagTileCounts])
	t.data(values[tagJPEGOffset], values[tagJPEGLength])
}

// field notes where the values of a field stand, and keeps those that lead
// somewhere.
func (t *tiff) field(p []byte, values map[uint16][]int64) {
	tag, kind, count := t.order.Uint16(p), t.order.Uint16(p[2:]), int64(t.order.Uint32(p[4:]))
	if int(kind) >= len(tiffSizes) || kind == 0 {
		return // readers pass over types they do not know
	}
	raw := p[8:12]
	if length := count * tiffSizes[kind]; length > 4 {
		off := int64(t.order.Uint32(raw))
		t.put(off, length, format.Structure)
		if t.bad || length > bounded.MaxBlock {
			return
		}
		raw = nil
		if leads(tag) {
			raw, _ = t.in.R.Bytes(off, length)
		}
	}
	if !leads(tag) || count > maxFields {
		return
	}
	for range count {
		switch {
		case kind == 3 && len(raw) >= 2:
			values[tag] = append(values[tag], int64(t.order.Uint16(raw)))
			raw = raw[2:]
		case (kind == 4 || kind == 13) && len(raw) >= 4:
			values[tag] = append(values[tag], int64(t.order.Uint32(raw)))
			raw = raw[4:]
		default:
			return
		}
	}
}

// tiffSizes are the bytes of one value of each type.
var tiffSizes = [...]int64{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4}

func leads(tag uint16) bool {
	switch tag {
	case tagStripOffsets, tagStripCounts, tagTileOffsets, tagTileCounts, tagSubIFDs, tagJPEGOffset, tagJPEGLength, tagEXIF, tagGPS, tagInterop:
		return true
	}
	return false
}

func (t *tiff) data(offsets, lengths []int64) {
	for i := range min(len(offsets), len(lengths)) {
		t.put(offsets[i], lengths[i], format.Payload)
	}
}

// spans unites the parts. Writers fill up with zeros to the next even place, or
// the next multiple of 16.
func (t *tiff) spans() (spans []format.Span) {
	slices.SortFunc(t.parts, func(a, b tiffPart) int { return cmp.Or(cmp.Compare(a.off, b.off), cmp.Compare(a.length, b.length)) })
	end := int64(0)
	for _, p := range append(t.parts, tiffPart{off: t.in.R.Size()}) {
		if t.filling(end, p.off) {
			spans = append(spans, format.Span{Offset: end, Length: p.off - end, Kind: format.Structure})
			end = p.off
		}
		if last := p.off + p.length; last > end {
			from := max(end, p.off)
			spans = append(spans, format.Span{Offset: from, Length: last - from, Kind: p.kind})
			end = last
		}
	}
	return spans
}

// filling accepts zeros, and among them one header of eight bytes: writers that
// append pages one by one leave that of each page.
func (t *tiff) filling(from, to int64) bool {
	if to <= from || to-from >= 16+8 {
		return false
	}
	p, err := t.in.R.Bytes(from, to-from)
	if err != nil {
		return false
	}
	if i := bytes.Index(p, t.in.Head()[:4]); i >= 0 && i+8 <= len(p) {
		p = slices.Concat(p[:i], p[i+8:])
	}
	return len(p) < 16 && !slices.ContainsFunc(p, func(b byte) bool { return b != 0 })
}
