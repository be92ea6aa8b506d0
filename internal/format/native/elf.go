package native

import (
	"encoding/binary"

	"github.com/sallyport/sallyport/internal/format"
)

// elf is where the parts of a header lie, which depends on the class.
type elf struct {
	image
	wide     bool
	segments []segment
}

// segment is a program header: size bytes of the file at off appear in memory at
// addr.
type segment struct {
	kind            uint64
	off, addr, size uint64
}

// inspectELF reads what the loader of Linux reads: program headers and the
// dynamic section. Section headers only say where the file ends.
func inspectELF(in *format.Input) *detail {
	p := in.Head()
	e := &elf{image: image{in.R, binary.LittleEndian}, wide: p[4] == 2}
	if p[5] == 2 {
		e.order = binary.BigEndian
	}
	d := &detail{arch: elfMachine(e.u16(18))}
	d.what = map[uint64]string{1: "an ELF object file (Linux)", 2: "an ELF program (Linux)", 3: "an ELF shared library (Linux)"}[e.u16(16)]
	if e.wide {
		e.headers(d, 64, e.word(32, true), e.word(40, true), 54)
	} else {
		e.headers(d, 52, e.u32(28), e.u32(32), 42)
	}
	e.dynamic(d)
	return d
}

func (e *elf) headers(d *detail, size, phoff, shoff, counts uint64) {
	d.reach(0, size)
	phsize, phnum, shsize, shnum := e.u16(counts), e.u16(counts+2), e.u16(counts+4), e.u16(counts+6)
	d.reach(phoff, phsize*phnum)
	for i := range min(phnum, 512) {
		at := phoff + i*phsize
		s := segment{kind: e.u32(at), off: e.u32(at + 4), addr: e.u32(at + 8), size: e.u32(at + 16)}
		if e.wide {
			s.off, s.addr, s.size = e.word(at+8, true), e.word(at+16, true), e.word(at+32, true)
		}
		e.segments = append(e.segments, s)
		d.reach(s.off, s.size)
		if s.kind == 3 {
			d.what = "an ELF program (Linux)" // it names its loader
		}
	}
	if shoff == 0 {
		return
	}
	d.reach(shoff, shsize*shnum)
	for i := range shnum {
		at := shoff + i*shsize
		off, length := e.u32(at+16), e.u32(at+20)
		if e.wide {
			off, length = e.word(at+24, true), e.word(at+32, true)
		}
		if kind := e.u32(at + 4); kind != 8 { // NOBITS takes no bytes
			d.reach(off, length)
		}
	}
}

// dynamic follows the entries DT_NEEDED, DT_STRTAB and DT_STRSZ.
func (e *elf) dynamic(d *detail) {
	step := uint64(8)
	if e.wide {
		step = 16
	}
	for _, s := range e.segments {
		if s.kind != 2 {
			continue
		}
		var names []uint64
		var table, size uint64
		for at := s.off; at < s.off+min(s.size, 1<<16); at += step {
			value := e.word(at+step/2, e.wide)
			switch e.word(at, e.wide) {
			case 0:
				at = s.off + s.size
			case 1:
				names = append(names, value)
			case 5:
				table = e.offset(value)
			case 10:
				size = value
			}
		}
		for _, n := range names[:min(len(names), maxNames)] {
			d.need(e.text(table + n))
		}
		e.hostNames(d, table, min(size, uint64(e.r.Size())-min(table, uint64(e.r.Size()))))
		return
	}
}

// offset is where in the file an address lies.
func (e *elf) offset(addr uint64) uint64 {
	for _, s := range e.segments {
		if s.kind == 1 && addr >= s.addr && addr-s.addr < s.size {
			return s.off + addr - s.addr
		}
	}
	return addr
}

func elfMachine(n uint64) string {
	switch n {
	case 3:
		return "x86"
	case 8:
		return "MIPS"
	case 21:
		return "PowerPC 64"
	case 22:
		return "S390"
	case 40:
		return "ARM"
	case 62:
		return "x86-64"
	case 183:
		return "ARM 64"
	case 190:
		return "CUDA"
	case 243:
		return "RISC-V"
	case 247:
		return "BPF"
	}
	return ""
}
