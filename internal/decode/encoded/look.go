package encoded

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// verdict is what a look at some bytes says.
type verdict int

const (
	noPickle verdict = iota // an instruction is impossible
	mayBe                   // the bytes end before it is clear
	isPickle
)

const (
	opProto = 0x80
	opMark  = '('
	opStop  = '.'
)

// shape is what an instruction of the pickle machine looks like (pickletools of
// CPython 3.13): the argument behind it, and how the stack changes.
type shape struct {
	arg    byte // see the arg constants
	pops   int8 // values it takes; toMark: all above the last mark
	pushes int8
}

const (
	none   = 0
	byte1  = 1
	byte2  = 2
	byte4  = 4
	byte8  = 8
	line   = 'l' // text to the line end
	lines2 = 'm' // module and name, two lines
	count1 = 'a' // length in one byte, then that many
	count4 = 'b'
	count8 = 'c'
	bad    = 'x'

	toMark = -1
)

var shapes = func() (t [256]shape) {
	for i := range t {
		t[i].arg = bad
	}
	set := func(ops string, s shape) {
		for i := range len(ops) {
			t[ops[i]] = s
		}
	}
	set("FILSVgP", shape{line, 0, 1})
	set("p", shape{line, 0, 0})
	set("J", shape{byte4, 0, 1})
	set("K", shape{byte1, 0, 1})
	set("M", shape{byte2, 0, 1})
	set("G", shape{byte8, 0, 1})
	set("h\x82", shape{byte1, 0, 1})
	set("\x83", shape{byte2, 0, 1})
	set("j\x84", shape{byte4, 0, 1})
	set("q", shape{byte1, 0, 0})
	set("r", shape{byte4, 0, 0})
	set("UC\x8c\x8a", shape{count1, 0, 1})
	set("TXB\x8b", shape{count4, 0, 1})
	set("\x8d\x8e\x96", shape{count8, 0, 1})
	set("N)]}\x88\x89\x8f\x97", shape{none, 0, 1})
	set("\x98", shape{none, 1, 1})
	set("\x80", shape{byte1, 0, 0})
	set("\x95", shape{byte8, 0, 0})
	set("\x94", shape{none, 0, 0})
	set("2", shape{none, 1, 2})
	set("Q", shape{none, 1, 1})
	set("R", shape{none, 2, 1})
	set("a", shape{none, 2, 1})
	set("b", shape{none, 2, 1})
	set("s", shape{none, 3, 1})
	set("\x81", shape{none, 2, 1})
	set("\x92", shape{none, 3, 1})
	set("\x93", shape{none, 2, 1})
	set("\x85", shape{none, 1, 1})
	set("\x86", shape{none, 2, 1})
	set("\x87", shape{none, 3, 1})
	set("tldo\x91", shape{none, toMark, 1})
	set("eu\x90", shape{none, toMark, 0})
	set("1", shape{none, toMark, 0})
	set("0", shape{none, 1, 0})
	set("c", shape{lines2, 0, 1})
	set("i", shape{lines2, toMark, 1})
	set("(", shape{none, 0, 0})
	set(".", shape{none, 1, 0})
	return t
}()

// opens marks what a pickle without a protocol mark can begin with.
var opens = func() (t [256]bool) {
	for _, c := range []byte("(c]})NIFSVLKMJGUTXBCP\x8c\x95\x88\x89\x8f") {
		t[c] = true
	}
	return t
}()

// machine counts what is on the stack.
type machine struct {
	p       []byte
	i       int
	depth   int
	marks   []int
	imports bool // a class or function was named
	acts    bool // something imported was called or the program ended
	proto   bool
}

// look walks the instructions. With all, the bytes are complete.
func look(p []byte, all bool) verdict {
	m := machine{p: p}
	for m.i < len(p) {
		op := p[m.i]
		next, ok := m.argument(op)
		if !ok {
			if next < 0 && !all {
				return mayBe
			}
			return noPickle
		}
		if !m.apply(op, p[m.i+1:next]) {
			return noPickle
		}
		m.i = next
		if m.imports && m.acts || m.proto && op == opStop {
			return isPickle
		}
		if op == opStop {
			return noPickle // ends without importing anything: inert
		}
	}
	if all {
		return noPickle
	}
	return mayBe
}

// argument is the place behind the instruction at i; -1 when the bytes end first.
func (m *machine) argument(op byte) (next int, ok bool) {
	at := m.i + 1
	rest := m.p[at:]
	size := 0
	switch arg := shapes[op].arg; arg {
	case bad:
		return 0, false
	case none, byte1, byte2, byte4, byte8:
		size = int(arg)
	case line, lines2:
		return m.textArgument(at, arg)
	case count1, count4, count8:
		width := 1
		if arg != count1 {
			width = 4 << (arg - count4)
		}
		if len(rest) < width {
			return -1, false
		}
		var word [8]byte
		copy(word[:], rest[:width])
		n := binary.LittleEndian.Uint64(word[:])
		if n > uint64(len(rest)) {
			return -1, false
		}
		size = width + int(n)
	}
	if size > len(rest) {
		return -1, false
	}
	return at + size, true
}

func (m *machine) textArgument(at int, arg byte) (next int, ok bool) {
	count := 1
	if arg == lines2 {
		count = 2
	}
	next = at
	for range count {
		end := bytes.IndexByte(m.p[next:], '\n')
		if end < 0 {
			if arg == lines2 && !isName(m.p[next:]) {
				return 0, false
			}
			return -1, false
		}
		if arg == lines2 && (end == 0 || !isName(m.p[next:next+end])) {
			return 0, false
		}
		next += end + 1
	}
	return next, true
}

// isName reports a dotted Python name, or the beginning of one.
func isName(p []byte) bool {
	if !utf8.Valid(p) {
		return false
	}
	for i, c := range bytes.TrimSuffix(p, []byte{'\r'}) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= 0x80
		if !letter && (i == 0 || c != '.' && (c < '0' || c > '9')) {
			return false
		}
	}
	return true
}

// apply moves the stack; false means that it cannot.
func (m *machine) apply(op byte, arg []byte) bool {
	s := shapes[op]
	floor := 0
	if n := len(m.marks); n > 0 {
		floor = m.marks[n-1]
	}
	switch {
	case op == opMark:
		m.marks = append(m.marks, m.depth)
	case op == opProto:
		m.proto = true
		return arg[0] <= 5
	case op == '0' && m.depth == floor && len(m.marks) > 0:
		m.marks = m.marks[:len(m.marks)-1] // POP takes a mark as well
		return true
	case s.pops == toMark:
		if len(m.marks) == 0 {
			return false
		}
		m.depth, m.marks = floor, m.marks[:len(m.marks)-1]
	case m.depth-floor < int(s.pops):
		return false
	default:
		m.depth -= int(s.pops)
	}
	m.depth += int(s.pushes)
	switch op {
	case 'c', 0x93:
		m.imports = true
	case 'i':
		m.imports, m.acts = true, true
	case 'R', 'o', 'b', 0x81, 0x92, opStop:
		m.acts = m.acts || m.imports
	}
	return true
}
