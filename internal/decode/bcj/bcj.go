// Package bcj undoes the filters that make machine code pack better: the branch
// converters of x86, ARM, ARM Thumb, ARM64, PowerPC, SPARC, Itanium and RISC-V,
// BCJ2, and the byte differences of Delta.
//
// Specification: the filters of the LZMA SDK, and those of the .xz format, which
// are the same (https://tukaani.org/xz/xz-file-format.txt, 5.3).
//
// Threat: data that looks random to a scanner becomes a payload once the filter
// is undone. Each filter keeps a few kilobytes and gives as many bytes as it
// takes.
//
// Not covered: what the code means; 7-Zip's swapping of bytes.
package bcj

import (
	"encoding/binary"
	"io"
)

// Kind is a branch converter.
type Kind int

// The converters.
const (
	X86 Kind = iota
	ARM
	ARMT
	ARM64
	PPC
	SPARC
	IA64
	RISCV
)

// blockSize is how much is converted at a time, in bytes.
const blockSize = 32 << 10

// converter changes the addresses in p, whose first byte lies at pos of the
// stream, and returns how many bytes are final.
type converter func(p []byte, pos uint32) int

// Reader undoes a branch converter.
type Reader struct {
	src     io.Reader
	convert converter
	pos     uint32 // of buf[0] in the stream
	buf     []byte
	from    int // next byte to hand out
	ready   int // bytes of buf that are final
	err     error
}

// NewReader undoes the converter; start is the address of the first byte.
func NewReader(src io.Reader, kind Kind, start uint32) *Reader {
	r := &Reader{src: src, pos: start, buf: make([]byte, 0, blockSize)}
	if kind == X86 {
		r.convert = (&x86{last: ^uint32(4)}).convert // five bytes before the first
		return r
	}
	r.convert = [...]converter{ARM: arm, ARMT: armThumb, ARM64: arm64, PPC: ppc, SPARC: sparc, IA64: ia64, RISCV: riscv}[kind]
	return r
}

// Read implements io.Reader. Bytes before a break are delivered first.
func (r *Reader) Read(p []byte) (int, error) {
	for r.from == r.ready {
		if r.err != nil {
			return 0, r.err
		}
		r.fill()
	}
	n := copy(p, r.buf[r.from:r.ready])
	r.from += n
	return n, nil
}

// fill converts the next block. What the converter leaves at the end of the
// stream stays as it is.
func (r *Reader) fill() {
	rest := copy(r.buf[:cap(r.buf)], r.buf[r.ready:])
	r.pos += uint32(r.ready)
	r.from, r.ready = 0, 0
	n, err := io.ReadAtLeast(r.src, r.buf[rest:cap(r.buf)], 1)
	r.buf = r.buf[:rest+n]
	if err != nil {
		r.err, r.ready = err, len(r.buf)
		return
	}
	r.ready = r.convert(r.buf, r.pos)
}

// x86 is the converter of calls and jumps; it remembers near misses.
type x86 struct {
	mask uint32
	last uint32 // where the last candidate was
}

// far reports whether a byte can be the highest of a relative address.
func far(b byte) bool { return b == 0 || b == 0xff }

func (x *x86) convert(p []byte, pos uint32) int {
	if pos-x.last > 5 {
		x.last = pos - 5
	}
	i := 0
	for i+5 <= len(p) {
		if p[i]&0xfe != 0xe8 {
			i++
			continue
		}
		at := pos + uint32(i)
		x.age(at - x.last)
		x.last = at
		if high := p[i+4]; far(high) && x.mask>>1 < 0x10 && 0b0001_0111>>(x.mask>>1&7)&1 != 0 {
			x.address(p[i+1:i+5], at+5)
			i, x.mask = i+5, 0
		} else {
			i++
			if x.mask |= 1; far(high) {
				x.mask |= 0x10
			}
		}
	}
	return i
}

// age forgets candidates that lie too far back.
func (x *x86) age(distance uint32) {
	if distance > 5 {
		x.mask = 0
		return
	}
	for range distance {
		x.mask = x.mask & 0x77 << 1
	}
}

func (x *x86) address(p []byte, next uint32) {
	dest := binary.LittleEndian.Uint32(p) - next
	if x.mask != 0 {
		bit := [8]uint32{0, 1, 2, 2, 3, 3, 3, 3}[x.mask>>1&7]
		if far(byte(dest >> (24 - bit*8))) {
			dest = dest ^ (1<<(32-bit*8) - 1) - next
		}
	}
	high := -(dest >> 24 & 1) // the sign fills the highest byte
	binary.LittleEndian.PutUint32(p, dest&0x00ffffff|high<<24)
}

func arm(p []byte, pos uint32) int {
	i := 0
	for ; i+4 <= len(p); i += 4 {
		if p[i+3] == 0xeb {
			v := binary.LittleEndian.Uint32(p[i:])
			dest := (v<<2 - (pos + uint32(i) + 8)) >> 2
			binary.LittleEndian.PutUint32(p[i:], dest&0x00ffffff|0xeb000000)
		}
	}
	return i
}

func armThumb(p []byte, pos uint32) int {
	i := 0
	for ; i+4 <= len(p); i += 2 {
		if p[i+1]&0xf8 != 0xf0 || p[i+3]&0xf8 != 0xf8 {
			continue
		}
		src := uint32(p[i+1]&7)<<19 | uint32(p[i])<<11 | uint32(p[i+3]&7)<<8 | uint32(p[i+2])
		dest := (src<<1 - (pos + uint32(i) + 4)) >> 1
		p[i+1], p[i] = 0xf0|byte(dest>>19)&7, byte(dest>>11)
		p[i+3], p[i+2] = 0xf8|byte(dest>>8)&7, byte(dest)
		i += 2
	}
	return i
}

