package pickle

import (
	"encoding/binary"

	"github.com/sallyport/sallyport/internal/bounded"
)

// opsPerCharge is how many opcodes run between two looks at the budget.
const opsPerCharge = 1 << 12

// loop runs opcodes until STOP or until the stream breaks.
func (m *machine) loop() {
	for m.err == nil {
		m.fast()
		if m.leaveFrame(); m.err != nil {
			return
		}
		// The longest opcode without content has nine bytes.
		if len(m.w)-m.p < 16 && !m.fill(16) && len(m.w) == m.p {
			m.at = m.pos()
			m.truncated()
			return
		}
		m.at = m.base + int64(m.p)
		if m.ops++; m.ops&(opsPerCharge-1) == 0 && !m.charge() {
			return
		}
		op := m.w[m.p]
		m.p++
		if op == '.' {
			m.stop()
			return
		}
		m.step(op)
		m.leaveFrame()
	}
}

// leaveFrame notes the end of a frame, and an argument that lies across it.
func (m *machine) leaveFrame() {
	if m.frame == 0 || m.pos() < m.frame {
		return
	}
	if m.pos() > m.frame {
		m.desync(FrameCrossed)
	}
	m.frame = 0
}

func (m *machine) charge() bool {
	if err := m.r.Budget().Items(opsPerCharge); err != nil {
		m.broken(LimitHit, err.Error())
		return false
	}
	if len(m.stack)+len(m.marks) > bounded.MaxPickleStack {
		m.broken(LimitHit, m.reach("pickle-stack", bounded.MaxPickleStack).Error())
		return false
	}
	return true
}

func (m *machine) stop() {
	if !m.has(1) {
		return
	}
	m.t.Stopped = true
	if m.acc != nil {
		m.acc.returned(m)
	}
	if m.frame > m.pos() {
		m.desync(FrameLeft)
	}
}

// step executes one opcode other than STOP.
func (m *machine) step(op byte) {
	if m.t.Foreign.Op == 0 && !restricted[op] {
		m.t.Foreign = Instruction{Op(op), m.at}
	}
	switch op {
	case 'K': // BININT1
		if b, ok := m.byte(); ok {
			m.push(vInt | val(b))
		}
	case 'h': // BINGET
		if b, ok := m.byte(); ok {
			m.get(uint64(b))
		}
	case 'j': // LONG_BINGET
		if n, ok := m.uint(4); ok {
			m.get(n)
		}
	case 0x94: // MEMOIZE
		m.put(uint64(m.memo.count))
	case 'q': // BINPUT
		if b, ok := m.byte(); ok {
			m.put(uint64(b))
		}
	case 'r': // LONG_BINPUT
		if n, ok := m.uint(4); ok {
			m.put(n)
		}
	case 0x8c: // SHORT_BINUNICODE
		if n, ok := m.byte(); ok {
			m.shortText(int(n))
		}
	case 'X': // BINUNICODE
		if n, ok := m.uint(4); ok {
			m.content(vStr, n)
		}
	case 0x8d: // BINUNICODE8
		if n, ok := m.uint(8); ok {
			m.content(vStr, n)
		}
	case 'G': // BINFLOAT
		if m.need(8) {
			m.p += 8
			m.push(vBig)
		}
	case 'J': // BININT
		if n, ok := m.uint(4); ok {
			m.push(intVal(int64(int32(n))))
		}
	case 'M': // BININT2
		if n, ok := m.uint(2); ok {
			m.push(intVal(int64(n)))
		}
	case '(': // MARK
		m.mark()
	case 't', 'l', 'd', 0x91, '1', 'e', 'u', 0x90, 'o', 'i':
		m.marked(op)
	case ')': // EMPTY_TUPLE
		m.push(vTuple)
	case 0x85, 0x86, 0x87: // TUPLE1, TUPLE2, TUPLE3
		if n := int(op - 0x84); m.has(n) {
			at := len(m.stack) - n
			v := m.tuple.tuple(m.stack[at:])
			m.stack = append(m.stack[:at], v)
		}
	case 'N': // NONE
		m.push(vNone)
	case 0x88, 0x89: // NEWTRUE, NEWFALSE
		m.push(vBool | val(0x89-op))
	case ']': // EMPTY_LIST
		m.push(at(vList, m.at))
	case '}': // EMPTY_DICT
		m.push(at(vDict, m.at))
	case 0x8f: // EMPTY_SET
		m.push(at(vSet, m.at))
	case 'a': // APPEND
		if m.has(2) {
			m.pop()
			m.grow(Op('a'), *m.top())
		}
	case 's': // SETITEM
		if m.has(3) {
			n := len(m.stack)
			m.setItems(Op('s'), m.stack[n-3], m.stack[n-2:])
			m.stack = m.stack[:n-2]
		}
	case '0': // POP
		if len(m.stack) == m.fence() && len(m.marks) > 0 {
			m.marks = m.marks[:len(m.marks)-1]
		} else if m.has(1) {
			m.pop()
		}
	case '2': // DUP
		if m.has(1) {
			m.push(reused(*m.top()))
		}
	case 'b', 'R', 0x81, 0x92, 0x93, 'Q': // BUILD, REDUCE, NEWOBJ, NEWOBJ_EX, STACK_GLOBAL, BINPERSID
		m.operate(op)
	case 'I', 'L', 'F', 'S', 'V', 'g', 'p', 'P', 'c':
		m.textual(op)
	default:
		m.rare(op)
	}
}

