package hdf5

import "math/bits"

// tree2 walks a B-tree of version 2 and claims its nodes. Each gets every record;
// it may be nil and returns false to stop.
func (f *File) tree2(address uint64, kind int, each func(rec []byte) bool) {
	n := int64(16 + f.offsets + 2 + f.lengths + 4)
	at, p, ok := f.block(address, n)
	if !ok || string(p[:4]) != "BTHD" || p[4] != 0 || int(p[5]) != kind && !(kind == chunksPlain && int(p[5]) == chunksFiltered) || !f.visit(at) {
		f.broken(at, "The index of a heap or dataset is not what it should be.")
		return
	}
	f.claim(asStructure, at, n)
	if !f.checked(at, p, "an index") {
		return
	}
	c := f.fields(p)
	c.skip(5)
	t := tree{f: f, kind: c.u8(), each: each, nodeSize: int64(c.u32()), recSize: int64(c.u16())}
	depth := c.u16()
	c.skip(2)
	root, count := c.address(), int64(c.u16())
	if root == undefined {
		return
	}
	if !t.levels(depth) {
		f.broken(at, "The nodes of an index have an impossible size.")
		return
	}
	t.node(root, depth, count)
}

// Kinds of records of chunk indexes.
const (
	chunksPlain    = 10
	chunksFiltered = 11
)

// tree is a B-tree of version 2 while it is walked.
type tree struct {
	f        *File
	kind     int
	each     func([]byte) bool
	nodeSize int64
	recSize  int64
	countLen int     // bytes of the number of records of a child
	totalLen []int64 // bytes of the number of records below a child, by level
	maxRecs  []int64
	stop     bool
}

// levels computes how many records fit on each level, as the library does: that
// decides how wide the numbers in the nodes are.
func (t *tree) levels(depth int) bool {
	if t.recSize <= 0 || t.nodeSize <= 10+t.recSize || depth > 32 {
		return false
	}
	most := (t.nodeSize - 10) / t.recSize
	t.maxRecs, t.totalLen = []int64{most}, []int64{0}
	t.countLen = encodedLen(most)
	total := most
	for range depth {
		last := t.totalLen[len(t.totalLen)-1]
		pointer := int64(t.f.offsets+t.countLen) + last
		most := (t.nodeSize - 10 - pointer) / (t.recSize + pointer)
		if most <= 0 || total > 1<<40 {
			return false
		}
		total = (most+1)*total + most
		t.maxRecs = append(t.maxRecs, most)
		t.totalLen = append(t.totalLen, int64(encodedLen(total)))
	}
	return true
}

// encodedLen is how many bytes the numbers up to n take.
func encodedLen(n int64) int { return (bits.Len64(uint64(n))-1)/8 + 1 }

// node reads a node and what is below it.
func (t *tree) node(address uint64, level int, count int64) {
	f := t.f
	at, p, ok := f.block(address, t.nodeSize)
	mark := "BTLF"
	if level > 0 {
		mark = "BTIN"
	}
	if !ok || string(p[:4]) != mark || int(p[5]) != t.kind || !f.visit(at) || count > t.maxRecs[level] || !f.items(count+1) {
		f.broken(at, "A node of an index is not what it should be.")
		t.stop = true
		return
	}
	f.claim(asStructure, at, t.nodeSize)
	used := 6 + count*t.recSize
	pointer := int64(0)
	if level > 0 {
		pointer = int64(f.offsets+t.countLen) + t.totalLen[level-1]
	}
	if level > 0 {
		used += (count + 1) * pointer
	}
	if used+4 > t.nodeSize || !f.checked(at, p[:used+4], "a node of an index") {
		t.stop = true
		return
	}
	f.free(at+used+4, t.nodeSize-used-4)
	for i := range count {
		if t.stop || t.each == nil {
			break
		}
		t.stop = !t.each(p[6+i*t.recSize : 6+(i+1)*t.recSize])
	}
	if level == 0 {
		return
	}
	c := f.fields(p[6+count*t.recSize : used])
	for range count + 1 {
		child, n := c.address(), int64(c.uint(t.countLen))
		c.skip(int(t.totalLen[level-1]))
		if t.stop {
			return
		}
		t.node(child, level-1, n)
	}
}
