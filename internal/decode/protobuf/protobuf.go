// Package protobuf walks messages in protocol buffer encoding without building
// them: field by field, in the order of the bytes, with the range of each.
//
// Specification: https://protobuf.dev/programming-guides/encoding/
//
// A Message is a range of the view. Next moves to the next field; a nested
// message is entered on demand (Enter), everything else is skipped by its
// length, so that gigabytes of tensor data cost nothing:
//
//	m := protobuf.Open(in.R, schema().Type("ModelProto"))
//	defer m.Close()
//	for m.Next() {
//		switch {
//		case m.Decl == nil: // unknown to the schema: range [m.Offset, m.Behind())
//		case m.Number == 7: // its wire type is what the schema wants
//			var graph protobuf.Message
//			if m.Enter(&graph) {
//				for graph.Next() { … }
//				// graph.Err() says whether it was read to its end
//			}
//		}
//	}
//
// All offsets are those of the view that Open was given. A message that cannot
// be read to its end says why (Err); its parent goes on behind it, because it
// knows where the child ends. A limit or a failure to read ends the whole walk.
//
// Threat: lengths that lie, nesting without end, groups that never close,
// numbers in more bytes than they need, fields that appear twice. Parsers agree
// on none of the last two: one takes the last, one merges, one the first. The
// walker shows every appearance and marks it (Again, Odd); the format judges.
//
// Not covered: what the fields mean; extensions; text and JSON forms.
package protobuf

import (
	"fmt"

	"github.com/sallyport/sallyport/internal/bounded"
)

// Wire is how a field is written.
type Wire byte

// The wire types. A group is one field here: its contents are a range.
const (
	Varint  Wire = 0
	Fixed64 Wire = 1
	Bytes   Wire = 2 // length-delimited: text, bytes, a message, or packed numbers
	Group   Wire = 3
	endMark Wire = 4
	Fixed32 Wire = 5
)

// Odd says what is unusual about how a field is written. Parsers read overlong
// numbers; those with too many bits are cut by some and refused by others.
type Odd byte

// The oddities.
const (
	Overlong Odd = 1 << iota // a number in more bytes than it needs
	Overflow                 // a number of more than 64 bits: Value holds the low ones
)

// Field is one field as it stands in the bytes.
type Field struct {
	Number int32  // 1 to 2^29-1
	Wire   Wire   // as written, whatever the schema says
	Odd    Odd    // how
	Value  uint64 // of a Varint, Fixed64 or Fixed32; 0 otherwise
	Offset int64  // of the first byte of the tag
	Data   int64  // of the first byte of the value, behind the length
	Length int64  // of the value in bytes; of a group, what lies between its marks
	behind int64
}

// Behind is the offset of the first byte that is no longer part of the field.
func (f *Field) Behind() int64 { return f.behind }

// SyntaxError says where bytes stop being a message.
type SyntaxError struct {
	Offset int64
	What   string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.What, e.Offset) }

// walk is what all messages of one view share.
type walk struct {
	r     *bounded.Reader
	c     *bounded.Cursor
	fatal error // a limit, or a failure to read
}

// Message is a range of fields. Field, Decl and Again are about the present one
// and change with Next. The zero value is ready for Enter.
type Message struct {
	Field
	Decl  *Decl // what the schema says of the field; nil: it does not have it, or not in this wire type
	Again bool  // a singular field that has been here before, or whose oneof has

	Type       *Type // what the message is; nil: no schema, every Decl is nil
	Start, End int64 // range of its fields

	w     *walk
	next  int64
	depth int
	err   error
	seen  [maxFields / 64]uint64
}

// Open starts a walk over the whole view. Close the message that it returns when
// all are done with; those entered below it need no Close.
func Open(r *bounded.Reader, t *Type) *Message {
	return &Message{Type: t, End: r.Size(), w: &walk{r: r, c: r.NewCursor(0)}}
}

// Close ends the walk, and with it all messages entered.
func (m *Message) Close() { m.w.c.Close() }

// Err says why Next ended before the end of the message: a *SyntaxError, a
// limit, or a failure to read. nil: all fields have been seen.
func (m *Message) Err() error {
	if m.err != nil {
		return m.err
	}
	return m.w.fatal
}

// Stopped is Err without errors of syntax: what ends the whole walk.
func (m *Message) Stopped() error { return m.w.fatal }

// Reached is the offset up to which the fields of the message have been read.
func (m *Message) Reached() int64 { return max(m.next, m.Start) }

// Depth is how many messages lie around this one.
func (m *Message) Depth() int { return m.depth }
