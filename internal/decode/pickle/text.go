package pickle

import (
	"bytes"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/bounded"
)

// shortText pushes a string of at most 255 bytes: the most frequent constant.
func (m *machine) shortText(n int) {
	if !m.need(n) {
		return
	}
	v := ranged(vStr, m.base+int64(m.p), int64(n))
	if n >= minText {
		m.mayHold(v.off(), int64(n), SniffText(m.w[m.p:]))
	}
	if notable(m.w[m.p : m.p+n]) {
		v |= flagBit
	}
	m.p += n
	m.push(v)
}

// content pushes a string or byte string of n bytes that follow.
func (m *machine) content(kind val, n uint64) {
	off := m.pos()
	if n > bounded.MaxStringKept-1 {
		m.longContent(kind, off, n)
		return
	}
	v, looks := ranged(kind, off, int64(n)), ""
	if n >= minNested {
		if !m.need(minNested) {
			return
		}
		looks = sniff(kind, m.w[m.p:], n)
	}
	if n <= maxNotable {
		if !m.need(int(n)) {
			return
		}
		if notable(m.w[m.p : m.p+int(n)]) {
			v |= flagBit
		}
	}
	if m.skip(n) {
		m.mayHold(off, int64(n), looks)
		m.push(v)
	}
}

// sniff looks at a string or byte string of n bytes, of which p is the beginning
// or more.
func sniff(kind val, p []byte, n uint64) string {
	looks := Sniff(p)
	if looks == "" && n >= minText {
		looks = SniffText(p)
	}
	if kind == vStr && looks == "zlib" { // "x" and another letter, or its bytes as characters
		if n < minText {
			return ""
		}
		return SniffText(p)
	}
	if kind == vStr && looks == "marshal" { // its bytes as characters
		return "latin1"
	}
	return looks
}

// mayHold lists a string that looks like a stream of its own.
func (m *machine) mayHold(off, n int64, looks string) {
	if looks != "" {
		m.blob(Blob{Offset: off, Length: n, Looks: looks})
	}
}

// longContent pushes a string of which only the place is kept.
func (m *machine) longContent(kind val, off int64, n uint64) {
	if !m.need(minNested) {
		return
	}
	looks := sniff(kind, m.w[m.p:], n)
	if kind == vBytes {
		kind = vLongBytes
	} else {
		kind = vLongStr
	}
	if !m.skip(n) {
		return
	}
	i := m.blob(Blob{Offset: off, Length: int64(n), Looks: looks})
	m.push(indexed(kind, off, i))
}

// blob lists a byte string and returns its number from 1, or 0 when the list is full.
func (m *machine) blob(b Blob) int {
	if len(m.t.Blobs) == maxBlobs {
		if b.Looks != "" {
			m.overflow("blobs")
		}
		return 0
	}
	m.t.Blobs = append(m.t.Blobs, b)
	return len(m.t.Blobs)
}

// textual executes an opcode whose argument is a line.
func (m *machine) textual(op byte) {
	if m.plain(op) {
		return
	}
	off := m.pos()
	line, n, ok := m.line()
	if !ok {
		return
	}
	switch op {
	case 'I', 'L', 'F':
		m.numeric(op, line, n)
	case 'S':
		m.quoted(line, off, n)
	case 'V':
		m.escaped(line, off, n)
	case 'g':
		if i, ok := m.indexText(m.untilNUL(line), n); ok {
			m.get(i)
		}
	case 'p':
		if i, ok := m.indexText(m.untilNUL(line), n); ok {
			m.put(i)
		}
	case 'P':
		if !ascii(line) {
			m.desync(BadPersistent)
		}
		m.persistent(Value{Kind: String, Text: clip(line), Exact: n <= clipped, Import: -1, Offset: off, Length: n})
	case 'c':
		module := m.lineText(line)
		if line, _, ok = m.line(); ok {
			m.global('c', module, m.lineText(line), false, false)
		}
	}
}

// plain executes an opcode whose argument is a number as writers spell it.
func (m *machine) plain(op byte) bool {
	switch op {
	case 'F':
		if !m.plainFloat() {
			return false
		}
		m.push(vBig)
		return true
	case 'I', 'L', 'g', 'p':
	default:
		return false
	}
	n, ok := m.plainNumber(op)
	if !ok {
		return false
	}
	switch op {
	case 'g':
		m.get(uint64(n))
	case 'p':
		m.put(uint64(n))
	default:
		m.push(intVal(n))
	}
	return true
}

// numeric pushes the argument of INT, LONG or FLOAT.
func (m *machine) numeric(op byte, line []byte, n int64) {
	if n > maxLine {
		m.push(vBig) // right or wrong: going on is safe either way
		return
	}
	line = m.untilNUL(line)
	switch {
	case op == 'F':
		m.floatText(line)
		m.push(vBig)
	case op == 'L':
		m.push(m.longText(line))
	case len(line) == 0 && n > 0:
		m.push(intVal(0)) // C reads nothing before a zero byte as 0
	default:
		m.push(m.intText(line))
	}
}

