// Package deflate64 decodes Deflate64, the method 9 of zip archives that 7z
// archives can use too.
//
// Specification: RFC 1951, with a window of 64 KiB, thirty-two distance codes
// and lengths up to 65,538 (PKWARE APPNOTE, 5.6; "Enhanced Deflate").
//
// Threat: none of its own: the window is fixed, and every table is checked for
// being a complete code.
//
// Not covered: plain Deflate, whose code 285 means something else.
package deflate64

import (
	"errors"
	"io"
)

// ErrCorrupt says that the data is broken.
var ErrCorrupt = errors.New("the Deflate64 data is broken")

const (
	window   = 1 << 16
	maxBits  = 15
	literals = 288
	distance = 32
)

// Decoder decodes one stream.
type Decoder struct {
	src   io.ByteReader
	bits  uint32
	count uint // bits that are there
	err   error

	buf    [window]byte
	pos    int // where the next byte goes
	filled int

	last   bool // the current block is the last one
	open   bool
	stored int // bytes left of a stored block, -1 in a packed one
	copy   int // bytes left of a match
	dist   int
	lit    huffman
	far    huffman
}

// NewReader reads exactly the bytes of the stream from src.
func NewReader(src io.ByteReader) *Decoder { return &Decoder{src: src} }

// Read implements io.Reader. Bytes before a break are delivered first.
func (d *Decoder) Read(p []byte) (n int, err error) {
	for n < len(p) && d.err == nil {
		switch {
		case d.copy > 0:
			b := d.buf[(d.pos-d.dist)&(window-1)]
			d.copy--
			n += d.put(p[n:], b)
		case !d.open:
			d.block()
		case d.stored >= 0:
			n += d.plain(p[n:])
		default:
			n += d.symbol(p[n:])
		}
	}
	if n > 0 {
		return n, nil
	}
	return 0, d.err
}

func (d *Decoder) put(p []byte, b byte) int {
	d.buf[d.pos], p[0] = b, b
	d.pos = (d.pos + 1) & (window - 1)
	if d.filled < window {
		d.filled++
	}
	return 1
}

// take reads n bits, the lowest first; zeros behind a break.
func (d *Decoder) take(n uint) uint32 {
	for d.count < n {
		b, err := d.src.ReadByte()
		if err != nil {
			d.stop(err)
			return 0
		}
		d.bits |= uint32(b) << d.count
		d.count += 8
	}
	v := d.bits & (1<<n - 1)
	d.bits >>= n
	d.count -= n
	return v
}

func (d *Decoder) stop(err error) {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if d.err == nil {
		d.err = err
	}
}

// block reads the header of the next block.
func (d *Decoder) block() {
	if d.last {
		d.err = io.EOF
		return
	}
	d.last = d.take(1) == 1
	kind := d.take(2)
	d.open, d.stored = true, -1
	switch {
	case d.err != nil:
	case kind == 0:
		d.bits, d.count = 0, 0
		n, not := d.take(16), d.take(16)
		if d.err == nil && n != not^0xffff {
			d.err = ErrCorrupt
		}
		d.stored = int(n)
	case kind == 1:
		d.fixed()
	case kind == 2:
		d.dynamic()
	default:
		d.err = ErrCorrupt
	}
}

func (d *Decoder) plain(p []byte) int {
	if d.stored == 0 {
		d.open = false
		return 0
	}
	b := byte(d.take(8))
	if d.err != nil {
		return 0
	}
	d.stored--
	return d.put(p, b)
}

func (d *Decoder) fixed() {
	var lengths [literals]uint8
	for i := range lengths {
		switch {
		case i < 144, i >= 280:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		default:
			lengths[i] = 7
		}
	}
	d.lit.build(lengths[:])
	var far [distance]uint8
	for i := range far {
		far[i] = 5
	}
	d.far.build(far[:])
}

