package columnar

import (
	_ "embed"
	"encoding/binary"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/flatbuffer"
	"github.com/sallyport/sallyport/internal/format"
)

// Arrow is a file or a stream of Arrow messages; Feather version 2 is such a file.
var Arrow = format.Format{
	ID:         "arrow",
	Title:      "Arrow table",
	Spec:       "https://arrow.apache.org/docs/format/Columnar.html",
	Extensions: []string{".arrow", ".arrows", ".feather", ".ipc"},
	Rules:      append(flatbuffer.Coverage(), rulePickled, ruleStructure, "SP-COV-016"),
	Match: func(in *format.Input) format.Confidence {
		if strings.HasPrefix(string(in.Head()[:min(8, len(in.Head()))]), arrowMagic) || isStream(in) {
			return format.Strong
		}
		return format.No
	},
	Read: readArrow,
}

const arrowMagic = "ARROW1"

//go:embed arrow.txt
var arrowText string

// The messages of a stream, and the list of them at the end of a file, share the
// schema and differ in the root.
var (
	messageSchema = sync.OnceValue(func() *flatbuffer.Schema { return flatbuffer.Parse(arrowText) })
	footerSchema  = sync.OnceValue(func() *flatbuffer.Schema {
		return flatbuffer.Parse(strings.Replace(arrowText, "root Message", "root Footer", 1))
	})
)

// maxMessage is how long the metadata of one message may be, bytes.
const maxMessage = bounded.MaxBlock

// isStream looks for a first message that is a schema: the mark, a length, and a
// table of FlatBuffers whose second field says so.
func isStream(in *format.Input) bool {
	p := in.Head()
	if len(p) < 32 || string(p[:4]) != "\xff\xff\xff\xff" {
		return false
	}
	u32 := func(at int64) int64 {
		if at < 0 || at > int64(len(p))-4 {
			return -1
		}
		return int64(binary.LittleEndian.Uint32(p[at:]))
	}
	length, root := u32(4), u32(8)
	if length < 16 || length%8 != 0 || length > maxMessage || root < 4 || root > length {
		return false
	}
	at := 8 + root
	back := u32(at)
	if back < 0 {
		return false
	}
	slots := at - int64(int32(back))
	if slots < 12 || slots > int64(len(p))-8 || binary.LittleEndian.Uint16(p[slots:]) < 8 {
		return false
	}
	kind := at + int64(binary.LittleEndian.Uint16(p[slots+6:]))
	return kind > at && kind < int64(len(p)) && p[kind] == 1
}

// arrow works on one input.
type arrow struct {
	table
	blocks  map[int64]block // messages found, by offset
	schemas int
	rows    int64
	batches int64
	failed  bool
}

// block is one message: the lengths of its metadata, with what stands before it,
// and of its body, bytes.
type block struct{ metadata, body int64 }

func readArrow(in *format.Input) format.Result {
	a := &arrow{table: table{in: in}, blocks: map[int64]block{}}
	size := in.R.Size()
	if !strings.HasPrefix(string(in.Head()[:min(8, len(in.Head()))]), arrowMagic) {
		a.messages(0, size) // what follows the end of the stream is nobody's
		a.tell()
		return a.res
	}
	a.file(size)
	a.tell()
	return a.res
}

// file reads the messages between the magics, and the footer that lists them
// again.
func (a *arrow) file(size int64) {
	tail, err := a.in.R.Bytes(max(0, size-10), min(10, size))
	a.span(0, min(8, size), format.Structure)
	if err != nil || size < 24 || string(tail[4:]) != arrowMagic {
		a.messages(8, size)
		a.gap(size, 0, "SP-COV-004", "The table does not end in its footer.")
		return
	}
	length := int64(binary.LittleEndian.Uint32(tail))
	if length < 8 || length > size-18 || length > bounded.MaxTensorHeader {
		a.gap(size-10, 10, "SP-COV-004", "The footer has an impossible length.")
		return
	}
	start := size - 10 - length
	a.messages(8, start)
	a.footer(start, length)
	a.span(size-10, 10, format.Structure)
}

