package hdf5

import (
	"fmt"

	"github.com/sallyport/sallyport/internal/bounded"
)

// layout reads where the elements are and claims them.
func (f *File) layout(d *Data, m *message) bool {
	if m.shared {
		f.unsupported(m.at, int64(len(m.p)), "A layout is shared with other objects.")
		return true
	}
	c := f.fields(m.p)
	switch version := c.u8(); version {
	case 1, 2:
		return f.layoutOld(d, c, m)
	case 3, 4, 5:
		return f.layoutNew(d, c, m, version)
	}
	return false
}

func (f *File) layoutOld(d *Data, c *fields, m *message) bool {
	rank, class := c.u8(), c.u8()
	c.skip(5)
	if rank > 33 || class > 2 {
		return false
	}
	address := undefined
	if class != 0 {
		address = c.address()
	}
	var dims []int64
	for range rank {
		dims = append(dims, int64(c.u32()))
	}
	switch d.Layout = Layout(class); d.Layout {
	case Compact:
		return f.compact(d, c, m, int(c.u32()))
	case Contiguous:
		return !c.bad && f.contiguous(d, address, d.Declared(), m)
	}
	return !c.bad && f.chunks1(d, address, dims, m)
}

func (f *File) layoutNew(d *Data, c *fields, m *message, version int) bool {
	class := c.u8()
	d.Layout = Layout(class)
	switch {
	case d.Layout == Compact:
		return f.compact(d, c, m, c.u16())
	case d.Layout == Contiguous:
		address, n := c.address(), c.length()
		return !c.bad && f.contiguous(d, address, n, m)
	case d.Layout == Chunked && version == 3:
		rank := c.u8()
		address := c.address()
		var dims []int64
		for range min(rank, 33) {
			dims = append(dims, int64(c.u32()))
		}
		return !c.bad && rank <= 33 && f.chunks1(d, address, dims, m)
	case d.Layout == Chunked:
		return f.chunks4(d, c, m)
	case d.Layout == Virtual && version >= 4:
		return f.virtual(d, c)
	}
	return false
}

func (f *File) compact(d *Data, c *fields, m *message, n int) bool {
	at := m.at + int64(c.at)
	if c.skip(n); c.bad {
		return false
	}
	d.Place, d.Stored = Range{at, int64(n)}, int64(n)
	return f.size(d, m, int64(n))
}

// size compares what is stored with what the shape says.
func (f *File) size(d *Data, m *message, n int64) bool {
	if want := d.Declared(); n != want {
		f.unread(m.at, 0, "SP-COV-016", fmt.Sprintf("A dataset stores %d bytes; its shape and type say %d.", n, want))
	}
	return true
}

func (f *File) contiguous(d *Data, address uint64, n int64, m *message) bool {
	if address == undefined || len(d.External) > 0 {
		return true // nothing is stored here
	}
	at, ok := f.place(address, n)
	if !ok {
		f.broken(m.at, "The elements of a dataset lie outside of the file.")
		return true
	}
	d.Place, d.Stored = Range{at, n}, n
	f.claimTyped(asPayload, at, n, d.Type.Plain())
	return f.size(d, m, n)
}

// chunkBytes is what a chunk takes in memory; dims are in elements, the size of
// an element last.
func chunkBytes(dims []int64) int64 { return product(dims, 1) }

// shapeOfChunk checks the size of a chunk and takes it over.
func (f *File) shapeOfChunk(d *Data, dims []int64, m *message) bool {
	if len(dims) != len(d.Dims)+1 {
		return false
	}
	for _, n := range dims {
		if n <= 0 {
			return false
		}
	}
	d.Chunk = dims[:len(dims)-1]
	if last := dims[len(dims)-1]; last != d.Type.Size {
		f.unread(m.at, 0, "SP-COV-016", fmt.Sprintf("The chunks of a dataset have elements of %d bytes; its type has %d.", last, d.Type.Size))
	}
	return true
}

// chunks1 reads the index of chunks of all layouts before 4: a B-tree.
func (f *File) chunks1(d *Data, address uint64, dims []int64, m *message) bool {
	if !f.shapeOfChunk(d, dims, m) {
		return false
	}
	if address == undefined {
		return true
	}
	whole := chunkBytes(dims)
	f.tree1(address, chunkTree, len(dims), func(child uint64, key []byte) bool {
		k := f.fields(key)
		n, mask := int64(k.u32()), k.u32()
		return f.chunk(d, child, n, mask, whole, m)
	})
	return true
}

