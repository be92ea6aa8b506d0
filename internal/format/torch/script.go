package torch

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
	"github.com/sallyport/sallyport/rules"
)

const (
	ruleOperator = "SP-TORCH-004"
	ruleForeign  = "SP-TORCH-005"
	ruleComment  = "SP-TORCH-006"
)

// effects of operators, for people. An effect that is not here is inert.
var effects = map[string]string{
	"file-read": "reads a file", "file-write": "writes a file", "network": "talks to other machines",
	"native-code": "runs machine code that the file carries", "memory": "reaches into memory",
}

// effectOf looks an operator up: what it does, and whether it is on the list.
func effectOf(namespace, name string) (effect string, listed bool) {
	row, ok := rules.Row(rules.TorchOperators, namespace, name)
	if !ok {
		row, ok = rules.Row(rules.TorchOperators, namespace, "*")
	}
	return row, ok
}

// program judges one source file of a TorchScript archive: which operators it
// names, and whether it is TorchScript at all.
//
// The operators are what counts: TorchScript has no other way to the outside. A
// name is followed through its dots only. Whatever could hand the modules torch
// and ops on as values is no TorchScript that PyTorch prints, and not accepted.
type program struct {
	lexer
	raise    func(id string, t token, symbol, message string)
	foreign  bool // not the TorchScript that PyTorch prints
	selector int  // bracket depth of an open getattr, 0 for none
	last     token
	bound    map[string]bool // names that stand alone somewhere
	used     map[string]bool // names that are called or looked into
}

// judge walks the source. It returns false for text that is not TorchScript.
func (p *program) judge() bool {
	p.line, p.bound, p.used = 1, map[string]bool{}, map[string]bool{}
	for {
		t := p.next()
		switch {
		case t.kind == endToken:
			return !p.foreign && p.depth == 0 && !p.unbound()
		case t.off == 0 || p.src[t.off-1] == '\n':
			p.topLevel(t)
		}
		p.token(t)
		p.last = t
	}
}

// topLevel accepts what a source file consists of: classes, functions and the
// version line of older archives.
func (p *program) topLevel(t token) {
	if p.depth == 0 && t.text != "class" && t.text != "def" && t.text != "op_version_set" {
		p.foreign = true
	}
}

func (p *program) token(t token) {
	switch t.kind {
	case badToken:
		p.foreign = true
		p.pos = max(p.pos, t.off+1)
	case numberToken:
		p.foreign = p.foreign || !plainNumber(t.text)
	case commentToken:
		p.foreign = true
		p.comment(t)
	case stringToken:
		if p.selector > 0 && p.depth >= p.selector {
			p.member(t, t.text)
			if strings.IndexByte(t.text, '\\') >= 0 {
				p.foreign = true
			}
		}
	case signToken:
		if p.depth < p.selector {
			p.selector = 0
		}
		if p.depth < 0 || t.text == "@" {
			p.foreign = true
		}
	case nameToken:
		p.name(t)
	}
}

