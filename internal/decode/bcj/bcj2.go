package bcj

import (
	"encoding/binary"
	"errors"
	"io"
)

// ErrCorrupt says that the stream of decisions of BCJ2 is broken.
var ErrCorrupt = errors.New("the BCJ2 data is broken")

// BCJ2 joins four streams: code, addresses of calls, addresses of jumps, and a
// stream that says which of them were taken out.
type BCJ2 struct {
	code, calls, jumps, rc io.ByteReader
	left                   int64 // bytes still to come
	pos                    uint32
	rng, bits              uint32
	started                bool
	probs                  [258]uint16 // 0 conditional jump, 1 jump, from 2 on call, by the byte before
	prev                   byte
	addr                   [4]byte // an address that is half handed out
	addrLeft               int
	err                    error
}

// NewBCJ2 joins the streams to size bytes.
func NewBCJ2(code, calls, jumps, rc io.ByteReader, size int64) *BCJ2 {
	b := &BCJ2{code: code, calls: calls, jumps: jumps, rc: rc, left: size}
	for i := range b.probs {
		b.probs[i] = 1 << 10
	}
	return b
}

// Read implements io.Reader. Bytes before a break are delivered first.
func (b *BCJ2) Read(p []byte) (n int, err error) {
	if b.err == nil && !b.started {
		b.err = b.start()
	}
	p = p[:min(int64(len(p)), b.left)]
	for n < len(p) && b.err == nil {
		if b.addrLeft > 0 {
			k := copy(p[n:], b.addr[4-b.addrLeft:])
			b.addrLeft, b.left = b.addrLeft-k, b.left-int64(k)
			n += k
			continue
		}
		n += b.plain(p[n:])
	}
	if n > 0 {
		return n, nil
	}
	if b.err == nil && b.left == 0 {
		b.err = b.finish()
	}
	return 0, b.err
}

// start reads the five bytes that the decisions begin with; the first is zero.
func (b *BCJ2) start() error {
	b.started, b.rng = true, 1<<32-1
	for i := range 5 {
		c, err := b.rc.ReadByte()
		if err != nil {
			return early(err)
		}
		if i == 0 && c != 0 {
			return ErrCorrupt
		}
		b.bits = b.bits<<8 | uint32(c)
	}
	return nil
}

// finish takes the last byte of the decisions.
func (b *BCJ2) finish() error {
	if b.rng < 1<<24 {
		if _, err := b.rc.ReadByte(); err != nil {
			return early(err)
		}
	}
	return io.EOF
}

// plain copies code up to the next branch, and decides about that.
func (b *BCJ2) plain(p []byte) int {
	for n := range p {
		c, err := b.code.ReadByte()
		if err != nil {
			b.err = early(err)
			return n
		}
		p[n] = c
		b.pos++
		b.left--
		prev := b.prev
		b.prev = c
		if c&0xfe != 0xe8 && (prev != 0x0f || c&0xf0 != 0x80) {
			continue
		}
		// At the end of the content no decision is stored.
		if b.left > 0 {
			b.branch(prev, c)
		}
		return n + 1
	}
	return len(p)
}

// branch reads whether the address behind an instruction was taken out, and the
// address.
func (b *BCJ2) branch(prev, c byte) {
	prob, from := &b.probs[0], b.jumps
	switch c {
	case 0xe8:
		prob, from = &b.probs[2+int(prev)], b.calls
	case 0xe9:
		prob = &b.probs[1]
	}
	if !b.decide(prob) {
		return
	}
	var dest uint32
	for range 4 {
		v, err := from.ReadByte()
		if err != nil {
			b.err = early(err)
			return
		}
		dest = dest<<8 | uint32(v)
	}
	b.pos += 4
	dest -= b.pos
	binary.LittleEndian.PutUint32(b.addr[:], dest)
	b.addrLeft, b.prev = 4, byte(dest>>24)
}

// decide reads one bit.
func (b *BCJ2) decide(p *uint16) (yes bool) {
	if b.rng < 1<<24 {
		c, err := b.rc.ReadByte()
		if err != nil {
			b.err = early(err)
			return false
		}
		b.rng <<= 8
		b.bits = b.bits<<8 | uint32(c)
	}
	bound := b.rng >> 11 * uint32(*p)
	if b.bits < bound {
		b.rng = bound
		*p += (1<<11 - *p) >> 5
		return false
	}
	b.rng -= bound
	b.bits -= bound
	*p -= *p >> 5
	return true
}

func early(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