// rare are the opcodes that do not come by the million.
func (m *machine) rare(op byte) {
	switch op {
	case 'C', 'U': // SHORT_BINBYTES, SHORT_BINSTRING
		if n, ok := m.uint(1); ok {
			m.content(bytesOrText(op == 'C'), n)
		}
	case 'B': // BINBYTES
		if n, ok := m.uint(4); ok {
			m.content(vBytes, n)
		}
	case 'T': // BINSTRING
		if n, ok := m.uint(4); ok && !m.negative(n) {
			m.content(vStr, n)
		}
	case 0x8e, 0x96: // BINBYTES8, BYTEARRAY8
		if n, ok := m.uint(8); ok {
			m.content(vBytes, n)
		}
	case 0x8a: // LONG1
		if n, ok := m.uint(1); ok {
			m.long(n)
		}
	case 0x8b: // LONG4
		if n, ok := m.uint(4); ok && !m.negative(n) {
			m.long(n)
		}
	case 0x80: // PROTO
		if b, ok := m.byte(); ok {
			m.protocol(int(b))
		}
	case 0x95: // FRAME
		if n, ok := m.uint(8); ok {
			m.enterFrame(n)
		}
	case 0x82, 0x83, 0x84: // EXT1, EXT2, EXT4
		if n, ok := m.uint(1 << (op - 0x82)); ok {
			m.extension(n)
		}
	case 0x97: // NEXT_BUFFER
		m.desync(NoBuffer)
		m.push(vOther)
	case 0x98: // READONLY_BUFFER
		if m.has(1) {
			m.desync(NoBuffer)
		}
	default:
		m.p-- // the byte was not consumed by any loader that goes on from here
		m.broken(BadOpcode, "")
	}
}

func bytesOrText(isBytes bool) val {
	if isBytes {
		return vBytes
	}
	return vStr
}

// uint reads a little-endian number of 1, 2, 4 or 8 bytes.
func (m *machine) uint(size int) (uint64, bool) {
	if !m.need(size) {
		return 0, false
	}
	p := m.w[m.p:]
	m.p += size
	switch size {
	case 1:
		return uint64(p[0]), true
	case 2:
		return uint64(binary.LittleEndian.Uint16(p)), true
	case 4:
		return uint64(binary.LittleEndian.Uint32(p)), true
	}
	return binary.LittleEndian.Uint64(p), true
}

// negative refuses a length with the sign bit set, as every unpickler does.
func (m *machine) negative(n uint64) bool {
	if int32(n) < 0 {
		m.broken(BadNumber, "negative length")
		return true
	}
	return false
}

func (m *machine) mark() {
	if len(m.marks) == bounded.MaxPickleDepth {
		// Loaders go on from here, and so does this one: nothing recurses.
		_ = m.reach("pickle-depth", bounded.MaxPickleDepth)
	}
	m.marks = append(m.marks, int32(len(m.stack)))
}

// reused marks what comes from the memo or by DUP: it was not just made.
func reused(v val) val {
	if k := v.kind(); k == vObject || k == vImport {
		return v.shared()
	}
	return v
}

func (m *machine) get(i uint64) {
	v, ok := m.memo.get(i)
	switch {
	case ok:
		m.push(reused(v))
	case m.memo.lost:
		m.t.Lost = true
		m.push(vOther) // perhaps put there, but not kept
	default:
		m.broken(NoMemo, "")
	}
}

func (m *machine) put(i uint64) {
	if !m.has(1) || m.memo.fill(i, *m.top()) {
		return
	}
	if i > bounded.MaxMemoIndex {
		// C makes room for all indices up to this one. A stream that has as many
		// values needs it; another one is made to exhaust C.
		if i > uint64(m.memo.count) {
			m.desync(MemoHuge)
		}
		_ = m.reach("memo-index", bounded.MaxMemoIndex)
	}
	if !m.memo.put(i, *m.top(), origin{m.at, m.tuple.base + int64(len(m.tuple.items))}) {
		_ = m.reach("memo-bytes", bounded.MaxMemoBytes)
	}
}

func (m *machine) protocol(n int) {
	if n > 5 {
		m.desync(ProtoHigh)
	}
	if m.at != m.t.Start {
		m.desync(ProtoMoved)
	}
	m.proto = n
	m.t.Protocol = max(m.t.Protocol, n)
}

func (m *machine) enterFrame(n uint64) {
	if m.frame != 0 && m.pos() < m.frame {
		m.desync(FrameNested)
	}
	if n > uint64(m.r.Size()-m.pos()) {
		m.desync(FrameLong)
		m.frame = 0
		return
	}
	m.frame = m.pos() + int64(n)
}

func (m *machine) extension(code uint64) {
	if len(m.t.Extensions) < maxOdd {
		m.t.Extensions = append(m.t.Extensions, Extension{Code: int64(code), Offset: m.at})
	}
	m.push(at(vExt, m.at))
}

func (m *machine) long(n uint64) {
	if n <= 8 {
		if !m.need(int(n)) {
			return
		}
		var x int64
		for i, b := range m.w[m.p : m.p+int(n)] {
			x |= int64(b) << (8 * i)
		}
		m.p += int(n)
		shift := 64 - 8*n // sign-extend
		m.push(intVal(x << shift >> shift))
		return
	}
	if m.skip(n) {
		m.push(vBig)
	}
}
