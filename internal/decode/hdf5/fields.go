package hdf5

import (
	"encoding/binary"
	"errors"

	"github.com/sallyport/sallyport/internal/bounded"
)

// undefined is the address that means "none", cut to the width of addresses.
const undefined = ^uint64(0)

// fields reads numbers from a structure in memory. Behind the end everything is
// zero and bad is set.
type fields struct {
	p   []byte
	at  int
	bad bool
	f   *File
}

func (f *File) fields(p []byte) *fields { return &fields{p: p, f: f} }

func (c *fields) bytes(n int) []byte {
	if n < 0 || n > len(c.p)-c.at {
		c.bad, c.at = true, len(c.p)
		return nil
	}
	c.at += n
	return c.p[c.at-n : c.at]
}

func (c *fields) skip(n int) { c.bytes(n) }

func (c *fields) left() int { return len(c.p) - c.at }

// uint reads a little-endian number of n bytes.
func (c *fields) uint(n int) uint64 {
	var v uint64
	for i, b := range c.bytes(n) {
		if i < 8 {
			v |= uint64(b) << (8 * i)
		}
	}
	return v
}

func (c *fields) u8() int     { return int(c.uint(1)) }
func (c *fields) u16() int    { return int(c.uint(2)) }
func (c *fields) u32() uint32 { return uint32(c.uint(4)) }

// address reads an address; undefined ones are undefined at any width.
func (c *fields) address() uint64 {
	v := c.uint(c.f.offsets)
	if c.f.offsets < 8 && v == 1<<(8*c.f.offsets)-1 {
		return undefined
	}
	return v
}

// length reads a size in bytes or a count; one that no file can have is the
// largest number.
func (c *fields) length() int64 {
	v := c.uint(c.f.lengths)
	if v > 1<<62 {
		return 1 << 62
	}
	return int64(v)
}

// text reads up to a NUL and consumes it.
func (c *fields) text() string {
	for i, b := range c.p[c.at:] {
		if b == 0 {
			s := string(c.p[c.at : c.at+i])
			c.at += i + 1
			return s
		}
	}
	c.bad, c.at = true, len(c.p)
	return ""
}

// align skips to a multiple of n, counted from from.
func (c *fields) align(from, n int) {
	if over := (c.at - from) % n; over != 0 {
		c.skip(n - over)
	}
}

// place turns an address into an offset of the file; false when n bytes do not
// lie there.
func (f *File) place(address uint64, n int64) (int64, bool) {
	size := f.r.Size() - f.base
	if size < 0 || n < 0 || address > uint64(size) || n > size-int64(address) {
		return 0, false
	}
	return f.base + int64(address), true
}

// block reads n bytes at an address.
func (f *File) block(address uint64, n int64) (at int64, p []byte, ok bool) {
	if at, ok = f.place(address, n); !ok {
		return 0, nil, false
	}
	p, ok = f.read(at, n)
	return at, p, ok
}

// read reads n bytes at an offset that was checked. Structures do not overlap, so
// that a file is read once or twice; one whose structures lie in each other is
// not read on.
func (f *File) read(at, n int64) ([]byte, bool) {
	if f.fetched += n; f.fetched > bounded.ExpansionFloor+4*f.r.Size() {
		f.reach("nested-work", bounded.MaxNestedWork)
		return nil, false
	}
	p, err := f.r.Bytes(at, n)
	if err != nil {
		f.Complete = false
		var limit *bounded.LimitError
		if errors.As(err, &limit) {
			f.unread(at, n, "SP-COV-003", "A structure of the file is larger than is read.")
		}
		return nil, false
	}
	return p, true
}

// sum is the checksum of the format: Bob Jenkins' lookup3, starting from zero.
func sum(p []byte) uint32 {
	a := 0xdeadbeef + uint32(len(p))
	b, c := a, a
	for len(p) > 12 {
		a += binary.LittleEndian.Uint32(p)
		b += binary.LittleEndian.Uint32(p[4:])
		c += binary.LittleEndian.Uint32(p[8:])
		a, b, c = mix(a, b, c)
		p = p[12:]
	}
	if len(p) == 0 {
		return c
	}
	var tail [12]byte
	copy(tail[:], p)
	a += binary.LittleEndian.Uint32(tail[:])
	b += binary.LittleEndian.Uint32(tail[4:])
	c += binary.LittleEndian.Uint32(tail[8:])
	return final(a, b, c)
}

func rot(x uint32, k int) uint32 { return x<<k | x>>(32-k) }

func mix(a, b, c uint32) (uint32, uint32, uint32) {
	a = (a - c) ^ rot(c, 4)
	c += b
	b = (b - a) ^ rot(a, 6)
	a += c
	c = (c - b) ^ rot(b, 8)
	b += a
	a = (a - c) ^ rot(c, 16)
	c += b
	b = (b - a) ^ rot(a, 19)
	a += c
	c = (c - b) ^ rot(b, 4)
	b += a
	return a, b, c
}

func final(a, b, c uint32) uint32 {
	c = (c ^ b) - rot(b, 14)
	a = (a ^ c) - rot(c, 11)
	b = (b ^ a) - rot(a, 25)
	c = (c ^ b) - rot(b, 16)
	a = (a ^ c) - rot(c, 4)
	b = (b ^ a) - rot(a, 14)
	return (c ^ b) - rot(b, 24)
}

// checked reports whether a structure ends with its checksum. A wrong one is
// told: the library refuses the structure.
func (f *File) checked(at int64, p []byte, what string) bool {
	if len(p) >= 4 && binary.LittleEndian.Uint32(p[len(p)-4:]) == sum(p[:len(p)-4]) {
		return true
	}
	f.broken(at, "The checksum of "+what+" is wrong.")
	return false
}
