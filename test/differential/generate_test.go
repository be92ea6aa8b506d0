package differential

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/sample"
)

// generator writes one stream as lines of pickle assembly. It keeps track of
// what lies on the stack, roughly, so that most streams get far; every choice
// is sometimes made against that knowledge.
type generator struct {
	r     *rand.Rand
	lines []string
	stack []byte // one letter per value: see the constants
	marks []int  // heights of stack at each MARK
	memo  []slot
	count int // entries of the memo, for MEMOIZE
}

type slot struct {
	index uint64
	what  byte
}

// What a value is to the generator.
const (
	text   = 's' // a str that is a name
	class  = 'c'
	object = 'o'
	list   = 'l'
	dict   = 'd'
	set    = 'S'
	tuple  = 't'
	plain  = 'n' // a number, None, bytes …
)

// generate is stream number i of a seed.
func generate(seed, i uint64) []string {
	g := &generator{r: rand.New(rand.NewPCG(seed, i))}
	if i%4096 == 17 {
		g.straddle()
	}
	g.head()
	for range 2 + g.r.IntN(30) {
		g.step()
	}
	g.tail()
	for range g.r.IntN(4) {
		if g.chance(6) { // a second stream
			g.stack, g.marks, g.memo, g.count = nil, nil, nil, 0
			g.head()
			for range g.r.IntN(12) {
				g.step()
			}
			g.tail()
		}
	}
	if g.chance(5) {
		g.spoil()
	}
	return g.lines
}

func (g *generator) chance(in int) bool { return g.r.IntN(in) == 0 }

func pick[T any](g *generator, from ...T) T { return from[g.r.IntN(len(from))] }

func (g *generator) emit(format string, args ...any) {
	g.lines = append(g.lines, strings.TrimSpace(fmt.Sprintf(format, args...)))
}

func (g *generator) push(what byte) { g.stack = append(g.stack, what) }

func (g *generator) fence() int {
	if n := len(g.marks); n > 0 {
		return g.marks[n-1]
	}
	return 0
}

func (g *generator) height() int { return len(g.stack) - g.fence() }

func (g *generator) top() byte {
	if g.height() == 0 {
		return 0
	}
	return g.stack[len(g.stack)-1]
}

func (g *generator) drop(n int) {
	g.stack = g.stack[:max(g.fence(), len(g.stack)-n)]
}

// toMark drops what lies above the last mark, and the mark.
func (g *generator) toMark() {
	if n := len(g.marks); n > 0 {
		g.stack = g.stack[:g.marks[n-1]]
		g.marks = g.marks[:n-1]
	}
}

// straddle fills the 128 KiB that the fast unpickler reads ahead, more or less,
// so that what follows lies across the end of its buffer.
func (g *generator) straddle() {
	g.emit("hex 56")
	g.emit("fill %d a", 128<<10-40+g.r.IntN(48))
	g.emit("hex 0a")
	g.emit("POP")
}

func (g *generator) head() {
	if g.chance(3) {
		return
	}
	g.emit("PROTO %d", pick(g, 0, 1, 2, 2, 3, 4, 4, 4, 5, 5, 6, 255))
	if g.chance(3) {
		g.frame()
	}
}

// frame announces a length that holds for the next lines, or nearly; see build.
func (g *generator) frame() {
	off := 0
	if g.chance(3) {
		off = pick(g, -1, 1, 2, -3, 9, 100)
	}
	if g.chance(30) {
		g.emit("FRAME %d", pick[uint64](g, 0, 1, 1<<20, 1<<40, 1<<63, 1<<64-1))
		return
	}
	g.emit("frame %d %d", g.r.IntN(12), off)
}

func (g *generator) tail() {
	switch g.r.IntN(16) {
	case 0: // nothing: the stream ends here
	case 1:
		g.emit("hex %02x", g.r.IntN(256))
		g.emit("STOP")
	case 2:
		g.emit("%s", pick(g, `hex 63 6f 73`, `hex 63 6f 73 0a 73 79 73`, "hex 8c ff 61", "hex 58 ff ff ff ff", "hex 28 69 6f 73 0a 78"))
	default:
		g.emit("STOP")
	}
}

