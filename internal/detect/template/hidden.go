package template

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// invisible reports characters that nobody sees in an editor and a model reads:
// tags, direction marks, spaces of no width.
func (j *judgement) invisible() {
	for i, r := range string(j.text.Content) {
		if r >= 0xe0000 && r <= 0xe007f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r >= 0x200b && r <= 0x200c || r == 0x2060 || r == 0xfeff && i > 0 {
			j.raise(ruleInvisible, i, "", "The template has characters that no editor shows; a model reads them.")
			return
		}
	}
}

// encoded reports text in base64 or hexadecimal that reads as words or an address
// once it is decoded.
func (j *judgement) encoded(at int, s string) {
	for _, word := range strings.FieldsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '+' || r == '/' || r == '=' || r == '-' || r == '_')
	}) {
		if len(word) < 24 {
			continue
		}
		if plain := decoded(word); plain != "" {
			j.raise(ruleEncoded, at, plain, "The template holds encoded text that says "+quote(plain)+".")
		}
	}
}

// decoded is what a word says in another alphabet, or "".
func decoded(word string) string {
	for _, undo := range []func(string) ([]byte, error){base64.StdEncoding.DecodeString, base64.RawStdEncoding.DecodeString,
		base64.RawURLEncoding.DecodeString, hex.DecodeString} {
		if p, err := undo(word); err == nil && readable(p) {
			return string(p)
		}
	}
	return ""
}

// readable reports text with spaces or an address in it: few accidents have that.
func readable(p []byte) bool {
	if !utf8.Valid(p) {
		return false
	}
	words := 0
	for _, c := range p {
		if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			return false
		}
		if c == ' ' {
			words++
		}
	}
	return words >= 2 || strings.Contains(string(p), "://")
}
