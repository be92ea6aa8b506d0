package ppmd

// Fields of a context: how many states it has, the sum of their frequencies,
// where they are, and the context that is one byte shorter. A context with one
// state holds it in place of the sum and the reference.
const (
	ctxStates = 0
	ctxSum    = 2
	ctxStats  = 4
	ctxSuffix = 8
	ctxOne    = 2
)

// Fields of a state: a byte that may follow, how often it did, and the context
// that it leads to, or a place in the text.
const (
	stSymbol = 0
	stFreq   = 1
	stNext   = 2
	stSize   = 6
)

const (
	maxFreq    = 124
	intBits    = 7
	periodBits = 7
	binScale   = 1 << 14
)

// see is an estimate of how likely an escape is.
type see struct {
	sum          uint16
	shift, count uint8
}

func (s *see) update() {
	if s.shift < periodBits {
		if s.count--; s.count == 0 {
			s.sum <<= 1
			s.count = uint8(3 << s.shift)
			s.shift++
		}
	}
}

// model is what the decoder has learned of the data.
type model struct {
	arena
	order     int
	min, max  ref // contexts
	found     ref // state
	fall      int // by how much the order has fallen
	initEsc   uint32
	prev      int // the last symbol was the most likely one
	high      int // from the last symbol
	run, base int32
	restarts  int

	nsIndex    [256]uint8
	nsBinIndex [256]uint8
	dummy      see
	sees       [25][16]see
	bin        [128][64]uint16
}

func (m *model) setup(order, memory int, smaller bool) {
	m.order = order
	m.arena.setup(memory, smaller)
	for i := range m.nsBinIndex {
		switch {
		case i < 2:
			m.nsBinIndex[i] = uint8(2 * i)
		case i < 11:
			m.nsBinIndex[i] = 4
		default:
			m.nsBinIndex[i] = 6
		}
	}
	level, k := 3, 1
	for i := range m.nsIndex {
		if i < 3 {
			m.nsIndex[i] = uint8(i)
			continue
		}
		m.nsIndex[i] = uint8(level)
		if k--; k == 0 {
			level++
			k = level - 2
		}
	}
	m.dummy = see{shift: periodBits, count: 64}
	m.restart()
}

// restart forgets everything.
func (m *model) restart() {
	m.arena.reset()
	m.restarts++
	m.fall = m.order
	m.base = -int32(min(m.order, 12)) - 1
	m.run, m.prev = m.base, 0
	m.hi -= unit
	m.min, m.max = m.hi, m.hi
	m.found = m.lo
	m.lo += 256 / 2 * unit
	m.put16(m.min+ctxStates, 256)
	m.put16(m.min+ctxSum, 257)
	m.put32(m.min+ctxStats, m.found)
	m.put32(m.min+ctxSuffix, 0)
	for i := range ref(256) {
		m.putState(m.found+i*stSize, state{symbol: byte(i), freq: 1})
	}
	escapes := [8]uint16{0x3cdd, 0x1f3f, 0x59bf, 0x48f3, 0x64a1, 0x5abc, 0x6632, 0x6051}
	for i := range m.bin {
		for k := range m.bin[i] {
			m.bin[i][k] = binScale - escapes[k&7]/uint16(i+2)
		}
	}
	for i := range m.sees {
		for k := range m.sees[i] {
			m.sees[i][k] = see{sum: uint16(5*i+10) << (periodBits - 4), shift: periodBits - 4, count: 4}
		}
	}
}

// state is one of a context, out of the arena.
type state struct {
	symbol, freq byte
	next         ref
}

func (m *model) state(at ref) state {
	return state{m.mem[at], m.mem[at+stFreq], m.u32(at + stNext)}
}

func (m *model) putState(at ref, s state) {
	m.mem[at], m.mem[at+stFreq] = s.symbol, s.freq
	m.put32(at+stNext, s.next)
}

func (m *model) swap(a, b ref) {
	s := m.state(a)
	m.putState(a, m.state(b))
	m.putState(b, s)
}

// highFlag tells the upper three quarters of bytes from text.
func highFlag(symbol byte) int {
	if symbol >= 0x40 {
		return 8
	}
	return 0
}

func flag(yes bool) uint32 {
	if yes {
		return 1
	}
	return 0
}

// find is the state of the symbol in a context of several, which has it.
func (m *model) find(ctx ref, symbol byte) ref {
	s := m.u32(ctx + ctxStats)
	for m.mem[s] != symbol {
		s += stSize
	}
	return s
}

