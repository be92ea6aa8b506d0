package pickle

import (
	"bytes"
	"encoding/base64"
	"strings"
)

const (
	minNested = 16 // shortest byte string that is looked at as a nested stream
	minText   = 24 // shortest text that is looked at as an encoded one
)

// Sniff names the format that a byte string of at least 16 bytes seems to start
// with, or is "". "zlib" and "pe" are two bytes that mean little by themselves.
func Sniff(p []byte) string {
	if glance[p[0]]&forSniff == 0 {
		return ""
	}
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
	case 'x':
		if p[1]&0x20 == 0 && (uint(p[0])<<8|uint(p[1]))%31 == 0 {
			return "zlib"
		}
	case 0x7f:
		if string(p[1:4]) == "ELF" && p[4] >= 1 && p[4] <= 2 && p[5] >= 1 && p[5] <= 2 && p[6] == 1 {
			return "elf"
		}
	case 'M':
		if p[1] == 'Z' {
			return "pe"
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
	case 'c', '(':
		if textPickle(p[:minNested]) {
			return "text-pickle"
		}
		return compiled(p)
	case 0xe3:
		return compiled(p)
	}
	return ""
}

// compiled tells how Python's marshal writes a code object: its type, and three
// small numbers in four bytes each.
func compiled(p []byte) string {
	if p[0]&0x7f == 'c' && p[2]|p[3]|p[4]|p[7]|p[8]|p[11]|p[12] == 0 {
		return "marshal"
	}
	return ""
}

// textPickle reports whether p can start a pickle of protocol 0 or 1 that does
// something: with an import, or with a mark and an opcode that opens a value.
func textPickle(p []byte) bool {
	if p[0] == '(' {
		return bytes.IndexByte([]byte("cildXUS(]})"), p[1]) >= 0 && bytes.IndexByte(p, '\n') > 0
	}
	module, _, ends := strings.Cut(string(p[1:]), "\n")
	for _, r := range module {
		if r != '.' && r != '_' && (r|0x20 < 'a' || r|0x20 > 'z') && (r < '0' || r > '9') {
			return false
		}
	}
	return ends && module != ""
}

// SniffText says how the beginning of a text of at least 24 characters seems to
// encode a stream: "base64", "hex", "latin1" (bytes as characters), or "".
func SniffText(p []byte) string {
	if glance[p[0]]&forText == 0 {
		return ""
	}
	switch p[0] {
	case 'e':
		if how := sniffHex(p[:16]); how != "" {
			return how
		}
		return sniffBase64(p[:16])
	case 'g', 'U', 'H', 'f', 'T', '/', 'Q', 'Y', 'K', '4':
		return sniffBase64(p[:16])
	case '8', '5', '1', '7', '6', '2':
		return sniffHex(p[:16])
	case 0xc2:
		if p[1] == 0x80 && p[2] >= 2 && p[2] <= 5 {
			return "latin1"
		}
	case 0xc3:
		if p[1] == 0xa3 && p[3]|p[4]|p[5] == 0 {
			return "latin1"
		}
	case 0x1f:
		if p[1] == 0xc2 && p[2] == 0x8b && p[3] == 8 {
			return "latin1"
		}
	}
	return sniffCharacters(p)
}

// sniffCharacters is "latin1" when the characters stand for the bytes at the start
// of an archive, of compressed data, or of a stream that is all text.
func sniffCharacters(p []byte) string {
	switch p[0] {
	case 'x':
		if p[1] != 0xc2 && p[1] != 0xc3 && p[1] != '^' && p[1] != 1 {
			return ""
		}
	case 'P':
		if string(p[:4]) != "PK\x03\x04" {
			return ""
		}
	case 'B':
		if string(p[:3]) != "BZh" {
			return ""
		}
	case 'c', '(':
		if bytes.IndexByte(p[:minNested], '\n') < 0 {
			return ""
		}
	case 0xc2, 0xc3:
	default:
		return ""
	}
	var raw [minNested]byte
	for i := range raw {
		if len(p) == 0 {
			break
		}
		c, n := p[0], 1
		if c >= 0x80 {
			if len(p) < 2 || c&0xfe != 0xc2 || p[1]&0xc0 != 0x80 {
				return ""
			}
			c, n = c<<6|p[1]&0x3f, 2
		}
		raw[i], p = c, p[n:]
	}
	switch Sniff(raw[:]) {
	case "zip", "zlib", "xz", "bzip2", "numpy", "text-pickle":
		return "latin1"
	}
	return ""
}

func sniffBase64(p []byte) string {
	var raw [16]byte
	text := [16]byte(p)
	for i, c := range text { // either alphabet
		switch c {
		case '-':
			text[i] = '+'
		case '_':
			text[i] = '/'
		}
	}
	if n, err := base64.StdEncoding.Decode(raw[:], text[:]); err != nil || n < 12 {
		return ""
	}
	return encodedAs("base64", raw)
}

func sniffHex(p []byte) string {
	var raw [16]byte
	for i := range 8 {
		hi, lo := hexDigit(p[2*i]), hexDigit(p[2*i+1])
		if hi > 15 || lo > 15 {
			return ""
		}
		raw[i] = hi<<4 | lo
	}
	return encodedAs("hex", raw)
}

func hexDigit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 0xff
}

// encodedAs is how, unless the first bytes of what it decodes to say nothing.
// They are too few for every check, so this asks less than Sniff.
func encodedAs(how string, raw [16]byte) string {
	switch Sniff(raw[:]) {
	case "":
	case "pe":
		if raw[3] == 0 { // as linkers write it
			return how
		}
	default:
		return how
	}
	if raw[0] == 'B' && string(raw[1:3]) == "Zh" || string(raw[:6]) == "\xfd7zXZ\x00" || raw[0] == 'c' && identifier(raw[1:8]) {
		return how
	}
	return ""
}

func identifier(p []byte) bool {
	for _, c := range p {
		if c != '.' && c != '_' && c != '\n' && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
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
