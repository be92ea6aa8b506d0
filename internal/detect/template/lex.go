package template

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// syntaxError is where and why parsing ended.
type syntaxError struct {
	at   int
	what string
}

func (e *syntaxError) Error() string { return e.what }

type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenName
	tokenText // a string constant, escapes undone
	tokenNumber
	tokenOperator
)

type token struct {
	kind tokenKind
	text string
	at   int
}

// piece is a part of the template: text to print, or what stands between a pair
// of delimiters.
type piece struct {
	kind byte // 't' text, '{' expression, '%' statement
	at   int
	text string // of kind 't'
	in   []token
}

// pieces cuts a template and hands its parts to take, in order.
func pieces(src string, take func(piece) error) error {
	pos := 0
	for pos < len(src) {
		open := nextOpen(src, pos)
		if open > pos {
			if err := take(piece{kind: 't', at: pos, text: src[pos:open]}); err != nil {
				return err
			}
		}
		if open == len(src) {
			return nil
		}
		var err error
		if pos, err = delimited(src, open, take); err != nil {
			return err
		}
	}
	return nil
}

// nextOpen is where the next "{{", "{%" or "{#" begins, or the end.
func nextOpen(src string, pos int) int {
	for {
		i := strings.IndexByte(src[pos:], '{')
		if i < 0 || pos+i+1 >= len(src) {
			return len(src)
		}
		if c := src[pos+i+1]; c == '{' || c == '%' || c == '#' {
			return pos + i
		}
		pos += i + 1
	}
}

// delimited reads one comment, expression or statement and returns its end.
func delimited(src string, open int, take func(piece) error) (int, error) {
	kind := src[open+1]
	if kind == '#' {
		end := strings.Index(src[open+2:], "#}")
		if end < 0 {
			return 0, &syntaxError{open, "a comment has no end"}
		}
		return open + 2 + end + 2, nil
	}
	start := open + 2
	if start < len(src) && (src[start] == '-' || src[start] == '+' && kind == '%') {
		start++
	}
	l := lexer{src: src, pos: start, closing: map[byte]string{'{': "}}", '%': "%}"}[kind]}
	tokens, err := l.all()
	if err != nil {
		return 0, err
	}
	if kind == '%' && len(tokens) > 0 && tokens[0].text == "raw" {
		return raw(src, l.pos, take)
	}
	return l.pos, take(piece{kind: kind, at: open, in: tokens})
}

// raw takes everything up to endraw as text. Only the exact tag ends it: what
// Jinja takes for text must not be code here, nor the other way round.
func raw(src string, pos int, take func(piece) error) (int, error) {
	for at := pos; ; at += 2 {
		i := strings.Index(src[at:], "{%")
		if i < 0 {
			return 0, &syntaxError{pos, "raw has no endraw"}
		}
		at += i
		if end := endraw(src[at+2:]); end > 0 {
			return at + 2 + end, take(piece{kind: 't', at: pos, text: src[pos:at]})
		}
	}
}

// endraw is the length of what is left of an endraw tag behind its opening, or 0.
func endraw(s string) int {
	rest := s
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		rest = rest[1:]
	}
	rest, ok := strings.CutPrefix(strings.TrimLeftFunc(rest, unicode.IsSpace), "endraw")
	if !ok {
		return 0
	}
	rest = strings.TrimLeftFunc(rest, unicode.IsSpace)
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		rest = rest[1:]
	}
	if rest, ok = strings.CutPrefix(rest, "%}"); !ok {
		return 0
	}
	return len(s) - len(rest)
}

// lexer reads the inside of one pair of delimiters.
type lexer struct {
	src     string
	pos     int
	closing string
	depth   int // open brackets: "}}" may close two of them
}

