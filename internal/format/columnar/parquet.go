package columnar

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// Parquet is the Apache Parquet file. Readers look for its magic at the end only:
// so do we.
var Parquet = format.Format{
	ID:         "parquet",
	Title:      "Parquet table",
	Spec:       "https://github.com/apache/parquet-format",
	Extensions: []string{".parquet", ".geoparquet"},
	Rules: []string{ruleJava, ruleOutside, "SP-COV-003", "SP-COV-004", "SP-COV-009", "SP-COV-010", "SP-COV-013",
		"SP-COV-014", "SP-COV-016"},
	Match: matchParquet,
	Read:  readParquet,
}

func matchParquet(in *format.Input) format.Confidence {
	head := in.Head()
	if in.R.Size() < 12 {
		return format.No
	}
	if m := string(head[:min(4, len(head))]); m == "PAR1" || m == "PARE" {
		return format.Strong
	}
	if in.R.Decoded() { // its end is dear
		return format.No
	}
	tail, err := in.R.Bytes(in.R.Size()-8, 8)
	if err != nil || string(tail[4:]) != "PAR1" && string(tail[4:]) != "PARE" || int64(binary.LittleEndian.Uint32(tail)) > in.R.Size()-8 {
		return format.No
	}
	return format.Strong
}

// parquet works on one file.
type parquet struct {
	table
	t      *thrift
	base   int64 // of the footer in the file
	footer int64 // length of the footer, bytes
	chunks []chunk
	copies []int64 // where metadata of a chunk may stand a second time
	rows   int64
	groups int64
	leaves int64
	sum    int64 // rows of all row groups
	sealed int   // encrypted column chunks
	files  []string
}

// chunk is a range that the footer declares.
type chunk struct {
	off, length int64
	kind        format.SpanKind
}

func readParquet(in *format.Input) format.Result {
	p := &parquet{table: table{in: in}}
	size := in.R.Size()
	if size < 12 {
		return p.res
	}
	head := in.Head()
	first := int64(0)
	if string(head[:4]) == "PAR1" || string(head[:4]) == "PARE" {
		first = 4
	}
	p.span(0, first, format.Structure)
	tail, err := in.R.Bytes(size-8, 8)
	if err != nil {
		return p.res
	}
	p.footer = int64(binary.LittleEndian.Uint32(tail))
	switch magic := string(tail[4:]); {
	case magic == "PARE" && p.footer <= size-8-first:
		p.gap(first, size-8-first, "SP-COV-010", "The table is encrypted with its footer: nothing of it can be read.")
		p.span(size-8, 8, format.Structure)
		return p.res
	case magic != "PAR1" || p.footer > size-8-first || p.footer == 0:
		p.gap(first, 0, "SP-COV-004", "The table does not end in its footer.")
		return p.res
	case p.footer > bounded.MaxTensorHeader:
		_ = in.R.Budget().Reach("tensor-header", bounded.MaxTensorHeader)
		return p.res
	}
	p.base = size - 8 - p.footer
	p.readFooter()
	p.cover(first)
	p.tell()
	return p.res
}

func (p *parquet) readFooter() {
	r, err := p.in.R.Section(p.base, p.footer)
	if err != nil {
		return
	}
	p.t = &thrift{c: r.NewCursor(0), b: r.Budget()}
	defer p.t.c.Close()
	signed := false
	p.t.fields(typeStruct, func(id int16, kind byte) bool {
		switch id {
		case 2:
			p.t.list(kind, p.schema)
		case 3:
			p.rows = p.t.integer(kind)
		case 4:
			p.t.list(kind, p.group)
		case 5:
			p.t.list(kind, p.pair)
		case 6:
			p.res.Facts = append(p.res.Facts, finding.Fact{Key: format.FactProducer, Value: rule.Clip(p.string(p.t.text(kind)))})
		case 8:
			signed = true
			return false
		default:
			return false
		}
		return true
	})
	rest := p.t.c.Remaining()
	switch {
	case p.t.err != nil:
		p.broken(p.t.c.Offset(), p.t.err)
	case rest == 0 || signed && rest == 28: // nonce and tag of the signature
		p.span(p.base, p.footer+8, format.Structure)
	default:
		p.span(p.base, p.footer-rest, format.Structure)
		p.span(p.base+p.footer, 8, format.Structure)
	}
}

// broken explains the footer up to where it stops making sense.
func (p *parquet) broken(at int64, err error) {
	var limit *bounded.LimitError
	if !errors.As(err, &limit) {
		p.gap(p.base+at, p.footer-at, "SP-COV-004", fmt.Sprintf("The footer cannot be read from its byte %d on.", at))
	}
	p.span(p.base, at, format.Structure)
	p.span(p.base+p.footer, 8, format.Structure)
}

// string is a short text of the footer.
func (p *parquet) string(off, length int64) string {
	s, err := p.in.R.Bytes(p.base+off, min(length, bounded.MaxStringKept))
	if p.t.err != nil || err != nil {
		return ""
	}
	return string(s)
}

func (p *parquet) schema(kind byte) {
	leaf := true
	name := ""
	p.t.fields(kind, func(id int16, kind byte) bool {
		switch id {
		case 4:
			name = p.string(p.t.text(kind))
		case 5:
			leaf = p.t.integer(kind) == 0
		default:
			return false
		}
		return true
	})
	if leaf {
		p.leaves++
		p.name(name)
	}
}

