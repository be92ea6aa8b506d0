package hdf5

// Kinds of B-trees of version 1.
const (
	groupTree = 0
	chunkTree = 1
)

// tree1 walks a B-tree of version 1. Leaf is given the address of each thing at
// the bottom and the key before it; it returns false to stop. rank is the number
// of dimensions of a chunk key, the element's size included.
func (f *File) tree1(address uint64, kind, rank int, leaf func(address uint64, key []byte) bool) {
	type node struct {
		address uint64
		level   int
	}
	stack := []node{{address, -1}}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		at, p, level, ok := f.node1(n.address, kind, rank)
		if !ok || n.level >= 0 && level != n.level || !f.visit(at) {
			f.broken(at, "A node of a B-tree is not what it should be.")
			return
		}
		f.claim(asStructure, at, int64(len(p)))
		c := f.fields(p)
		c.skip(6)
		used := c.u16()
		c.skip(2 * f.offsets)
		keySize := f.keySize(kind, rank)
		if !f.items(int64(used) + 1) {
			return
		}
		children := make([]node, 0, used)
		for range used {
			key := c.bytes(keySize)
			child := c.address()
			if c.bad {
				f.broken(at, "A node of a B-tree has more entries than fit.")
				return
			}
			if level > 0 {
				children = append(children, node{child, level - 1})
			} else if !leaf(child, key) {
				return
			}
		}
		c.skip(keySize)
		f.free(at+int64(c.at), int64(c.left()))
		for i := len(children) - 1; i >= 0; i-- {
			stack = append(stack, children[i])
		}
	}
}

func (f *File) keySize(kind, rank int) int {
	if kind == groupTree {
		return f.lengths
	}
	return 8 + 8*rank
}

// node1 reads a node; its size follows from numbers in the superblock.
func (f *File) node1(address uint64, kind, rank int) (at int64, p []byte, level int, ok bool) {
	k := f.groupK
	if kind == chunkTree {
		k = f.chunkK
	}
	size := int64(8 + 2*f.offsets + 2*k*f.offsets + (2*k+1)*f.keySize(kind, rank))
	at, p, ok = f.block(address, size)
	if !ok || string(p[:4]) != "TREE" || int(p[4]) != kind {
		return max(at, 0), nil, 0, false
	}
	return at, p, int(p[5]), true
}