// chunk claims one chunk. Without filters it has exactly the size of its shape.
func (f *File) chunk(d *Data, address uint64, n int64, mask uint32, whole int64, m *message) bool {
	if address == undefined {
		return true
	}
	at, ok := f.place(address, n)
	if f.chunks++; f.chunks > bounded.MaxHDF5Chunks {
		f.reach("hdf5-chunks", bounded.MaxHDF5Chunks)
		return false
	}
	if !ok {
		f.broken(m.at, "A chunk of a dataset lies outside of the file.")
		return false
	}
	if len(d.Filters) == 0 && n != whole {
		f.unread(m.at, 0, "SP-COV-016", fmt.Sprintf("A chunk of a dataset has %d bytes; its shape says %d.", n, whole))
	}
	if len(d.Chunks) < keptChunks {
		d.Chunks = append(d.Chunks, Chunk{Range{at, n}, mask})
	}
	d.Stored += n
	typ := ""
	if len(d.Filters) == 0 {
		typ = d.Type.Plain()
	}
	f.claimTyped(asPayload, at, n, typ)
	return true
}

// chunks4 reads the indexes that layout 4 brought.
func (f *File) chunks4(d *Data, c *fields, m *message) bool {
	flags, rank, width := c.u8(), c.u8(), c.u8()
	if rank > 33 || width < 1 || width > 8 {
		return false
	}
	var dims []int64
	for range rank {
		dims = append(dims, int64(c.uint(width)&(1<<62-1)))
	}
	if !f.shapeOfChunk(d, dims, m) {
		return false
	}
	x := chunkIndex{f: f, d: d, m: m, whole: chunkBytes(dims), filtered: len(d.Filters) > 0}
	x.count = 1
	for i, n := range d.Chunk {
		if n > 0 && d.Dims[i] >= 0 {
			x.count = product([]int64{x.count}, (d.Dims[i]+n-1)/n)
		}
	}
	switch kind := c.u8(); kind {
	case 1:
		n, mask := x.whole, uint32(0)
		if flags&2 != 0 {
			n, mask = c.length(), c.u32()
		}
		if address := c.address(); !c.bad && address != undefined {
			f.chunk(d, address, n, mask, x.whole, m)
		}
	case 2:
		if address := c.address(); !c.bad && address != undefined {
			f.chunk(d, address, product([]int64{x.count}, x.whole), 0, product([]int64{x.count}, x.whole), m)
			d.Chunks = nil // one range, many chunks
		}
	case 3:
		c.skip(1)
		x.fixedArray(c.address())
	case 4:
		c.skip(5)
		x.extensibleArray(c.address())
	case 5:
		c.skip(6)
		x.tree(c.address(), len(dims)-1)
	default:
		return false
	}
	return !c.bad
}

// chunkIndex is an index of chunks while it is read.
type chunkIndex struct {
	f        *File
	d        *Data
	m        *message
	whole    int64 // bytes of a chunk in memory
	count    int64 // of chunks that the shape needs
	filtered bool
	entry    int // bytes of an entry
	stop     bool
}

// entries reads entries of an array: an address, and with filters size and mask.
func (x *chunkIndex) entries(c *fields, n int64) {
	for ; n > 0 && !x.stop; n-- {
		if !x.f.items(1) {
			x.stop = true
			return
		}
		address, size, mask := c.address(), x.whole, uint32(0)
		if x.filtered {
			size = int64(c.uint(x.entry-x.f.offsets-4) & (1<<62 - 1))
			mask = c.u32()
		}
		if c.bad || !x.f.chunk(x.d, address, size, mask, x.whole, x.m) {
			x.stop = true
		}
	}
}

// entrySize checks the size of an entry as the file says it.
func (x *chunkIndex) entrySize(n int) bool {
	x.entry = n
	if x.filtered {
		return n > x.f.offsets+4 && n <= x.f.offsets+12
	}
	return n == x.f.offsets
}

func (x *chunkIndex) fail(at int64) {
	x.stop = true
	x.f.broken(at, "The index of the chunks of a dataset is not what it should be.")
}

// tree reads a B-tree of version 2.
func (x *chunkIndex) tree(address uint64, rank int) {
	if address == undefined {
		return
	}
	x.f.tree2(address, chunksPlain, func(rec []byte) bool {
		c := x.f.fields(rec)
		a, n, mask := c.address(), x.whole, uint32(0)
		if x.filtered {
			n = int64(c.uint(len(rec)-x.f.offsets-4-8*rank) & (1<<62 - 1))
			mask = c.u32()
		}
		return !c.bad && x.f.chunk(x.d, a, n, mask, x.whole, x.m)
	})
}
