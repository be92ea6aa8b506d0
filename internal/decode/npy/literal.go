package npy

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
)

// kind is the kind of a literal.
type kind uint8

const (
	kindNone kind = iota
	kindBool
	kindInt
	kindString
	kindTuple
	kindList
)

// node is one value of the header.
type node struct {
	kind  kind
	num   int64 // kindInt, and 0 or 1 for kindBool
	text  string
	items []node
}

// parser reads the subset of Python literals that NumPy writes: one dict with
// string keys, and in it strings, numbers, booleans, tuples and lists.
type parser struct {
	text  []byte
	pos   int
	items int // values made, all levels
}

// maxItems is how many values one header may hold.
const maxItems = 200_000

func (p *parser) bad(what string) error {
	return fmt.Errorf("%w: %s at byte %d of the literal", ErrMalformed, what, p.pos)
}

// header reads the dict and insists that nothing but blanks follows it.
func (p *parser) header() (map[string]node, error) {
	p.blank()
	if !p.take('{') {
		return nil, p.bad("no dictionary")
	}
	d := map[string]node{}
	for !p.take('}') {
		key, err := p.value(0)
		if err != nil {
			return nil, err
		}
		if key.kind != kindString || !p.take(':') {
			return nil, p.bad("no key")
		}
		if _, twice := d[key.text]; twice {
			return nil, p.bad("an entry twice")
		}
		if d[key.text], err = p.value(0); err != nil {
			return nil, err
		}
		if !p.take(',') && !p.at('}') {
			return nil, p.bad("no end of the dictionary")
		}
	}
	if p.blank(); p.pos != len(p.text) {
		return nil, p.bad("something behind the dictionary")
	}
	return d, nil
}

func (p *parser) blank() {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n\f", p.text[p.pos]) >= 0 {
		p.pos++
	}
}

// at reports whether c comes next, behind blanks; take consumes it.
func (p *parser) at(c byte) bool {
	p.blank()
	return p.pos < len(p.text) && p.text[p.pos] == c
}

func (p *parser) take(c byte) bool {
	if !p.at(c) {
		return false
	}
	p.pos++
	return true
}

func (p *parser) value(depth int) (node, error) {
	if p.items++; p.items > maxItems || depth > bounded.MaxRecursion {
		return node{}, p.bad("too many values")
	}
	p.blank()
	if p.pos == len(p.text) {
		return node{}, p.bad("the end")
	}
	switch c := p.text[p.pos]; {
	case c == '\'' || c == '"':
		return p.str()
	case c >= '0' && c <= '9' || c == '-':
		return p.number()
	case c == '(':
		return p.list(kindTuple, '(', ')', depth)
	case c == '[':
		return p.list(kindList, '[', ']', depth)
	}
	return p.word()
}

// list reads a tuple or list. A single value in parentheses is that value.
func (p *parser) list(k kind, open, end byte, depth int) (node, error) {
	p.take(open)
	n := node{kind: k}
	comma := false
	for !p.take(end) {
		item, err := p.value(depth + 1)
		if err != nil {
			return node{}, err
		}
		n.items = append(n.items, item)
		comma = p.take(',')
		if !comma && !p.at(end) {
			return node{}, p.bad("no end of the list")
		}
	}
	if k == kindTuple && len(n.items) == 1 && !comma {
		return n.items[0], nil
	}
	return n, nil
}

// word reads True, False, None, or the prefix of a Python 2 string.
func (p *parser) word() (node, error) {
	rest := p.text[p.pos:]
	for _, w := range [...]struct {
		text string
		is   node
	}{{"True", node{kind: kindBool, num: 1}}, {"False", node{kind: kindBool}}, {"None", node{kind: kindNone}}} {
		if strings.HasPrefix(string(rest[:min(len(rest), 6)]), w.text) {
			p.pos += len(w.text)
			return w.is, nil
		}
	}
	if len(rest) > 1 && (rest[0] == 'u' || rest[0] == 'b') && (rest[1] == '\'' || rest[1] == '"') {
		p.pos++
		return p.str()
	}
	return node{}, p.bad("not a literal")
}

// number reads a decimal integer; Python 2 put an L behind long ones.
func (p *parser) number() (node, error) {
	start := p.pos
	if p.text[p.pos] == '-' {
		p.pos++
	}
	for p.pos < len(p.text) && p.text[p.pos] >= '0' && p.text[p.pos] <= '9' {
		p.pos++
	}
	digits := string(p.text[start:p.pos])
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || len(digits) > 1 && digits[0] == '0' {
		return node{}, p.bad("a number")
	}
	if p.pos < len(p.text) && p.text[p.pos] == 'L' {
		p.pos++
	}
	if p.pos < len(p.text) && strings.IndexByte("0123456789_.xXoOeEjJ", p.text[p.pos]) >= 0 {
		return node{}, p.bad("a number")
	}
	return node{kind: kindInt, num: n}, nil
}

// str reads a string in single or double quotes with the escapes of repr.
func (p *parser) str() (node, error) {
	quote := p.text[p.pos]
	var out []byte
	for p.pos++; p.pos < len(p.text); p.pos++ {
		switch c := p.text[p.pos]; c {
		case quote:
			p.pos++
			if p.at('\'') || p.at('"') { // Python joins strings that stand side by side
				return node{}, p.bad("two strings")
			}
			return node{kind: kindString, text: string(out)}, nil
		case '\n', '\r':
			return node{}, p.bad("an open string")
		case '\\':
			p.pos++
			if out = p.escape(out); out == nil {
				return node{}, p.bad("an escape")
			}
		default:
			out = append(out, c)
		}
	}
	return node{}, p.bad("an open string")
}

// escape appends what the escape at pos stands for, and leaves pos on its last
// byte. It returns nil for an escape that repr does not write.
func (p *parser) escape(out []byte) []byte {
	if p.pos == len(p.text) {
		return nil
	}
	digits := 0
	switch c := p.text[p.pos]; c {
	case '\\', '\'', '"':
		return append(out, c)
	case 'n', 't', 'r':
		return append(out, map[byte]byte{'n': '\n', 't': '\t', 'r': '\r'}[c])
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	default:
		return nil
	}
	from := p.pos + 1
	if from+digits > len(p.text) {
		return nil
	}
	v, err := strconv.ParseUint(string(p.text[from:from+digits]), 16, 32)
	if err != nil {
		return nil
	}
	p.pos = from + digits - 1
	return append(out, string(rune(v))...)
}
