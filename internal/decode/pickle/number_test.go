package pickle

import (
	"encoding/binary"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// TestShortNumber compares the reading of eight bytes at once with a plain one.
func TestShortNumber(t *testing.T) {
	texts := []string{"\n", "0\n", "7\n1", "-1\n0", "+1\n", " 1\n", "1 \n", "1_0\n", "1L\n", "00\n", "010\n", "999999\n", "1234567\n", "12345678", "/\n", ":\n", "1:\n", "\xb0\n", "\xba1\n", "1\x00\n"}
	r := rand.New(rand.NewPCG(3, 4))
	for range 200_000 {
		p := make([]byte, 7)
		for i := range p {
			p[i] = "0123456789\n\n-/: _L\x00\x80\xb0\xba\xff"[r.IntN(22)]
		}
		texts = append(texts, string(p))
	}
	for _, text := range texts {
		var word [8]byte
		copy(word[:7], text) // as behind an opcode
		line, _, ended := strings.Cut(string(word[:7]), "\n")
		want, err := strconv.ParseUint(line, 10, 64)
		digits, size := shortNumber(binary.LittleEndian.Uint64(word[:]))
		switch {
		case (size > 0) != (ended && err == nil):
			t.Fatalf("%q: %d digits", text, size)
		case size > 0 && (size != len(line) || decimal(digits) != want):
			t.Fatalf("%q: %d of %d digits", text, decimal(digits), size)
		}
	}
}
