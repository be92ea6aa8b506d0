package hdf5

import (
	"bytes"

	"github.com/sallyport/sallyport/internal/bounded"
)

// globalHeap is a collection of values of any length.
type globalHeap struct {
	objects map[uint32]Range
}

// globalHeap reads the collection at an address; nil when there is none.
func (f *File) globalHeap(address uint64) *globalHeap {
	at, ok := f.place(address, int64(8+f.lengths))
	if !ok {
		f.broken(-1, "A value lies in a heap outside of the file.")
		return nil
	}
	if h, ok := f.heaps[at]; ok {
		return h
	}
	h, ok := f.collection(at)
	if !ok {
		f.broken(at, "There is no heap where a value says.")
	}
	f.heaps[at] = h
	return h
}

// collection reads and claims one collection.
func (f *File) collection(at int64) (*globalHeap, bool) {
	h := &globalHeap{objects: map[uint32]Range{}}
	n, free, ok := f.scanCollection(at, func(index uint32, r Range) bool {
		_, twice := h.objects[index]
		h.objects[index] = r
		if f.kept++; f.kept > bounded.MaxHDF5Chunks {
			f.reach("hdf5-chunks", bounded.MaxHDF5Chunks)
			return false
		}
		return !twice
	})
	if !ok {
		return nil, false
	}
	f.claim(asHeap, at, n)
	f.free(free.Offset, free.Length)
	return h, true
}

// HeapObjects calls each for every value of a collection that Heaps lists, until
// it returns false.
func (f *File) HeapObjects(heap Range, each func(Range) bool) {
	_, _, _ = f.scanCollection(heap.Offset, func(_ uint32, r Range) bool { return each(r) })
}

// scanCollection walks a collection of n bytes without claiming it. ok is false
// when it is none, or when each returns false.
func (f *File) scanCollection(at int64, each func(index uint32, r Range) bool) (n int64, free Range, ok bool) {
	entry := int64(8 + f.lengths) // head of a collection and of each object
	if at > f.r.Size()-entry {
		return 0, free, false
	}
	p, ok := f.read(at, entry)
	if !ok || string(p[:4]) != heapMark || p[4] != 1 {
		return 0, free, false
	}
	c := f.fields(p)
	c.skip(8)
	n = c.length()
	if n < entry || n > f.r.Size()-at {
		return 0, free, false
	}
	cur := f.r.NewCursor(at + entry)
	defer cur.Close()
	for pos := entry; n-pos >= entry; {
		p, err := cur.Next(entry)
		if err != nil || !f.items(1) {
			return 0, free, false
		}
		c := f.fields(p)
		index := uint32(c.u16())
		c.skip(6)
		size := c.length()
		pos += entry
		if index == 0 {
			return n, Range{at + pos, n - pos}, true
		}
		if size > n-pos || !each(index, Range{at + pos, size}) {
			return 0, free, false
		}
		step := min((size+7)&^7, n-pos)
		if cur.Skip(step) != nil {
			return 0, free, false
		}
		pos += step
		free = Range{at + pos, n - pos}
	}
	return n, free, true
}

const heapMark = "GCOL"

// findHeaps looks for collections that no attribute refers to: those of datasets,
// whose elements are not read. They stand in space that nobody else claims.
func (f *File) findHeaps() {
	if f.offsets == 0 {
		return
	}
	for _, gap := range f.unclaimed() {
		f.heapsIn(gap)
	}
}

// unclaimed lists what no structure has claimed so far.
func (f *File) unclaimed() []Range {
	taken := make([]Range, 0, len(f.claims))
	for _, c := range f.claims {
		taken = append(taken, c.Range)
	}
	taken = disjoint(taken)
	var out []Range
	pos := f.base
	for _, r := range taken {
		if r.Offset > pos {
			out = append(out, Range{pos, r.Offset - pos})
		}
		pos = max(pos, r.End())
	}
	if pos < f.r.Size() {
		out = append(out, Range{pos, f.r.Size() - pos})
	}
	return out
}

// heapsIn claims the collections in one gap.
func (f *File) heapsIn(gap Range) {
	for at := gap.Offset; ; {
		at = f.nextHeap(at, gap.End())
		if at < 0 {
			return
		}
		n, free, ok := f.scanCollection(at, func(uint32, Range) bool { return true })
		switch {
		case !ok || n > gap.End()-at || f.heaps[at] != nil:
			at += int64(len(heapMark))
			f.searched += falseMark
		default:
			f.claim(asHeap, at, n)
			f.free(free.Offset, free.Length)
			at += n
		}
	}
}

// falseMark is what a mark that leads nowhere costs, in bytes searched: more than
// its own.
const falseMark = 4 << 10

// nextHeap is the place of the next mark of a collection, or -1. It searches no
// more than the limit of free space in all.
func (f *File) nextHeap(at, end int64) int64 {
	const step = 64 << 10
	for end-at >= int64(len(heapMark)) {
		if f.searched > bounded.MaxFreeSpace {
			f.reach("free-space", bounded.MaxFreeSpace)
			return -1
		}
		p, ok := f.read(at, min(step, end-at))
		if !ok {
			return -1
		}
		if i := bytes.Index(p, []byte(heapMark)); i >= 0 {
			return at + int64(i)
		}
		f.searched += int64(len(p))
		at += int64(len(p)) - 3
	}
	return -1
}
