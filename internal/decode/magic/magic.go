// Package magic recognises a program or an archive that stands in a value of
// metadata: as it is, in base64 or in hexadecimal.
//
// Threat: metadata is copied around with the weights and looked at by nobody; a
// small hook beside it decodes the value and starts it.
// It must stay quiet on vocabularies, hashes and pictures: only what has the
// header of a program or the first record of an archive counts.
// Not covered: pickles (package encoded), encrypted payloads, values that are cut
// into several.
package magic

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
)

// Hidden is what was found. Program says that it runs as it is; else it is
// packed, and what it holds decides.
type Hidden struct {
	Data    []byte // decoded
	What    string // "an ELF program"
	How     string // "plain", "base64" or "hexadecimal"
	Program bool
}

// shortest is the shortest text worth decoding, in bytes.
const shortest = 32

// Find looks at a value.
func Find(value []byte) (Hidden, bool) {
	if what, program := kind(value); what != "" {
		return Hidden{value, what, "plain", program}, true
	}
	if len(value) > 0 && value[0] == 'd' && bytes.HasPrefix(value, []byte("data:")) {
		if i := bytes.Index(value[:min(len(value), 128)], []byte(";base64,")); i > 0 {
			value = value[i+len(";base64,"):]
		}
	}
	if len(value) < shortest {
		return Hidden{}, false
	}
	if data, ok := unhex(value); ok {
		if what, program := kind(data); what != "" {
			return Hidden{data, what, "hexadecimal", program}, true
		}
	}
	if data, ok := unbase64(value); ok {
		if what, program := kind(data); what != "" {
			return Hidden{data, what, "base64", program}, true
		}
	}
	return Hidden{}, false
}

// kind names what the bytes begin with, or is "".
func kind(p []byte) (what string, program bool) {
	if len(p) < 16 {
		return "", false
	}
	switch {
	case string(p[:4]) == "\x7fELF" && p[4]-1 <= 1 && p[5]-1 <= 1 && p[6] == 1:
		return "an ELF program", true
	case p[0] == 'M' && p[1] == 'Z' && isPE(p):
		return "a PE program", true
	case string(p[:8]) == "MZqFpD='":
		return "an executable for all systems", true
	case isMachO(p):
		return "a Mach-O program", true
	case string(p[:4]) == "PK\x03\x04" && p[4] <= 63 && p[5] <= 20:
		return "a zip archive", true
	case p[0] == 0x1f && p[1] == 0x8b && p[2] == 8 && p[3]&0xe0 == 0:
		return "gzip data", false
	case p[0] == 0x78 && (p[1] == 1 || p[1] == 0x5e || p[1] == 0x9c || p[1] == 0xda) && p[2] > ' ' && !text(p):
		return "zlib data", false
	}
	return "", false
}

// text reports whether the beginning could be text: "x" and a control character
// or a broken character are none.
func text(p []byte) bool {
	return p[1] == 0x5e && !bytes.ContainsFunc(p[:16], func(r rune) bool { return r < ' ' || r > '~' })
}

func isPE(p []byte) bool {
	if len(p) < 64 {
		return false
	}
	at := binary.LittleEndian.Uint32(p[60:])
	return uint64(at)+4 <= uint64(len(p)) && string(p[at:at+4]) == "PE\x00\x00"
}

func isMachO(p []byte) bool {
	m := binary.LittleEndian.Uint32(p)
	kind := binary.LittleEndian.Uint32(p[12:])
	return (m == 0xfeedface || m == 0xfeedfacf) && kind >= 1 && kind <= 16
}

// unhex decodes a value that is hexadecimal from the first to the last byte.
func unhex(s []byte) ([]byte, bool) {
	s = bytes.TrimPrefix(s, []byte("0x"))
	if len(s)%2 != 0 || !only(s[:16], isHex) {
		return nil, false
	}
	out := make([]byte, len(s)/2)
	_, err := hex.Decode(out, s)
	return out, err == nil
}

// unbase64 decodes either alphabet. Most values end at the look at their first
// bytes, which must be those of something known.
func unbase64(s []byte) ([]byte, bool) {
	if !only(s[:16], isBase64) {
		return nil, false
	}
	var head [12]byte
	enc := base64.RawStdEncoding
	if bytes.ContainsAny(s, "-_") {
		enc = base64.RawURLEncoding
	}
	if _, err := enc.Decode(head[:], s[:16]); err != nil || !promising(head[:]) {
		return nil, false
	}
	s = bytes.TrimRight(s, "=\r\n \t")
	out := make([]byte, enc.DecodedLen(len(s)))
	n, err := enc.Decode(out, s)
	return out[:n], err == nil
}

// only reports whether every byte is of the alphabet; it spares the decoders, whose
// errors cost more than the look.
func only(p []byte, alphabet func(byte) bool) bool {
	for _, b := range p {
		if !alphabet(b) {
			return false
		}
	}
	return true
}

func isHex(b byte) bool { return b >= '0' && b <= '9' || b|0x20 >= 'a' && b|0x20 <= 'f' }

func isBase64(b byte) bool {
	return b >= '0' && b <= '9' || b|0x20 >= 'a' && b|0x20 <= 'z' || b == '+' || b == '/' || b == '-' || b == '_'
}

// promising reports whether the first two bytes begin something that kind knows.
func promising(p []byte) bool {
	switch binary.BigEndian.Uint16(p) {
	case 0x7f45, 'M'<<8 | 'Z', 'P'<<8 | 'K', 0x1f8b, 0x7801, 0x785e, 0x789c, 0x78da, 0xcefa, 0xcffa:
		return true
	}
	return false
}
