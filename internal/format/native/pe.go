package native

import (
	"encoding/binary"

	"github.com/sallyport/sallyport/internal/format"
)

// pe is a Windows program with its sections.
type pe struct {
	image
	sections []segment
}

// inspectPE reads the headers, the sections and the tables of imports and
// exports. The certificate of a signature lies behind the last section and
// belongs to the file.
func inspectPE(in *format.Input) *detail {
	e := &pe{image: image{in.R, binary.LittleEndian}}
	coff := e.u32(0x3c) + 4
	d := &detail{arch: peMachine(e.u16(coff)), what: "a PE program (Windows)"}
	if e.u16(coff+18)&0x2000 != 0 {
		d.what = "a PE library (Windows)"
	}
	count, optional := e.u16(coff+2), e.u16(coff+16)
	d.reach(coff, 20+optional+40*count)
	for i := range min(count, 1024) {
		at := coff + 20 + optional + 40*i
		s := segment{addr: e.u32(at + 12), size: e.u32(at + 16), off: e.u32(at + 20)}
		e.sections = append(e.sections, s)
		d.reach(s.off, s.size)
	}
	if symbols := e.u32(coff + 8); symbols != 0 {
		d.reach(symbols, 18*e.u32(coff+12))
		d.reach(symbols+18*e.u32(coff+12), e.u32(symbols+18*e.u32(coff+12)))
	}
	directory := coff + 20 + 96
	if e.u16(coff+20) == 0x20b {
		directory += 16
	}
	known := e.u32(directory - 4)
	if known > 1 {
		e.imports(d, e.offset(e.u32(directory+8)))
	}
	if known > 0 {
		e.exported(d, e.offset(e.u32(directory)))
	}
	if known > 4 { // the certificates are given by offset in the file
		d.reach(e.u32(directory+32), e.u32(directory+36))
	}
	if known > 14 && e.u32(directory+14*8) != 0 {
		d.what += " for .NET"
	}
	return d
}

func (e *pe) imports(d *detail, at uint64) {
	for ; at != 0 && len(d.needed) < maxNames; at += 20 {
		name := e.u32(at + 12)
		if name == 0 {
			return
		}
		text := e.text(e.offset(name))
		if text == "" {
			return
		}
		before := len(d.needed)
		if d.need(text); len(d.needed) == before {
			return // the same library again: a table that does not end
		}
	}
}

func (e *pe) exported(d *detail, at uint64) {
	if at == 0 {
		return
	}
	names := e.offset(e.u32(at + 32))
	for i := range min(e.u32(at+24), 4096) {
		off := e.offset(e.u32(names + 4*i))
		if off == 0 {
			return
		}
		e.hostNames(d, off, uint64(len(e.text(off))))
	}
}

// offset is where in the file a relative address lies; 0 when nowhere.
func (e *pe) offset(addr uint64) uint64 {
	for _, s := range e.sections {
		if addr != 0 && addr >= s.addr && addr-s.addr < s.size {
			return s.off + addr - s.addr
		}
	}
	return 0
}

func peMachine(n uint64) string {
	switch n {
	case 0x14c:
		return "x86"
	case 0x8664:
		return "x86-64"
	case 0x1c0, 0x1c4:
		return "ARM"
	case 0xaa64:
		return "ARM 64"
	}
	return ""
}