// plainNumber accepts digits, one point, an exponent and the mark of a complex
// number: "1.save" is a number and an attribute.
func plainNumber(s string) bool {
	s = strings.TrimSuffix(s, "j")
	mantissa, exponent, has := strings.Cut(strings.ReplaceAll(s, "E", "e"), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if has {
		exponent = strings.TrimLeft(exponent, "+-")
	}
	for _, part := range [...]string{whole, fraction, exponent} {
		if strings.Trim(part, "0123456789") != "" {
			return false
		}
	}
	return !has || exponent != ""
}

// comment looks for a type comment that holds a call.
func (p *program) comment(t token) {
	_, kind, ok := strings.Cut(t.text, "type:")
	if !ok {
		return
	}
	for i := 1; i < len(kind); i++ {
		if kind[i] == '(' && (letter(kind[i-1]) || digit(kind[i-1])) {
			p.raise(ruleComment, t, rule.Clip(t.text), "A type comment of the program holds a call, which some versions of PyTorch run as Python.")
			return
		}
	}
}

// name takes a name and all names behind it that dots join.
func (p *program) name(t token) {
	parts := []string{t.text}
	for p.pos < len(p.src) && p.src[p.pos] == '.' {
		at := p.pos
		p.pos++
		more := p.next()
		if more.kind != nameToken {
			p.pos = at
			break
		}
		parts = append(parts, more.text)
	}
	at := p.pos
	for at < len(p.src) && p.src[at] == ' ' {
		at++
	}
	called := at < len(p.src) && p.src[at] == '('
	switch {
	case p.last.kind == signToken && p.last.text == ".":
		if called {
			p.member(t, parts[len(parts)-1])
		}
	case p.last.kind == nameToken && (p.last.text == "def" || p.last.text == "class"):
	default:
		p.chain(t, parts, called)
	}
}

// chain judges a dotted name that begins an expression.
func (p *program) chain(t token, parts []string, called bool) {
	switch parts[0] {
	case "torch":
		if len(parts) != 2 {
			p.foreign = true
		}
		for _, name := range parts[1:] {
			p.operator(t, "aten", name)
		}
	case "ops":
		if len(parts) != 3 {
			p.foreign = true
			return
		}
		p.operator(t, parts[1], parts[2])
	case "__torch__":
		if p.class(t, parts); len(parts) < 2 {
			p.foreign = true
		}
	case "getattr":
		if p.selector == 0 { // an inner one lies in the brackets of the outer
			p.selector = p.depth + 1
		}
	default:
		if called && len(parts) > 1 {
			p.member(t, parts[len(parts)-1])
		}
		if called || len(parts) > 1 {
			p.used[parts[0]] = true
		} else {
			p.bound[parts[0]] = true
			p.foreign = p.foreign || refusedWord(parts[0])
		}
	}
}

// unbound reports a name that is called or looked into and that nothing in the
// file makes: TorchScript has none but its own functions.
func (p *program) unbound() bool {
	for name := range p.used {
		if !p.bound[name] && !callable(name) {
			return true
		}
	}
	return false
}

// operator judges an operator by namespace and name.
func (p *program) operator(t token, namespace, name string) {
	effect, listed := effectOf(namespace, name)
	symbol := namespace + "::" + name
	switch {
	case !listed:
		p.raise(ruleForeign, t, symbol, fmt.Sprintf("The program calls the operator %s, which is not part of PyTorch.", rule.Clip(symbol)))
	case effects[effect] != "":
		p.raise(ruleOperator, t, symbol, fmt.Sprintf("The program calls the operator %s, which %s.", rule.Clip(symbol), effects[effect]))
	}
}

// member judges a method by its name: methods of tensors and of plain values are
// the operators of that name.
func (p *program) member(t token, name string) {
	if effect, _ := effectOf("aten", name); effects[effect] != "" {
		p.operator(t, "aten", name)
	}
}

// class judges a custom class, which a library has to register.
func (p *program) class(t token, parts []string) {
	if space, custom := customClass(strings.Join(parts, ".")); custom {
		if _, listed := effectOf("torch.classes", space); !listed {
			p.raise(ruleForeign, t, space, fmt.Sprintf("The program uses the custom class %s, which is not part of PyTorch.", rule.Clip(strings.Join(parts, "."))))
		}
	}
}

// customClass returns the namespace of a custom class.
func customClass(name string) (namespace string, ok bool) {
	rest, ok := strings.CutPrefix(name+".", "__torch__.torch.classes.")
	namespace, _, _ = strings.Cut(rest, ".")
	return namespace, ok
}

// callable is a function that TorchScript has without a module.
func callable(name string) bool {
	switch name {
	case "print", "tuple", "float", "int", "complex", "bool", "str", "hasattr", "isinstance", "range", "zip", "enumerate",
		"list", "dict", "sorted", "len", "min", "max", "abs", "all", "any", "divmod", "sum", "ord", "chr", "bin", "hex",
		"oct", "round", "pow", "hash", "annotate", "uninitialized", "unchecked_cast", "unchecked_unwrap_optional", "rangelist",
		"fork", "CONSTANTS", "awaitable", "awaitable_nowait", "awaitable_wait", "device", "slice", "super", "not", "and", "or", "in", "is",
		"return", "if", "elif", "while", "else", "with", "assert", "lambda":
		return true
	}
	return false
}

// refusedWord is a word of Python that TorchScript does not have.
func refusedWord(name string) bool {
	switch name {
	case "import", "from", "exec", "eval", "global", "nonlocal", "yield", "async", "await", "try", "except", "finally", "open", "compile", "__import__":
		return true
	}
	return false
}

// maxScript is the longest source file that is judged, in bytes.
const maxScript = bounded.MaxBlock / 2

// script judges an entry of the code folder. It returns false when the entry is
// no TorchScript: then it is a member like any other.
func (t *reader) script(i int) bool {
	e := &t.a.Entries[i]
	r, ok := t.a.Member(i, true)
	if !ok || e.Size > maxScript || e.Shared {
		return false
	}
	src, err := r.Bytes(0, r.Size())
	if err != nil || !utf8.Valid(src) || strings.IndexByte(string(src), 0) >= 0 {
		return false
	}
	seen := map[string]bool{}
	p := program{lexer: lexer{src: string(src)}}
	p.raise = func(id string, at token, symbol, message string) {
		if !seen[id+symbol] && len(seen) <= bounded.MaxFindings { // one more than are listed, so that the cut is told
			seen[id+symbol] = true
			t.raiseInside(id, e.Name, finding.Location{Offset: int64(at.off), Line: at.line}, symbol, message)
		}
	}
	if !p.judge() {
		return false
	}
	t.records[i].done = true
	if e.Claim() > 0 {
		t.span(e, format.Span{Kind: format.TextSpan})
	}
	return true
}