// messages reads to the end of the stream.
func (a *arrow) messages(at, end int64) {
	for at < end && !a.failed {
		head := int64(8)
		p, err := a.in.R.Bytes(at, min(8, end-at))
		if err != nil || len(p) < 4 {
			a.malformed(at, end)
			return
		}
		length := int64(int32(binary.LittleEndian.Uint32(p)))
		if length == -1 && len(p) == 8 {
			length = int64(int32(binary.LittleEndian.Uint32(p[4:])))
		} else { // before version 0.15 there was no mark
			head = 4
		}
		if length == 0 {
			a.span(at, head, format.Structure)
			return
		}
		if length < 8 || length > end-at-head {
			a.malformed(at, end)
			return
		}
		at = a.message(at, head, length, end)
	}
}

func (a *arrow) malformed(at, end int64) {
	a.failed = true
	a.gap(at, 0, "SP-COV-004", "The messages of the table cannot be followed to the end.")
}

// message reads metadata of the given length and skips the body.
func (a *arrow) message(at, head, length, end int64) int64 {
	f, ok := a.flat(at+head, length, messageSchema())
	if !ok {
		a.failed = true
		return at
	}
	a.span(at, head, format.Structure)
	body := f.Root.Int("bodyLength", 0)
	start := at + head + length
	if body < 0 || body > end-start {
		a.malformed(at, end)
		return at
	}
	if len(a.blocks) >= bounded.MaxTensorNames {
		_ = a.in.R.Budget().Reach("tensor-names", bounded.MaxTensorNames)
		a.failed = true
		return at
	}
	a.blocks[at] = block{head + length, body}
	a.pairs(f.Root.List("custom_metadata"), at+head, "")
	a.header(f.Root.Union("header"), at+head, start, body)
	return start + body
}

// flat reads one FlatBuffers structure and explains it.
func (a *arrow) flat(at, length int64, schema *flatbuffer.Schema) (*flatbuffer.File, bool) {
	r, err := a.in.R.Section(at, length)
	if err != nil || length > bounded.MaxTensorHeader {
		return nil, false
	}
	f := flatbuffer.Read(r, schema, 0)
	found, unread := f.Judge(ruleStructure, at, a.in.Location)
	for _, x := range found {
		a.raise(x.Rule, x.Location.Offset, x.Location.Length, x.Symbol, x.Message)
	}
	for _, u := range unread[:min(len(unread), bounded.MaxGapsPerFile)] {
		a.gap(u.Offset, u.Length, u.Rule, u.Reason)
	}
	for _, s := range f.Structure {
		a.span(at+s.Offset, s.Length, format.Structure)
	}
	return f, f.Root.OK()
}

func (a *arrow) header(h flatbuffer.Table, at, start, body int64) {
	switch h.Name() {
	case "Schema":
		a.schemas++
		a.schema(h, at, a.schemas == 1)
	case "RecordBatch":
		a.batches++
		a.rows += max(0, min(h.Int("length", 0), 1<<40))
		a.body(h, at, start, body)
		return
	case "DictionaryBatch":
		a.body(h.Table("data"), at, start, body)
		return
	}
	a.span(start, body, format.Payload)
}

// schema judges the fields, with those inside of others.
func (a *arrow) schema(s flatbuffer.Table, at int64, tell bool) {
	a.pairs(s.List("custom_metadata"), at, "")
	open := []flatbuffer.Vector{s.List("fields")}
	seen := map[int64]bool{}
	for top := tell; len(open) > 0; top = false {
		fields := open[len(open)-1]
		open = open[:len(open)-1]
		for i := range fields.Len() {
			f := fields.Table(i)
			if !f.OK() || seen[f.Offset()] {
				continue
			}
			seen[f.Offset()] = true
			if top {
				a.name(f.Text("name"))
			}
			a.pairs(f.List("custom_metadata"), at, f.Text("name"))
			open = append(open, f.List("children"))
		}
	}
	if tell {
		a.fact(factColumns, s.List("fields").Len())
	}
}