// dynamic reads the codes of a block.
func (d *Decoder) dynamic() {
	nlit, nfar, ncode := int(d.take(5))+257, int(d.take(5))+1, int(d.take(4))+4
	order := [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	var lengths [19]uint8
	for _, at := range order[:ncode] {
		lengths[at] = uint8(d.take(3))
	}
	if nlit > literals || !d.lit.build(lengths[:]) {
		d.stop(ErrCorrupt)
		return
	}
	var all [literals + distance]uint8
	for i := 0; i < nlit+nfar && d.err == nil; {
		v, n := d.repeat(all[:i])
		if i+n > nlit+nfar {
			d.stop(ErrCorrupt)
			return
		}
		for range n {
			all[i] = v
			i++
		}
	}
	if d.err == nil && (all[256] == 0 || !d.lit.build(all[:nlit]) || !d.far.build(all[nlit:nlit+nfar])) {
		d.err = ErrCorrupt
	}
}

// repeat decodes the next length of a code and how often it stands.
func (d *Decoder) repeat(before []uint8) (v uint8, n int) {
	switch s := d.lit.decode(d); s {
	case 16:
		if len(before) == 0 {
			d.stop(ErrCorrupt)
			return 0, 0
		}
		return before[len(before)-1], 3 + int(d.take(2))
	case 17:
		return 0, 3 + int(d.take(3))
	case 18:
		return 0, 11 + int(d.take(7))
	default:
		return uint8(s), 1
	}
}

// symbol decodes a literal into p, or a match.
func (d *Decoder) symbol(p []byte) int {
	s := d.lit.decode(d)
	switch {
	case d.err != nil:
		return 0
	case s < 256:
		return d.put(p, byte(s))
	case s == 256:
		d.open = false
		return 0
	case s > 285:
		d.err = ErrCorrupt
		return 0
	}
	length := d.length(s - 257)
	code := d.far.decode(d)
	dist := 1 + code
	if code >= 4 {
		extra := uint(code/2 - 1)
		dist = 1 + (2+code&1)<<extra + int(d.take(extra))
	}
	if d.err == nil && dist > d.filled {
		d.err = ErrCorrupt
	}
	if d.err == nil {
		d.copy, d.dist = length, dist
	}
	return 0
}

func (d *Decoder) length(code int) int {
	switch {
	case code < 8:
		return 3 + code
	case code == 28: // here Deflate64 differs
		return 3 + int(d.take(16))
	}
	extra := uint(code/4 - 1)
	return 3 + (4+code&3)<<extra + int(d.take(extra))
}

// huffman is a canonical code: how many symbols have each length, and the
// symbols in order.
type huffman struct {
	counts  [maxBits + 1]uint16
	symbols [literals]uint16
}

// build makes the code. It refuses more symbols than there is room for, and
// fewer unless there is only one.
func (h *huffman) build(lengths []uint8) bool {
	h.counts = [maxBits + 1]uint16{}
	for _, n := range lengths {
		h.counts[n]++
	}
	used := len(lengths) - int(h.counts[0])
	h.counts[0] = 0
	left := 1
	var at [maxBits + 2]uint16
	for n := 1; n <= maxBits; n++ {
		left = left<<1 - int(h.counts[n])
		if left < 0 {
			return false
		}
		at[n+1] = at[n] + h.counts[n]
	}
	for s, n := range lengths {
		if n > 0 {
			h.symbols[at[n]] = uint16(s)
			at[n]++
		}
	}
	return left == 0 || used <= 1
}

func (h *huffman) decode(d *Decoder) int {
	code, first, index := 0, 0, 0
	for n := 1; n <= maxBits; n++ {
		code |= int(d.take(1))
		count := int(h.counts[n])
		if code-count < first {
			return int(h.symbols[index+code-first])
		}
		index += count
		first = (first + count) << 1
		code <<= 1
	}
	d.stop(ErrCorrupt)
	return 0
}
