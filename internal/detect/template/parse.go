package template

import "slices"

// node is an expression. The grammar is Jinja's, read generously: what Jinja
// would refuse may pass, what it accepts is never misread.
type node struct {
	kind byte // see the constants
	text string
	kids []*node
	at   int
}

const (
	kindName   = 'n' // text
	kindText   = 's' // text
	kindNumber = '#'
	kindAttr   = '.' // kids[0].text
	kindItem   = '[' // kids[0][kids[1]]
	kindSlice  = ':' // the parts that are there; text is backwards for [::-1]
	kindCall   = '(' // kids[0](kids[1:]...)
	kindFilter = '|' // kids[0]|text(kids[1:]...)
	kindTest   = '?' // kids[0] is text
	kindBinary = 'b' // text is the operator
	kindUnary  = 'u'
	kindList   = 'l' // list, tuple or dict
	kindIf     = 'i' // kids[0] if kids[1] else kids[2]
)

const backwards = "::-1"

const (
	maxDepth = 100  // nesting of expressions
	maxChain = 2000 // operators, attributes or conditions one behind the other
)

// sink is told what was parsed.
type sink interface {
	print(at int, text string)       // text that is printed as it stands
	output(e *node)                  // {{ e }}
	statement(tag token, es []*node) // {% tag … %}
}

// parse reads the whole template.
func parse(src string, to sink) error {
	return pieces(src, func(p piece) error {
		switch p.kind {
		case 't':
			to.print(p.at, p.text)
			return nil
		case '{':
			es, err := expressions(p.in, p.at)
			for _, e := range es {
				to.output(e)
			}
			return err
		}
		if len(p.in) == 0 {
			return &syntaxError{p.at, "an empty statement"}
		}
		es, err := expressions(p.in[1:], p.at)
		to.statement(p.in[0], es)
		return err
	})
}

// expressions reads what stands in one block: several expressions in statements
// such as "for a, b in c if d recursive".
func expressions(in []token, at int) (out []*node, err error) {
	p := &parser{in: in, end: at}
	defer func() {
		if e, ok := recover().(*syntaxError); ok {
			err = e
		} else if e != nil {
			panic(e)
		}
	}()
	for p.peek().kind != tokenEnd {
		out = append(out, p.expression(0))
		for p.is(",") || p.is(";") {
			p.pos++
		}
	}
	return out, nil
}

type parser struct {
	in    []token
	pos   int
	depth int
	end   int
}

func (p *parser) peek() token {
	if p.pos < len(p.in) {
		return p.in[p.pos]
	}
	return token{kind: tokenEnd, at: p.end}
}

func (p *parser) is(text string) bool {
	t := p.peek()
	return t.text == text && (t.kind == tokenOperator || t.kind == tokenName)
}

func (p *parser) accept(text string) bool {
	if p.is(text) {
		p.pos++
		return true
	}
	return false
}

func (p *parser) fail(what string) { panic(&syntaxError{p.peek().at, what}) }

// levels are the binary operators, weakest first; "=" names arguments and
// targets, "as" and "in" appear in statements too.
var levels = [][]string{{"=", "as"}, {"or"}, {"and"}, {"==", "!=", "<", ">", "<=", ">=", "in"}, {"+", "-"}, {"~"}, {"*", "/", "//", "%"}, {"**"}}

// expression reads a conditional expression, or an operator of the level and
// everything that binds tighter.
func (p *parser) expression(level int) *node {
	if p.depth++; p.depth > maxDepth {
		p.fail("nested too deep")
	}
	defer func() { p.depth-- }()
	left := p.operand(level)
	if level > 0 {
		return left
	}
	for chain := 0; p.is("if"); chain++ {
		if chain > maxChain {
			p.fail("too many conditions in a row")
		}
		n := &node{kind: kindIf, at: p.peek().at, kids: []*node{left}}
		p.pos++
		n.kids = append(n.kids, p.operand(0))
		if p.accept("else") {
			n.kids = append(n.kids, p.expression(0))
		}
		left = n
	}
	return left
}

func (p *parser) operand(level int) *node {
	if level == len(levels) {
		return p.unary()
	}
	left := p.operand(level + 1)
	for chain := 0; ; chain++ {
		if chain > maxChain {
			p.fail("too many operators in a row")
		}
		t := p.peek()
		not := p.is("not") && p.pos+1 < len(p.in) && p.in[p.pos+1].text == "in"
		switch {
		case not && slices.Contains(levels[level], "in"):
			p.pos += 2
		case t.kind != tokenText && slices.Contains(levels[level], t.text):
			p.pos++
		default:
			return left
		}
		left = &node{kind: kindBinary, text: t.text, at: t.at, kids: []*node{left, p.operand(level + 1)}}
		if not {
			left.text = "in"
		}
	}
}

