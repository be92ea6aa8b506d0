package hdf5

import (
	"cmp"
	"math/bits"
	"slices"
)

// fractal is a heap that links and attributes lie in when a group or object has
// many of them.
type fractal struct {
	f         *File
	at        int64
	address   uint64
	idLen     int
	width     int
	start     int64 // bytes of the smallest block
	maxDirect int64
	maxObject int64
	offLen    int // bytes of an offset in the heap
	checked   bool
	huge      map[uint64]Range
	blocks    []heapBlock
	used      []Range // objects in blocks
	stop      bool
}

// heapBlock is a block that holds objects.
type heapBlock struct {
	off  int64 // in the space of the heap
	size int64
	at   int64 // in the file
}

// fractalHeap reads a heap and all its blocks; nil when it cannot be read.
func (f *File) fractalHeap(address uint64) *fractal {
	n := int64(4 + 1 + 2 + 2 + 1 + 4 + 12*f.lengths + 3*f.offsets + 2 + 2 + 2 + 2 + 4)
	at, p, ok := f.block(address, n)
	if !ok || string(p[:4]) != "FRHP" || p[4] != 0 || !f.visit(at) {
		f.broken(at, "A heap of links or attributes is not where it should be.")
		return nil
	}
	h := &fractal{f: f, at: at, address: address}
	c := f.fields(p)
	c.skip(5)
	h.idLen = c.u16()
	filters := c.u16()
	h.checked = c.u8()&2 != 0
	h.maxObject = int64(c.u32())
	c.skip(f.lengths)
	hugeTree := c.address()
	c.skip(f.lengths)
	manager := c.address()
	c.skip(8 * f.lengths)
	h.width = c.u16()
	h.start, h.maxDirect = c.length(), c.length()
	h.offLen = (c.u16() + 7) / 8
	c.skip(2)
	root := c.address()
	rows := c.u16()
	if filters != 0 {
		f.unsupported(at, n, "A heap of links or attributes is packed by filters.")
		return nil
	}
	f.claim(asStructure, at, n)
	if !f.checked(at, p, "a heap of links or attributes") || !h.sane() {
		return nil
	}
	if manager != undefined {
		f.freeManager(manager)
	}
	if hugeTree != undefined {
		h.readHuge(hugeTree)
	}
	if root != undefined {
		if rows == 0 {
			h.direct(root, 0, h.start)
		} else {
			h.indirect(root, 0, rows, 0)
		}
	}
	slices.SortFunc(h.blocks, func(a, b heapBlock) int { return cmp.Compare(a.off, b.off) })
	return h
}

func (h *fractal) sane() bool {
	power := func(n int64) bool { return n > 0 && n&(n-1) == 0 && n <= 1<<30 }
	if h.width <= 0 || h.width > 1<<12 || !power(int64(h.width)) || !power(h.start) || !power(h.maxDirect) || h.maxDirect < h.start || h.offLen < 1 || h.offLen > 8 {
		h.f.broken(h.at, "A heap of links or attributes has impossible blocks.")
		return false
	}
	return true
}

// rowSize is the size of the blocks in a row.
func (h *fractal) rowSize(row int) int64 {
	if row == 0 {
		return h.start
	}
	if row-1+bits.Len64(uint64(h.start)) > 62 {
		return 1 << 62
	}
	return h.start << (row - 1)
}

// directRows is how many rows hold objects themselves.
func (h *fractal) directRows() int {
	return bits.Len64(uint64(h.maxDirect)) - bits.Len64(uint64(h.start)) + 2
}

// direct reads a block of objects.
func (h *fractal) direct(address uint64, off, size int64) {
	at, p, ok := h.f.block(address, size)
	if !ok || string(p[:4]) != "FHDB" || p[4] != 0 || !h.f.visit(at) || !h.f.items(1) {
		h.fail(at)
		return
	}
	h.f.claim(asStructure, at, size)
	h.blocks = append(h.blocks, heapBlock{off, size, at})
	if !h.checked {
		return
	}
	// The checksum is computed as if its own field were zero.
	place := 5 + h.f.offsets + h.offLen
	if place+4 > len(p) {
		h.fail(at)
		return
	}
	clean := slices.Clone(p)
	clear(clean[place : place+4])
	if h.f.fields(p[place:]).u32() != sum(clean) {
		h.f.broken(at, "The checksum of a heap block is wrong.")
	}
}

