package columnar

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/sallyport/sallyport/internal/decode/flatbuffer"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// pickled are the names of column types whose reader unpickles: what they do, by
// name.
var pickled = map[string]string{
	"arrow.py_extension_type":       "is a pickle, which PyArrow before version 14.0.1 unpickles when it reads the schema",
	"ray.data.arrow_pickled_object": "makes Ray unpickle every value of the column",
}

// pairs judges metadata. Field is the name of the column, or empty for the whole
// table; at is where the message stands in the input.
func (a *arrow) pairs(list flatbuffer.Vector, at int64, field string) {
	extension := ""
	for i := range list.Len() {
		if kv := list.Table(i); kv.Text("key") == "ARROW:extension:name" {
			extension = kv.Text("value")
			a.extension(extension, field, at+kv.Offset())
		}
	}
	for i := range list.Len() {
		kv := list.Table(i)
		r, ok := kv.TextRange("value")
		if !ok || r.Length == 0 {
			continue
		}
		value, err := a.in.R.Bytes(at+r.Offset, r.Length)
		if err != nil {
			continue
		}
		key := kv.Text("key")
		switch {
		case key == "ARROW:extension:metadata" && pickled[extension] != "":
			a.child(key, value, at+r.Offset, "pickle")
		default:
			a.hidden(key, value, at+r.Offset)
		}
	}
}

func (a *arrow) extension(name, field string, at int64) {
	if what, ok := pickled[name]; ok {
		a.raise(rulePickled, at, 0, name, fmt.Sprintf("The type of the column \"%s\" (%s) %s.", rule.Clip(field), name, what))
	}
}

// body says what the buffers of a batch leave of its body. They come in order,
// each padded to 8 or 64 bytes.
func (a *arrow) body(batch flatbuffer.Table, at, start, length int64) {
	list := batch.List("buffers").Range()
	raw, err := a.in.R.Bytes(at+list.Offset, list.Length)
	if list.Length == 0 || err != nil {
		a.span(start, a.padded(start, length), format.Structure)
		return
	}
	ranges := make([]flatbuffer.Range, 0, len(raw)/16)
	for ; len(raw) >= 16; raw = raw[16:] {
		off, n := int64(binary.LittleEndian.Uint64(raw)), int64(binary.LittleEndian.Uint64(raw[8:]))
		if off < 0 || n < 0 || off > length || n > length-off {
			a.gap(start, 0, "SP-COV-004", "A column of a record batch leads out of it.")
			continue
		}
		if n > 0 {
			ranges = append(ranges, flatbuffer.Range{Offset: off, Length: n})
		}
	}
	if a.in.R.Budget().Items(int64(len(ranges))) != nil {
		return
	}
	slices.SortFunc(ranges, func(x, y flatbuffer.Range) int { return int(min(max(x.Offset-y.Offset, -1), 1)) })
	from, pos := int64(0), int64(0) // what is explained and not said yet
	for _, r := range ranges {
		if r.Offset > pos && a.padded(start+pos, r.Offset-pos) < r.Offset-pos {
			a.span(start+from, pos-from, format.Payload)
			from = r.Offset
		}
		pos = max(pos, r.Offset+r.Length)
	}
	pos += a.padded(start+pos, length-pos)
	a.span(start+from, pos-from, format.Payload)
}

// padded is the length when the bytes are padding, fewer than 64 zeros, else 0.
func (a *arrow) padded(at, length int64) int64 {
	if length <= 0 || length > 64 || !zeros(a.in.R, at, at+length) {
		return 0
	}
	return length
}

// footer compares the list of batches with the messages that are there: a reader
// that goes by the list must see what one that goes through the stream sees.
func (a *arrow) footer(at, length int64) {
	f, ok := a.flat(at, length, footerSchema())
	if !ok {
		return
	}
	a.pairs(f.Root.List("custom_metadata"), at, "")
	a.schema(f.Root.Table("schema"), at, a.schemas == 0)
	listed := int64(0)
	for _, name := range [...]string{"dictionaries", "recordBatches"} {
		r := f.Root.List(name).Range()
		raw, err := a.in.R.Bytes(at+r.Offset, r.Length)
		if err != nil {
			continue
		}
		if name == "recordBatches" {
			listed = int64(len(raw) / 24)
		}
		for ; len(raw) >= 24; raw = raw[24:] {
			off := int64(binary.LittleEndian.Uint64(raw))
			b := block{int64(binary.LittleEndian.Uint32(raw[8:])), int64(binary.LittleEndian.Uint64(raw[16:]))}
			if found, ok := a.blocks[off]; !ok || found != b {
				a.raise(ruleStructure, at+r.Offset, r.Length, name, "The footer lists record batches at places where the stream has none: two readers see two tables.")
				return
			}
		}
	}
	if listed != a.batches && !a.failed {
		a.gap(at, length, "SP-COV-016", fmt.Sprintf("The footer lists %d record batches, the file holds %d.", listed, a.batches))
	}
}

// tell states the facts.
func (a *arrow) tell() {
	if a.schemas == 0 {
		a.gap(0, 0, "SP-COV-004", "The table has no schema.")
	}
	a.fact(factRows, a.rows)
	a.fact(factGroups, a.batches)
	a.res.Facts = append(a.res.Facts, format.List(factNames, a.names, maxNames)...)
}
