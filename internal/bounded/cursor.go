package bounded

import (
	"bytes"
	"encoding/binary"
	"io"
	"sync"
)

// cursorBuffer is the usual size of a Cursor's buffer in bytes.
const cursorBuffer = 64 << 10

var cursorPool = sync.Pool{New: func() any { b := make([]byte, cursorBuffer); return &b }}

// Cursor reads a view forward through a buffer. It allocates nothing per read;
// slices it returns are valid until the next call. Close gives the buffer back.
type Cursor struct {
	r      *Reader
	pooled *[]byte
	buf    []byte // filled part of the buffer
	pos    int    // next byte in buf
	start  int64  // offset of buf[0] in the view
}

// NewCursor starts at off.
func (r *Reader) NewCursor(off int64) *Cursor {
	c := &Cursor{r: r, start: off}
	if r.mem != nil {
		c.buf, c.start = r.mem, 0
		c.pos = int(min(max(off, 0), r.size))
	}
	return c
}

// Close ends the use of the cursor and of all slices it returned.
func (c *Cursor) Close() {
	if c.pooled != nil {
		cursorPool.Put(c.pooled)
	}
	c.pooled, c.buf = nil, nil
}

// Offset is the position of the next byte in the view.
func (c *Cursor) Offset() int64 { return c.start + int64(c.pos) }

// Remaining is the number of bytes from here to the end of the view.
func (c *Cursor) Remaining() int64 { return c.r.size - c.Offset() }

// Byte reads one byte; at the end of the view it returns io.EOF.
func (c *Cursor) Byte() (byte, error) {
	if c.pos == len(c.buf) {
		if c.Remaining() <= 0 {
			return 0, io.EOF
		}
		if err := c.need(1); err != nil {
			return 0, err
		}
	}
	b := c.buf[c.pos]
	c.pos++
	return b, nil
}

// Window is what is buffered from here on, at least one byte except at the end
// of the view. Use it with Advance for tight loops.
func (c *Cursor) Window() ([]byte, error) {
	if c.pos == len(c.buf) && c.Remaining() > 0 {
		if err := c.need(1); err != nil {
			return nil, err
		}
	}
	return c.buf[c.pos:], nil
}

// Advance consumes n bytes of the Window.
func (c *Cursor) Advance(n int) { c.pos += n }

// Peek returns the next n bytes without consuming them. n is at most MaxBlock.
func (c *Cursor) Peek(n int64) ([]byte, error) {
	if int64(len(c.buf)-c.pos) < n {
		if n > c.Remaining() {
			return nil, ErrTruncated
		}
		if n > MaxBlock {
			return nil, c.r.budget.Reach("block", MaxBlock)
		}
		if err := c.need(int(n)); err != nil {
			return nil, err
		}
	}
	return c.buf[c.pos : c.pos+int(n)], nil
}

// Next returns and consumes the next n bytes.
func (c *Cursor) Next(n int64) ([]byte, error) {
	if n < 0 {
		return nil, ErrTruncated
	}
	p, err := c.Peek(n)
	if err == nil {
		c.pos += int(n)
	}
	return p, err
}

// Skip moves forward by n bytes without reading them.
func (c *Cursor) Skip(n int64) error {
	if n < 0 || n > c.Remaining() {
		return ErrTruncated
	}
	if n <= int64(len(c.buf)-c.pos) {
		c.pos += int(n)
		return nil
	}
	c.start, c.pos, c.buf = c.Offset()+n, 0, c.buf[:0]
	return nil
}

// Line returns the bytes up to the next newline and consumes both; the newline
// is not included. Without one within limit bytes it returns ErrTruncated at the
// end of the view, else the limit "string-kept".
func (c *Cursor) Line(limit int) ([]byte, error) {
	for want := 1; ; {
		if i := bytes.IndexByte(c.buf[c.pos:], '\n'); i >= 0 && i <= limit {
			line := c.buf[c.pos : c.pos+i]
			c.pos += i + 1
			return line, nil
		}
		have := len(c.buf) - c.pos
		if have > limit {
			return nil, c.r.budget.Reach("string-kept", int64(limit))
		}
		if int64(have) >= c.Remaining() {
			return nil, ErrTruncated
		}
		want = int(min(c.Remaining(), int64(max(2*have, cursorBuffer/2))))
		if err := c.need(want); err != nil {
			return nil, err
		}
	}
}

// Uint16, Uint32 and Uint64 read little-endian numbers.
func (c *Cursor) Uint16() (uint16, error) {
	p, err := c.Next(2)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint16(p), nil
}

// Uint32 reads four bytes, little-endian.
func (c *Cursor) Uint32() (uint32, error) {
	p, err := c.Next(4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(p), nil
}

// Uint64 reads eight bytes, little-endian.
func (c *Cursor) Uint64() (uint64, error) {
	p, err := c.Next(8)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(p), nil
}

// need makes at least n bytes available from pos on; the caller has checked
// that the view holds them.
func (c *Cursor) need(n int) error {
	if c.r.mem != nil {
		return ErrTruncated // the whole view is buffered: there is no more
	}
	if c.pooled == nil {
		c.pooled = cursorPool.Get().(*[]byte)
	}
	keep := c.buf[c.pos:]
	store := *c.pooled
	if n > len(store) {
		store = make([]byte, n) // grows for this cursor only; the pool keeps the usual size
	} else if len(c.buf) > 0 && cap(c.buf) > len(store) {
		store = c.buf[:cap(c.buf)]
	}
	kept := copy(store, keep)
	at := c.start + int64(c.pos)
	fill := store[kept:min(int64(len(store)), c.r.size-at)]
	if err := c.r.fill(fill, at+int64(kept)); err != nil {
		c.buf, c.pos, c.start = store[:kept], 0, at
		return err
	}
	c.buf, c.pos, c.start = store[:kept+len(fill)], 0, at
	return nil
}
