package flatbuffer

import (
	"encoding/binary"
	"math"

	"github.com/sallyport/sallyport/internal/bounded"
)

const (
	pageSize  = 4096 // one read
	pageCount = 64   // pages kept
)

// pages reads a view in pages: objects lie between payload, which stays unread.
type pages struct {
	r     *bounded.Reader
	mem   []byte
	size  int64 // offsets are 32 bits: what lies beyond 4 GiB is out of reach
	slots [pageCount]page
}

type page struct {
	number int64 // from 1; 0 when the slot is empty
	bytes  []byte
}

func newPages(r *bounded.Reader) *pages {
	return &pages{r: r, mem: r.Memory(), size: min(r.Size(), math.MaxUint32)}
}

// get returns n bytes, at most eight, at the offset.
func (p *pages) get(off int64, n int) ([]byte, bool) {
	if off < 0 || off > p.size-int64(n) {
		return nil, false
	}
	if p.mem != nil {
		return p.mem[off : off+int64(n)], true
	}
	at := off % pageSize
	first, ok := p.page(off / pageSize)
	if ok && at+int64(n) <= int64(len(first)) {
		return first[at : at+int64(n)], true
	}
	if !ok {
		return nil, false
	}
	next, ok := p.page(off/pageSize + 1)
	if !ok {
		return nil, false
	}
	both := append(make([]byte, 0, n), first[at:]...)
	return append(both, next[:n-len(both)]...), true
}

func (p *pages) page(i int64) ([]byte, bool) {
	slot := &p.slots[i%pageCount]
	if slot.number == i+1 {
		return slot.bytes, true
	}
	if slot.bytes == nil {
		slot.bytes = make([]byte, pageSize)
	}
	n := min(p.size-i*pageSize, pageSize)
	slot.number, slot.bytes = 0, slot.bytes[:n]
	if got, err := p.r.ReadAt(slot.bytes, i*pageSize); int64(got) != n || err != nil {
		return nil, false
	}
	slot.number = i + 1
	return slot.bytes, true
}

func (p *pages) u16(off int64) (uint16, bool) {
	b, ok := p.get(off, 2)
	if !ok {
		return 0, false
	}
	return binary.LittleEndian.Uint16(b), true
}

func (p *pages) u32(off int64) (uint32, bool) {
	b, ok := p.get(off, 4)
	if !ok {
		return 0, false
	}
	return binary.LittleEndian.Uint32(b), true
}

// number reads a little-endian integer of 1, 2, 4 or 8 bytes.
func (p *pages) number(off, size int64, signed bool) (int64, bool) {
	b, ok := p.get(off, int(size))
	if !ok {
		return 0, false
	}
	var v uint64
	for i := range b {
		v |= uint64(b[i]) << (8 * i)
	}
	if shift := 64 - 8*uint(size); signed {
		return int64(v<<shift) >> shift, true
	}
	return int64(v), true
}

// zeros reports whether n bytes are zeros.
func (p *pages) zeros(off, n int64) bool { return p.run(off, n) == n }

// run is how many of n bytes are zeros before the first that is not.
func (p *pages) run(off, n int64) int64 {
	for i := range n {
		if b, ok := p.get(off+i, 1); !ok || b[0] != 0 {
			return i
		}
	}
	return n
}
