package hdf5

import "github.com/sallyport/sallyport/internal/bounded"

// externalFiles reads the list of files that hold the elements of a dataset.
func (f *File) externalFiles(d *Data, m *message) bool {
	c := f.fields(m.p)
	if c.u8() != 1 {
		return false
	}
	c.skip(3)
	c.skip(2)
	used := c.u16()
	names, _, ok := f.localHeap(c.address())
	if !ok {
		return false
	}
	for range used {
		name, offset, size := c.length(), c.length(), c.length()
		text, ok := nameAt(names, uint64(name))
		if c.bad || !ok {
			return false
		}
		d.External = append(d.External, ExternalFile{text, offset, size})
	}
	return true
}

// maxSources is how many sources of one virtual dataset are listed.
const maxSources = 1 << 16

// virtual reads which datasets stand behind a virtual one.
func (f *File) virtual(d *Data, c *fields) bool {
	address, index := c.address(), c.u32()
	if c.bad {
		return false
	}
	if address == undefined {
		return true // maps nothing yet
	}
	h := f.globalHeap(address)
	if h == nil {
		return false
	}
	r, ok := h.objects[index]
	if !ok {
		return false
	}
	p, ok := f.read(r.Offset, r.Length)
	if !ok || len(p) < 4 || !f.checked(r.Offset, p, "the list of sources of a virtual dataset") {
		return ok
	}
	v := f.fields(p[:len(p)-4])
	version := v.u8()
	n := v.length()
	if version > 1 {
		return false
	}
	var files, sets []string
	for i := int64(0); i < n; i++ {
		if i == maxSources {
			f.reach("items", bounded.MaxItems)
			return true
		}
		s, ok := f.source(v, version, files, sets)
		if !ok || !f.items(16) {
			return false
		}
		files, sets = append(files, s.File), append(sets, s.Dataset)
		d.Virtual = append(d.Virtual, s)
	}
	return true
}

// source reads one entry. Version 1 may refer to a name of an earlier entry, or
// to this file.
func (f *File) source(v *fields, version int, files, sets []string) (s VirtualSource, ok bool) {
	flags := 0
	if version == 1 {
		flags = v.u8()
	}
	name := func(shared bool, earlier []string) string {
		if !shared {
			return v.text()
		}
		i := v.length()
		if i >= int64(len(earlier)) {
			v.bad = true
			return ""
		}
		return earlier[i]
	}
	if flags&4 != 0 {
		s.File = "."
	} else {
		s.File = name(flags&1 != 0, files)
	}
	s.Dataset = name(flags&2 != 0, sets)
	for range 2 { // of the source and of the virtual dataset
		if !f.skipSelection(v) {
			return s, false
		}
	}
	return s, true
}

// skipSelection goes over a selection of elements.
func (f *File) skipSelection(c *fields) bool {
	kind, version := c.u32(), c.u32()
	switch {
	case kind == 0 || kind == 3:
		c.skip(8)
	case version == 1: // points and blocks
		c.skip(4)
		c.skip(int(c.u32()))
	case kind == 2 && version == 2:
		c.skip(1)
		c.skip(int(c.u32()))
	case kind == 1 && version == 2:
		width, rank := c.u8(), c.u32()
		n := c.uint(width)
		if rank > 32 || n > 1<<32 {
			return false
		}
		c.skip(int(n) * int(rank) * width)
	case kind == 2 && version == 3:
		flags, width, rank := c.u8(), c.u8(), c.u32()
		if rank > 32 || width > 8 {
			return false
		}
		n := uint64(2)
		if flags&1 == 0 {
			if n = c.uint(width); n > 1<<32 {
				return false
			}
		}
		c.skip(int(n) * 2 * int(rank) * width)
	default:
		return false
	}
	return !c.bad
}