func (h *fractal) fail(at int64) {
	h.stop = true
	h.f.broken(at, "A block of a heap is not what it should be.")
}

// indirect reads a block of addresses of blocks.
func (h *fractal) indirect(address uint64, off int64, rows, depth int) {
	if depth > 40 || rows > 64 {
		h.fail(h.at)
		return
	}
	direct := min(rows, h.directRows())
	n := int64(5 + h.f.offsets + h.offLen + rows*h.width*h.f.offsets + 4)
	at, p, ok := h.f.block(address, n)
	if !ok || string(p[:4]) != "FHIB" || p[4] != 0 || !h.f.visit(at) || !h.f.items(int64(rows*h.width)) {
		h.fail(at)
		return
	}
	h.f.claim(asStructure, at, n)
	if !h.f.checked(at, p, "a block of a heap") {
		return
	}
	c := h.f.fields(p)
	c.skip(5 + h.f.offsets + h.offLen)
	for row := range rows {
		size := h.rowSize(row)
		for range h.width {
			child := c.address()
			if child != undefined && !h.stop {
				if row < direct {
					h.direct(child, off, size)
				} else {
					h.indirect(child, off, h.rowsOf(size), depth+1)
				}
			}
			if off += size; off < 0 || off > 1<<61 {
				h.fail(at)
				return
			}
		}
	}
}

// rowsOf is how many rows an indirect block has that spans size bytes.
func (h *fractal) rowsOf(size int64) int {
	return bits.Len64(uint64(size)) - bits.Len64(uint64(h.start)) - (bits.Len64(uint64(h.width)) - 1) + 1
}

// readHuge notes where objects lie that are too large for blocks.
func (h *fractal) readHuge(address uint64) {
	h.huge = map[uint64]Range{}
	h.f.tree2(address, 1, func(rec []byte) bool {
		c := h.f.fields(rec)
		address, n, id := c.address(), c.length(), c.uint(h.f.lengths)
		at, ok := h.f.place(address, n)
		if c.bad || !ok {
			h.fail(h.at)
			return false
		}
		h.huge[id] = Range{at, n}
		h.f.claim(asStructure, at, n)
		return true
	})
}

// object finds an object by its name in the heap.
func (h *fractal) object(id []byte) (p []byte, at int64, ok bool) {
	if len(id) == 0 {
		return nil, 0, false
	}
	switch id[0] >> 4 & 3 {
	case 0:
		return h.managed(id[1:])
	case 1:
		r, ok := h.huge[h.f.fields(id[1:]).uint(min(h.f.lengths, len(id)-1))]
		if !ok {
			return nil, 0, false
		}
		p, ok := h.f.read(r.Offset, r.Length)
		return p, r.Offset, ok
	case 2:
		n := int(id[0]&15) + 1
		if n > len(id)-1 {
			return nil, 0, false
		}
		return id[1 : 1+n], h.at, true
	}
	return nil, 0, false
}

func (h *fractal) managed(id []byte) (p []byte, at int64, ok bool) {
	c := h.f.fields(id)
	off := int64(c.uint(h.offLen))
	n := int64(c.uint(min(encodedLen(max(1, h.maxDirect)), encodedLen(max(1, h.maxObject)))))
	if c.bad || off < 0 {
		return nil, 0, false
	}
	i, found := slices.BinarySearchFunc(h.blocks, off, func(b heapBlock, off int64) int { return cmp.Compare(b.off, off) })
	if !found {
		i--
	}
	if i < 0 {
		return nil, 0, false
	}
	b := &h.blocks[i]
	from := off - b.off
	if n < 0 || from > b.size || n > b.size-from {
		return nil, 0, false
	}
	h.used = append(h.used, Range{b.at + from, n})
	p, ok = h.f.read(b.at+from, n)
	return p, b.at + from, ok
}

// listFree lists what lies between the objects that were read.
func (h *fractal) listFree() {
	h.used = disjoint(h.used)
	slices.SortFunc(h.blocks, func(a, b heapBlock) int { return cmp.Compare(a.at, b.at) })
	i := 0
	for _, b := range h.blocks {
		pos := b.at + int64(5+h.f.offsets+h.offLen)
		for ; i < len(h.used) && h.used[i].Offset < b.at+b.size; i++ {
			h.f.free(pos, h.used[i].Offset-pos)
			pos = max(pos, h.used[i].End())
		}
		h.f.free(pos, b.at+b.size-pos)
	}
}
