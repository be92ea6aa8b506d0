package hdf5

import "math/bits"

// fixedArray reads the index of a dataset whose shape cannot grow.
func (x *chunkIndex) fixedArray(address uint64) {
	if address == undefined {
		return
	}
	f := x.f
	n := int64(8 + f.lengths + f.offsets + 4)
	at, p, ok := f.block(address, n)
	if !ok || string(p[:4]) != "FAHD" || p[4] != 0 || !f.visit(at) {
		x.fail(at)
		return
	}
	f.claim(asStructure, at, n)
	if !f.checked(at, p, "an index of chunks") {
		return
	}
	c := f.fields(p)
	c.skip(6)
	entry, page := c.u8(), c.u8()
	count, data := c.length(), c.address()
	if !x.entrySize(entry) || page > 30 || count > bounded32 {
		x.fail(at)
		return
	}
	if data != undefined {
		x.fixedData(data, count, page)
	}
}

// bounded32 is the largest number of entries of an array that is looked at: more
// do not fit into the limit of chunks.
const bounded32 = 1 << 31

func (x *chunkIndex) fixedData(address uint64, count int64, pageBits int) {
	f := x.f
	prefix := int64(6 + f.offsets)
	page := int64(1) << pageBits
	pages := int64(0)
	if count > page {
		pages = (count + page - 1) / page
		prefix += (pages + 7) / 8
	}
	n := prefix + 4
	if pages == 0 {
		n += count * int64(x.entry)
	}
	at, p, ok := f.block(address, n)
	if !ok || string(p[:4]) != "FADB" || !f.visit(at) {
		x.fail(at)
		return
	}
	f.claim(asStructure, at, n)
	if !f.checked(at, p, "an index of chunks") {
		return
	}
	if pages == 0 {
		x.entries(f.fields(p[prefix:n-4]), count)
		return
	}
	x.pages(at+n, p[6+f.offsets:prefix], count, page)
}

// pages reads entries that lie in pages, each with a checksum. A page whose bit
// is not set was never written.
func (x *chunkIndex) pages(at int64, written []byte, count, page int64) {
	f := x.f
	for i := int64(0); count > 0 && !x.stop; i++ {
		some := min(count, page)
		n := some*int64(x.entry) + 4
		if at > f.r.Size()-n {
			x.fail(at)
			return
		}
		if i/8 < int64(len(written)) && written[i/8]&(0x80>>(i%8)) != 0 {
			p, ok := f.read(at, n)
			if !ok || !f.checked(at, p, "a page of an index of chunks") {
				return
			}
			f.claim(asStructure, at, n)
			x.entries(f.fields(p[:n-4]), some)
		} else {
			f.claim(asStructure, at, n)
			f.free(at, n)
		}
		if !f.items(1) {
			return
		}
		count -= some
		at += n
	}
}

// growing is what an extensible array says of itself.
type growing struct {
	x        *chunkIndex
	inIndex  int64 // entries in the index block
	minData  int64 // entries of the smallest data block
	minPtrs  int64 // data blocks of the smallest super block
	pageBits int
	offLen   int64 // bytes of a number of an entry
	supers   int   // super blocks in all
}

// extensibleArray reads the index of a dataset that grows in one direction.
func (x *chunkIndex) extensibleArray(address uint64) {
	if address == undefined {
		return
	}
	f := x.f
	n := int64(12 + 6*f.lengths + f.offsets + 4)
	at, p, ok := f.block(address, n)
	if !ok || string(p[:4]) != "EAHD" || p[4] != 0 || !f.visit(at) {
		x.fail(at)
		return
	}
	f.claim(asStructure, at, n)
	if !f.checked(at, p, "an index of chunks") {
		return
	}
	c := f.fields(p)
	c.skip(6)
	entry, maxBits := c.u8(), c.u8()
	g := growing{x: x, inIndex: int64(c.u8()), minData: int64(c.u8()), minPtrs: int64(c.u8()), pageBits: c.u8(), offLen: int64(maxBits+7) / 8}
	c.skip(6 * f.lengths)
	block := c.address()
	log := bits.Len64(uint64(g.minData)) - 1
	if !x.entrySize(entry) || g.minData&(g.minData-1) != 0 || g.minData == 0 || g.minPtrs < 1 || g.minPtrs&(g.minPtrs-1) != 0 || maxBits > 64 || maxBits < log || g.pageBits > 30 {
		x.fail(at)
		return
	}
	g.supers = 1 + maxBits - log
	if block != undefined {
		g.index(block)
	}
}