func (l *lexer) all() ([]token, error) {
	var out []token
	for {
		l.space()
		if l.closed() {
			return out, nil
		}
		if l.pos >= len(l.src) {
			return nil, &syntaxError{l.pos, "a block has no end"}
		}
		t, err := l.next()
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
}

// closed consumes the closing delimiter when it is next.
func (l *lexer) closed() bool {
	if l.depth > 0 {
		return false
	}
	rest := l.src[l.pos:]
	if strings.HasPrefix(rest, "-"+l.closing) || strings.HasPrefix(rest, "+"+l.closing) {
		l.pos++
	} else if !strings.HasPrefix(rest, l.closing) {
		return false
	}
	l.pos += len(l.closing)
	return true
}

func (l *lexer) space() {
	for l.pos < len(l.src) && strings.IndexByte(" \t\r\n\f\v", l.src[l.pos]) >= 0 {
		l.pos++
	}
}

func (l *lexer) next() (token, error) {
	at, c := l.pos, l.src[l.pos]
	switch {
	case c == '"' || c == '\'':
		return l.quoted(c)
	case c >= '0' && c <= '9':
		return l.number(), nil
	case c == '_' || c >= utf8.RuneSelf || unicode.IsLetter(rune(c)):
		return l.while(tokenName, func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }), nil
	}
	for _, op := range []string{"**", "//", "==", "!=", "<=", ">="} {
		if strings.HasPrefix(l.src[at:], op) {
			l.pos += 2
			return token{tokenOperator, op, at}, nil
		}
	}
	switch c {
	case '(', '[', '{':
		l.depth++
	case ')', ']', '}':
		l.depth--
	case '+', '-', '*', '/', '%', '~', '<', '>', '=', '.', ':', '|', ',', ';':
	default:
		return token{}, &syntaxError{at, "an unexpected character"}
	}
	if l.depth < 0 {
		return token{}, &syntaxError{at, "a bracket closes that was not opened"}
	}
	l.pos++
	return token{tokenOperator, string(c), at}, nil
}

func (l *lexer) while(kind tokenKind, ok func(rune) bool) token {
	at := l.pos
	for l.pos < len(l.src) {
		r, n := utf8.DecodeRuneInString(l.src[l.pos:])
		if !ok(r) && l.pos > at {
			break
		}
		l.pos += n
	}
	return token{kind, l.src[at:l.pos], at}
}

// number reads a number; a dot that no digit follows is an attribute of it.
func (l *lexer) number() token {
	at := l.pos
	digits := func(more string) {
		for l.pos < len(l.src) && (l.src[l.pos] >= '0' && l.src[l.pos] <= '9' || strings.IndexByte(more, l.src[l.pos]) >= 0) {
			l.pos++
		}
	}
	digit := func(i int) bool { return i < len(l.src) && l.src[i] >= '0' && l.src[i] <= '9' }
	if l.src[at] == '0' && at+1 < len(l.src) && strings.IndexByte("xXoObB", l.src[at+1]) >= 0 {
		l.pos += 2
		digits("_abcdefABCDEF")
		return token{tokenNumber, l.src[at:l.pos], at}
	}
	digits("_")
	if digit(l.pos+1) && l.src[l.pos] == '.' {
		l.pos++
		digits("_")
	}
	if l.pos < len(l.src) && l.src[l.pos]|0x20 == 'e' {
		switch {
		case digit(l.pos + 1):
			l.pos++
			digits("_")
		case digit(l.pos+2) && (l.src[l.pos+1] == '+' || l.src[l.pos+1] == '-'):
			l.pos += 2
			digits("_")
		}
	}
	return token{tokenNumber, l.src[at:l.pos], at}
}

// quoted reads a string constant and undoes its escapes as Python does.
func (l *lexer) quoted(quote byte) (token, error) {
	at := l.pos
	var b strings.Builder
	for l.pos++; l.pos < len(l.src); {
		switch c := l.src[l.pos]; c {
		case quote:
			l.pos++
			return token{tokenText, b.String(), at}, nil
		case '\\':
			l.pos += escape(&b, l.src[l.pos:])
		default:
			b.WriteByte(c)
			l.pos++
		}
	}
	return token{}, &syntaxError{at, "a string has no end"}
}

// escape writes what an escape stands for and returns its length in the source.
func escape(b *strings.Builder, s string) int {
	if len(s) < 2 {
		b.WriteString(s)
		return len(s)
	}
	if i := strings.IndexByte(`ntrbfav\'"0`, s[1]); i >= 0 {
		b.WriteByte("\n\t\r\b\f\a\v\\'\"\x00"[i])
		return 2
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[1]]
	if digits == 0 || len(s) < 2+digits {
		b.WriteString(s[:2])
		return 2
	}
	r := rune(0)
	for _, c := range []byte(s[2 : 2+digits]) {
		d := strings.IndexByte("0123456789abcdef", c|0x20)
		if c < 'A' {
			d = strings.IndexByte("0123456789", c)
		}
		if d < 0 {
			b.WriteString(s[:2])
			return 2
		}
		r = r<<4 | rune(d)
	}
	b.WriteRune(r)
	return 2 + digits
}
