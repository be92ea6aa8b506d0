package pdf

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/format"
)

// run reads the whole file.
func (d *document) run() error {
	for {
		if err := d.in.R.Budget().Items(1); err != nil {
			return err
		}
		k, err := d.next()
		if err != nil {
			return err
		}
		switch k {
		case tokenEnd:
			return nil
		case tokenComment:
			d.comment()
		case tokenWord:
			err = d.word(string(d.text))
		default:
			d.item(k)
		}
		if err != nil {
			return err
		}
	}
}

// comment notes end marks. Nothing that is worth having stands in a long comment.
func (d *document) comment() {
	if bytes.HasPrefix(d.text, []byte("%EOF")) {
		d.ended = d.token + 5
		if b, ok := d.peek(); ok && (b == '\r' || b == '\n') && d.size == 5 {
			d.c.Advance(1)
			if c, ok := d.peek(); ok && b == '\r' && c == '\n' {
				d.c.Advance(1)
			}
			d.ended = d.c.Offset()
		}
		return
	}
	if d.size > maxToken && len(d.big) < bounded.MaxFindings {
		d.big = append(d.big, format.Span{Offset: d.token, Length: d.size, Kind: format.Unread})
	}
}

// blank takes white space behind the last end mark to the file.
func (d *document) blank() {
	if d.ended == 0 || d.token < d.ended || d.token != d.in.R.Size() {
		return
	}
	p, err := d.in.R.Bytes(d.ended, min(d.token-d.ended, 4096))
	if err == nil && int64(len(p)) == d.token-d.ended && !slices.ContainsFunc(p, func(b byte) bool { return !white(b) }) {
		d.ended = d.token
	}
}

func (d *document) word(w string) error {
	switch w {
	case "obj":
		d.object = d.before[0]
		d.entries, d.depth = entries{length: -1}, 0
	case "trailer":
		d.entries, d.depth = entries{length: -1}, 0
	case "stream":
		return d.stream()
	case "R":
		if d.entries.last == "Length" {
			d.entries.length = -1
		}
		if d.entries.last == "OpenAction" {
			d.opens = append(d.opens[:min(len(d.opens), 16)], d.before[0])
		}
	case "endobj", "endstream", "xref", "startxref", "n", "f", "true", "false", "null":
		d.item(tokenWord)
	default:
		return errToken
	}
	return nil
}

// item follows dictionaries: at the first level, keys and values take turns.
func (d *document) item(k tokenKind) {
	e := &d.entries
	switch k {
	case tokenOpen:
		if d.depth++; d.depth == 2 && e.key == "OpenAction" {
			d.opens = append(d.opens[:min(len(d.opens), 16)], d.object)
		}
		return
	case tokenClose:
		if d.depth--; d.depth <= 1 {
			e.last, e.key = e.key, ""
		}
		return
	case tokenNumber:
		d.before = [2]int64{d.before[1], d.value}
	}
	name := ""
	if k == tokenName {
		name = unescape(d.text)
		d.name(name)
	}
	if e.key == "Filter" && name != "" && len(e.filters) < 8 {
		e.filters = append(e.filters, name)
	}
	if d.depth != 1 {
		return
	}
	switch {
	case e.key == "" && k == tokenName:
		e.key, e.last = name, ""
		return
	case e.key == "Type":
		e.kind = name
	case e.key == "Length" && k == tokenNumber:
		e.length = d.value
	}
	if e.key != "" {
		e.last, e.key = e.key, ""
	}
}

// longStream is from how many bytes on a stream is told as payload.
const longStream = 1024

// stream passes the bytes of a stream to its end: as long as it says when the end
// stands there, else up to the first end.
func (d *document) stream() error {
	if b, ok := d.peek(); ok && b == '\r' {
		d.c.Advance(1)
	}
	if b, ok := d.peek(); ok && b == '\n' {
		d.c.Advance(1)
	}
	from := d.c.Offset()
	n := d.entries.length
	if n >= 0 && d.endsAt(from+n) {
		if err := d.c.Skip(n); err != nil {
			return err
		}
	} else if err := d.passStream(); err != nil {
		return err
	}
	n = d.c.Offset() - from
	if n >= longStream {
		d.big = append(d.big, format.Span{Offset: from, Length: n, Kind: format.Payload})
	}
	switch d.entries.kind {
	case "ObjStm":
		d.objects(from, n)
	case "EmbeddedFile":
		d.embedded(from, n)
	}
	return nil
}

func (d *document) endsAt(at int64) bool {
	p, err := d.in.R.Bytes(at, max(0, min(12, d.in.R.Size()-at)))
	return err == nil && bytes.HasPrefix(bytes.TrimLeft(p, "\r\n \t"), []byte("endstream"))
}

// passStream moves to the first end of a stream.
func (d *document) passStream() error {
	want := []byte("endstream")
	for {
		p, err := d.c.Window()
		if err == nil && len(p) < len(want) {
			p, err = d.c.Peek(min(d.c.Remaining(), int64(len(want))))
		}
		if err != nil {
			return err
		}
		if i := bytes.Index(p, want); i >= 0 {
			d.c.Advance(i)
			return nil
		}
		if int64(len(p)) >= d.c.Remaining() {
			return bounded.ErrTruncated
		}
		d.c.Advance(max(1, len(p)-len(want)+1))
	}
}

// decoded is the content of a stream; nil with a gap when it cannot be had.
func (d *document) decoded(from, n int64, what string) *bounded.Reader {
	raw, err := d.in.R.Section(from, n)
	if err != nil || d.sealed {
		return nil
	}
	switch {
	case len(d.entries.filters) == 0:
		return raw
	case slices.Equal(d.entries.filters, []string{"FlateDecode"}), slices.Equal(d.entries.filters, []string{"Fl"}):
		r, err := d.in.R.Budget().NewStream(-1, func() (io.Reader, error) { return zlib.NewReader(io.NewSectionReader(raw, 0, n)) })
		if err == nil {
			return r
		}
	}
	d.gap("SP-COV-012", fmt.Sprintf("%s at byte %d cannot be decoded.", what, from))
	return nil
}

// objects reads the names in a stream of objects.
func (d *document) objects(from, n int64) {
	r := d.decoded(from, n, "A stream of objects")
	if r == nil {
		return
	}
	outer, entries := d.lexer, d.entries
	d.lexer, d.depth = lexer{c: r.NewCursor(0)}, 0
	for {
		k, err := d.next()
		if err == nil {
			err = d.in.R.Budget().Items(1)
		}
		if err != nil || k == tokenEnd {
			if err != nil {
				outer.token = from
			}
			d.c.Close()
			d.lexer, d.entries = outer, entries
			if err != nil {
				d.gap("SP-COV-004", fmt.Sprintf("The stream of objects at byte %d cannot be read to its end.", from))
			}
			return
		}
		if k == tokenWord || k == tokenComment {
			if string(d.text) == "R" {
				_ = d.word("R")
			}
			continue
		}
		at := d.token
		d.token = from
		d.item(k)
		d.token = at
	}
}

func (d *document) embedded(from, n int64) {
	if len(d.res.Children) >= bounded.MaxFindings {
		_ = d.in.R.Budget().Reach("findings", bounded.MaxFindings)
		return
	}
	if r := d.decoded(from, n, "A file inside of the document"); r != nil {
		d.res.Children = append(d.res.Children, format.Child{Name: fmt.Sprintf("embedded file at byte %d", from), R: r, Offset: from})
	}
}
