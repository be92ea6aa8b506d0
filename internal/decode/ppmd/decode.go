package ppmd

// decode decodes the next byte. It returns less than zero at an end mark, and
// for data that no encoder writes.
func (m *model) decode(rc *rangeCoder) int {
	var masked [256]bool
	if m.u16(m.min+ctxStates) == 1 {
		if symbol, ok := m.binary(rc, &masked); ok {
			return symbol
		}
	} else if symbol, ok := m.several(rc, &masked); ok {
		return symbol
	}
	for {
		had := m.u16(m.min + ctxStates)
		for m.u16(m.min+ctxStates) == had {
			m.fall++
			if m.min = m.u32(m.min + ctxSuffix); m.min == 0 {
				m.min = m.max
				return -1
			}
		}
		if symbol, ok := m.escaped(rc, &masked, uint32(had)); ok {
			return symbol
		}
	}
}

// binary decodes in a context with one state.
func (m *model) binary(rc *rangeCoder, masked *[256]bool) (symbol int, ok bool) {
	one := m.min + ctxOne
	m.high = highFlag(m.mem[m.found])
	suffix := m.u32(m.min + ctxSuffix)
	p := &m.bin[m.mem[one+stFreq]-1][m.prev+int(m.nsBinIndex[m.u16(suffix+ctxStates)-1])+
		m.high+2*highFlag(m.mem[one])+int(m.run>>26&0x20)]
	mean := (*p + 1<<(periodBits-2)) >> periodBits
	if !rc.bit(*p) {
		*p += 1<<intBits - mean
		m.found = one
		symbol = int(m.mem[one])
		if m.mem[one+stFreq] < 128 {
			m.mem[one+stFreq]++
		}
		m.prev = 1
		m.run++
		m.next()
		return symbol, true
	}
	*p -= mean
	m.initEsc = uint32([16]uint8{25, 14, 9, 7, 5, 5, 4, 4, 4, 3, 3, 3, 2, 2, 2, 2}[*p>>10])
	masked[m.mem[one]] = true
	m.prev = 0
	return 0, false
}

// several decodes in a context with more states.
func (m *model) several(rc *rangeCoder, masked *[256]bool) (symbol int, ok bool) {
	s, n, sum := m.u32(m.min+ctxStats), uint32(m.u16(m.min+ctxStates)), uint32(m.u16(m.min+ctxSum))
	count := rc.threshold(sum)
	high := uint32(m.mem[s+stFreq])
	if count < high {
		rc.take(0, high)
		return m.first(s, high, sum), true
	}
	m.prev = 0
	for range n - 1 {
		s += stSize
		f := uint32(m.mem[s+stFreq])
		if high += f; high > count {
			rc.take(high-f, f)
			return m.other(s), true
		}
	}
	if count >= sum {
		return -2, true
	}
	m.high = highFlag(m.mem[m.found])
	rc.take(high, sum-high)
	for range n {
		masked[m.mem[s]] = true
		s -= stSize
	}
	return 0, false
}

// first is about the most frequent state of a context.
func (m *model) first(s ref, freq, sum uint32) int {
	symbol := int(m.mem[s])
	m.found, m.prev = s, 0
	if 2*freq > sum {
		m.prev = 1
		m.run++
	}
	m.raise(s)
	m.next()
	return symbol
}

// other is about any other state.
func (m *model) other(s ref) int {
	symbol := int(m.mem[s])
	m.found = s
	m.put16(m.min+ctxSum, m.u16(m.min+ctxSum)+4)
	m.mem[s+stFreq] += 4
	if m.mem[s+stFreq] > m.mem[s-stSize+stFreq] {
		m.swap(s, s-stSize)
		m.found = s - stSize
		if m.mem[m.found+stFreq] > maxFreq {
			m.rescale()
		}
	}
	m.next()
	return symbol
}

// raise makes a state of the current context more likely.
func (m *model) raise(s ref) {
	m.put16(m.min+ctxSum, m.u16(m.min+ctxSum)+4)
	if m.mem[s+stFreq] += 4; m.mem[s+stFreq] > maxFreq {
		m.rescale()
	}
}

// escaped decodes in a shorter context, without the symbols that longer ones
// have ruled out; had is how many.
func (m *model) escaped(rc *rangeCoder, masked *[256]bool, had uint32) (symbol int, ok bool) {
	var open [256]ref
	n, high := 0, uint32(0)
	s := m.u32(m.min + ctxStats)
	for want := int(uint32(m.u16(m.min+ctxStates)) - had); n < want; s += stSize {
		if !masked[m.mem[s]] {
			high += uint32(m.mem[s+stFreq])
			open[n] = s
			n++
		}
	}
	see, escape := m.escape(had)
	total := escape + high
	count := rc.threshold(total)
	if count < high {
		return m.pick(rc, open[:n], count, see), true
	}
	if count >= total {
		return -2, true
	}
	rc.take(high, total-high)
	see.sum += uint16(total)
	for _, s := range open[:n] {
		masked[m.mem[s]] = true
	}
	return 0, false
}

// pick takes the state at the count.
func (m *model) pick(rc *rangeCoder, open []ref, count uint32, see *see) int {
	high, i := uint32(m.mem[open[0]+stFreq]), 0
	for high <= count {
		i++
		high += uint32(m.mem[open[i]+stFreq])
	}
	s := open[i]
	f := uint32(m.mem[s+stFreq])
	rc.take(high-f, f)
	see.update()
	symbol := int(m.mem[s])
	m.found = s
	m.raise(s)
	m.run = m.base
	if !m.learn() {
		m.restart()
	}
	return symbol
}

// escape estimates how likely an escape is.
func (m *model) escape(had uint32) (*see, uint32) {
	n := uint32(m.u16(m.min + ctxStates))
	if n == 256 {
		return &m.dummy, 1
	}
	open := n - had
	suffix := uint32(m.u16(m.u32(m.min+ctxSuffix) + ctxStates))
	at := flag(open < suffix-n) + 2*flag(uint32(m.u16(m.min+ctxSum)) < 11*n) + 4*flag(had > open) + uint32(m.high)
	see := &m.sees[m.nsIndex[open-1]][at]
	r := see.sum >> see.shift
	see.sum -= r
	return see, uint32(r) + flag(r == 0)
}