// successors makes a context for each shorter one that leads into the text, and
// returns the longest. 0 means that memory is exhausted.
func (m *model) successors(skip bool) ref {
	var waiting [maxOrder]ref
	n, c := 0, m.min
	branch, symbol := m.u32(m.found+stNext), m.mem[m.found]
	if !skip {
		waiting[n] = m.found
		n++
	}
	for m.u32(c+ctxSuffix) != 0 {
		c = m.u32(c + ctxSuffix)
		s := c + ctxOne
		if m.u16(c+ctxStates) != 1 {
			s = m.find(c, symbol)
		}
		if next := m.u32(s + stNext); next != branch {
			if c = next; n == 0 {
				return c
			}
			break
		}
		waiting[n] = s
		n++
	}
	if n == 0 {
		return c
	}
	up := m.predict(c, branch)
	for n > 0 {
		child := m.context()
		if child == 0 {
			return 0
		}
		m.put16(child+ctxStates, 1)
		m.putState(child+ctxOne, up)
		m.put32(child+ctxSuffix, c)
		n--
		m.put32(waiting[n]+stNext, child)
		c = child
	}
	return c
}

// predict is the only state of a new context below c: the byte of the text at
// branch, as likely as it is in c.
func (m *model) predict(c, branch ref) state {
	up := state{symbol: m.mem[branch], next: branch + 1}
	if m.u16(c+ctxStates) == 1 {
		up.freq = m.mem[c+ctxOne+stFreq]
		return up
	}
	cf := uint32(m.mem[m.find(c, up.symbol)+stFreq]) - 1
	s0 := uint32(m.u16(c+ctxSum)) - uint32(m.u16(c+ctxStates)) - cf
	switch {
	case 2*cf <= s0:
		up.freq = byte(1 + flag(5*cf > s0))
	default:
		up.freq = byte(1 + (2*cf+3*s0-1)/(2*s0))
	}
	return up
}

// next goes on to the context of the found state.
func (m *model) next() {
	if c := m.u32(m.found + stNext); m.fall == 0 && c > m.text {
		m.min, m.max = c, c
		return
	}
	if !m.learn() {
		m.restart()
	}
}

// learn adds the found symbol to the contexts that did not have it. It reports
// false when memory is exhausted.
func (m *model) learn() bool {
	found := m.state(m.found)
	m.raiseSuffix(found)
	if m.fall == 0 {
		c := m.successors(true)
		if c == 0 {
			return false
		}
		m.min, m.max = c, c
		m.put32(m.found+stNext, c)
		return true
	}
	m.mem[m.text] = found.symbol
	m.text++
	successor := m.text
	if m.text >= m.units {
		m.full = m.full || m.smaller
		return false
	}
	if found.next != 0 {
		if found.next <= successor {
			if found.next = m.successors(false); found.next == 0 {
				return false
			}
		}
		if m.fall--; m.fall == 0 {
			successor = found.next
			m.text -= flag(m.max != m.min)
		}
	} else {
		m.put32(m.found+stNext, successor)
		found.next = m.min
	}
	// The frequency may have changed: the state can be the suffix's own.
	found.freq = m.mem[m.found+stFreq]
	return m.addAll(found, successor)
}

// raiseSuffix makes a rare symbol more likely in the next shorter context.
func (m *model) raiseSuffix(found state) {
	c := m.u32(m.min + ctxSuffix)
	if found.freq >= maxFreq/4 || c == 0 {
		return
	}
	if m.u16(c+ctxStates) == 1 {
		if m.mem[c+ctxOne+stFreq] < 32 {
			m.mem[c+ctxOne+stFreq]++
		}
		return
	}
	s := m.find(c, found.symbol)
	if s != m.u32(c+ctxStats) && m.mem[s+stFreq] >= m.mem[s-stSize+stFreq] {
		m.swap(s, s-stSize)
		s -= stSize
	}
	if m.mem[s+stFreq] < maxFreq-9 {
		m.mem[s+stFreq] += 2
		m.put16(c+ctxSum, m.u16(c+ctxSum)+2)
	}
}

