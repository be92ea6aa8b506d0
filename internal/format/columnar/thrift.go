package columnar

import (
	"errors"

	"github.com/sallyport/sallyport/internal/bounded"
)

// Types of Thrift's compact protocol.
const (
	typeTrue   = 1
	typeFalse  = 2
	typeByte   = 3
	typeInt16  = 4
	typeInt32  = 5
	typeInt64  = 6
	typeDouble = 7
	typeBinary = 8
	typeList   = 9
	typeSet    = 10
	typeMap    = 11
	typeStruct = 12
	typeUUID   = 13
)

// maxDepth is how deep structures of Parquet stand in each other, with room.
const maxDepth = 32

var errThrift = errors.New("a structure of the metadata is malformed")

// thrift reads the compact protocol forward. The first error stays: after it
// nothing is read and all values are zero.
type thrift struct {
	c     *bounded.Cursor
	b     *bounded.Budget
	err   error
	depth int
	twice bool // a structure has a field two times: readers take one or the other
}

func (t *thrift) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

func (t *thrift) octet() byte {
	if t.err != nil {
		return 0
	}
	b, err := t.c.Byte()
	if err != nil {
		t.fail(bounded.ErrTruncated)
	}
	return b
}

func (t *thrift) varint() uint64 {
	var n uint64
	for shift := 0; shift < 64; shift += 7 {
		b := t.octet()
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
	t.fail(errThrift)
	return 0
}

// integer reads a number of the type that the file says it has.
func (t *thrift) integer(kind byte) int64 {
	switch kind {
	case typeByte:
		return int64(int8(t.octet()))
	case typeInt16, typeInt32, typeInt64:
		n := t.varint()
		return int64(n>>1) ^ -int64(n&1)
	}
	t.fail(errThrift)
	return 0
}

// text is where a string or bytes stand, relative to the cursor's view; they are
// skipped.
func (t *thrift) text(kind byte) (off, length int64) {
	if kind != typeBinary {
		t.fail(errThrift)
		return 0, 0
	}
	n := t.varint()
	if t.err == nil && n > uint64(t.c.Remaining()) {
		t.fail(bounded.ErrTruncated)
	}
	if t.err != nil {
		return 0, 0
	}
	off = t.c.Offset()
	t.check(t.c.Skip(int64(n)))
	return off, int64(n)
}

// check keeps an error that is one.
func (t *thrift) check(err error) {
	if err != nil {
		t.fail(err)
	}
}

// fields reads a structure; each consumes the value of a field, or leaves it to
// skip by returning false.
func (t *thrift) fields(kind byte, each func(id int16, kind byte) bool) {
	if kind != typeStruct {
		t.fail(errThrift)
		return
	}
	if t.depth++; t.depth > maxDepth {
		t.fail(t.b.Reach("recursion", maxDepth))
	}
	defer func() { t.depth-- }()
	var id int16
	var seen uint64
	for t.err == nil {
		head := t.octet()
		if t.err != nil || head == 0 {
			return
		}
		if delta := head >> 4; delta != 0 {
			id += int16(delta)
		} else {
			id = int16(t.integer(typeInt16))
		}
		if bit := uint64(1) << (uint16(id) & 63); uint16(id) < 64 {
			t.twice = t.twice || seen&bit != 0
			seen |= bit
		}
		t.check(t.b.Items(1))
		if t.err == nil && !each(id, head&0xf) {
			t.skip(head & 0xf)
		}
	}
}

// list reads a list or set; each consumes an element.
func (t *thrift) list(kind byte, each func(kind byte)) {
	if kind != typeList && kind != typeSet {
		t.fail(errThrift)
		return
	}
	head := t.octet()
	n := uint64(head >> 4)
	if n == 15 {
		n = t.varint()
	}
	if t.err == nil && n > uint64(t.c.Remaining()) { // every element takes a byte
		t.fail(bounded.ErrTruncated)
	}
	for ; n > 0 && t.err == nil; n-- {
		t.check(t.b.Items(1))
		each(head & 0xf)
	}
}

// skip reads a value of any type. Truth values of fields are in their type, those
// of lists take a byte: lists go through element.
func (t *thrift) skip(kind byte) {
	switch kind {
	case typeTrue, typeFalse:
	case typeByte, typeInt16, typeInt32, typeInt64:
		t.integer(kind)
	case typeDouble:
		t.pass(8)
	case typeUUID:
		t.pass(16)
	case typeBinary:
		t.text(kind)
	case typeList, typeSet:
		t.nested(func() { t.list(kind, t.element) })
	case typeMap:
		t.nested(t.skipMap)
	case typeStruct:
		t.fields(kind, func(int16, byte) bool { return false })
	default:
		t.fail(errThrift)
	}
}

func (t *thrift) pass(n int64) {
	if t.err == nil {
		t.check(t.c.Skip(n))
	}
}

func (t *thrift) element(kind byte) {
	if kind == typeTrue || kind == typeFalse {
		t.octet()
		return
	}
	t.skip(kind)
}

func (t *thrift) nested(read func()) {
	if t.depth++; t.depth > maxDepth {
		t.fail(t.b.Reach("recursion", maxDepth))
	}
	if t.err == nil {
		read()
	}
	t.depth--
}

func (t *thrift) skipMap() {
	n := t.varint()
	if n == 0 {
		return
	}
	kinds := t.octet()
	if t.err == nil && n > uint64(t.c.Remaining()) {
		t.fail(bounded.ErrTruncated)
	}
	for ; n > 0 && t.err == nil; n-- {
		t.check(t.b.Items(1))
		t.element(kinds >> 4)
		t.element(kinds & 0xf)
	}
}
