package engine

import (
	"errors"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/format"
)

// proto walks a protocol buffer. Messages that mean something are handed to a
// reader by their type, all others are walked by the schema.
type proto struct {
	*judge
	tiles  format.Tiling
	reader func(m *protobuf.Message) bool
}

// run walks the whole input.
func (t *proto) run(kind *protobuf.Type) format.Result {
	m := protobuf.Open(t.in.R, kind)
	defer m.Close()
	t.message(m)
	end := t.in.R.Size()
	if m.Err() != nil {
		end = m.Reached() // what is behind it stays unexplained, so that the engine looks for other things there
	}
	for _, s := range t.res.Spans { // gaps that were told without an order
		s.Length = 0
		t.tiles.Put(s)
	}
	t.res.Spans = t.tiles.Spans(end)
	return t.done()
}

func (t *proto) message(m *protobuf.Message) {
	if !t.reader(m) {
		t.each(m, nil)
	}
}

// each goes through the fields of a message. visit handles the ones it knows and
// returns false for all others.
func (t *proto) each(m *protobuf.Message, visit func() bool) {
	for m.Next() {
		if m.Decl == nil {
			t.unread(gapUnsupported, m.Offset, m.Behind()-m.Offset, "The format has no such field in "+m.Type.Name+"; loaders ignore it.")
			if m.Length >= shortestOpaque && (m.Wire == protobuf.Bytes || m.Wire == protobuf.Group) {
				t.hand("unknown field of "+m.Type.Name, m.Reader(), m.Data, "")
			}
			continue
		}
		if m.Odd&protobuf.Overflow != 0 {
			t.unread(gapMalformed, m.Offset, m.Behind()-m.Offset, "A number has more bits than its field can hold: parsers do not agree on its value.")
		}
		if m.Again {
			t.unread(gapTwice, m.Offset, m.Behind()-m.Offset, "The field "+m.Decl.Name+" of "+m.Type.Name+" stands there twice: some parsers join the two, others take the last.")
		}
		if visit == nil || !visit() {
			t.other(m)
		}
	}
	if err := m.Err(); err != nil {
		t.broken(m, err)
	}
}

func (t *proto) other(m *protobuf.Message) {
	var sub protobuf.Message
	switch m.Decl.Kind {
	case protobuf.Nested, protobuf.NestedGroup:
		if m.Enter(&sub) {
			t.message(&sub)
		}
	case protobuf.Text, protobuf.Blob:
		t.text(m.Head(bounded.MaxBlock), m.Decl.Name, t.in.Location(m.Data, m.Length), m.Reader())
	default:
		if _, ok := m.Count(m.Decl.Wire()); !ok {
			t.unread(gapMalformed, m.Offset, m.Behind()-m.Offset, "The last number of a list is cut off.")
		}
	}
}

func (t *proto) unread(id string, off, length int64, reason string) {
	if t.gaps++; t.gaps > bounded.MaxGapsPerFile {
		_ = t.in.R.Budget().Reach("gaps-per-file", bounded.MaxGapsPerFile)
		return
	}
	t.tiles.Put(format.Span{Offset: off, Length: length, Kind: format.Unread, Rule: id, Reason: reason})
}

// broken reports a message that is not read to its end.
func (t *proto) broken(m *protobuf.Message, err error) {
	id := gapMalformed
	var syntax *protobuf.SyntaxError
	if !errors.As(err, &syntax) {
		if m.Depth() > 0 {
			return // the outermost message tells, once
		}
		id = gapLimit
	}
	length := m.End - m.Reached()
	if m.Depth() == 0 {
		length = 0 // the rest is a hole, which the engine sniffs
	}
	t.unread(id, m.Reached(), length, "The rest of "+m.Type.Name+" cannot be read: "+err.Error()+".")
}

// payload explains numbers that are weights.
func (t *proto) payload(m *protobuf.Message, dtype string) {
	if m.Wire == protobuf.Bytes && m.Length > 64 && t.tensors <= bounded.MaxTensorNames {
		t.tiles.Put(format.Span{Offset: m.Data, Length: m.Length, Kind: format.Payload, Type: dtype})
	}
}
