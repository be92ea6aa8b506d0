package protobuf

import (
	"encoding/binary"
	"math/bits"

	"github.com/sallyport/sallyport/internal/bounded"
)

const (
	maxVarint = 10 // bytes
	maxHead   = 2 * maxVarint
	maxNumber = 1<<29 - 1
)

// Next moves to the next field and reports whether there is one. What an
// entered message left unread is skipped.
func (m *Message) Next() bool {
	if m.next < m.Start {
		m.next = m.Start
	}
	if m.err != nil || m.w.fatal != nil || m.next >= m.End {
		return false
	}
	if err := m.w.r.Budget().Items(1); err != nil {
		m.w.fatal = err
		return false
	}
	if !m.field(&m.Field, m.next, m.End) {
		return false
	}
	if m.Wire == endMark {
		return m.fail(m.Offset, "a group ends that has not begun")
	}
	if m.Wire == Group && !m.group() {
		return false
	}
	m.next = m.behind
	m.declare()
	return true
}

// fail ends this message. It returns false.
func (m *Message) fail(off int64, what string) bool {
	if m.err == nil {
		m.err = &SyntaxError{off, what}
	}
	return false
}

// seek brings the cursor to an offset of the view.
func (m *Message) seek(off int64) bool {
	c := m.w.c
	if off < c.Offset() {
		c.Close()
		c = m.w.r.NewCursor(off)
		m.w.c = c
	}
	return c.Skip(off-c.Offset()) == nil
}

// peek returns n bytes at off, which the caller knows to lie in the view. They
// are valid until the next call.
func (m *Message) peek(off, n int64) []byte {
	if !m.seek(off) {
		return nil
	}
	p, err := m.w.c.Peek(n)
	if err != nil {
		m.w.fatal = err
		return nil
	}
	return p
}

// field reads the tag at off, and the number or length behind it.
func (m *Message) field(f *Field, off, end int64) bool {
	p := m.peek(off, min(maxHead, end-off))
	if p == nil {
		return false
	}
	tag, n, odd := varint(p)
	switch {
	case n == 0:
		return m.fail(off, "the number of a field does not end")
	case tag>>3 == 0 || tag>>3 > maxNumber || odd&Overflow != 0:
		return m.fail(off, "a field has an impossible number")
	}
	*f = Field{Number: int32(tag >> 3), Wire: Wire(tag & 7), Odd: odd, Offset: off, Data: off + int64(n)}
	return m.value(f, p[n:], end)
}

// value reads what stands behind the tag; p begins there.
func (m *Message) value(f *Field, p []byte, end int64) bool {
	switch f.Wire {
	case Varint, Bytes:
		v, n, odd := varint(p)
		f.Odd |= odd
		if n == 0 {
			return m.fail(f.Data, "a number does not end")
		}
		if f.Wire == Varint {
			f.Value, f.Length = v, int64(n)
			break
		}
		f.Data += int64(n)
		if odd&Overflow != 0 || v > uint64(end-f.Data) {
			return m.fail(f.Offset, "a field is longer than what holds it")
		}
		f.Length = int64(v)
	case Fixed32:
		if f.Length = 4; len(p) < 4 {
			return m.fail(f.Data, "a number is cut off")
		}
		f.Value = uint64(binary.LittleEndian.Uint32(p))
	case Fixed64:
		if f.Length = 8; len(p) < 8 {
			return m.fail(f.Data, "a number is cut off")
		}
		f.Value = binary.LittleEndian.Uint64(p)
	case Group, endMark:
	default:
		return m.fail(f.Offset, "a field has an impossible type")
	}
	f.behind = f.Data + f.Length
	return true
}

// group finds the end of the group that the present field opens.
func (m *Message) group() bool {
	open := []int32{m.Number}
	for at := m.Data; at < m.End; {
		var f Field
		if err := m.w.r.Budget().Items(1); err != nil {
			m.w.fatal = err
			return false
		}
		if !m.field(&f, at, m.End) {
			return false
		}
		at = f.behind
		switch f.Wire {
		case Group:
			if open = append(open, f.Number); len(open)+m.depth > bounded.MaxRecursion {
				m.w.fatal = m.w.r.Budget().Reach("recursion", bounded.MaxRecursion)
				return false
			}
		case endMark:
			if open[len(open)-1] != f.Number {
				return m.fail(f.Offset, "a group ends that has not begun")
			}
			if open = open[:len(open)-1]; len(open) == 0 {
				m.Length, m.behind = f.Offset-m.Data, at
				return true
			}
		}
	}
	return m.fail(m.Offset, "a group does not end")
}

// declare looks the field up in the schema.
func (m *Message) declare() {
	m.Decl, m.Again = nil, false
	if m.Type == nil {
		return
	}
	d := m.Type.Field(m.Number)
	if d == nil || !d.fits(m.Wire) {
		return
	}
	m.Decl = d
	if d.Repeated {
		return
	}
	word, bit := d.slot/64, uint64(1)<<(d.slot%64)
	m.Again = m.seen[word]&bit != 0
	m.seen[word] |= bit
}

// varint decodes the number at the beginning of p. n is 0 when it does not end
// within p or within ten bytes.
func varint(p []byte) (v uint64, n int, odd Odd) {
	for n < len(p) && n < maxVarint {
		b := p[n]
		v |= uint64(b&0x7f) << (7 * n)
		if n++; b < 0x80 {
			if b == 0 && n > 1 {
				odd = Overlong
			}
			if n == maxVarint && b > 1 {
				odd = Overflow
			}
			return v, n, odd
		}
	}
	return 0, 0, 0
}

// terminators counts the bytes that end a varint.
func terminators(p []byte) (n int64) {
	for ; len(p) >= 8; p = p[8:] {
		n += int64(8 - bits.OnesCount64(binary.LittleEndian.Uint64(p)&0x8080808080808080))
	}
	for _, b := range p {
		if b < 0x80 {
			n++
		}
	}
	return n
}