func arm64(p []byte, pos uint32) int {
	i := 0
	for ; i+4 <= len(p); i += 4 {
		pc, v := pos+uint32(i), binary.LittleEndian.Uint32(p[i:])
		switch {
		case v>>26 == 0x25: // BL
			v = 0x94000000 | (v-pc>>2)&0x03ffffff
		case v&0x9f000000 == 0x90000000: // ADRP
			src := v>>29&3 | v>>3&0x001ffffc
			if (src+0x00020000)&0x001c0000 != 0 {
				continue
			}
			dest := src - pc>>12
			v = v&0x9000001f | dest&3<<29 | dest&0x0003fffc<<3 | -(dest&0x00020000)&0x00e00000
		default:
			continue
		}
		binary.LittleEndian.PutUint32(p[i:], v)
	}
	return i
}

func ppc(p []byte, pos uint32) int {
	i := 0
	for ; i+4 <= len(p); i += 4 {
		if v := binary.BigEndian.Uint32(p[i:]); v&0xfc000003 == 0x48000001 {
			binary.BigEndian.PutUint32(p[i:], 0x48000001|(v-(pos+uint32(i)))&0x03fffffc)
		}
	}
	return i
}

func sparc(p []byte, pos uint32) int {
	i := 0
	for ; i+4 <= len(p); i += 4 {
		v := binary.BigEndian.Uint32(p[i:])
		if v>>22 != 0x100 && v>>22 != 0x1ff {
			continue
		}
		dest := (v<<2 - (pos + uint32(i))) >> 2
		dest = -(dest>>22&1)<<22&0x3fffffff | dest&0x3fffff | 0x40000000
		binary.BigEndian.PutUint32(p[i:], dest)
	}
	return i
}

// ia64Slots says by the template of a bundle which of its three slots hold
// branches.
var ia64Slots = [32]byte{16: 4, 4, 6, 6, 0, 0, 7, 7, 4, 4, 0, 0, 4, 4, 0, 0}

func ia64(p []byte, pos uint32) int {
	i := 0
	for ; i+16 <= len(p); i += 16 {
		slots := ia64Slots[p[i]&0x1f]
		for slot := range 3 {
			if slots>>slot&1 != 0 {
				ia64Branch(p[i:i+16], 5+41*slot, pos+uint32(i))
			}
		}
	}
	return i
}

// ia64Branch converts the instruction that starts at the bit of a bundle.
func ia64Branch(p []byte, bit int, pc uint32) {
	at, shift := bit>>3, bit&7
	var word [8]byte
	copy(word[:6], p[at:])
	v := binary.LittleEndian.Uint64(word[:])
	inst := v >> shift
	if inst>>37&0xf != 5 || inst>>9&7 != 0 {
		return
	}
	src := uint32(inst>>13)&0xfffff | uint32(inst>>36)&1<<20
	dest := uint64((src<<4 - pc) >> 4)
	inst = inst&^(0x8fffff<<13) | dest&0xfffff<<13 | dest&0x100000<<16
	binary.LittleEndian.PutUint64(word[:], v&(1<<shift-1)|inst<<shift)
	copy(p[at:at+6], word[:6])
}

// riscv converts JAL, and AUIPC with the instruction behind it.
func riscv(p []byte, pos uint32) int {
	i := 0
	for i+8 <= len(p) {
		pc := pos + uint32(i)
		switch {
		case p[i] == 0xef && p[i+1]&0x0d == 0:
			riscvJump(p[i:i+4], pc)
			i += 4
		case p[i]&0x7f == 0x17:
			i += riscvPair(p[i:i+8], pc)
		default:
			i += 2
		}
	}
	return i
}

func riscvJump(p []byte, pc uint32) {
	b1, b2, b3 := uint32(p[1]), uint32(p[2]), uint32(p[3])
	addr := (b1&0xf0<<13 | b2<<9 | b3<<1) - pc
	p[1] = byte(b1&0x0f | addr>>8&0xf0)
	p[2] = byte(addr>>16&0x0f | addr>>7&0x10 | addr<<4&0xe0)
	p[3] = byte(addr>>4&0x7f | addr>>13&0x80)
}

// riscvPair returns how many bytes it has dealt with.
func riscvPair(p []byte, pc uint32) int {
	inst := binary.LittleEndian.Uint32(p)
	var second uint32
	if inst&0xe80 != 0 { // the register is neither x0 nor x2
		second = binary.LittleEndian.Uint32(p[4:])
		if (inst<<8^(second-3))&0xf8003 != 0 {
			return 6
		}
		addr := inst&0xfffff000 + second>>20
		inst, second = 0x17|2<<7|second<<12, addr
	} else {
		base := inst >> 27
		if (inst-0x3117)<<18 >= base&0x1d {
			return 4
		}
		addr := binary.BigEndian.Uint32(p[4:]) - pc
		second = inst>>12 | addr<<20
		inst = 0x17 | base<<7 | (addr+0x800)&0xfffff000
	}
	binary.LittleEndian.PutUint32(p, inst)
	binary.LittleEndian.PutUint32(p[4:], second)
	return 8
}