// untilNUL cuts a number where C's string functions stop reading.
func (m *machine) untilNUL(line []byte) []byte {
	if i := bytes.IndexByte(line, 0); i >= 0 {
		m.desync(NULInNumber)
		return line[:i]
	}
	return line
}

// lineText decodes a line of GLOBAL or INST. Bytes that are not UTF-8 stay as
// they are: a find_class that gets them is not CPython's.
func (m *machine) lineText(line []byte) string {
	if !utf8.Valid(line) {
		m.desync(NonASCII)
	}
	return clipTo(line, maxName)
}

// maxName is the longest module or attribute name kept, in bytes.
const maxName = 1024

func clipTo(b []byte, n int) string {
	if len(b) > n {
		b = b[:n]
	}
	return string(b)
}

// maxLine is the longest line that is kept whole, in bytes.
const maxLine = bounded.MaxStringKept - 1

// line consumes a line and returns its content without the newline and its
// length; of a line above maxLine only the beginning. At the end of the stream
// unpicklers drop the last byte in the place of the newline, and so does this.
func (m *machine) line() (line []byte, n int64, ok bool) {
	if i := bytes.IndexByte(m.w[m.p:], '\n'); i >= 0 {
		return m.closedLine(i)
	}
	for want := 256; want <= maxLine+1; want *= 16 {
		more := m.fill(want)
		if m.err != nil {
			return nil, 0, false
		}
		if i := bytes.IndexByte(m.w[m.p:], '\n'); i >= 0 {
			return m.closedLine(i)
		}
		if !more {
			return m.openLine()
		}
	}
	return m.longLine()
}

// closedLine consumes a line of n bytes that lies in the window.
func (m *machine) closedLine(n int) ([]byte, int64, bool) {
	line := m.w[m.p : m.p+n]
	m.p += n + 1
	return kept(line), int64(n), true
}

// kept is the line, or the beginning of a long one.
func kept(line []byte) []byte {
	if len(line) > maxLine {
		return line[:clipped]
	}
	return line
}

func (m *machine) openLine() ([]byte, int64, bool) {
	rest := m.w[m.p:]
	m.p = len(m.w)
	m.desync(OpenLine)
	n := max(0, len(rest)-1)
	return kept(rest[:n]), int64(n), true
}

// longLine passes over a line of which only the beginning is kept.
func (m *machine) longLine() ([]byte, int64, bool) {
	head := bytes.Clone(m.w[m.p:min(len(m.w), m.p+clipped)])
	for n := int64(0); ; {
		rest := m.w[m.p:]
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			m.p += i + 1
			return head, n + int64(i), true
		}
		n += int64(len(rest))
		m.p = len(m.w)
		if !m.fill(1) {
			m.desync(OpenLine)
			return head, n - 1, m.err == nil
		}
	}
}

// quoted pushes the argument of STRING. The text between the quotes is decoded
// when somebody asks for it.
func (m *machine) quoted(line []byte, off, n int64) {
	if int64(len(line)) < n { // longer than what is kept
		m.mayHold(off+1, n-2, sniffLine(line[1:]))
		m.push(indexed(vLongStr, off, 0))
		return
	}
	q := len(line)
	if q < 2 || line[0] != line[q-1] || line[0] != '\'' && line[0] != '"' {
		m.desync(NoQuotes)
		m.push(vOther)
		return
	}
	if !ascii(line) {
		m.desync(NonASCII)
	}
	if n-2 >= minText {
		m.mayHold(off+1, n-2, sniffLine(line[1:]))
	}
	v := ranged(vQuote, off+1, n-2)
	if notable(line[1:q-1]) || bytes.IndexByte(line, '\\') >= 0 {
		v |= flagBit
	}
	m.push(v)
}

// escaped pushes the argument of UNICODE.
func (m *machine) escaped(line []byte, off, n int64) {
	if int64(len(line)) < n {
		m.mayHold(off, n, sniffLine(line))
		m.push(indexed(vLongStr, off, 0))
		return
	}
	if n >= minText {
		m.mayHold(off, n, sniffLine(line))
	}
	v := ranged(vEsc, off, n)
	if notable(line) || bytes.IndexByte(line, '\\') >= 0 {
		v |= flagBit
	}
	m.push(v)
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// clipped is how much of a text a Value carries, in bytes.
const clipped = 256

func clip(b []byte) string { return clipTo(b, clipped) }

// maxNotable is the length of the longest notable key.
const maxNotable = 40

// notable are keys of a state that conditions and judges look at: methods that
// unpicklers call by name, special attributes, and the fields of wrappers that
// hold a function or a file name.
func notable(key []byte) bool {
	if len(key) == 0 || glance[key[0]]&worth[min(len(key), maxNotable+1)]&(forKey|forSpecial) == 0 {
		return false
	}
	if key[0] == '_' && (key[1] == '_' || string(key[max(0, len(key)-len(hooks)):]) == hooks) {
		return true
	}
	switch string(key) {
	case "append", "extend", "add", "func", "inverse_func", "filename", "_parse_arg_template", "restore_model_spec", "dtype", "shape", "order",
		"subclass", "allow_mmap", "numpy_array_alignment_bytes":
		return true
	}
	return false
}
