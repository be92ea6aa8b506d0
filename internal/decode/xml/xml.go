// Package xml reads XML 1.0 as a stream of marks and texts, in one pass, without
// building a tree. Nothing outside of the input is ever looked at, and no entity
// is ever put in the place of its name: a document type and its entities are
// reported for what they are.
//
// Specification: https://www.w3.org/TR/xml/.
//
// Threat: entities that read local files or call services (XXE), that grow without
// bound (billion laughs), or that show another document to another reader;
// nesting without end; attributes without end; marks that do not match.
//
// Not covered: encodings other than UTF-8; namespaces beyond the prefix; validity.
package xml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/bounded"
)

// Attr is one attribute. Value has its references resolved, except those to
// entities of the document type.
type Attr struct{ Name, Value []byte }

// Element is a start mark. Everything is valid only during the call.
type Element struct {
	Name   []byte
	Attrs  []Attr
	Offset int64
	Empty  bool // it is its own end mark; End is told all the same
}

// Get is the value of an attribute, or "".
func (e *Element) Get(name string) string {
	for _, a := range e.Attrs {
		if string(a.Name) == name {
			return string(a.Value)
		}
	}
	return ""
}

// TextKind says what a text is.
type TextKind byte

// The kinds of text. An Instruction begins with its target.
const (
	CharData TextKind = iota
	CData
	Comment
	Instruction
)

// Text is what stands between marks. Bytes is at most bounded.MaxStringKept long
// and valid only during the call; of CharData the references are resolved.
type Text struct {
	Kind   TextKind
	Bytes  []byte
	Cut    bool
	Offset int64
	Length int64
}

// Entity is one that a document type declares.
type Entity struct {
	Name      string
	Parameter bool   // for use in the document type itself
	System    string // where its text is kept; "" for one that stands in Value
	Value     string // cut at 200 bytes
}

// Doctype is the document type.
type Doctype struct {
	Name           string
	Public, System string // what it refers to outside of the file
	Entities       []Entity
	Offset, Length int64
}

// Visitor is told what a Parser reads.
type Visitor interface {
	Start(p *Parser, e *Element)
	End(p *Parser, name string)
	Text(p *Parser, t *Text)
	Doctype(p *Parser, d *Doctype)
}

// Parser is the state while reading. Its methods may be called by the Visitor.
type Parser struct {
	c      *bounded.Cursor
	budget *bounded.Budget
	v      Visitor
	stack  []string
	line   int
	buf    []byte
	attrs  []Attr
	root   bool // the outermost element was there
}

// Depth is how many elements are open. Name is the one at a depth, 0 the
// outermost.
func (p *Parser) Depth() int { return len(p.stack) }

// Name is the name of the open element at the depth, or "".
func (p *Parser) Name(depth int) string {
	if depth < 0 || depth >= len(p.stack) {
		return ""
	}
	return p.stack[depth]
}

// Line is the current line, from 1.
func (p *Parser) Line() int { return p.line }

// SyntaxError says where the text stops being XML.
type SyntaxError struct {
	Offset int64
	Line   int
	What   string
}

// Error implements error.
func (e *SyntaxError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.What) }

// DuplicateError is an attribute that one element has twice.
type DuplicateError struct {
	Line int
	Name string
}

// Error implements error.
func (e *DuplicateError) Error() string {
	return fmt.Sprintf("line %d: the attribute %q is there twice", e.Line, e.Name)
}

// ErrEncoding says that the text is in another encoding than UTF-8.
var ErrEncoding = errors.New("an encoding other than UTF-8")

const (
	maxTag      = 1 << 20 // bytes of one mark with its attributes
	maxAttrs    = 10_000  // attributes of one element
	maxEntities = 1000
)

// Parse reads the input to its end. The error is a *SyntaxError, a
// *DuplicateError, ErrEncoding, a limit or an error of reading.
func Parse(r *bounded.Reader, v Visitor) (end int64, err error) {
	p := &Parser{c: r.NewCursor(0), budget: r.Budget(), v: v, line: 1}
	defer p.c.Close()
	err = p.run()
	return p.c.Offset(), err
}