// addAll adds the symbol to every context from the longest down to the one that
// had it.
func (m *model) addAll(found state, successor ref) bool {
	ns := uint32(m.u16(m.min + ctxStates))
	s0 := uint32(m.u16(m.min+ctxSum)) - ns - (uint32(found.freq) - 1)
	for c := m.max; c != m.min; c = m.u32(c + ctxSuffix) {
		if !m.room(c, ns) {
			return false
		}
		n, sum := uint32(m.u16(c+ctxStates)), uint32(m.u16(c+ctxSum))
		cf, sf := 2*uint32(found.freq)*(sum+6), s0+sum
		if cf < 6*sf {
			cf = 1 + flag(cf > sf) + flag(cf >= 4*sf)
			sum += 3
		} else {
			cf = 4 + flag(cf >= 9*sf) + flag(cf >= 12*sf) + flag(cf >= 15*sf)
			sum += cf
		}
		m.put16(c+ctxSum, uint16(sum))
		m.putState(m.u32(c+ctxStats)+n*stSize, state{found.symbol, byte(cf), successor})
		m.put16(c+ctxStates, uint16(n+1))
	}
	m.min, m.max = found.next, found.next
	return true
}

// room makes place for one more state in a context; ns is the number of states
// in the context that had the symbol.
func (m *model) room(c ref, ns uint32) bool {
	n := uint32(m.u16(c + ctxStates))
	if n == 1 {
		s := m.alloc(0)
		if s == 0 {
			return false
		}
		one := m.state(c + ctxOne)
		if one.freq < maxFreq/4-1 {
			one.freq <<= 1
		} else {
			one.freq = maxFreq - 4
		}
		m.putState(s, one)
		m.put32(c+ctxStats, s)
		m.put16(c+ctxSum, uint16(uint32(one.freq)+m.initEsc+flag(ns > 3)))
		return true
	}
	if n&1 == 0 {
		if i := m.index(n >> 1); i != m.index(n>>1+1) {
			s := m.alloc(i + 1)
			if s == 0 {
				return false
			}
			old := m.u32(c + ctxStats)
			copy(m.mem[s:s+n>>1*unit], m.mem[old:])
			m.insert(old, i)
			m.put32(c+ctxStats, s)
		}
	}
	sum := uint32(m.u16(c + ctxSum))
	m.put16(c+ctxSum, uint16(sum+flag(2*n < ns)+2*flag(4*n <= ns && sum <= 8*n)))
	return true
}

// rescale halves the frequencies of the current context, and drops states that
// come to nothing.
func (m *model) rescale() {
	stats, n := m.u32(m.min+ctxStats), uint32(m.u16(m.min+ctxStates))
	m.toFront(m.found, stats)
	adder := flag(m.fall != 0)
	escape := uint32(m.u16(m.min+ctxSum)) - uint32(m.mem[stats+stFreq])
	m.mem[stats+stFreq] = byte((uint32(m.mem[stats+stFreq]) + 4 + adder) >> 1)
	sum := uint32(m.mem[stats+stFreq])
	for s := stats + stSize; s < stats+n*stSize; s += stSize {
		f := uint32(m.mem[s+stFreq])
		escape -= f
		f = (f + adder) >> 1
		sum += f
		m.mem[s+stFreq] = byte(f)
		m.sink(s, stats)
	}
	if kept := m.kept(stats, n); kept < n {
		escape += n - kept
		m.put16(m.min+ctxStates, uint16(kept))
		if kept == 1 {
			m.single(stats, n, escape)
			return
		}
		if from, to := (n+1)>>1, (kept+1)>>1; from != to {
			m.put32(m.min+ctxStats, m.shrink(stats, from, to))
		}
	}
	m.put16(m.min+ctxSum, uint16(sum+escape-escape>>1))
	m.found = m.u32(m.min + ctxStats)
}

// toFront moves a state to the beginning of its context.
func (m *model) toFront(s, stats ref) {
	moved := m.state(s)
	copy(m.mem[stats+stSize:s+stSize], m.mem[stats:s])
	m.putState(stats, moved)
}

// sink moves a state forward, behind those that are at least as frequent.
func (m *model) sink(s, stats ref) {
	moved, at := m.state(s), s
	for at > stats && moved.freq > m.mem[at-stSize+stFreq] {
		at -= stSize
	}
	if at != s {
		copy(m.mem[at+stSize:s+stSize], m.mem[at:s])
		m.putState(at, moved)
	}
}

// kept is how many states still have a frequency.
func (m *model) kept(stats ref, n uint32) uint32 {
	for n > 1 && m.mem[stats+(n-1)*stSize+stFreq] == 0 {
		n--
	}
	return n
}

// single turns a context of n states into one of a single state.
func (m *model) single(stats ref, n, escape uint32) {
	one := m.state(stats)
	for {
		one.freq -= one.freq >> 1
		if escape >>= 1; escape <= 1 {
			break
		}
	}
	m.insert(stats, m.index((n+1)>>1))
	m.found = m.min + ctxOne
	m.putState(m.found, one)
}
