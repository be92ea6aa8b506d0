package pickle

import (
	"encoding/binary"
	"slices"

	"github.com/sallyport/sallyport/internal/bounded"
)

const (
	// lookahead is how many bytes from an opcode on lie in the window while fast
	// runs: as many as any opcode has without its content.
	lookahead = 9
	// headroom is how many values fit on the stack when fast begins, and how many
	// opcodes it runs at most, since each of them pushes one value or none.
	headroom = 1 << 10
)

// fast runs opcodes as long as they lie in the window and are of the kinds that
// come by the million. It does what step does and nothing else: where an opcode
// needs more than this, it leaves the switch and step takes it. It is one
// function and calls nothing else, so that the compiler keeps the position and
// the stack in registers; what is called here must be small enough to be
// inlined. An account hears of every step and goes without.
func (m *machine) fast() {
	if m.acc != nil {
		return
	}
	m.roomy()
	w, p, end := m.w, m.p, m.fastEnd()
	base, frame := m.base, m.frame
	foreign := m.t.Foreign.Op != 0 // else step has to see the first one
	stack, n, fence := m.stack[:cap(m.stack)], len(m.stack), m.fence()
	for p < end {
		m.at = base + int64(p)
		m.ops++
		word := binary.LittleEndian.Uint64(w[p:])
		switch op := byte(word); op {
		case 'K': // BININT1
			stack[n] = vInt | val(byte(word>>8))
			n, p = n+1, p+2
			continue
		case 'M': // BININT2
			stack[n] = vInt | val(uint16(word>>8))
			n, p = n+1, p+3
			continue
		case 'J': // BININT
			stack[n] = vInt | val(int32(word>>8))&(1<<intBits-1)
			n, p = n+1, p+5
			continue
		case 'G': // BINFLOAT
			stack[n] = vBig
			n, p = n+1, p+9
			continue
		case 'N': // NONE
			stack[n] = vNone
			n, p = n+1, p+1
			continue
		case 0x88, 0x89: // NEWTRUE, NEWFALSE
			stack[n] = vBool | val(0x89-op)
			n, p = n+1, p+1
			continue
		case ')': // EMPTY_TUPLE
			stack[n] = vTuple
			n, p = n+1, p+1
			continue
		case ']': // EMPTY_LIST
			stack[n] = at(vList, m.at)
			n, p = n+1, p+1
			continue
		case '}': // EMPTY_DICT
			stack[n] = at(vDict, m.at)
			n, p = n+1, p+1
			continue
		case 0x8c: // SHORT_BINUNICODE
			size := int(byte(word >> 8))
			if foreign && size < len(w)-p-1 && glance[byte(word>>16)]&worth[min(size, maxNotable+1)]&^forSniff == 0 {
				stack[n] = ranged(vStr, m.at+2, int64(size))
				n, p = n+1, p+2+size
				continue
			}
		case 'X': // BINUNICODE
			size := int(uint32(word >> 8))
			if size < 256 && size < len(w)-p-4 && glance[byte(word>>40)]&worth[min(size, maxNotable+1)] == 0 {
				stack[n] = ranged(vStr, m.at+5, int64(size))
				n, p = n+1, p+5+size
				continue
			}
		case 'C', 'U': // SHORT_BINBYTES, SHORT_BINSTRING
			size := int(byte(word >> 8))
			if foreign && size < len(w)-p-1 && glance[byte(word>>16)]&worth[min(size, maxNotable+1)] == 0 {
				stack[n] = ranged(bytesOrText(op == 'C'), m.at+2, int64(size))
				n, p = n+1, p+2+size
				continue
			}
		case 0x94: // MEMOIZE
			if foreign && n > fence && m.memo.fill(uint64(m.memo.count), stack[n-1]) {
				p++
				continue
			}
		case 'q': // BINPUT
			if n > fence && m.memo.fill(uint64(byte(word>>8)), stack[n-1]) {
				p += 2
				continue
			}
		case 'r': // LONG_BINPUT
			if n > fence && m.memo.fill(uint64(uint32(word>>8)), stack[n-1]) {
				p += 5
				continue
			}
		case 'h': // BINGET
			if first := m.memo.first; first != nil && first[byte(word>>8)] != vNothing {
				stack[n] = reused(first[byte(word>>8)])
				n, p = n+1, p+2
				continue
			}
		case 'j': // LONG_BINGET
			if v := m.memo.wide(uint64(uint32(word >> 8))); v != vNothing {
				stack[n] = reused(v)
				n, p = n+1, p+5
				continue
			}
		case 0x85: // TUPLE1
			if t := m.tuple.room(1); t != nil && n > fence {
				t[0] = stack[n-1]
				stack[n-1] = m.tuple.made(1)
				p++
				continue
			}
		case 0x86: // TUPLE2
			if t := m.tuple.room(2); t != nil && n-fence > 1 {
				t[0], t[1] = stack[n-2], stack[n-1]
				stack[n-2] = m.tuple.made(2)
				n, p = n-1, p+1
				continue
			}
		case 0x87: // TUPLE3
			if t := m.tuple.room(3); t != nil && n-fence > 2 {
				t[0], t[1], t[2] = stack[n-3], stack[n-2], stack[n-1]
				stack[n-3] = m.tuple.made(3)
				n, p = n-2, p+1
				continue
			}
		case 'a': // APPEND
			if n-fence > 1 && stack[n-2].kind() == vList {
				n, p = n-1, p+1
				continue
			}
		case '(': // MARK
			if k := len(m.marks); k < cap(m.marks) && k < bounded.MaxPickleDepth {
				m.marks = m.marks[:k+1]
				m.marks[k] = int32(n)
				fence, p = n, p+1
				continue
			}
		case 's': // SETITEM
			if n-fence > 2 && stack[n-3].kind() == vDict && dull(stack[n-2], stack[n-1]) {
				n, p = n-2, p+1
				continue
			}
		case 'I', 'p', 'g': // INT, PUT, GET
			text, size := shortNumber(word >> 8)
			if !foreign || size == 0 || size > 1 && byte(word>>8) == '0' {
				break
			}
			number := decimal(text)
			switch {
			case op == 'I':
				stack[n] = vInt | val(number)
				n, p = n+1, p+size+2
				continue
			case op == 'p':
				if n > fence && m.memo.fill(number, stack[n-1]) {
					p += size + 2
					continue
				}
			default:
				if v := m.memo.wide(number); v != vNothing {
					stack[n] = reused(v)
					n, p = n+1, p+size+2
					continue
				}
			}
		case '.': // STOP
			m.ops--
			m.p, m.stack = p, m.stack[:n]
			return
		case 't', 'l', 'd', 'e', 'u', 'o', 'b', 'R', 'Q', '0', '2', 0x81, 0x92, 0x93: // enough cases for a table of jumps
		}
		m.p, m.stack = p+1, m.stack[:n]
		if m.step(byte(word)); m.err != nil {
			return
		}
		p, n, fence, foreign = m.p, len(m.stack), m.fence(), m.t.Foreign.Op != 0
		if m.base != base || len(m.w) != len(w) || m.frame != frame { // else the end holds, and the room
			break
		}
	}
	m.p, m.stack = p, m.stack[:n]
}

// roomy makes room on the stack for a run of fast.
func (m *machine) roomy() {
	if cap(m.stack)-len(m.stack) < headroom {
		m.stack = slices.Grow(m.stack, headroom)
	}
}

// fastEnd is where fast must stop: for want of bytes, for want of room on the
// stack, at the end of a frame, or because the budget has to be asked.
func (m *machine) fastEnd() int {
	ops := min(headroom, opsPerCharge-1-int(m.ops&(opsPerCharge-1)))
	end := min(len(m.w)-lookahead+1, m.p+ops)
	if m.frame != 0 {
		return int(min(int64(end), m.frame-m.base))
	}
	return end
}