// index reads the index block: some entries, addresses of data blocks, and of
// super blocks.
func (g *growing) index(address uint64) {
	x, f := g.x, g.x.f
	direct := 2 * (g.minPtrs - 1)
	first := 2 * (bits.Len64(uint64(g.minPtrs)) - 1) // super blocks whose data blocks are listed here
	rest := max(0, g.supers-first)
	n := int64(6+f.offsets) + g.inIndex*int64(x.entry) + (direct+int64(rest))*int64(f.offsets) + 4
	at, p, ok := f.block(address, n)
	if !ok || string(p[:4]) != "EAIB" || !f.visit(at) {
		x.fail(at)
		return
	}
	f.claim(asStructure, at, n)
	if !f.checked(at, p, "an index of chunks") {
		return
	}
	c := f.fields(p[:n-4])
	c.skip(6 + f.offsets)
	x.entries(c, g.inIndex)
	for super, done := 0, int64(0); done < direct && !x.stop && super < g.supers; super++ {
		for range g.blocks(super) {
			if a := c.address(); a != undefined && done < direct && !x.stop {
				g.data(a, g.entriesIn(super), nil)
			}
			done++
		}
	}
	for super := first; super < first+rest && !x.stop; super++ {
		if a := c.address(); a != undefined {
			g.super(a, super)
		}
	}
}

// blocks is how many data blocks a super block has, entriesIn how many entries
// each of them.
func (g *growing) blocks(super int) int64    { return 1 << min(super/2, 40) }
func (g *growing) entriesIn(super int) int64 { return g.minData << min((super+1)/2, 40) }

// bitmap is how many bytes say which pages of a data block were written.
func (g *growing) bitmap(entries int64) int64 {
	if page := int64(1) << g.pageBits; entries > page {
		return (entries/page + 7) / 8
	}
	return 0
}

func (g *growing) super(address uint64, super int) {
	x, f := g.x, g.x.f
	count, entries := g.blocks(super), g.entriesIn(super)
	pages := g.bitmap(entries)
	if count > bounded32 || pages > bounded32/max(1, count) {
		x.fail(-1)
		return
	}
	n := int64(6+f.offsets) + g.offLen + count*pages + count*int64(f.offsets) + 4
	at, p, ok := f.block(address, n)
	if !ok || string(p[:4]) != "EASB" || !f.visit(at) {
		x.fail(at)
		return
	}
	f.claim(asStructure, at, n)
	if !f.checked(at, p, "an index of chunks") {
		return
	}
	c := f.fields(p[:n-4])
	c.skip(6 + f.offsets + int(g.offLen))
	written := c.bytes(int(count * pages))
	for i := int64(0); i < count && !x.stop; i++ {
		if a := c.address(); a != undefined {
			g.data(a, entries, written[i*pages:(i+1)*pages])
		}
	}
}

// data reads a data block. A long one has pages; written says which were.
func (g *growing) data(address uint64, entries int64, written []byte) {
	x, f := g.x, g.x.f
	n := int64(6+f.offsets) + g.offLen + 4
	paged := g.bitmap(entries) > 0
	if !paged {
		n += entries * int64(x.entry)
	}
	at, p, ok := f.block(address, n)
	if !ok || string(p[:4]) != "EADB" || !f.visit(at) {
		x.fail(at)
		return
	}
	f.claim(asStructure, at, n)
	if !f.checked(at, p, "an index of chunks") {
		return
	}
	if paged {
		x.pages(at+n, written, entries, 1<<g.pageBits)
		return
	}
	c := f.fields(p[:n-4])
	c.skip(6 + f.offsets + int(g.offLen))
	x.entries(c, entries)
}