func (p *Parser) fault(what string) error { return &SyntaxError{p.c.Offset(), p.line, what} }

func (p *Parser) run() error {
	if b, err := p.c.Peek(3); err == nil {
		switch {
		case string(b) == "\xef\xbb\xbf":
			p.c.Advance(3)
		case b[0] == 0xfe && b[1] == 0xff || b[0] == 0xff && b[1] == 0xfe || b[0] == 0 || b[1] == 0:
			return ErrEncoding
		}
	}
	for p.c.Remaining() > 0 {
		if err := p.budget.Items(1); err != nil {
			return err
		}
		if err := p.text(CharData, "<"); err != nil {
			return err
		}
		if p.c.Remaining() == 0 {
			break
		}
		if err := p.mark(); err != nil {
			return err
		}
	}
	switch {
	case len(p.stack) > 0:
		return p.fault("the element " + strconv.Quote(p.stack[len(p.stack)-1]) + " is not closed")
	case !p.root:
		return p.fault("there is no element")
	}
	return nil
}

// take reads up to the end mark, which it consumes, and keeps most bytes of what
// stands before it. ok is false when the mark does not come.
func (p *Parser) take(mark string, most int) (length int64, cut, ok bool, err error) {
	p.buf = p.buf[:0]
	last := mark[len(mark)-1]
	var tail [3]byte // the bytes before the present one
	for {
		w, err := p.c.Window()
		if err != nil {
			return length, cut, false, err
		}
		if len(w) == 0 {
			return length, cut, false, nil
		}
		i := bytes.IndexByte(w, last)
		n := i + 1
		if i < 0 {
			n = len(w)
		}
		p.line += bytes.Count(w[:n], []byte{'\n'})
		if keep := most + len(mark) - len(p.buf); n <= keep {
			p.buf = append(p.buf, w[:n]...)
		} else {
			p.buf, cut = append(p.buf, w[:max(keep, 0)]...), true
		}
		length += int64(n)
		for _, b := range w[max(0, n-3):n] {
			tail[0], tail[1], tail[2] = tail[1], tail[2], b
		}
		p.c.Advance(n)
		if i >= 0 && string(tail[3-len(mark):]) == mark && length >= int64(len(mark)) {
			length -= int64(len(mark))
			p.buf = p.buf[:min(int64(len(p.buf)), length)]
			cut = int64(len(p.buf)) < length
			return length, cut, true, nil
		}
	}
}

// text reads up to a mark and tells the visitor. CharData ends before its mark.
func (p *Parser) text(kind TextKind, mark string) error {
	t := Text{Kind: kind, Offset: p.c.Offset()}
	n, cut, ok, err := p.take(mark, bounded.MaxStringKept)
	if err != nil {
		return err
	}
	if !ok && kind != CharData {
		return p.fault("a mark is not closed")
	}
	t.Bytes, t.Cut, t.Length = p.buf, cut, n
	if ok && kind == CharData {
		p.back()
	}
	if n == 0 {
		return nil
	}
	if !p.valid(t.Bytes, cut) {
		return p.fault("a text is not UTF-8")
	}
	if kind == CharData {
		if len(p.stack) == 0 {
			if len(bytes.TrimSpace(t.Bytes)) > 0 {
				return p.fault("there is text outside of the outermost element")
			}
			return nil
		}
		t.Bytes = resolve(t.Bytes)
	}
	p.v.Text(p, &t)
	return nil
}

// back goes to the mark that ended a text. It is in the buffer still, or in memory.
func (p *Parser) back() { p.c.Advance(-1) }

func (p *Parser) valid(b []byte, cut bool) bool {
	if cut { // it may end inside of a character
		for range 3 {
			if r, size := utf8.DecodeLastRune(b); r == utf8.RuneError && size == 1 {
				b = b[:len(b)-1]
			}
		}
	}
	return utf8.Valid(b) && bytes.IndexByte(b, 0) < 0
}