// step adds one idea.
func (g *generator) step() {
	if g.chance(14) {
		g.anyOpcode()
		return
	}
	switch k := g.r.IntN(100); {
	case k < 18:
		g.name()
	case k < 26:
		g.constant()
	case k < 40:
		g.importing()
	case k < 55:
		g.memoing()
	case k < 63:
		g.container()
	case k < 80:
		g.acting()
	case k < 88:
		g.juggling()
	case k < 92:
		g.frame()
	case k < 94:
		g.emit("PROTO %d", g.r.IntN(7))
	default:
		g.rare()
	}
}

// names are modules and attributes: plain, Python 2 spellings, dotted, and
// such that only a careless reader would take them.
var names = []string{
	"os", "system", "posix", "collections", "OrderedDict", "acme", "model", "Net", "x",
	"__builtin__", "reduce", "copy_reg", "_reconstructor", "commands", "getoutput", "urllib", "urlopen", "exceptions", "itertools", "izip",
	"os.path", "a.b.c", "__main__", "OrderedDict.__init__.__globals__", "", ".", ".x", "os ", " os", "os\r", "o\x00s",
	"\u00e9", "\u043e\u0455", "\\x6fs", "\\u006fs", "\xe9", "\xed\xa0\x80", "\xff\xfe", "name with blanks", "os;system",
}

func (g *generator) word() string {
	if g.chance(3) {
		return names[g.r.IntN(len(names))]
	}
	return names[g.r.IntN(9)]
}

// name pushes a str that may be half of a name, in one of its many spellings.
func (g *generator) name() {
	w := g.word()
	q := strconv.Quote(w)
	switch g.r.IntN(12) {
	case 0:
		g.emit("BINUNICODE %s", q)
	case 1:
		g.emit("BINUNICODE8 %s", q)
	case 2:
		g.emit("SHORT_BINSTRING %s", q)
	case 3:
		g.emit("BINSTRING %s", q)
	case 4:
		g.emit("UNICODE %s", strconv.Quote(g.rawUnicode(w)))
	case 5:
		g.emit("STRING %s", strconv.Quote(g.literal(w)))
	default:
		g.emit("SHORT_BINUNICODE %s", q)
	}
	g.push(text)
	if g.chance(3) {
		g.store()
	}
}

