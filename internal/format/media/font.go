package media

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// isFont wants a version that exists and the search fields that belong to the
// number of tables.
func isFont(p []byte) bool {
	switch string(p[:4]) {
	case "\x00\x01\x00\x00", "OTTO", "true":
	default:
		return false
	}
	n := int(binary.BigEndian.Uint16(p[4:]))
	return n > 0 && n <= 512 && len(p) >= min(12+16*n, 28) && fontTag(p[12:16])
}

func fontTag(p []byte) bool {
	return !slices.ContainsFunc(p, func(b byte) bool { return b < ' ' || b > '~' })
}

// part is a range that a directory of tables declares.
type part struct {
	off, length int64
	kind        format.SpanKind
	child       string
}

func readFont(w *walker) error {
	parts, err := w.directory(0)
	if err != nil {
		return err
	}
	return w.tile(parts)
}

// directory reads the table directory at an offset.
func (w *walker) directory(at int64) ([]part, error) {
	head, err := w.in.R.Bytes(at, 12)
	if err != nil {
		return nil, err
	}
	n := int64(binary.BigEndian.Uint16(head[4:]))
	p, err := w.in.R.Bytes(at+12, 16*n)
	if err != nil {
		return nil, err
	}
	parts := []part{{at, 12 + 16*n, format.Structure, ""}}
	for ; len(p) > 0; p = p[16:] {
		if !fontTag(p[:4]) {
			return nil, malformed("a table has no valid name")
		}
		parts = append(parts, part{int64(binary.BigEndian.Uint32(p[8:])), int64(binary.BigEndian.Uint32(p[12:])), format.Payload, ""})
	}
	return parts, nil
}

// readCollection reads several fonts, which may share tables.
func readCollection(w *walker) error {
	head, err := w.in.R.Bytes(0, 12)
	if err != nil {
		return err
	}
	n := int64(binary.BigEndian.Uint32(head[8:]))
	if n < 1 || n > 4096 {
		return malformed("a collection has an impossible number of fonts")
	}
	p, err := w.in.R.Bytes(12, 4*n)
	if err != nil {
		return err
	}
	parts := []part{{0, 12 + 4*n, format.Structure, ""}}
	if head[5] == 2 { // with a signature
		sign, err := w.in.R.Bytes(12+4*n, 12)
		if err != nil {
			return err
		}
		parts[0].length += 12
		parts = append(parts, part{int64(binary.BigEndian.Uint32(sign[8:])), int64(binary.BigEndian.Uint32(sign[4:])), format.Structure, ""})
	}
	for ; len(p) > 0; p = p[4:] {
		more, err := w.directory(int64(binary.BigEndian.Uint32(p)))
		if err != nil {
			return err
		}
		if parts = append(parts, more...); len(parts) > maxSpans {
			return malformed("it has an impossible number of tables")
		}
	}
	return w.tile(parts)
}

// tile explains the parts in order, with zeros that fill up to a multiple of four
// between them. Tables may be shared, but not lie half over each other.
func (w *walker) tile(parts []part) error {
	slices.SortFunc(parts, func(a, b part) int { return cmp.Or(cmp.Compare(a.off, b.off), cmp.Compare(a.length, b.length)) })
	end := int64(0)
	for i, p := range parts {
		if p.length < 0 || p.off < 0 || p.off > w.in.R.Size() || p.length > w.in.R.Size()-p.off {
			return malformed("a table lies outside of the file")
		}
		if i > 0 && (p.off == parts[i-1].off && p.length == parts[i-1].length || p.length == 0) {
			continue
		}
		if p.off < end {
			w.res.Spans = append(w.res.Spans, format.Span{Offset: p.off, Length: min(end-p.off, p.length), Kind: format.Unread,
				Rule: "SP-COV-013", Reason: "Two tables of the font share bytes."})
			if p.off+p.length <= end {
				continue
			}
			p.length -= end - p.off
			p.off = end
		}
		w.fill(end, p.off)
		if p.child != "" {
			r, err := w.in.R.Section(p.off, p.length)
			if err != nil {
				return err
			}
			w.res.Children = append(w.res.Children, format.Child{Name: rule.Clip(p.child), R: r, Offset: p.off, Length: p.length})
		} else {
			w.res.Spans = append(w.res.Spans, format.Span{Offset: p.off, Length: p.length, Kind: p.kind})
		}
		end = p.off + p.length
	}
	w.fill(end, min(w.in.R.Size(), (end+3)&^3))
	return nil
}