// mark reads what begins with "<".
func (p *Parser) mark() error {
	head, err := p.c.Peek(min(9, p.c.Remaining()))
	if err != nil {
		return err
	}
	switch {
	case bytes.HasPrefix(head, []byte("<!--")):
		p.c.Advance(4)
		return p.text(Comment, "-->")
	case bytes.HasPrefix(head, []byte("<![CDATA[")):
		p.c.Advance(9)
		if len(p.stack) == 0 {
			return p.fault("there is text outside of the outermost element")
		}
		return p.text(CData, "]]>")
	case bytes.HasPrefix(head, []byte("<!DOCTYPE")):
		return p.doctype()
	case bytes.HasPrefix(head, []byte("<?")):
		return p.instruction()
	case bytes.HasPrefix(head, []byte("</")):
		return p.endMark()
	}
	return p.startMark()
}

// instruction reads one; the first, "xml", may declare an encoding.
func (p *Parser) instruction() error {
	first := p.c.Offset() <= 3
	p.c.Advance(2)
	t := Text{Kind: Instruction, Offset: p.c.Offset()}
	n, cut, ok, err := p.take("?>", bounded.MaxStringKept)
	if err != nil {
		return err
	}
	if !ok {
		return p.fault("a mark is not closed")
	}
	t.Bytes, t.Cut, t.Length = p.buf, cut, n
	if !p.valid(t.Bytes, cut) {
		return p.fault("an instruction is not UTF-8")
	}
	if first && bytes.HasPrefix(t.Bytes, []byte("xml")) && len(t.Bytes) > 3 && t.Bytes[3] <= ' ' {
		return declared(t.Bytes)
	}
	p.v.Text(p, &t)
	return nil
}

// declared refuses encodings that are not read here.
func declared(b []byte) error {
	i := bytes.Index(b, []byte("encoding"))
	if i < 0 {
		return nil
	}
	v := bytes.TrimLeft(b[i+len("encoding"):], " \t\r\n=")
	if len(v) == 0 {
		return nil
	}
	end := bytes.IndexByte(v[1:], v[0])
	if end < 0 {
		return nil
	}
	switch string(bytes.ToLower(v[1 : 1+end])) {
	case "utf-8", "utf8", "us-ascii", "ascii":
		return nil
	}
	return ErrEncoding
}

// tag reads a mark up to the ">" that no quotes hide. It begins with "<".
func (p *Parser) tag() ([]byte, error) {
	p.buf = p.buf[:0]
	quote := byte(0)
	for {
		b, err := p.c.Byte()
		if errors.Is(err, io.EOF) {
			return nil, p.fault("a mark is not closed")
		}
		if err != nil {
			return nil, err
		}
		if b == '\n' {
			p.line++
		}
		switch {
		case quote != 0 && b == quote:
			quote = 0
		case quote == 0 && (b == '"' || b == '\''):
			quote = b
		case quote == 0 && b == '>':
			if !p.valid(p.buf, false) {
				return nil, p.fault("a mark is not UTF-8")
			}
			return p.buf[1:], nil
		case b == '<' && len(p.buf) > 0:
			return nil, p.fault("a mark begins inside of another")
		}
		if len(p.buf) == maxTag {
			return nil, p.budget.Reach("block", maxTag)
		}
		p.buf = append(p.buf, b)
	}
}

func (p *Parser) endMark() error {
	b, err := p.tag()
	if err != nil {
		return err
	}
	name := string(bytes.TrimSpace(b[1:]))
	top := len(p.stack) - 1
	if top < 0 || p.stack[top] != name {
		return p.fault("the end mark " + strconv.Quote(clip(name)) + " does not match")
	}
	p.stack = p.stack[:top]
	p.v.End(p, name)
	return nil
}

func clip(s string) string { return s[:min(len(s), 80)] }

