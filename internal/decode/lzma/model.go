package lzma

import "io"

// rangeCoder turns bytes into bits of given probability. A byte that is not
// there counts as zero and sets err: results are thrown away then.
type rangeCoder struct {
	in        input
	rng, code uint32
	err       error
}

func (c *rangeCoder) next() uint32 {
	if c.in.at < len(c.in.buf) {
		b := c.in.buf[c.in.at]
		c.in.at++
		return uint32(b)
	}
	return c.more()
}

func (c *rangeCoder) more() uint32 {
	b, err := c.in.fetch()
	if err != nil && c.err == nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		c.err = err
	}
	return uint32(b)
}

// start reads the five bytes that a stream begins with; the first is zero.
func (c *rangeCoder) start() {
	c.rng, c.code = 1<<32-1, 0
	if c.next() != 0 && c.err == nil {
		c.err = ErrCorrupt
	}
	for range 4 {
		c.code = c.code<<8 | c.next()
	}
}

func (c *rangeCoder) normalize() {
	if c.rng < 1<<24 {
		c.rng <<= 8
		c.code = c.code<<8 | c.next()
	}
}

func (c *rangeCoder) bit(p *uint16) uint32 {
	if c.rng < 1<<24 {
		c.rng <<= 8
		c.code = c.code<<8 | c.next()
	}
	bound := c.rng >> 11 * uint32(*p)
	if c.code < bound {
		c.rng = bound
		*p += (1<<11 - *p) >> 5
		return 0
	}
	c.rng -= bound
	c.code -= bound
	*p -= *p >> 5
	return 1
}

// direct reads n bits that are as likely 0 as 1.
func (c *rangeCoder) direct(n uint32) (v uint32) {
	rng, code := c.rng, c.code
	for range n {
		if rng < 1<<24 {
			rng <<= 8
			code = code<<8 | c.next()
		}
		rng >>= 1
		// Without a branch: the bit is as hard to guess as it can be.
		code -= rng
		low := -(code >> 31)
		code += rng & low
		v = v<<1 + low + 1
	}
	c.rng, c.code = rng, code
	return v
}

// tree reads n bits, the highest first.
func (c *rangeCoder) tree(probs []uint16, n uint32) uint32 {
	rng, code, v := c.rng, c.code, uint32(1)
	for range n {
		if rng < 1<<24 {
			rng <<= 8
			code = code<<8 | c.next()
		}
		p := probs[v]
		bound := rng >> 11 * uint32(p)
		if code < bound {
			rng = bound
			probs[v] = p + (1<<11-p)>>5
			v <<= 1
		} else {
			rng -= bound
			code -= bound
			probs[v] = p - p>>5
			v = v<<1 | 1
		}
	}
	c.rng, c.code = rng, code
	return v - 1<<n
}

// reverse reads n bits, the lowest first.
func (c *rangeCoder) reverse(probs []uint16, n uint32) (v uint32) {
	at := uint32(1)
	for i := range n {
		b := c.bit(&probs[at])
		at = at<<1 | b
		v |= b << i
	}
	return v
}

const (
	states      = 12
	maxPos      = 16 // position contexts
	lenStates   = 4
	alignBits   = 4
	endModel    = 14 // distance slots from here on use direct bits
	fullSlots   = 64
	minMatch    = 2
	initialProb = 1 << 10
)

// model is what the decoder has learned of the data.
type model struct {
	lc, lp  uint32
	posMask uint32

	isMatch, isRep0Long           [states * maxPos]uint16
	isRep, isRep0, isRep1, isRep2 [states]uint16
	slots                         [lenStates][fullSlots]uint16
	special                       [1<<7 - endModel + 1]uint16
	align                         [1 << alignBits]uint16
	length, repeat                lengths
	literals                      []uint16
}

type lengths struct {
	choice, choice2 uint16
	low, mid        [maxPos][8]uint16
	high            [256]uint16
}

// setup starts a model with a properties byte. It refuses what xz refuses.
func (m *model) setup(props byte) bool {
	if props >= 9*5*5 {
		return false
	}
	lc, rest := uint32(props%9), uint32(props/9)
	lp, pb := rest%5, rest/5
	if lc+lp > 4 {
		return false
	}
	m.lc, m.lp, m.posMask = lc, lp, 1<<pb-1
	m.reset()
	return true
}

// reset forgets what was learned.
func (m *model) reset() {
	if n := 0x300 << (m.lc + m.lp); len(m.literals) != n {
		m.literals = make([]uint16, n)
	}
	fill(m.literals)
	fill(m.isMatch[:])
	fill(m.isRep0Long[:])
	for _, p := range []*[states]uint16{&m.isRep, &m.isRep0, &m.isRep1, &m.isRep2} {
		fill(p[:])
	}
	for i := range m.slots {
		fill(m.slots[i][:])
	}
	fill(m.special[:])
	fill(m.align[:])
	m.length.reset()
	m.repeat.reset()
}

func (l *lengths) reset() {
	l.choice, l.choice2 = initialProb, initialProb
	for i := range l.low {
		fill(l.low[i][:])
		fill(l.mid[i][:])
	}
	fill(l.high[:])
}

func fill(p []uint16) {
	for i := range p {
		p[i] = initialProb
	}
}

func (l *lengths) decode(rc *rangeCoder, pos uint32) int {
	if rc.bit(&l.choice) == 0 {
		return minMatch + int(rc.tree(l.low[pos][:], 3))
	}
	if rc.bit(&l.choice2) == 0 {
		return minMatch + 8 + int(rc.tree(l.mid[pos][:], 3))
	}
	return minMatch + 16 + int(rc.tree(l.high[:], 8))
}

// literal decodes a byte. After a match, the byte at the last distance helps to
// predict it.
func (m *model) literal(rc *rangeCoder, w *window, state, rep0 uint32) byte {
	ctx := (uint32(w.total)&(1<<m.lp-1))<<m.lc + uint32(w.back(1))>>(8-m.lc)
	probs := m.literals[0x300*ctx:][:0x300]
	sym := uint32(1)
	if state >= 7 {
		match := uint32(w.back(int(rep0) + 1))
		for sym < 0x100 {
			hint := match >> 7 & 1
			match <<= 1
			b := rc.bit(&probs[(1+hint)<<8+sym])
			sym = sym<<1 | b
			if hint != b {
				break
			}
		}
	}
	for sym < 0x100 {
		sym = sym<<1 | rc.bit(&probs[sym])
	}
	return byte(sym)
}

// distance decodes how far a match goes back, less one.
func (m *model) distance(rc *rangeCoder, length int) uint32 {
	slot := rc.tree(m.slots[min(length-minMatch, lenStates-1)][:], 6)
	if slot < 4 {
		return slot
	}
	n := slot>>1 - 1
	dist := (2 | slot&1) << n
	if slot < endModel {
		return dist + rc.reverse(m.special[dist-slot:], n)
	}
	dist += rc.direct(n-alignBits) << alignBits
	return dist + rc.reverse(m.align[:], alignBits)
}
