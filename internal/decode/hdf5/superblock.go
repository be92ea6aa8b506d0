package hdf5

import "fmt"

// superblock reads what everything else counts from.
func (f *File) superblock() {
	p, err := f.r.Bytes(f.Start, min(128, f.r.Size()-f.Start))
	if err != nil || len(p) < 13 {
		f.broken(f.Start, "The superblock is cut off.")
		return
	}
	f.base = f.Start
	f.leafK, f.groupK, f.chunkK = 4, 16, 32
	f.Version = int(p[8])
	switch f.Version {
	case 0, 1:
		f.superblock0(p)
	case 2, 3:
		f.superblock2(p)
	default:
		f.unsupported(f.Start, 9, fmt.Sprintf("The superblock has version %d.", f.Version))
	}
}

func (f *File) widths(offsets, lengths byte) bool {
	f.offsets, f.lengths = int(offsets), int(lengths)
	for _, n := range [...]int{f.offsets, f.lengths} {
		if n != 2 && n != 4 && n != 8 {
			f.unsupported(f.Start, 14, fmt.Sprintf("Its addresses have %d bytes and its lengths %d.", offsets, lengths))
			return false
		}
	}
	return true
}

func (f *File) superblock0(p []byte) {
	if len(p) < 24 || !f.widths(p[13], p[14]) {
		return
	}
	c := f.fields(p)
	c.skip(16)
	f.leafK, f.groupK = c.u16(), c.u16()
	c.skip(4)
	if f.Version == 1 {
		f.chunkK = c.u16()
		c.skip(2)
	}
	base, free, end, driver := c.address(), c.address(), c.address(), c.address()
	c.skip(f.offsets) // the name of the root group
	root := c.address()
	c.skip(24)
	if c.bad || f.leafK == 0 || f.groupK == 0 || f.chunkK == 0 {
		f.broken(f.Start, "The superblock is cut off or has nodes of size zero.")
		return
	}
	f.claim(asStructure, f.Start, int64(c.at))
	if !f.extent(base, end) {
		return
	}
	if free != undefined {
		f.unsupported(f.Start, 0, "It has a list of free space of an old kind.")
	}
	if driver != undefined {
		f.driver(driver)
	}
	f.root(root)
}

func (f *File) superblock2(p []byte) {
	if !f.widths(p[9], p[10]) {
		return
	}
	c := f.fields(p)
	c.skip(12)
	base, extension, end, root := c.address(), c.address(), c.address(), c.address()
	c.skip(4)
	if c.bad {
		f.broken(f.Start, "The superblock is cut off.")
		return
	}
	f.claim(asStructure, f.Start, int64(c.at))
	if !f.checked(f.Start, p[:c.at], "the superblock") || !f.extent(base, end) {
		return
	}
	if extension != undefined {
		if at, ok := f.place(extension, 1); ok && f.visit(at) {
			f.extension(at)
		} else {
			f.broken(f.Start, "The extension of the superblock lies outside of the file.")
		}
	}
	f.root(root)
}

// extent takes base and end. The library moves the base to where it found the
// superblock when the two disagree.
func (f *File) extent(base, end uint64) bool {
	if base != uint64(f.Start) {
		f.broken(f.Start, "The superblock says that it stands at another place.")
	}
	f.end = f.r.Size()
	if end == undefined || end > uint64(f.r.Size()) {
		f.broken(f.r.Size(), "The file is shorter than its superblock says.")
		return true
	}
	f.end = int64(end)
	return true
}

func (f *File) root(address uint64) {
	at, ok := f.place(address, 1)
	if !ok {
		f.broken(f.Start, "The root group lies outside of the file.")
		return
	}
	f.visit(at)
	f.queue = append(f.queue, pending{address: at, path: "/"})
}

// driver reads the block that tells how the file is spread.
func (f *File) driver(address uint64) {
	at, p, ok := f.block(address, 16)
	if !ok {
		f.broken(f.Start, "The driver information lies outside of the file.")
		return
	}
	c := f.fields(p)
	c.skip(4)
	n := int64(c.u32())
	if _, ok := f.place(address, 16+n); !ok {
		f.broken(at, "The driver information runs over the end.")
		return
	}
	f.claim(asStructure, at, 16+n)
	f.unsupported(at, 16+n, "Its data is spread over several files by the driver \""+clip(printable(p[8:16]))+"\".")
}

func printable(p []byte) string {
	out := make([]byte, 0, len(p))
	for _, b := range p {
		if b >= 0x20 && b < 0x7f {
			out = append(out, b)
		}
	}
	return string(out)
}

// extension reads the object header behind the superblock.
func (f *File) extension(at int64) {
	for _, m := range f.header(at) {
		c := f.fields(m.p)
		switch m.kind {
		case msgBTreeK:
			c.skip(1)
			f.chunkK, f.groupK, f.leafK = max(1, c.u16()), max(1, c.u16()), max(1, c.u16())
		case msgDriver:
			c.skip(1)
			f.unsupported(m.at, int64(len(m.p)), "Its data is spread over several files by the driver \""+clip(printable(c.bytes(8)))+"\".")
		case msgSharedTable:
			f.unsupported(m.at, int64(len(m.p)), "Its objects share messages through an index.")
		case msgFreeSpace:
			f.spaceInfo(c)
		case msgCacheImage:
			f.unsupported(m.at, int64(len(m.p)), "It has an image of the metadata cache.")
		}
	}
}

// spaceInfo reads where free space is listed, when it is kept in the file.
func (f *File) spaceInfo(c *fields) {
	version := c.u8()
	c.skip(1)
	count := 6
	if version == 1 {
		if c.u8() == 0 {
			return
		}
		c.skip(f.lengths + f.lengths + 2 + f.offsets)
		count = 12
	} else {
		c.skip(f.lengths)
	}
	for range count {
		if a := c.address(); !c.bad && a != undefined {
			f.freeManager(a)
		}
	}
}

// freeManager claims the header and the sections of a free-space manager.
func (f *File) freeManager(address uint64) {
	n := int64(4 + 2 + 4*f.lengths + 8 + f.lengths + f.offsets + 2*f.lengths + 4)
	at, p, ok := f.block(address, n)
	if !ok || string(p[:4]) != "FSHD" {
		f.broken(-1, "A list of free space is not where it should be.")
		return
	}
	if !f.visit(at) {
		return
	}
	f.claim(asStructure, at, n)
	if !f.checked(at, p, "a list of free space") {
		return
	}
	c := f.fields(p)
	c.skip(6 + 4*f.lengths + 8 + f.lengths)
	sections := c.address()
	used, allocated := c.length(), c.length()
	if sections == undefined || allocated == 0 {
		return
	}
	start, head, ok := f.block(sections, 4)
	if ok {
		_, ok = f.place(sections, allocated)
	}
	if !ok || string(head) != "FSSE" || used > allocated {
		f.broken(at, "The sections of a list of free space are not where they should be.")
		return
	}
	f.claim(asStructure, start, allocated)
	f.free(start+used, allocated-used)
}
