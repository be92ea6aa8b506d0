package lzma

// slack is more than one symbol can take of the packed bytes.
const slack = 32

// literals decodes symbols into p as long as they are literals and the buffers
// are large enough that nothing needs to be checked for each. It stops in front
// of the first match, which symbol decodes; it keeps the state of the range coder
// in local variables, since that is most of the work.
func (d *Decoder) literals(p []byte) int {
	w, m, in := &d.win, &d.model, &d.rc.in
	if w.pos == len(w.buf) {
		w.wrap()
	}
	room := min(len(p), len(w.buf)-w.pos)
	if d.left >= 0 && int64(room) > d.left {
		room = int(d.left)
	}
	buf, at, last := in.buf, in.at, len(in.buf)-slack
	rng, code, state := d.rc.rng, d.rc.code, d.state
	ring, from, total := w.buf, w.pos, uint32(w.total)
	to := from
	prev := uint32(w.back(1))
	for to < from+room && at < last {
		if rng < 1<<24 {
			rng <<= 8
			code = code<<8 | uint32(buf[at])
			at++
		}
		pos := total & m.posMask
		p := &m.isMatch[state<<4+pos]
		bound := rng >> 11 * uint32(*p)
		if code >= bound {
			break // the bit is decoded again
		}
		rng = bound
		*p += (1<<11 - *p) >> 5
		ctx := (total&(1<<m.lp-1))<<m.lc + prev>>(8-m.lc)
		probs := (*[0x300]uint16)(m.literals[0x300*ctx:])
		sym := uint32(1)
		if state >= 7 {
			sym, rng, code, at = matched(probs, w.byteAt(to-1-int(d.reps[0])), buf, rng, code, at)
		}
		for sym < 0x100 {
			if rng < 1<<24 {
				rng <<= 8
				code = code<<8 | uint32(buf[at])
				at++
			}
			p := probs[sym]
			bound := rng >> 11 * uint32(p)
			if code < bound {
				rng = bound
				probs[sym] = p + (1<<11-p)>>5
				sym <<= 1
			} else {
				rng -= bound
				code -= bound
				probs[sym] = p - p>>5
				sym = sym<<1 | 1
			}
		}
		state = afterLiteral(state)
		prev = sym & 0xff
		ring[to] = byte(sym)
		to++
		total++
	}
	n := to - from
	copy(p, ring[from:to])
	d.rc.rng, d.rc.code, d.state, in.at = rng, code, state, at
	w.added(n)
	d.count(n)
	return n
}

// matched decodes the bits of a literal behind a match, up to the first that
// differs from those of the byte at the last distance.
func matched(probs *[0x300]uint16, hint uint32, buf []byte, rng, code uint32, at int) (sym, rng2, code2 uint32, at2 int) {
	sym = 1
	for sym < 0x100 {
		if rng < 1<<24 {
			rng <<= 8
			code = code<<8 | uint32(buf[at])
			at++
		}
		bit := hint >> 7 & 1
		hint <<= 1
		p := &probs[(1+bit)<<8+sym]
		bound := rng >> 11 * uint32(*p)
		got := uint32(0)
		if code < bound {
			rng = bound
			*p += (1<<11 - *p) >> 5
		} else {
			rng -= bound
			code -= bound
			*p -= *p >> 5
			got = 1
		}
		if sym = sym<<1 | got; got != bit {
			break
		}
	}
	return sym, rng, code, at
}

// byteAt is the byte at a place of the ring, which may lie before its start.
func (w *window) byteAt(i int) uint32 {
	if i < 0 {
		i += len(w.buf)
	}
	return uint32(w.buf[i])
}