// rawUnicode spells a text for UNICODE, now and then with escapes.
func (g *generator) rawUnicode(w string) string {
	var b strings.Builder
	for i := 0; i < len(w); i++ {
		switch g.r.IntN(16) {
		case 0:
			fmt.Fprintf(&b, `\u%04x`, w[i])
		case 1:
			fmt.Fprintf(&b, `\U%08X`, w[i])
		case 2:
			b.WriteString(pick(g, `\`, `\\`, `\u`, `\\u006f`, `\U00110000`, `\ud800`, `\x6f`, `\u00`, `\u+06f`, `\u_06f`))
			b.WriteByte(w[i])
		default:
			b.WriteByte(w[i])
		}
	}
	return b.String()
}

// literal spells a text for STRING, now and then with escapes or bad quotes.
func (g *generator) literal(w string) string {
	var b strings.Builder
	for i := 0; i < len(w); i++ {
		switch g.r.IntN(16) {
		case 0:
			fmt.Fprintf(&b, `\x%02x`, w[i])
		case 1:
			fmt.Fprintf(&b, `\%03o`, w[i])
		case 2:
			b.WriteString(pick(g, `\`, `\\`, `\q`, `\x6`, `\xg`, `\400`, `\7`, `\'`, `\"`, `\n`, `'`, `"`, `\u006f`, `\x+6`))
			b.WriteByte(w[i])
		default:
			b.WriteByte(w[i])
		}
	}
	quote := pick(g, "'", "'", "'", `"`)
	switch g.r.IntN(24) {
	case 0:
		return b.String()
	case 1:
		return quote + b.String()
	case 2:
		return quote + b.String() + quote + pick(g, " ", "\r", "x")
	case 3:
		return pick(g, "", "'", `""`, "''", "'''")
	}
	return quote + b.String() + quote
}

// numbers are forms of text numbers, right, wrong and in between.
var numbers = []string{
	"0", "1", "7", "00", "01", "01\r", " 01", "10", "0x10", "0X1f", "0o17", "0b11", "017", "08", "-5", "+3", "--1", "- 1", "-0", "-0x1", "-010", "00000",
	" 3", "3 ", "\t3", "3\r", "\v3", "\x1c3", "\u00a03", "1_0", "_1", "1_", "1__0", "0_1", "0x_1f", "0_x1", "1L", "0x1fL", "1l", "L", "1LL", "-L", "", " ", "x", "0x", "0b2",
	"1\x00", "\x001", "1\x00x", "1 \x00", "0x1\x00", "99999999999999999999999999", "-99999999999999999999", "9223372036854775808", "18446744073709551616",
	"1.5", ".5", "5.", "-1e3", "1e400", "1e-400", "1_0.5", "inf", "-inf", "+nan", "nan", "-nan", "Infinity", "infinit", "0x1p3", "1e", "1.5\x00", " 1.5", "1.5 ", "1,5", "\u0663", "1\n",
}

func (g *generator) number() string { return strconv.Quote(numbers[g.r.IntN(len(numbers))]) }

func (g *generator) constant() {
	switch g.r.IntN(16) {
	case 0:
		g.emit("INT %s", g.number())
	case 1:
		g.emit("LONG %s", g.number())
	case 2:
		g.emit("FLOAT %s", g.number())
	case 3:
		g.emit("BININT1 %d", g.r.IntN(256))
	case 4:
		g.emit("BININT %d", int32(g.r.Uint32()))
	case 5:
		g.emit("BININT2 %d", g.r.IntN(1<<16))
	case 6:
		g.emit("LONG1 %s", strings.Repeat("7f ", g.r.IntN(12)))
	case 7:
		g.emit("BINFLOAT 1.5")
	case 8:
		g.emit("SHORT_BINBYTES %q", g.word())
	case 9:
		g.emit("BINBYTES %q", g.word())
	case 10:
		g.emit("BYTEARRAY8 %q", g.word())
	case 11:
		g.emit("%s", pick(g, "NEWTRUE", "NEWFALSE"))
	case 12:
		g.emit("LONG4 %s", strings.Repeat("ff ", g.r.IntN(12)))
	case 13:
		g.emit("BINBYTES8 %q", g.word())
	default:
		g.emit("NONE")
	}
	g.push(plain)
}

func (g *generator) importing() {
	switch g.r.IntN(10) {
	case 0, 1, 2:
		g.emit("GLOBAL %q %q", g.line(), g.line())
		g.push(class)
	case 3:
		if len(g.marks) == 0 {
			g.mark()
		}
		g.emit("INST %q %q", g.line(), g.line())
		g.toMark()
		g.push(object)
	default:
		if g.chance(2) && len(g.stack) >= 2 && g.top() == text {
			g.drop(2)
		} else {
			g.name()
			g.name()
			g.drop(2)
		}
		g.emit("STACK_GLOBAL")
		g.push(class)
	}
	if g.chance(4) {
		g.store()
	}
}

// line is a name that fits into a line, or nearly.
func (g *generator) line() string {
	if g.chance(60) {
		return "a\nb"
	}
	return g.word()
}

func (g *generator) mark() {
	g.emit("MARK")
	g.marks = append(g.marks, len(g.stack))
}

// memoing stores or takes back.
func (g *generator) memoing() {
	if len(g.memo) == 0 || g.chance(2) {
		g.store()
		return
	}
	s := g.memo[g.r.IntN(len(g.memo))]
	index, what := s.index, s.what
	if g.chance(20) {
		index, what = uint64(g.r.IntN(40)), plain
	}
	switch {
	case index < 256 && g.chance(2):
		g.emit("BINGET %d", index)
	case index < 1<<32 && g.chance(2):
		g.emit("LONG_BINGET %d", index)
	default:
		g.emit("GET %s", strconv.Quote(g.index(index)))
	}
	g.push(what)
}

// index spells a memo index for GET and PUT.
func (g *generator) index(i uint64) string {
	plain := strconv.FormatUint(i, 10)
	switch g.r.IntN(14) {
	case 0:
		return pick(g, " ", "+", "0", "\t", "00") + plain
	case 1:
		return plain + pick(g, " ", "\r", "\x00", "\x00x", "L", "_", ".0")
	case 2:
		return pick(g, "-", "0x", "_") + plain
	case 3:
		return "1_" + plain
	}
	return plain
}

func (g *generator) store() {
	if g.height() == 0 && !g.chance(10) {
		return
	}
	what := g.top()
	index := uint64(g.r.IntN(6))
	switch g.r.IntN(8) {
	case 0, 1, 2:
		index = uint64(g.count)
		g.emit("MEMOIZE")
	case 3, 4:
		g.emit("BINPUT %d", index)
	case 5:
		index = pick(g, index, index, index, 300, 70_000, 1<<20, 1<<31-1, 1<<31, 1<<32-1)
		g.emit("LONG_BINPUT %d", index)
	case 6:
		index = pick(g, index, index, index, 300, 70_000, 1<<31, 1<<32, 1<<63-1, 1<<63, 1<<64-1)
		g.emit("PUT %s", strconv.Quote(g.index(index)))
	default:
		g.emit("BINPUT %d", index)
	}
	for i := range g.memo {
		if g.memo[i].index == index {
			g.memo[i].what = what
			return
		}
	}
	g.count++
	g.memo = append(g.memo, slot{index, what})
}

// container makes or fills a builtin container.
func (g *generator) container() {
	switch g.r.IntN(12) {
	case 0:
		g.emit("EMPTY_LIST")
		g.push(list)
	case 1:
		g.emit("EMPTY_DICT")
		g.push(dict)
	case 2:
		g.emit("EMPTY_SET")
		g.push(set)
	case 3:
		g.emit("EMPTY_TUPLE")
		g.push(tuple)
	case 4:
		n := 1 + g.r.IntN(3)
		for g.height() < n {
			g.name()
		}
		g.emit("TUPLE%d", n)
		g.drop(n)
		g.push(tuple)
	case 5, 6:
		g.mark()
	case 7, 8:
		if len(g.marks) == 0 {
			g.mark()
		}
		op := pick(g, "TUPLE", "LIST", "DICT", "FROZENSET")
		if op == "DICT" && g.height()%2 == 1 {
			g.constant()
		}
		g.emit("%s", op)
		g.toMark()
		g.push(map[string]byte{"TUPLE": tuple, "LIST": list, "DICT": dict, "FROZENSET": plain}[op])
	default:
		g.fill()
	}
}

// fill adds to whatever lies on the stack: what is no container has its methods
// called.
func (g *generator) fill() {
	if g.height() == 0 {
		g.emit("EMPTY_LIST")
		g.push(list)
	}
	if g.chance(2) {
		g.mark()
		for range 2 * g.r.IntN(3) {
			g.name()
		}
		op := pick(g, "APPENDS", "SETITEMS", "ADDITEMS")
		switch {
		case g.fence() == 0:
		case g.stack[g.fence()-1] == dict:
			op = "SETITEMS"
		case g.stack[g.fence()-1] == set:
			op = "ADDITEMS"
		case g.stack[g.fence()-1] == list:
			op = "APPENDS"
		}
		g.emit("%s", op)
		g.toMark()
		return
	}
	if g.top() == dict {
		g.name()
		g.constant()
		g.emit("SETITEM")
		g.drop(2)
		return
	}
	g.name()
	g.emit("APPEND")
	g.drop(1)
}

// acting calls, or sets a state.
func (g *generator) acting() {
	if g.top() != class && g.top() != object && !g.chance(6) {
		g.importing()
	}
	switch g.r.IntN(9) {
	case 0, 1, 2:
		g.arguments()
		g.emit("REDUCE")
		g.drop(2)
	case 3:
		g.arguments()
		g.emit("NEWOBJ")
		g.drop(2)
	case 4:
		g.arguments()
		g.emit("EMPTY_DICT")
		g.emit("NEWOBJ_EX")
		g.drop(2)
	case 5:
		g.mark()
		g.importing()
		for range g.r.IntN(3) {
			g.constant()
		}
		g.emit("OBJ")
		g.toMark()
	case 6, 7:
		g.emit("%s", pick(g, "EMPTY_DICT", "NONE", "EMPTY_TUPLE"))
		g.emit("BUILD")
		return
	default:
		g.fill()
		return
	}
	g.push(object)
}

func (g *generator) arguments() {
	if g.chance(2) {
		g.emit("EMPTY_TUPLE")
	} else {
		g.emit("SHORT_BINUNICODE echo")
		g.emit("TUPLE1")
	}
	g.push(tuple)
}

func (g *generator) juggling() {
	switch g.r.IntN(5) {
	case 0, 1:
		g.emit("DUP")
		g.push(g.top())
	case 2:
		g.emit("POP")
		if g.height() == 0 && len(g.marks) > 0 {
			g.marks = g.marks[:len(g.marks)-1]
		} else {
			g.drop(1)
		}
	case 3:
		if len(g.marks) > 0 || g.chance(10) {
			g.emit("POP_MARK")
			g.toMark()
		}
	default:
		g.mark()
	}
}

func (g *generator) rare() {
	switch g.r.IntN(8) {
	case 0:
		g.emit("EXT1 %d", pick(g, 0, 1, 7, 240, 255))
	case 1:
		g.emit("EXT2 %d", pick(g, 0, 300, 65535))
	case 2:
		g.emit("EXT4 %d", pick(g, -1, 0, 7, 70_000))
	case 3:
		g.emit("PERSID %q", g.line())
	case 4:
		g.name()
		g.drop(1)
		g.emit("BINPERSID")
	case 5:
		g.emit("NEXT_BUFFER")
	case 6:
		g.emit("READONLY_BUFFER")
		return
	default:
		g.emit("%s", pick(g, "hex 8b ff ff ff ff", "hex 54 ff ff ff ff", "hex 8e ff ff ff ff ff ff ff ff", "hex 8d 00 00 00 00 01 00 00 00", "hex 96 ff ff ff ff ff ff ff 7f",
			"hex 42 ff ff ff ff", "hex 58 00 00 00 40", "hex 8a ff 01"))
		return
	}
	g.push(object)
}

// bare are the opcodes without argument.
var bare = []string{"NONE", "NEWTRUE", "EMPTY_LIST", "APPEND", "APPENDS", "LIST", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_DICT", "DICT",
	"SETITEM", "SETITEMS", "EMPTY_SET", "ADDITEMS", "FROZENSET", "POP", "DUP", "MARK", "POP_MARK", "MEMOIZE", "STACK_GLOBAL", "REDUCE", "BUILD", "OBJ",
	"NEWOBJ", "NEWOBJ_EX", "STOP", "BINPERSID", "NEXT_BUFFER", "READONLY_BUFFER"}

// anyOpcode ignores the stack.
func (g *generator) anyOpcode() {
	g.emit("%s", bare[g.r.IntN(len(bare))])
	if g.chance(2) {
		g.push(plain)
	}
}

// spoil changes finished lines: swapped, missing, repeated, or other bytes.
func (g *generator) spoil() {
	for range 1 + g.r.IntN(3) {
		if len(g.lines) == 0 {
			return
		}
		i, j := g.r.IntN(len(g.lines)), g.r.IntN(len(g.lines))
		switch g.r.IntN(5) {
		case 0:
			g.lines[i], g.lines[j] = g.lines[j], g.lines[i]
		case 1:
			g.lines = append(g.lines[:i], g.lines[i+1:]...)
		case 2:
			g.lines = append(g.lines, g.lines[i])
		case 3:
			g.lines[i] = fmt.Sprintf("hex %02x", g.r.IntN(256))
		default:
			code, err := build(g.lines[i : i+1])
			if err != nil || len(code) == 0 || len(code) > 64 {
				continue
			}
			switch at := g.r.IntN(len(code)); g.r.IntN(3) {
			case 0:
				code[at] = byte(g.r.IntN(256))
			case 1:
				code = code[:at]
			default:
				code[at] ^= 1 << g.r.IntN(8)
			}
			g.lines[i] = fmt.Sprintf("hex % x", code)
		}
	}
}

// build assembles lines. "frame N D" is a FRAME whose length is that of the
// next N lines plus D.
func build(lines []string) ([]byte, error) {
	codes := make([][]byte, len(lines))
	size := 0
	for i, line := range lines {
		if strings.HasPrefix(line, "frame ") {
			line = "FRAME 0"
		}
		code, err := sample.Pickle(line)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", line, err)
		}
		codes[i] = code
		size += len(code)
	}
	out := make([]byte, 0, size)
	for i, line := range lines {
		var n, off int
		if _, err := fmt.Sscanf(line, "frame %d %d", &n, &off); err == nil {
			for _, code := range codes[i+1 : min(i+1+n, len(codes))] {
				off += len(code)
			}
			code, err := sample.Pickle(fmt.Sprintf("FRAME %d", max(off, 0)))
			if err != nil {
				return nil, err
			}
			codes[i] = code
		}
		out = append(out, codes[i]...)
	}
	return out, nil
}

// assembly is the stream as a sample file: frames have their lengths.
func assembly(lines []string) string {
	var b strings.Builder
	for i, line := range lines {
		if strings.HasPrefix(line, "frame ") {
			if code, err := build(lines[i:]); err == nil {
				line = fmt.Sprintf("FRAME %d", binary.LittleEndian.Uint64(code[1:]))
			}
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}
