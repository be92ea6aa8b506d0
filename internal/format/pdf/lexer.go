package pdf

import (
	"errors"
	"io"

	"github.com/sallyport/sallyport/internal/bounded"
)

// tokenKind is what a token is.
type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenName
	tokenNumber
	tokenString
	tokenOpen  // of a dictionary or array
	tokenClose // of either
	tokenWord
	tokenComment
)

var errToken = errors.New("not a token")

// maxToken is how much of a name, number or word is kept; longer ones are none.
const maxToken = 255

// lexer splits bytes into tokens. A token's text is valid until the next one.
type lexer struct {
	c     *bounded.Cursor
	token int64 // where the last token began
	text  []byte
	value int64 // of a number
	size  int64 // bytes of a comment
}

func white(b byte) bool {
	return b == ' ' || b == '\n' || b == '\r' || b == '\t' || b == '\f' || b == 0
}

func delimiter(b byte) bool {
	switch b {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return true
	}
	return false
}

func (l *lexer) peek() (byte, bool) {
	p, err := l.c.Window()
	if err != nil || len(p) == 0 {
		return 0, false
	}
	return p[0], true
}

func (l *lexer) next() (tokenKind, error) {
	b, err := l.first()
	if err == io.EOF {
		return tokenEnd, nil
	}
	if err != nil {
		return tokenEnd, err
	}
	l.text = l.text[:0]
	switch b {
	case '/':
		return tokenName, l.regular()
	case '%':
		return tokenComment, l.comment()
	case '(':
		return tokenString, l.literal()
	case '[', '{':
		return tokenOpen, nil
	case ']', '}':
		return tokenClose, nil
	case '<', '>':
		if n, ok := l.peek(); ok && n == b {
			l.c.Advance(1)
			if b == '<' {
				return tokenOpen, nil
			}
			return tokenClose, nil
		}
		if b == '<' {
			return tokenString, l.hex()
		}
		return tokenEnd, errToken
	case ')':
		return tokenEnd, errToken
	}
	l.text = append(l.text, b)
	if err := l.regular(); err != nil {
		return tokenEnd, err
	}
	if l.number() {
		return tokenNumber, nil
	}
	return tokenWord, nil
}

// first skips white space and reads the first byte of a token.
func (l *lexer) first() (byte, error) {
	for {
		p, err := l.c.Window()
		if err != nil {
			return 0, err
		}
		if len(p) == 0 {
			l.token = l.c.Offset()
			return 0, io.EOF
		}
		for i, b := range p {
			if !white(b) {
				l.c.Advance(i)
				l.token = l.c.Offset()
				l.c.Advance(1)
				return b, nil
			}
		}
		l.c.Advance(len(p))
	}
}

// regular reads on to the next white space or delimiter.
func (l *lexer) regular() error {
	for {
		b, ok := l.peek()
		if !ok || white(b) || delimiter(b) {
			return nil
		}
		if len(l.text) >= maxToken || b >= 0x80 && len(l.text) == 0 {
			return errToken
		}
		l.text = append(l.text, b)
		l.c.Advance(1)
	}
}

// number reads the text as a number; of a fraction the whole part counts.
func (l *lexer) number() bool {
	l.value = 0
	digits, dots := 0, 0
	for i, b := range l.text {
		switch {
		case b >= '0' && b <= '9':
			digits++
			if dots == 0 && l.value < 1<<55 {
				l.value = l.value*10 + int64(b-'0')
			}
		case b == '.':
			dots++
		case (b == '-' || b == '+') && i == 0:
		case b == '-': // some writers put one in the middle
		default:
			return false
		}
	}
	return digits > 0 || dots == 1
}

func (l *lexer) comment() error {
	for {
		b, ok := l.peek()
		if !ok || b == '\n' || b == '\r' {
			l.size = l.c.Offset() - l.token
			return nil
		}
		if len(l.text) < maxToken {
			l.text = append(l.text, b)
		}
		l.c.Advance(1)
	}
}

// literal skips a text in parentheses, which may hold balanced ones.
func (l *lexer) literal() error {
	for depth := 1; depth > 0; {
		b, err := l.c.Byte()
		if err != nil {
			return err
		}
		switch b {
		case '(':
			depth++
		case ')':
			depth--
		case '\\':
			if _, err := l.c.Byte(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *lexer) hex() error {
	for {
		b, err := l.c.Byte()
		switch {
		case err != nil:
			return err
		case b == '>':
			return nil
		case !white(b) && nibble(b) > 15:
			return errToken
		}
	}
}

func nibble(b byte) byte {
	switch {
	case b >= '0' && b <= '9':
		return b - '0'
	case b|0x20 >= 'a' && b|0x20 <= 'f':
		return b | 0x20 - 'a' + 10
	}
	return 0xff
}

// unescape undoes the #41 of names.
func unescape(p []byte) string {
	out := make([]byte, 0, len(p))
	for i := 0; i < len(p); i++ {
		if p[i] == '#' && i+2 < len(p) && nibble(p[i+1]) < 16 && nibble(p[i+2]) < 16 {
			out = append(out, nibble(p[i+1])<<4|nibble(p[i+2]))
			i += 2
			continue
		}
		out = append(out, p[i])
	}
	return string(out)
}
