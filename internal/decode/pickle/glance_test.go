package pickle

import (
	"bytes"
	"testing"
)

// TestGlance holds the tables against what they stand for: at each of these
// beginnings Sniff or SniffText stops, in constants of every length that counts.
func TestGlance(t *testing.T) {
	for _, start := range []string{"\x80\x04]", "PK\x03\x04", "\x1f\x8b\x08\x00", "x\x9c", "\x7fELF\x02\x01\x01", "MZ", "\x93NUMPY", "\xfd7zXZ\x00",
		"BZh91AY&SY", "cos\n", "(cos\n", "\xe3\x01", "c\x01"} {
		for n := minNested; n <= maxNotable+1; n++ {
			if text := padded(start, n); Sniff(text) == "" || glance[text[0]]&worth[n]&forSniff == 0 {
				t.Errorf("%q of %d bytes is passed over", start, n)
			}
		}
	}
	for _, start := range []string{"gASVAAAAAAAAAAAA", "UEsDBAAAAAAAAAAA", "H4sIAAAAAAAAAAAA", "eJwAAAAAAAAAAAAA", "f0VMRgIBAQAAAAAA", "TVqQAAAAAAAAAAAA",
		"Y29zCnN5c3RlbQoo", "/Td6WFoAAAAAAAAA", "QlpoOTFBWSZTWQAA", "KGNvcwpzeXN0ZW0K", "k05VTVBZAAAAAAAA", "80045d0000000000", "504b030400000000",
		"1f8b080000000000", "789c000000000000", "7f454c4602010100", "636f730a73797374", "\xc2\x80\x04", "\xc3\xa3\x01", "4wEAAAAAAAAAAAAA", "YwEAAAAAAAAAAAAA", "e301000000000000", "\x1f\xc2\x8b\x08", "x\xc2\x9c", "\xc3\xbd7zXZ\x00", "PK\x03\x04", "BZh91AY&SY", "cos\n", "(cos\n"} {
		for n := minText; n <= maxNotable+1; n++ {
			if text := padded(start, n); glance[text[0]]&forText != 0 && glance[text[0]]&worth[n]&forText == 0 {
				t.Errorf("the text %q of %d bytes is passed over", start, n)
			}
		}
	}
	for _, key := range []string{"add", "append", "numpy_array_alignment_bytes", "__setstate__", "___", "_hooks", "_a_name_of_forty_characters_that_ends_hooks"} {
		if want := len(key) <= maxNotable; notable([]byte(key)) != want {
			t.Errorf("%q is notable: %v", key, !want)
		}
	}
}

func padded(start string, n int) []byte {
	return append([]byte(start), bytes.Repeat([]byte{0}, n)...)[:n]
}
