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
	v := ranged(kind, off, int64(n))
	if n >= minNested && kind == vBytes {
		if !m.need(minNested) {
			return
		}
		if looks := sniff(m.w[m.p:]); looks != "" {
			m.blob(Blob{Offset: off, Length: int64(n), Looks: looks})
		}
	} else if n <= maxNotable {
		if !m.need(int(n)) {
			return
		}
		if notable(m.w[m.p : m.p+int(n)]) {
			v |= flagBit
		}
	}
	if m.skip(n) {
		m.push(v)
	}
}

// longContent pushes a string of which only the place is kept.
func (m *machine) longContent(kind val, off int64, n uint64) {
	looks := ""
	if kind == vBytes {
		kind = vLongBytes
		if !m.need(minNested) {
			return
		}
		looks = sniff(m.w[m.p:])
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
	off := m.pos()
	line, n, ok := m.line()
	if !ok {
		return
	}
	if op != 'S' && op != 'V' && op != 'P' && op != 'c' {
		line = m.untilNUL(line)
	}
	switch op {
	case 'I':
		m.push(m.intText(line))
	case 'L':
		m.push(m.longText(line))
	case 'F':
		m.floatText(line)
		m.push(vBig)
	case 'S':
		m.quoted(line, off, n)
	case 'V':
		m.escaped(line, off, n)
	case 'g':
		if i, ok := m.indexText(line); ok {
			m.get(i)
		}
	case 'p':
		if i, ok := m.indexText(line); ok {
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

// line consumes a line and returns its content without the newline, cut at
// MaxStringKept, and its full length. At the end of the stream unpicklers drop
// the last byte in the place of the newline, and so does this.
func (m *machine) line() (line []byte, n int64, ok bool) {
	if i := bytes.IndexByte(m.w[m.p:], '\n'); i >= 0 {
		line = m.w[m.p : m.p+i]
		m.p += i + 1
		return line, int64(i), true
	}
	for want := 256; want < bounded.MaxStringKept; want *= 4 {
		more := m.fill(want)
		if m.err != nil {
			return nil, 0, false
		}
		if i := bytes.IndexByte(m.w[m.p:], '\n'); i >= 0 {
			line = m.w[m.p : m.p+i]
			m.p += i + 1
			return line, int64(i), true
		}
		if !more {
			return m.openLine()
		}
	}
	return m.longLine()
}

func (m *machine) openLine() ([]byte, int64, bool) {
	rest := m.w[m.p:]
	m.p = len(m.w)
	m.desync(OpenLine)
	n := max(0, len(rest)-1)
	return rest[:n], int64(n), true
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
			m.truncated()
			return nil, 0, false
		}
	}
}

// quoted pushes the argument of STRING. The text between the quotes is decoded
// when somebody asks for it.
func (m *machine) quoted(line []byte, off, n int64) {
	if int64(len(line)) < n { // longer than what is kept
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
	v := ranged(vQuote, off+1, n-2)
	if notable(line[1:q-1]) || bytes.IndexByte(line, '\\') >= 0 {
		v |= flagBit
	}
	m.push(v)
}

// escaped pushes the argument of UNICODE.
func (m *machine) escaped(line []byte, off, n int64) {
	if int64(len(line)) < n {
		m.push(indexed(vLongStr, off, 0))
		return
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
	if len(key) > maxNotable {
		return false
	}
	if len(key) > 2 && key[0] == '_' && key[1] == '_' {
		return true
	}
	switch string(key) {
	case "append", "extend", "add", "func", "inverse_func", "filename", "dtype", "shape", "order",
		"subclass", "allow_mmap", "numpy_array_alignment_bytes":
		return true
	}
	return false
}

// minNested is the shortest byte string that is looked at as a nested stream.
const minNested = 16

// sniff names the format that a byte string seems to start.
func sniff(p []byte) string {
	switch p[0] {
	case 0x80:
		if p[1] >= 2 && p[1] <= 5 && plausibleFirst(p[2]) {
			return "pickle"
		}
	case 'P':
		if string(p[:4]) == "PK\x03\x04" {
			return "zip"
		}
	case 0x1f:
		if p[1] == 0x8b && p[2] == 8 && p[3] < 0x20 {
			return "gzip"
		}
	case 0x7f:
		if string(p[1:4]) == "ELF" && p[4] >= 1 && p[4] <= 2 && p[5] >= 1 && p[5] <= 2 && p[6] == 1 {
			return "elf"
		}
	case 0x93:
		if string(p[1:6]) == "NUMPY" {
			return "numpy"
		}
	case 0xfd:
		if string(p[1:6]) == "7zXZ\x00" {
			return "xz"
		}
	case 'B':
		if string(p[1:3]) == "Zh" && p[3] >= '1' && p[3] <= '9' && string(p[4:10]) == "1AY&SY" {
			return "bzip2"
		}
	}
	return ""
}

// plausibleFirst reports whether an opcode can follow PROTO in a real stream.
func plausibleFirst(op byte) bool {
	switch op {
	case 0x95, ']', '}', ')', '(', 'c', 0x8c, 'X', 'K', 'J', 'M', 'N', 'G', 'C', 'B', 'U', 'T', 0x8a, 0x8b,
		0x88, 0x89, 0x8e, 0x8f, 0x96, 0x8d, 'I', 'L', 'S', 'V', 'F', 'P', 0x80, 0x82:
		return true
	}
	return false
}
