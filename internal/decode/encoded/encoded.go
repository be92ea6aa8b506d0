// Package encoded recognises a Python pickle that stands as text in the value of
// a configuration: as it is, in base64 (either alphabet, with or without padding
// and line breaks), or in hexadecimal.
//
// Threat: the payload of an attack lies in a JSON or YAML value where scanners of
// model files do not look, and a small hook unpickles it.
// It must stay quiet on vocabularies, hashes and icons: text counts as a pickle
// only when it is a sequence of pickle instructions, from the first byte on, that
// imports something or ends properly behind a protocol mark.
// Not covered: compressed or encrypted payloads; what the pickle does.
package encoded

import (
	"bytes"
	"encoding/hex"
)

// shortest is the shortest text worth a look, in bytes: below it no pickle can
// both import and call.
const shortest = 16

// Pickle returns the bytes of the pickle that the value holds, if it holds one,
// and how it is written: "base64", "hexadecimal" or "plain".
func Pickle(value []byte) (data []byte, how string) {
	if len(value) < shortest {
		return nil, ""
	}
	if data := plainPickle(value); data != nil {
		return data, "plain"
	}
	if data := hexPickle(value); data != nil {
		return data, "hexadecimal"
	}
	if data := base64Pickle(value); data != nil {
		return data, "base64"
	}
	return nil, ""
}

// plainPickle is the value itself, one byte per character.
func plainPickle(s []byte) []byte {
	if !opens[s[0]] && s[0] != 0xc2 {
		return nil
	}
	if s[0] == 0xc2 {
		if s = latin1(s); len(s) == 0 || s[0] != opProto && !opens[s[0]] {
			return nil
		}
	} else if bytes.IndexByte(s, '\n') < 0 && bytes.IndexByte(s, 0xc2) < 0 {
		return nil // an import needs line ends, or STACK_GLOBAL, which is no ASCII
	}
	if look(s, true) == isPickle {
		return s
	}
	if s = latin1(s); len(s) > 0 && look(s, true) == isPickle {
		return s
	}
	return nil
}

// latin1 turns characters up to U+00FF into bytes; it is empty when there are others.
func latin1(s []byte) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch b := s[i]; {
		case b < 0x80:
			out = append(out, b)
		case (b == 0xc2 || b == 0xc3) && i+1 < len(s):
			i++
			out = append(out, b<<6|s[i]&0x3f)
		default:
			return nil
		}
	}
	return out
}

func hexPickle(s []byte) []byte {
	s = bytes.TrimPrefix(s, []byte("0x"))
	if len(s)%2 != 0 || len(s) < 2*shortest {
		return nil
	}
	if first := nibble(s[0])<<4 | nibble(s[1]); first > 0xff || !opens[byte(first)] && first != opProto {
		return nil
	}
	out := make([]byte, len(s)/2)
	if _, err := hex.Decode(out, s); err != nil || look(out, true) != isPickle {
		return nil
	}
	return out
}

// nibble is the value of a hexadecimal digit, or far too much.
func nibble(c byte) uint {
	switch {
	case c >= '0' && c <= '9':
		return uint(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return uint(c|0x20-'a') + 10
	}
	return 1 << 16
}

// base64Pickle decodes a few characters first: almost every text fails there.
func base64Pickle(s []byte) []byte {
	var head [48]byte
	n, ok := fromBase64(head[:], s[:min(len(s), 64)])
	if !ok || n == 0 || !opens[head[0]] && head[0] != opProto || look(head[:n], false) == noPickle {
		return nil
	}
	out := make([]byte, len(s)/4*3+3)
	n, ok = fromBase64(out, s)
	if !ok || look(out[:n], true) != isPickle {
		return nil
	}
	return out[:n]
}

// fromBase64 decodes either alphabet. White space is skipped, and padding ends a
// group wherever it stands: several encodings may follow each other.
func fromBase64(out, s []byte) (n int, ok bool) {
	var acc uint32
	bits := 0
	for _, c := range s {
		switch {
		case c == '=':
			acc, bits = 0, 0
			continue
		case c == '\n' || c == '\r' || c == ' ' || c == '\t':
			continue
		}
		v := sixBits[c]
		if v == 0xff {
			return 0, false
		}
		acc = acc<<6 | uint32(v)
		if bits += 6; bits >= 8 {
			bits -= 8
			out[n] = byte(acc >> bits)
			n++
		}
	}
	return n, true
}

var sixBits = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range len(alphabet) {
		t[alphabet[i]] = byte(i)
	}
	t['-'], t['_'] = 62, 63
	return t
}()

// MayBegin reports whether a text of which only the beginning is known can be a
// pickle in base64 or hexadecimal.
func MayBegin(value []byte) bool {
	head := value[:min(len(value), 64)]
	var out [48]byte
	if n, ok := fromBase64(out[:], head); ok && n > 0 && (opens[out[0]] || out[0] == opProto) && look(out[:n], false) != noPickle {
		return true
	}
	n, err := hex.Decode(out[:], head[:len(head)/2*2])
	return err == nil && n > 0 && (opens[out[0]] || out[0] == opProto) && look(out[:n], false) != noPickle
}
