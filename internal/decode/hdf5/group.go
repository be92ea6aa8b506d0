package hdf5

import (
	"bytes"
	"fmt"
)

// group follows the links of an object, whichever way it keeps them.
func (f *File) group(o *parts) {
	for i := range o.links {
		m := &o.links[i]
		if m.shared || !f.link(o.self, m.p, m.at) {
			f.broken(m.at, "A link of \""+clip(o.self.path)+"\" cannot be read.")
		}
	}
	if o.linkInfo != nil {
		f.denseLinks(o)
	}
	if o.symbols != nil {
		f.symbolTable(o)
	}
}

// link reads a link message.
func (f *File) link(self pending, p []byte, at int64) bool {
	c := f.fields(p)
	version, flags, kind := c.u8(), c.u8(), 0
	if flags&8 != 0 {
		kind = c.u8()
	}
	if flags&4 != 0 {
		c.skip(8)
	}
	if flags&16 != 0 {
		c.skip(1)
	}
	n := c.uint(1 << (flags & 3))
	if version != 1 || n > uint64(c.left()) {
		return false
	}
	name := string(c.bytes(int(n)))
	l := Link{Path: join(self.path, name), Offset: at}
	switch {
	case kind == 0:
		address := c.address()
		if !c.bad {
			f.follow(address, self, name)
		}
		return !c.bad
	case kind == 1:
		l.Kind, l.Target = Soft, string(c.bytes(c.u16()))
	case kind == 64:
		l.Kind = ExternalLink
		v := f.fields(c.bytes(c.u16()))
		v.skip(1)
		l.File, l.Target = v.text(), v.text()
		c.bad = c.bad || v.bad
	default:
		l.Kind, l.Type = UserDefined, kind
		l.Target = string(c.bytes(c.u16()))
	}
	if c.bad {
		return false
	}
	f.v.Link(&l)
	return true
}

// denseLinks reads links that lie in a heap of their own.
func (f *File) denseLinks(o *parts) {
	c := f.fields(o.linkInfo.p)
	c.skip(1)
	flags := c.u8()
	if flags&1 != 0 {
		c.skip(8)
	}
	heapAddress, byName := c.address(), c.address()
	byOrder := undefined
	if flags&2 != 0 {
		byOrder = c.address()
	}
	if c.bad {
		f.broken(o.linkInfo.at, "The links of \""+clip(o.self.path)+"\" cannot be found.")
		return
	}
	if heapAddress == undefined {
		return
	}
	h := f.fractalHeap(heapAddress)
	if h == nil {
		return
	}
	defer h.listFree()
	if byOrder != undefined {
		f.tree2(byOrder, 6, nil)
	}
	f.tree2(byName, 5, func(rec []byte) bool {
		if len(rec) < 5 {
			return false
		}
		p, at, ok := h.object(rec[4:])
		if !ok || !f.link(o.self, p, at) {
			f.broken(o.linkInfo.at, "A link of \""+clip(o.self.path)+"\" is not in its heap.")
		}
		return true
	})
}

// symbolTable reads a group of the old kind: a B-tree of tables, names in a heap.
func (f *File) symbolTable(o *parts) {
	c := f.fields(o.symbols.p)
	tree, heap := c.address(), c.address()
	if c.bad {
		f.broken(o.symbols.at, "The members of \""+clip(o.self.path)+"\" cannot be found.")
		return
	}
	names, at, ok := f.localHeap(heap)
	if !ok {
		f.broken(o.symbols.at, "The names in \""+clip(o.self.path)+"\" cannot be read.")
		return
	}
	f.tree1(tree, groupTree, 0, func(address uint64, _ []byte) bool {
		return f.symbols(o.self, address, names, at)
	})
}

// symbols reads one table of members.
func (f *File) symbols(self pending, address uint64, names []byte, namesAt int64) bool {
	entry := int64(2*f.offsets + 24)
	n := 8 + int64(2*f.leafK)*entry
	at, p, ok := f.block(address, 8)
	if ok {
		n = min(n, f.r.Size()-at) // the last one may be cut where nothing is used
		p, ok = f.read(at, n)
	}
	if !ok || string(p[:4]) != "SNOD" || p[4] != 1 || !f.visit(at) {
		f.broken(-1, "The members of \""+clip(self.path)+"\" are not where they should be.")
		return false
	}
	f.claim(asStructure, at, n)
	c := f.fields(p)
	c.skip(6)
	count := c.u16()
	if int64(count)*entry > n-8 {
		f.broken(at, fmt.Sprintf("A table of members says that it has %d of them.", count))
		return false
	}
	for range count {
		if !f.items(1) {
			return false
		}
		name, target, cache := c.uint(f.offsets), c.address(), c.u32()
		c.skip(4)
		value := int64(f.fields(c.bytes(16)).u32())
		text, ok := nameAt(names, name)
		if !ok {
			f.broken(at, "A member of \""+clip(self.path)+"\" has no name.")
			continue
		}
		if cache == 2 {
			target, ok := nameAt(names, uint64(value))
			if !ok {
				f.broken(at, "A soft link of \""+clip(self.path)+"\" leads nowhere.")
				continue
			}
			f.v.Link(&Link{Path: join(self.path, text), Kind: Soft, Target: target, Offset: namesAt + value})
			continue
		}
		f.follow(target, self, text)
	}
	f.free(at+int64(c.at), n-int64(c.at))
	return true
}

func nameAt(names []byte, at uint64) (string, bool) {
	if at >= uint64(len(names)) {
		return "", false
	}
	p := names[at:]
	i := bytes.IndexByte(p, 0)
	if i < 0 {
		return "", false
	}
	return string(p[:i]), true
}

// localHeap reads the names of a group and the place where they stand.
func (f *File) localHeap(address uint64) (names []byte, at int64, ok bool) {
	n := int64(8 + 2*f.lengths + f.offsets)
	head, p, ok := f.block(address, n)
	if !ok || string(p[:4]) != "HEAP" || p[4] != 0 {
		return nil, 0, false
	}
	c := f.fields(p)
	c.skip(8)
	size, free, data := c.length(), c.length(), c.address()
	if !f.visit(head) {
		return nil, 0, false // every group has a heap of its own
	}
	f.claim(asStructure, head, n)
	if at, names, ok = f.block(data, size); !ok {
		return nil, 0, false
	}
	f.claim(asStructure, at, size)
	f.freeNames(at, names, free)
	return names, at, true
}

// freeNames follows the list of unused pieces of a local heap.
func (f *File) freeNames(at int64, names []byte, next int64) {
	for steps := 0; next >= 0 && next+int64(2*f.lengths) <= int64(len(names)) && next != 1; steps++ {
		c := f.fields(names[next:])
		follow, size := c.length(), c.length()
		if steps > len(names)/16 || size < int64(2*f.lengths) || size > int64(len(names))-next || !f.items(1) {
			return
		}
		f.free(at+next+int64(2*f.lengths), size-int64(2*f.lengths))
		if f.lengths < 8 && follow == 1<<(8*f.lengths)-1 {
			return
		}
		next = follow
	}
}