// fill explains zeros between two tables.
func (w *walker) fill(from, to int64) {
	if p, err := w.in.R.Bytes(from, max(0, min(to-from, 4))); err == nil && to-from < 4 && !slices.ContainsFunc(p, func(b byte) bool { return b != 0 }) && to > from {
		w.res.Spans = append(w.res.Spans, format.Span{Offset: from, Length: to - from, Kind: format.Structure})
	}
}

// readWOFF reads the directory, whose tables are compressed one by one.
func readWOFF(w *walker) error {
	h, err := w.in.R.Bytes(0, 44)
	if err != nil {
		return err
	}
	n := int64(binary.BigEndian.Uint16(h[12:]))
	p, err := w.in.R.Bytes(44, 20*n)
	if err != nil {
		return err
	}
	parts := append([]part{{0, 44 + 20*n, format.Structure, ""}}, extras(h[24:])...)
	for ; len(p) > 0; p = p[20:] {
		parts = append(parts, part{int64(binary.BigEndian.Uint32(p[4:])), int64(binary.BigEndian.Uint32(p[8:])), format.Payload, ""})
	}
	return w.tile(parts)
}

// extras are the metadata and the private block: offset, length, decoded length,
// offset, length.
func extras(p []byte) (parts []part) {
	if off, n := int64(binary.BigEndian.Uint32(p)), int64(binary.BigEndian.Uint32(p[4:])); n > 0 {
		parts = append(parts, part{off, n, format.Payload, ""})
	}
	if off, n := int64(binary.BigEndian.Uint32(p[12:])), int64(binary.BigEndian.Uint32(p[16:])); n > 0 {
		parts = append(parts, part{off, n, format.Payload, "private data"})
	}
	return parts
}

// readWOFF2 reads the directory, whose entries have lengths of their own, and the
// one compressed stream of all tables.
func readWOFF2(w *walker) error {
	h, err := w.in.R.Bytes(0, 48)
	if err != nil {
		return err
	}
	collection := string(h[4:8]) == "ttcf"
	tables, stream := int(binary.BigEndian.Uint16(h[12:])), int64(binary.BigEndian.Uint32(h[20:]))
	parts := extras(h[28:])
	if err := w.Skip(48); err != nil {
		return err
	}
	for range tables {
		if err := w.woff2Entry(); err != nil {
			return err
		}
	}
	if collection {
		if err := w.woff2Fonts(); err != nil {
			return err
		}
	}
	head := w.Offset()
	return w.tile(append(parts, part{0, head, format.Structure, ""}, part{head, stream, format.Payload, ""}))
}

// woff2Entry skips one entry: flags, a name unless it is a known one, its length,
// and the length of its transformed form.
func (w *walker) woff2Entry() error {
	flags, err := w.Byte()
	if err != nil {
		return err
	}
	if flags&0x3f == 0x3f {
		if err := w.Skip(4); err != nil {
			return err
		}
	}
	glyphs := flags&0x3f == 10 || flags&0x3f == 11
	if err := w.base128(); err != nil {
		return err
	}
	if version := flags >> 6; glyphs && version != 3 || !glyphs && version != 0 {
		return w.base128()
	}
	return nil
}

func (w *walker) base128() error {
	for range 5 {
		b, err := w.Byte()
		if err != nil {
			return err
		}
		if b < 0x80 {
			return nil
		}
	}
	return malformed("a table has an impossible length")
}

// woff2Fonts skips the list of fonts of a collection.
func (w *walker) woff2Fonts() error {
	if err := w.Skip(4); err != nil {
		return err
	}
	fonts, err := w.short()
	for ; err == nil && fonts > 0; fonts-- {
		var tables int
		if tables, err = w.short(); err != nil {
			return err
		}
		if err = w.Skip(4); err != nil {
			return err
		}
		for ; err == nil && tables > 0; tables-- {
			_, err = w.short()
		}
	}
	return err
}

// short is a number of one to three bytes.
func (w *walker) short() (int, error) {
	b, err := w.Byte()
	if err != nil {
		return 0, err
	}
	switch b {
	case 253:
		p, err := w.Next(2)
		if err != nil {
			return 0, err
		}
		return int(binary.BigEndian.Uint16(p)), nil
	case 254, 255:
		next, err := w.Byte()
		return int(next) + map[byte]int{255: 253, 254: 506}[b], err
	}
	return int(b), nil
}