func (p *parser) unary() *node {
	t := p.peek()
	if t.kind == tokenOperator && (t.text == "-" || t.text == "+" || t.text == "*" || t.text == "**") || t.kind == tokenName && t.text == "not" {
		if p.depth++; p.depth > maxDepth {
			p.fail("nested too deep")
		}
		p.pos++
		level := len(levels)
		if t.text == "not" {
			level = 3
		}
		n := &node{kind: kindUnary, text: t.text, at: t.at, kids: []*node{p.operand(level)}}
		p.depth--
		return n
	}
	return p.postfix(p.primary())
}

func (p *parser) primary() *node {
	t := p.peek()
	switch t.kind {
	case tokenName:
		p.pos++
		return &node{kind: kindName, text: t.text, at: t.at}
	case tokenNumber:
		p.pos++
		return &node{kind: kindNumber, text: t.text, at: t.at}
	case tokenText:
		n := &node{kind: kindText, text: t.text, at: t.at}
		for p.pos++; p.peek().kind == tokenText; p.pos++ { // neighbours are one string
			n.text += p.peek().text
		}
		return n
	}
	for open, closing := range map[string]string{"(": ")", "[": "]", "{": "}"} {
		if p.accept(open) {
			return &node{kind: kindList, text: open, at: t.at, kids: p.until(closing)}
		}
	}
	p.fail("expected a value")
	return nil
}

// until reads expressions up to the closing bracket; pairs of a dict are two.
func (p *parser) until(closing string) (out []*node) {
	for !p.accept(closing) {
		out = append(out, p.expression(0))
		if !p.accept(",") && !p.accept(":") && !p.is(closing) {
			p.fail("expected " + closing)
		}
	}
	return out
}

// postfix reads attributes, items, calls, filters and tests.
func (p *parser) postfix(n *node) *node {
	for chain := 0; ; chain++ {
		if chain > maxChain {
			p.fail("too many attributes in a row")
		}
		t := p.peek()
		switch {
		case p.accept("."):
			name := p.peek()
			if name.kind != tokenName && name.kind != tokenNumber {
				p.fail("expected a name")
			}
			p.pos++
			n = &node{kind: kindAttr, text: name.text, at: t.at, kids: []*node{n}}
		case p.accept("["):
			n = &node{kind: kindItem, at: t.at, kids: []*node{n, p.subscript()}}
		case p.accept("("):
			n = &node{kind: kindCall, at: t.at, kids: append([]*node{n}, p.until(")")...)}
		case p.accept("|"):
			n = p.named(kindFilter, n)
		case t.kind == tokenName && t.text == "is":
			p.pos++
			p.accept("not")
			n = p.named(kindTest, n)
			if next := p.peek(); next.kind == tokenText || next.kind == tokenNumber { // "is divisibleby 3"
				n.kids = append(n.kids, p.primary())
			}
		default:
			return n
		}
	}
}

// named reads the name of a filter or test, dotted perhaps, with arguments.
func (p *parser) named(kind byte, n *node) *node {
	t := p.peek()
	if t.kind != tokenName {
		p.fail("expected a name")
	}
	p.pos++
	out := &node{kind: kind, text: t.text, at: t.at, kids: []*node{n}}
	if p.accept("(") {
		out.kids = append(out.kids, p.until(")")...)
	}
	return out
}

// subscript reads an index, a tuple of them or a slice, and the closing bracket.
func (p *parser) subscript() *node {
	at := p.peek().at
	var parts []*node
	colons := 0
	for !p.accept("]") {
		switch {
		case p.accept(":"):
			colons++
		case p.accept(","):
		default:
			parts = append(parts, p.expression(0))
		}
		if p.peek().kind == tokenEnd {
			p.fail("expected ]")
		}
	}
	if colons == 0 && len(parts) == 1 {
		return parts[0]
	}
	n := &node{kind: kindSlice, at: at, kids: parts}
	if colons == 2 && len(parts) == 1 && p.in[p.pos-2].text == "1" && p.in[p.pos-3].text == "-" && p.in[p.pos-4].text == ":" {
		n.text = backwards
	}
	return n
}
