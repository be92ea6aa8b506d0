package hdf5

import (
	"bytes"
	"encoding/binary"
)

// Attribute is a named value of an object. Data is as stored: strings of any
// length are references into a global heap, which Texts follows.
type Attribute struct {
	Name   string
	Type   *Datatype
	Dims   []int64
	Data   []byte
	Offset int64 // of the value in the file
	f      *File
}

// Texts returns the strings of the value, at most limit of them, each with the
// range of the file that holds it. Other types have none.
func (a *Attribute) Texts(limit int) (texts [][]byte, places []Range) {
	t := a.Type
	if t == nil || t.Class != String && !(t.Class == Sequence && t.Base.Size == 1) || t.Size <= 0 {
		return nil, nil
	}
	for at := int64(0); at+t.Size <= int64(len(a.Data)) && len(texts) < limit; at += t.Size {
		p, r := a.Data[at:at+t.Size], Range{a.Offset + at, t.Size}
		if t.Class == Sequence {
			var ok bool
			if p, r, ok = a.f.sequence(p); !ok {
				continue
			}
		}
		texts = append(texts, bytes.TrimRight(p, "\x00"))
		places = append(places, r)
	}
	return texts, places
}

// attribute reads an attribute that stands in the header of its object.
func (f *File) attribute(o *Object, m *message) {
	if m.shared {
		f.unsupported(m.at, int64(len(m.p)), "An attribute of \""+clip(o.Path)+"\" is shared with other objects.")
		return
	}
	a, ok := f.parseAttribute(m.p, m.at)
	if !ok {
		f.broken(m.at, "An attribute of \""+clip(o.Path)+"\" cannot be read.")
		return
	}
	f.touch(a.Type, a.Data)
	f.v.Attribute(o, a)
}

func (f *File) parseAttribute(p []byte, at int64) (*Attribute, bool) {
	c := f.fields(p)
	version, flags := c.u8(), c.u8()
	nameSize, typeSize, spaceSize := c.u16(), c.u16(), c.u16()
	if version < 1 || version > 3 {
		return nil, false
	}
	if version == 3 {
		c.skip(1)
	}
	part := func(n int) []byte {
		start := c.at
		b := c.bytes(n)
		if version == 1 && !c.bad {
			c.align(start, 8)
		}
		return b
	}
	a := &Attribute{f: f, Name: string(bytes.TrimRight(part(nameSize), "\x00"))}
	typ, space := part(typeSize), part(spaceSize)
	if version == 1 {
		flags = 0
	}
	a.Type = f.datatypeOf(&message{p: typ, shared: flags&1 != 0, at: at})
	dims, null, ok := f.dataspace(&message{p: space, shared: flags&2 != 0, at: at})
	if !ok || a.Type == nil || c.bad {
		return nil, false
	}
	a.Dims, a.Offset = dims, at+int64(c.at)
	n := product(dims, a.Type.Size)
	if null {
		n = 0
	}
	if n > int64(c.left()) {
		return nil, false
	}
	a.Data = c.bytes(int(n))
	return a, true
}

// denseAttributes reads attributes that lie in a heap of their own.
func (f *File) denseAttributes(o *parts) {
	c := f.fields(o.attrInfo.p)
	c.skip(1)
	flags := c.u8()
	if flags&1 != 0 {
		c.skip(2)
	}
	heapAddress, byName := c.address(), c.address()
	byOrder := undefined
	if flags&2 != 0 {
		byOrder = c.address()
	}
	if c.bad {
		f.broken(o.attrInfo.at, "The attributes of \""+clip(o.self.path)+"\" cannot be found.")
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
		f.tree2(byOrder, 9, nil)
	}
	f.tree2(byName, 8, func(rec []byte) bool {
		if len(rec) < 9 {
			return false
		}
		p, at, ok := h.object(rec[:8])
		if !ok {
			f.broken(o.attrInfo.at, "An attribute of \""+clip(o.self.path)+"\" is not in its heap.")
			return true
		}
		f.attribute(&o.o, &message{kind: msgAttribute, p: p, at: at, shared: rec[8]&2 != 0})
		return true
	})
}

// sequence follows a reference into a global heap: count, address, number.
func (f *File) sequence(p []byte) ([]byte, Range, bool) {
	if len(p) < 8+f.offsets {
		return nil, Range{}, false
	}
	c := f.fields(p)
	count := c.u32()
	address, index := c.address(), c.u32()
	if count == 0 || address == 0 || address == undefined {
		return nil, Range{}, false
	}
	h := f.globalHeap(address)
	if h == nil {
		return nil, Range{}, false
	}
	r, ok := h.objects[index]
	if !ok {
		return nil, Range{}, false
	}
	b, ok := f.read(r.Offset, min(r.Length, int64(count)))
	return b, r, ok
}

// touch claims the heaps that a value refers to.
func (f *File) touch(t *Datatype, data []byte) {
	if t == nil || t.Class != Sequence || t.Size < int64(8+f.offsets) {
		return // of compounds with such members the heaps are found by their mark
	}
	for at := int64(0); at+t.Size <= int64(len(data)); at += t.Size {
		if binary.LittleEndian.Uint32(data[at:]) == 0 {
			continue
		}
		c := f.fields(data[at:])
		c.skip(4)
		if address := c.address(); address != 0 && address != undefined {
			f.globalHeap(address)
		}
	}
}
