package tfcheckpoint

import (
	"bytes"
	"errors"
	"slices"
	"strconv"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/decode/sstable"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

const (
	headerShards = 1 // BundleHeaderProto
	headerEndian = 2
	headerFormat = 3

	slicesMeta = 1 // SavedTensorSlices

	versionProducer = 1 // VersionDef
)

// reader works through one table.
type reader struct {
	in     *format.Input
	res    format.Result
	gaps   int
	shards int64
	big    bool // big-endian data
	old    bool // version 1: the data lie in the table

	blocks    []sstable.Handle // that were read
	last      []byte           // key of the last entry
	seen      bool             // that there was one
	entries   int
	off       int64 // of the present entry
	inventory format.Inventory
	facts     []finding.Fact
	absent    map[int64]bool
}

func read(in *format.Input) format.Result {
	t := &reader{in: in, absent: map[int64]bool{}}
	table, err := sstable.Open(in.R)
	if err != nil {
		t.broken(err)
		return t.res
	}
	handles, err := table.Blocks()
	if err != nil {
		t.broken(err)
	}
	at := int64(0)
	for _, h := range handles {
		if h.Offset < at { // blocks that are read again and again are work without end
			t.gap(gapMalformed, h.Offset, 0, "The blocks of the table are not in order, or share bytes.")
			continue
		}
		if at = h.End(); !t.block(table, h) {
			break
		}
	}
	t.blocks = append(t.blocks, table.Meta, table.Index)
	if meta, err := table.Block(table.Meta); err != nil {
		t.broken(err)
	} else if meta.Next() {
		t.gap(gapUnsupported, table.Meta.Offset, table.Meta.Size, "The table has filters or properties, which TensorFlow does not write.")
	}
	t.tile(table)
	t.res.Facts = append(t.facts, t.inventory.Facts()...)
	return t.res
}

// tile explains the blocks that were read, each byte once.
func (t *reader) tile(table *sstable.Table) {
	slices.SortFunc(t.blocks, func(a, b sstable.Handle) int {
		if a.Offset != b.Offset {
			return int(min(max(a.Offset-b.Offset, -1), 1))
		}
		return int(min(max(a.Size-b.Size, -1), 1))
	})
	at := int64(0)
	for i, h := range t.blocks {
		if i > 0 && h.Offset < at {
			t.gap(gapMalformed, h.Offset, 0, "Two blocks of the table share bytes.")
		}
		if from := max(h.Offset, at); h.End() > from {
			t.res.Spans = append(t.res.Spans, format.Span{Offset: from, Length: h.End() - from, Kind: format.Structure})
			at = h.End()
		}
	}
	footer := max(table.FooterOffset(), at)
	t.res.Spans = append(t.res.Spans, format.Span{Offset: footer, Length: t.in.R.Size() - footer, Kind: format.Structure})
}

// block reads the entries of one block. It returns false when a limit ends the walk.
func (t *reader) block(table *sstable.Table, h sstable.Handle) bool {
	b, err := table.Block(h)
	if err != nil {
		t.broken(err)
		var limit *bounded.LimitError
		if b == nil {
			return !errors.As(err, &limit)
		}
	}
	t.blocks = append(t.blocks, h)
	for b.Next() {
		if err := t.in.R.Budget().Items(1); err != nil {
			t.broken(err)
			return false
		}
		t.entry(b)
	}
	if b.Err() != nil {
		t.broken(b.Err())
	}
	return true
}

// entry reads one key with its value.
func (t *reader) entry(b *sstable.Block) {
	t.off = b.Offset
	switch c := bytes.Compare(b.Key, t.last); {
	case t.seen && c == 0:
		t.gap(gapTwice, b.Offset, 0, "The key "+quote(display(b.Key))+" stands there twice.")
	case t.seen && c < 0:
		t.gap(gapMalformed, b.Offset, 0, "The keys of the table are not in order: loaders do not find all of them.")
	}
	first := !t.seen
	t.last, t.seen = append(t.last[:0], b.Key...), true
	t.entries++
	switch {
	case first && len(b.Key) == 0:
		t.head(b.Value)
	case first:
		t.gap(gapUnsupported, b.Offset, 0, "The table does not begin like a checkpoint: it is one of another program.")
	case t.old:
		t.oldEntry(b.Value)
	case t.shards > 0:
		t.bundleEntry(b.Key, b.Value)
	}
}

// head reads the value of the empty key: the header of a checkpoint, or of one of
// version 1 the list of its tensors.
func (t *reader) head(value []byte) {
	if len(value) > 0 && value[0] == slicesMeta<<3|byte(protobuf.Bytes) {
		t.old = true
		t.fact("tensorflow.checkpoint", "1")
		t.oldEntry(value)
		return
	}
	t.fact("tensorflow.checkpoint", "2")
	t.message(value, "BundleHeaderProto", func(m *protobuf.Message) bool {
		switch m.Number {
		case headerShards:
			t.shards = int64(min(m.Value, 1<<31))
			t.fact("tensorflow.shards", strconv.FormatInt(t.shards, 10))
		case headerEndian:
			t.big = m.Value != 0
		case headerFormat:
			t.into(m, func(sub *protobuf.Message) bool {
				if sub.Number == versionProducer && sub.Value > 1 {
					t.gap(gapUnsupported, t.off, 0, "The checkpoint has the version "+strconv.FormatUint(sub.Value, 10)+", which is newer than what is known.")
				}
				return false
			})
			return true
		}
		return false
	})
	if t.shards == 0 {
		t.gap(gapMalformed, t.off, 0, "The checkpoint has no data files.")
	}
}

// message walks a value as a message.
func (t *reader) message(value []byte, kind string, visit func(*protobuf.Message) bool) {
	m := protobuf.Open(bounded.NewBytes(value, t.in.R.Budget()), typeNamed(kind))
	defer m.Close()
	t.each(m, func() bool { return visit(m) })
}

// each goes through the fields of a message. visit handles the ones it knows and
// returns false for all others, which are walked by the schema.
func (t *reader) each(m *protobuf.Message, visit func() bool) {
	for m.Next() {
		switch {
		case m.Decl == nil:
			t.gap(gapUnsupported, t.off, 0, "The format has no such field in "+m.Type.Name+"; loaders ignore it.")
			continue
		case m.Odd&protobuf.Overflow != 0:
			t.gap(gapMalformed, t.off, 0, "A number has more bits than its field can hold: parsers do not agree on its value.")
		}
		if m.Again {
			t.gap(gapTwice, t.off, 0, "The field "+m.Decl.Name+" of "+m.Type.Name+" stands there twice: some parsers join the two, others take the last.")
		}
		if visit == nil || !visit() {
			t.other(m)
		}
	}
	if err := m.Err(); err != nil {
		t.broken(err)
	}
}

func (t *reader) into(m *protobuf.Message, visit func(*protobuf.Message) bool) {
	var sub protobuf.Message
	if m.Enter(&sub) {
		t.each(&sub, func() bool { return visit != nil && visit(&sub) })
	}
}

func (t *reader) other(m *protobuf.Message) {
	switch m.Decl.Kind {
	case protobuf.Nested:
		t.into(m, nil)
	case protobuf.Text, protobuf.Blob:
		t.text(m)
	default:
		if _, ok := m.Count(m.Decl.Wire()); !ok {
			t.gap(gapMalformed, t.off, 0, "The last number of a list is cut off.")
		}
	}
}

// broken reports why the table, or a value in it, is not read to its end.
func (t *reader) broken(err error) {
	off, id, what := t.off, gapMalformed, err.Error()
	var table *sstable.SyntaxError
	var value *protobuf.SyntaxError
	switch {
	case errors.As(err, &table):
		off = table.Offset
	case errors.Is(err, sstable.ErrChecksum):
	case errors.As(err, &value):
		what = value.What
	default:
		id = gapLimit
	}
	t.gap(id, off, 0, "The checkpoint cannot be read as it should be: "+what+".")
}

func (t *reader) gap(id string, off, length int64, reason string) {
	if t.gaps++; t.gaps > bounded.MaxGapsPerFile {
		_ = t.in.R.Budget().Reach("gaps-per-file", bounded.MaxGapsPerFile)
		return
	}
	t.res.Spans = append(t.res.Spans, format.Span{Offset: min(off, t.in.R.Size()), Length: length, Kind: format.Unread, Rule: id, Reason: reason})
}

func (t *reader) fact(key, value string) {
	t.facts = append(t.facts, finding.Fact{Key: key, Value: value})
}

func quote(s string) string { return `"` + rule.Clip(s) + `"` }
