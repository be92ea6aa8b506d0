package native

import (
	"encoding/binary"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/format"
)

func inspectMachO(in *format.Input) *detail { return machO(in.R) }

// machO reads the load commands.
func machO(r *bounded.Reader) *detail {
	m := image{r, binary.LittleEndian}
	if p := m.bytes(0, 1); len(p) == 1 && p[0] == 0xfe {
		m.order = binary.BigEndian
	}
	wide := m.u32(0) == 0xfeedfacf
	d := &detail{arch: machMachine(m.u32(4))}
	switch m.u32(12) {
	case 1:
		d.what = "a Mach-O object file (macOS)"
	case 2:
		d.what = "a Mach-O program (macOS)"
	case 6, 8:
		d.what = "a Mach-O library (macOS)"
	}
	at := uint64(28)
	if wide {
		at = 32
	}
	end := at + m.u32(20)
	d.reach(0, end)
	for range min(m.u32(16), 4096) {
		size := m.u32(at + 4)
		if size < 8 || at+size > end {
			break
		}
		m.command(d, at, wide)
		at += size
	}
	return d
}

// command reads one load command: a segment, a library, or the table of symbols.
func (m image) command(d *detail, at uint64, wide bool) {
	switch m.u32(at) &^ 0x80000000 {
	case 0x1:
		d.reach(m.u32(at+32), m.u32(at+36))
	case 0x19:
		d.reach(m.word(at+40, wide), m.word(at+48, wide))
	case 0xc, 0x18, 0x1f, 0x20, 0x23:
		d.need(m.text(at + m.u32(at+8)))
	case 0x2:
		entry := uint64(12)
		if wide {
			entry = 16
		}
		d.reach(m.u32(at+8), entry*m.u32(at+12))
		d.reach(m.u32(at+16), m.u32(at+20))
		m.hostNames(d, m.u32(at+16), m.u32(at+20))
	case 0x1d, 0x1e, 0x26, 0x29, 0x2b, 0x2e, 0x33, 0x34: // data of the linker, in object files outside of any segment
		d.reach(m.u32(at+8), m.u32(at+12))
	}
}

// inspectFat reads the directory of a universal binary and each program in it.
func inspectFat(in *format.Input) *detail {
	m := image{in.R, binary.BigEndian}
	wide := m.u32(0) == 0xcafebabf
	d := &detail{}
	step, word := uint64(20), uint64(4)
	if wide {
		step, word = 32, 8
	}
	n := m.u32(4)
	d.reach(8, n*step)
	for i := range min(n, 44) {
		at := 8 + i*step
		off, size := m.word(at+8, wide), m.word(at+8+word, wide)
		d.reach(off, size)
		if i > 0 {
			d.arch += ", "
		}
		d.arch += machMachine(m.u32(at))
		if off > 1<<62 || size > 1<<62 {
			continue
		}
		if r, err := in.R.Section(int64(off), int64(size)); err == nil {
			for _, name := range machO(r).needed {
				d.need(name)
			}
		}
	}
	return d
}

func machMachine(n uint64) string {
	switch n {
	case 7:
		return "x86"
	case 0x01000007:
		return "x86-64"
	case 12:
		return "ARM"
	case 0x0100000c:
		return "ARM 64"
	case 18, 0x01000012:
		return "PowerPC"
	}
	return "another processor"
}