func (p *Parser) startMark() error {
	e := Element{Offset: p.c.Offset()}
	b, err := p.tag()
	if err != nil {
		return err
	}
	if n := len(b); n > 0 && b[n-1] == '/' {
		e.Empty, b = true, b[:n-1]
	}
	i := 0
	for i < len(b) && !space(b[i]) && b[i] != '=' && b[i] != '"' && b[i] != '\'' {
		i++
	}
	if e.Name = b[:i]; i == 0 || !nameStart(b[0]) {
		return p.fault("a mark has no name")
	}
	if len(p.stack) == 0 && p.root {
		return p.fault("there is a second outermost element")
	}
	if e.Attrs, err = p.attributes(b[i:]); err != nil {
		return err
	}
	if len(p.stack) == bounded.MaxXMLDepth {
		return p.budget.Reach("xml-depth", bounded.MaxXMLDepth)
	}
	p.root = true
	name := string(e.Name)
	p.v.Start(p, &e)
	if e.Empty {
		p.v.End(p, name)
		return nil
	}
	p.stack = append(p.stack, name)
	return nil
}

func space(b byte) bool { return b == ' ' || b == '\t' || b == '\r' || b == '\n' }

func nameStart(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '_' || b == ':' || b >= 0x80
}

// attributes reads name="value" pairs.
func (p *Parser) attributes(b []byte) ([]Attr, error) {
	p.attrs = p.attrs[:0]
	for {
		b = bytes.TrimLeft(b, " \t\r\n")
		if len(b) == 0 {
			return p.attrs, p.twice()
		}
		eq := bytes.IndexByte(b, '=')
		if eq <= 0 || !nameStart(b[0]) {
			return nil, p.fault("an attribute has no value")
		}
		name := bytes.TrimRight(b[:eq], " \t\r\n")
		b = bytes.TrimLeft(b[eq+1:], " \t\r\n")
		if bytes.ContainsAny(name, " \t\r\n\"'") || len(b) == 0 || b[0] != '"' && b[0] != '\'' {
			return nil, p.fault("an attribute has no value in quotes")
		}
		end := bytes.IndexByte(b[1:], b[0])
		if end < 0 {
			return nil, p.fault("an attribute is not closed")
		}
		if len(p.attrs) == maxAttrs {
			return nil, p.budget.Reach("object-keys", maxAttrs)
		}
		p.attrs = append(p.attrs, Attr{name, resolve(b[1 : 1+end])})
		b = b[2+end:]
	}
}

// twice looks for attributes with one name.
func (p *Parser) twice() error {
	if len(p.attrs) < 2 {
		return nil
	}
	if len(p.attrs) <= 16 {
		for i := range p.attrs {
			for j := range i {
				if bytes.Equal(p.attrs[i].Name, p.attrs[j].Name) {
					return &DuplicateError{p.line, clip(string(p.attrs[i].Name))}
				}
			}
		}
		return nil
	}
	seen := make(map[string]bool, len(p.attrs))
	for _, a := range p.attrs {
		if seen[string(a.Name)] {
			return &DuplicateError{p.line, clip(string(a.Name))}
		}
		seen[string(a.Name)] = true
	}
	return nil
}

// resolve puts characters in the place of their references. Names that XML does
// not know stay as they are.
func resolve(b []byte) []byte {
	i := bytes.IndexByte(b, '&')
	if i < 0 {
		return b
	}
	out := append([]byte(nil), b[:i]...)
	for b = b[i:]; len(b) > 0; {
		end := bytes.IndexByte(b[:min(len(b), 12)], ';')
		if b[0] != '&' || end < 2 {
			out = append(out, b[0])
			b = b[1:]
			continue
		}
		out = reference(out, b[1:end], b[:end+1])
		b = b[end+1:]
	}
	return out
}

func reference(out, name, whole []byte) []byte {
	switch string(name) {
	case "lt":
		return append(out, '<')
	case "gt":
		return append(out, '>')
	case "amp":
		return append(out, '&')
	case "quot":
		return append(out, '"')
	case "apos":
		return append(out, '\'')
	}
	if name[0] != '#' {
		return append(out, whole...)
	}
	digits, base := string(name[1:]), 10
	if digits != "" && digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n == 0 || n > utf8.MaxRune {
		return append(out, whole...)
	}
	return utf8.AppendRune(out, rune(n))
}
