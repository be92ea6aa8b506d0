package compressed

import (
	"encoding/binary"
	"math/bits"
)

// xxh64 is the 64-bit xxHash with seed 0, the content checksum of Zstandard
// (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md).
type xxh64 struct {
	acc   [4]uint64
	buf   [32]byte
	have  int
	total uint64
}

const (
	prime1 uint64 = 0x9e3779b185ebca87
	prime2 uint64 = 0xc2b2ae3d27d4eb4f
	prime3 uint64 = 0x165667b19e3779f9
	prime4 uint64 = 0x85ebca77c2b2ae63
	prime5 uint64 = 0x27d4eb2f165667c5
)

func newXXH64() xxh64 {
	p1, p2 := prime1, prime2 // sums that wrap are not constants
	return xxh64{acc: [4]uint64{p1 + p2, p2, 0, -p1}}
}

func (x *xxh64) write(p []byte) {
	x.total += uint64(len(p))
	if x.have > 0 {
		n := copy(x.buf[x.have:], p)
		x.have += n
		p = p[n:]
		if x.have < len(x.buf) {
			return
		}
		x.stripe(x.buf[:])
		x.have = 0
	}
	for len(p) >= 32 {
		x.stripe(p[:32])
		p = p[32:]
	}
	x.have = copy(x.buf[:], p)
}

func (x *xxh64) stripe(p []byte) {
	for i := range x.acc {
		x.acc[i] = round(x.acc[i], binary.LittleEndian.Uint64(p[8*i:]))
	}
}

func round(acc, lane uint64) uint64 {
	return bits.RotateLeft64(acc+lane*prime2, 31) * prime1
}

func (x *xxh64) value() uint64 {
	h := prime5
	if x.total >= 32 {
		a := &x.acc
		h = bits.RotateLeft64(a[0], 1) + bits.RotateLeft64(a[1], 7) + bits.RotateLeft64(a[2], 12) + bits.RotateLeft64(a[3], 18)
		for _, v := range a {
			h = (h^round(0, v))*prime1 + prime4
		}
	}
	h += x.total
	p := x.buf[:x.have]
	for ; len(p) >= 8; p = p[8:] {
		h = bits.RotateLeft64(h^round(0, binary.LittleEndian.Uint64(p)), 27)*prime1 + prime4
	}
	if len(p) >= 4 {
		h = bits.RotateLeft64(h^uint64(binary.LittleEndian.Uint32(p))*prime1, 23)*prime2 + prime3
		p = p[4:]
	}
	for _, b := range p {
		h = bits.RotateLeft64(h^uint64(b)*prime5, 11) * prime1
	}
	h = (h ^ h>>33) * prime2
	h = (h ^ h>>29) * prime3
	return h ^ h>>32
}
