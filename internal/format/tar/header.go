package tar

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

const blockSize = 512

// Kinds of member, by the type flag of the header.
const (
	kindOldFile   = 0
	kindHardLink  = '1'
	kindSymlink   = '2'
	kindChar      = '3'
	kindBlock     = '4'
	kindDir       = '5'
	kindFifo      = '6'
	kindPax       = 'x'
	kindPaxOld    = 'X'
	kindPaxGlobal = 'g'
	kindLongName  = 'L'
	kindLongLink  = 'K'
	kindSparse    = 'S'
	kindMulti     = 'M'
)

// header is one block as it stands.
type header struct {
	name, link string
	kind       byte
	size       int64
}

// parseHeader reads a block whose checksum is valid.
func parseHeader(b []byte) (h header, ok bool) {
	h.name, h.link, h.kind = text(b[:100]), text(b[157:257]), b[156]
	h.size, ok = number(b[124:136])
	// Loaders join the prefix whatever the magic number says, but GNU's own kinds
	// keep other things there.
	if prefix := text(b[345:500]); prefix != "" && !strings.ContainsRune("LKSVMDN", rune(h.kind)) {
		h.name = prefix + "/" + h.name
	}
	if h.kind == kindOldFile && strings.HasSuffix(h.name, "/") {
		h.kind = kindDir
	}
	return h, ok && h.size >= 0
}

// hasContent reports whether data follows the header: that of a file, or of a
// kind that loaders do not know and take for one.
func (h *header) hasContent() bool {
	switch h.kind {
	case kindHardLink, kindSymlink, kindChar, kindBlock, kindDir, kindFifo:
		return false
	}
	return true
}

// text is a field up to its first NUL.
func text(p []byte) string {
	if i := bytes.IndexByte(p, 0); i >= 0 {
		p = p[:i]
	}
	return string(p)
}

// number reads a numeric field: octal, as freely as Python's int takes it, or
// binary behind a mark.
func number(p []byte) (int64, bool) {
	if p[0] == 0x80 || p[0] == 0xff {
		n := int64(0)
		for _, b := range p[1:] {
			if n > math.MaxInt64>>8 {
				return 0, false
			}
			n = n<<8 | int64(b)
		}
		return n, p[0] == 0x80 // the other mark is that of negative numbers
	}
	s := strings.TrimPrefix(strings.TrimSpace(text(p)), "+")
	s = strings.ReplaceAll(strings.TrimPrefix(strings.TrimPrefix(s, "0o"), "0O"), "_", "")
	if s == "" {
		return 0, true
	}
	n, err := strconv.ParseInt(s, 8, 64)
	return n, err == nil
}

// validSum compares the checksum, over signed or unsigned bytes.
func validSum(b []byte) bool {
	const at, width = 148, 8
	want, ok := number(b[at : at+width])
	if !ok || want == 0 {
		return false
	}
	unsigned, signed := int64(width*' '), int64(width*' ')
	for i, c := range b {
		if i < at || i >= at+width {
			unsigned += int64(c)
			signed += int64(int8(c))
		}
	}
	return want == unsigned || want == signed
}

// padded is n rounded up to whole blocks.
func padded(n int64) int64 { return (n + blockSize - 1) &^ (blockSize - 1) }

// record is one "length key=value" of a pax header.
type record struct{ key, value string }

// maxRecords bounds the records of one pax header.
const maxRecords = 1 << 16

// parsePax reads the records. It fails where loaders would stop or differ.
func parsePax(p []byte) (out []record, ok bool) {
	for len(p) > 0 {
		digits, rest, found := bytes.Cut(p, []byte{' '})
		n, err := strconv.ParseInt(string(digits), 10, 32)
		if !found || err != nil || n <= int64(len(digits))+1 || n > int64(len(p)) || len(out) == maxRecords {
			return out, len(bytes.Trim(p, "\x00")) == 0
		}
		line := rest[:n-int64(len(digits))-1]
		key, value, found := bytes.Cut(line, []byte{'='})
		if !found || len(value) == 0 || value[len(value)-1] != '\n' {
			return out, false
		}
		out = append(out, record{string(key), string(value[:len(value)-1])})
		p = p[n:]
	}
	return out, true
}
