package torch

import "strings"

// token is one word of a TorchScript source file.
type token struct {
	kind tokenKind
	text string // of a string: its content, escapes as written
	off  int
	line int
}

type tokenKind byte

const (
	endToken tokenKind = iota
	nameToken
	numberToken
	stringToken
	signToken
	commentToken
	badToken
)

// lexer cuts TorchScript source into tokens. TorchScript is printed by PyTorch in
// a small part of Python's lexical grammar; what lies outside of it is a badToken.
type lexer struct {
	src   string
	pos   int
	line  int // from 1
	depth int // open brackets
}

func (l *lexer) next() token {
	l.blank()
	t := token{off: l.pos, line: l.line}
	if l.pos == len(l.src) {
		return t
	}
	c := l.src[l.pos]
	switch {
	case letter(c):
		t.kind, t.text = nameToken, l.span(func(c byte) bool { return letter(c) || digit(c) })
		if l.pos < len(l.src) && (l.src[l.pos] == '"' || l.src[l.pos] == '\'') {
			t.kind = badToken // a string with a prefix
		}
	case digit(c):
		t.kind, t.text = numberToken, l.number()
	case c == '"' || c == '\'':
		t.kind = stringToken
		text, ok := l.quoted(c)
		if t.text = text; !ok {
			t.kind = badToken
		}
	case c == '#':
		t.kind, t.text = commentToken, l.span(func(c byte) bool { return c != '\n' })
	case strings.IndexByte("()[]{}.,:=+-*/%<>!&|^~@", c) >= 0:
		t.kind, t.text = signToken, l.src[l.pos:l.pos+1]
		l.bracket(c)
		l.pos++
	default:
		t.kind = badToken
	}
	return t
}

func (l *lexer) bracket(c byte) {
	switch c {
	case '(', '[', '{':
		l.depth++
	case ')', ']', '}':
		l.depth--
	}
}

func (l *lexer) blank() {
	for ; l.pos < len(l.src); l.pos++ {
		switch l.src[l.pos] {
		case '\n':
			l.line++
		case ' ':
		default:
			return
		}
	}
}

func (l *lexer) span(in func(byte) bool) string {
	from := l.pos
	for l.pos < len(l.src) && in(l.src[l.pos]) {
		l.pos++
	}
	return l.src[from:l.pos]
}

// number takes digits, a fraction and an exponent. "1.real" is no number, and
// TorchScript never writes it.
func (l *lexer) number() string {
	from := l.pos
	l.span(func(c byte) bool { return digit(c) || letter(c) || c == '.' })
	if l.pos > from && (l.src[l.pos-1] == 'e' || l.src[l.pos-1] == 'E') && l.pos < len(l.src) && (l.src[l.pos] == '-' || l.src[l.pos] == '+') {
		l.pos++
		l.span(digit)
	}
	return l.src[from:l.pos]
}

// quoted takes a string on one line; it reports whether the string ends there.
func (l *lexer) quoted(quote byte) (string, bool) {
	from := l.pos + 1
	for l.pos++; l.pos < len(l.src); l.pos++ {
		switch l.src[l.pos] {
		case '\\':
			l.pos++
		case '\n':
			return "", false
		case quote:
			l.pos++
			if l.pos == from+1 && l.pos < len(l.src) && l.src[l.pos] == quote {
				return "", false // a string of several lines
			}
			return l.src[from : l.pos-1], true
		}
	}
	l.pos = len(l.src)
	return "", false
}

func letter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }
