package xml

import (
	"bytes"
	"errors"
	"io"
)

// doctype reads a document type: what it refers to, and the entities between its
// brackets. Nothing of it is followed.
func (p *Parser) doctype() error {
	d := Doctype{Offset: p.c.Offset()}
	if p.root {
		return p.fault("a document type stands behind the first element")
	}
	p.c.Advance(len("<!DOCTYPE"))
	words, stop, err := p.words("[>")
	if err != nil {
		return err
	}
	if len(words) > 0 {
		d.Name = words[0]
	}
	d.Public, d.System = external(words[min(1, len(words)):])
	if stop == '[' {
		if err := p.subset(&d); err != nil {
			return err
		}
		if _, _, err := p.words(">"); err != nil {
			return err
		}
	}
	d.Length = p.c.Offset() - d.Offset
	p.v.Doctype(p, &d)
	return nil
}

// external finds SYSTEM "…" and PUBLIC "…" "…" in a list of words.
func external(words []string) (public, system string) {
	for i, w := range words {
		switch {
		case w == "SYSTEM" && i+1 < len(words):
			return "", words[i+1]
		case w == "PUBLIC" && i+2 < len(words):
			return words[i+1], words[i+2]
		case w == "PUBLIC" && i+1 < len(words):
			return words[i+1], ""
		}
	}
	return "", ""
}

// words reads words and quoted texts up to one of the stops. Quoted ones are cut
// at 200 bytes.
func (p *Parser) words(stops string) (words []string, stop byte, err error) {
	var word []byte
	quote, open := byte(0), false
	add := func() {
		if open && len(words) < 64 {
			words = append(words, string(word))
		}
		word, open = word[:0], false
	}
	for {
		b, err := p.c.Byte()
		if errors.Is(err, io.EOF) {
			return nil, 0, p.fault("the document type is not closed")
		}
		if err != nil {
			return nil, 0, err
		}
		if b == '\n' {
			p.line++
		}
		switch {
		case quote != 0 && b == quote:
			quote = 0
			add()
		case quote != 0:
			if len(word) < 200 {
				word = append(word, b)
			}
		case b == '"' || b == '\'':
			add()
			quote, open = b, true
		case bytes.IndexByte([]byte(stops), b) >= 0:
			add()
			return words, b, nil
		case space(b):
			add()
		default:
			if open = true; len(word) < 200 {
				word = append(word, b)
			}
		}
	}
}

// subset reads declarations up to the closing bracket.
func (p *Parser) subset(d *Doctype) error {
	for {
		if err := p.budget.Items(1); err != nil {
			return err
		}
		b, err := p.c.Byte()
		if errors.Is(err, io.EOF) {
			return p.fault("the document type is not closed")
		}
		if err != nil {
			return err
		}
		switch {
		case b == ']':
			return nil
		case b == '\n':
			p.line++
		case b == '<':
			if err := p.declaration(d); err != nil {
				return err
			}
		case b == '%': // a parameter entity is put in here: it is among the entities
		}
	}
}

// declaration reads one declaration, of which "<" is read.
func (p *Parser) declaration(d *Doctype) error {
	head, err := p.c.Peek(min(3, p.c.Remaining()))
	if err != nil {
		return err
	}
	switch {
	case string(head) == "!--":
		p.c.Advance(3)
		_, _, ok, err := p.take("-->", 0)
		if err == nil && !ok {
			err = p.fault("a comment is not closed")
		}
		return err
	case len(head) > 0 && head[0] == '?':
		_, _, ok, err := p.take("?>", 0)
		if err == nil && !ok {
			err = p.fault("an instruction is not closed")
		}
		return err
	}
	words, _, err := p.words(">")
	if err != nil || len(words) < 3 || words[0] != "!ENTITY" {
		return err
	}
	e := Entity{Name: words[1]}
	rest := words[2:]
	if e.Name == "%" {
		e.Parameter, e.Name, rest = true, words[2], words[3:]
	}
	_, e.System = external(rest)
	if e.System == "" && len(rest) > 0 {
		e.Value = rest[0]
	}
	if len(d.Entities) == maxEntities {
		return p.budget.Reach("object-keys", maxEntities)
	}
	d.Entities = append(d.Entities, e)
	return nil
}
