package render

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many combining marks may follow each other: living scripts
// need three, more of them paint over the lines around.
const maxMarks = 3

// Escape makes everything visible that a stranger's string could hide or do:
// control characters and terminal sequences (\x1b), line breaks (\n), bidi
// overrides and other invisible characters (\u202e), bytes that are not UTF-8
// (\xff), and piles of combining marks. Printable text stays as it is, a
// backslash too, so that escaping twice changes nothing.
func Escape(s string) string {
	if plainASCII(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	marks := maxMarks // a string does not begin with a mark: it would change what stands before
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.Is(unicode.M, r) && !hidden(r):
			if marks++; marks > maxMarks {
				escapeRune(&b, r)
			} else {
				b.WriteRune(r)
			}
			i += n
			continue
		case hidden(r):
			escapeRune(&b, r)
		default:
			b.WriteRune(r)
		}
		marks = 0
		i += n
	}
	return b.String()
}

func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

func escapeRune(b *strings.Builder, r rune) {
	switch {
	case r == '\n':
		b.WriteString(`\n`)
	case r == '\r':
		b.WriteString(`\r`)
	case r == '\t':
		b.WriteString(`\t`)
	case r < 0x80:
		fmt.Fprintf(b, `\x%02x`, r)
	case r < 0x10000:
		fmt.Fprintf(b, `\u%04x`, r)
	default:
		fmt.Fprintf(b, `\U%08x`, r)
	}
}

// hidden reports a character that shows nothing of itself or acts on others:
// what is not printable (controls, formats, private use, spaces that are not the
// plain one), what Unicode lets a font ignore, and two blanks that call
// themselves a symbol.
func hidden(r rune) bool {
	return !unicode.IsPrint(r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) ||
		unicode.Is(unicode.Variation_Selector, r) || r == 0x2800 || r == 0x1d159
}
