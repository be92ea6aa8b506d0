package protobuf

import (
	"bytes"
	"iter"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/bounded"
)

// Enter makes sub the message that the present field holds: a length-delimited
// one or a group. Its type is that of the schema. Beyond bounded.MaxRecursion
// the walk ends with the limit "recursion" and Enter returns false.
func (m *Message) Enter(sub *Message) bool {
	if m.Wire != Bytes && m.Wire != Group || m.w.fatal != nil {
		return false
	}
	if m.depth+1 > bounded.MaxRecursion {
		m.w.fatal = m.w.r.Budget().Reach("recursion", bounded.MaxRecursion)
		return false
	}
	*sub = Message{Start: m.Data, End: m.Data + m.Length, next: m.Data, depth: m.depth + 1, w: m.w}
	if m.Decl != nil {
		sub.Type = m.Decl.Message
	}
	return true
}

// Head returns the first most bytes of the value of the present field, all of
// them when it is shorter. They are valid until the next call on any message of
// the walk. nil when they cannot be read.
func (m *Message) Head(most int64) []byte {
	n := min(m.Length, most)
	if n == 0 {
		return []byte{}
	}
	return m.peek(m.Data, n)
}

// Text is the value of the present field as a string, cut at
// bounded.MaxStringKept. It may be no UTF-8: see IsText.
func (m *Message) Text() string { return string(m.Head(bounded.MaxStringKept)) }

// Reader is a view of the value of the present field.
func (m *Message) Reader() *bounded.Reader {
	r, err := m.w.r.Section(m.Data, m.Length)
	if err != nil { // the field was checked to lie inside
		return bounded.NewBytes(nil, m.w.r.Budget())
	}
	return r
}

// IsText reports whether the value of the present field, of any length, is UTF-8
// without NUL. It reads all of it.
func (m *Message) IsText() bool {
	text := true
	m.blocks(func(p []byte, last bool) (keep int) {
		if !last {
			keep = partial(p)
		}
		p = p[:len(p)-keep]
		if text = utf8.Valid(p) && bytes.IndexByte(p, 0) < 0; !text {
			return -1
		}
		return keep
	})
	return text && m.w.fatal == nil
}

// partial is how many bytes at the end of p begin a character that does not end in p.
func partial(p []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		if tail := p[len(p)-n:]; utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}

// Count is how many numbers the present field holds: one, or those that are
// packed in it. Packed varints are counted by reading them all, without a look at
// their length: Numbers refuses more than ten bytes. ok is false when the last one
// is cut off.
func (m *Message) Count(w Wire) (n int64, ok bool) {
	if m.Wire != Bytes {
		return 1, true
	}
	switch w {
	case Fixed32:
		return m.Length / 4, m.Length%4 == 0
	case Fixed64:
		return m.Length / 8, m.Length%8 == 0
	}
	ok = m.Length == 0
	m.blocks(func(p []byte, last bool) int {
		n += terminators(p)
		ok = last && p[len(p)-1] < 0x80
		return 0
	})
	return n, ok && m.w.fatal == nil
}

// blocks reads the value of the present field piece by piece. take returns how
// many bytes at the end of a piece it wants to see again, or -1 to stop.
func (m *Message) blocks(take func(p []byte, last bool) (keep int)) {
	end := m.Data + m.Length
	for at := m.Data; at < end; {
		p := m.peek(at, min(end-at, blockSize))
		if p == nil {
			return
		}
		keep := take(p, at+int64(len(p)) == end)
		if keep < 0 {
			return
		}
		at += int64(len(p) - keep)
	}
}

const blockSize = 32 << 10 // bytes, below what a cursor buffers

// Numbers yields the numbers of the present field, which holds one or, packed,
// many of them; w is how a single one is written (Decl.Wire). What is cut off at
// the end fails the message, as it does in every parser.
func (m *Message) Numbers(w Wire) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		if m.Wire != Bytes {
			yield(m.Value)
			return
		}
		end := m.Data + m.Length
		for at := m.Data; at < end; {
			var f Field
			f.Wire, f.Data = w, at
			p := m.peek(at, min(maxVarint, end-at))
			if p == nil || !m.value(&f, p, end) {
				return
			}
			m.Odd |= f.Odd
			if at = f.behind; !yield(f.Value) {
				return
			}
		}
	}
}