func (p *parquet) pair(kind byte) {
	var key string
	var off, length int64
	p.t.fields(kind, func(id int16, kind byte) bool {
		switch id {
		case 1:
			key = p.string(p.t.text(kind))
		case 2:
			off, length = p.t.text(kind)
		default:
			return false
		}
		return true
	})
	if p.t.err != nil {
		return
	}
	if value, err := p.in.R.Bytes(p.base+off, length); err == nil {
		p.metadata(key, value, p.base+off)
	}
}

func (p *parquet) group(kind byte) {
	p.groups++
	p.t.fields(kind, func(id int16, kind byte) bool {
		switch id {
		case 1:
			p.t.list(kind, p.column)
		case 3:
			if n := p.t.integer(kind); n >= 0 && n < 1<<60 && p.sum < 1<<60 {
				p.sum += n
			}
		default:
			return false
		}
		return true
	})
}

// columnChunk is what one chunk says.
type columnChunk struct {
	file                 string
	fileAt               int64
	copy                 int64
	data, index, dict    int64
	length               int64
	bloom, bloomLength   int64
	offsets, offsetsSize int64
	columns, columnsSize int64
	sealed, hasMetadata  bool
	hasBloomLength       bool
}

func (p *parquet) column(kind byte) {
	c := columnChunk{dict: -1, index: -1, bloom: -1}
	p.t.fields(kind, func(id int16, kind byte) bool {
		switch id {
		case 1:
			off, length := p.t.text(kind)
			c.file, c.fileAt = p.string(off, length), p.base+off
		case 2:
			c.copy = p.t.integer(kind)
		case 3:
			c.hasMetadata = true
			p.t.fields(kind, func(id int16, kind byte) bool { return p.columnMetadata(&c, id, kind) })
		case 4:
			c.offsets = p.t.integer(kind)
		case 5:
			c.offsetsSize = p.t.integer(kind)
		case 6:
			c.columns = p.t.integer(kind)
		case 7:
			c.columnsSize = p.t.integer(kind)
		case 8:
			c.sealed = true
			return false
		default:
			return false
		}
		return true
	})
	if p.t.err == nil {
		p.declare(&c)
	}
}

func (p *parquet) columnMetadata(c *columnChunk, id int16, kind byte) bool {
	switch id {
	case 7:
		c.length = p.t.integer(kind)
	case 8:
		p.t.list(kind, p.pair)
	case 9:
		c.data = p.t.integer(kind)
	case 10:
		c.index = p.t.integer(kind)
	case 11:
		c.dict = p.t.integer(kind)
	case 14:
		c.bloom = p.t.integer(kind)
	case 15:
		c.bloomLength, c.hasBloomLength = p.t.integer(kind), true
	default:
		return false
	}
	return true
}

// declare notes the ranges that a chunk has in this file.
func (p *parquet) declare(c *columnChunk) {
	if c.file != "" {
		if !slices.Contains(p.files, c.file) && len(p.files) < maxFindings {
			p.files = append(p.files, c.file)
			p.elsewhere(c.file, c.fileAt)
		}
		return
	}
	if c.sealed {
		p.sealed++
	}
	if c.hasMetadata {
		start := c.data
		for _, at := range [...]int64{c.dict, c.index} { // writers put 0 or -1 for none, of data too in a group without rows
			if at > 0 && (at < start || start <= 0) {
				start = at
			}
		}
		p.put(start, c.length, format.Payload)
	}
	p.put(c.offsets, c.offsetsSize, format.Structure)
	p.put(c.columns, c.columnsSize, format.Structure)
	if c.bloom >= 0 {
		if !c.hasBloomLength {
			c.bloomLength = p.bloom(c.bloom)
		}
		p.put(c.bloom, c.bloomLength, format.Payload)
	}
	if c.copy > 0 {
		p.copies = append(p.copies, c.copy)
	}
}

func (p *parquet) put(off, length int64, kind format.SpanKind) {
	switch {
	case off == 0 && length == 0 || p.t.err != nil:
	case len(p.chunks) >= bounded.MaxTableChunks:
		p.t.fail(p.in.R.Budget().Reach("table-chunks", bounded.MaxTableChunks))
	default:
		p.chunks = append(p.chunks, chunk{off, length, kind})
	}
}

// bloom is the length of a filter that only says itself how long it is.
func (p *parquet) bloom(off int64) int64 {
	var bytes int64
	length, ok := p.measure(off, min(off, p.base)+64, func(t *thrift, id int16, kind byte) bool {
		if id == 1 {
			bytes = t.integer(kind)
			return true
		}
		return false
	})
	if !ok || bytes < 0 || bytes > p.base {
		return -1
	}
	return length + bytes
}

// measure reads one structure at an offset of the file, that ends before end, and
// returns its length.
func (p *parquet) measure(off, end int64, each func(t *thrift, id int16, kind byte) bool) (int64, bool) {
	r, err := p.in.R.Section(off, min(end, p.base)-off)
	if err != nil {
		return 0, false
	}
	t := &thrift{c: r.NewCursor(0), b: r.Budget()}
	defer t.c.Close()
	t.fields(typeStruct, func(id int16, kind byte) bool { return each(t, id, kind) })
	return t.c.Offset(), t.err == nil
}
