package markdown

import (
	"bytes"
	"fmt"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/sallyport/sallyport/internal/decode/markup"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// piece is raw HTML of the document: code blocks and inline code are not in it.
type piece struct {
	at   int
	html []byte
}

// active reports the first thing that runs and the first that pulls in a page.
func active(in *format.Input, src []byte, body int, res *format.Result) {
	pieces, links := split(src[body:])
	found := links
	for _, p := range pieces {
		for _, f := range markup.Active(p.html, markup.HTML) {
			f.Offset += p.at
			found = append(found, f)
		}
	}
	found = append(found, joined(pieces)...)
	said := map[bool]bool{}
	for _, f := range found {
		if said[f.Script] {
			continue
		}
		said[f.Script] = true
		id, message := "SP-TEXT-004", "This document pulls in a foreign page (%s)."
		if f.Script {
			id, message = "SP-TEXT-003", "This document runs a script when it is shown (%s)."
		}
		at := min(body+f.Offset, len(src))
		res.Findings = append(res.Findings, rule.Finding(id, in.Line(int64(at), lineOf(src, at)), f.What, fmt.Sprintf(message, rule.Clip(f.What))))
	}
}

// joined reads all raw HTML as one: a tag that one piece leaves open goes on in
// the next, as it does in a browser.
func joined(pieces []piece) []markup.Found {
	var all []byte
	for _, p := range pieces {
		all = append(append(all, p.html...), '\n')
	}
	found := markup.Active(all, markup.HTML)
	for i := range found {
		found[i].Offset = origin(pieces, found[i].Offset)
	}
	return found
}

// origin is where the piece lies that holds a place of the joined text.
func origin(pieces []piece, place int) int {
	for _, p := range pieces {
		if place -= len(p.html) + 1; place < 0 {
			return p.at
		}
	}
	return 0
}

// split parses the document and takes its raw HTML, and the links that run code.
func split(src []byte) (pieces []piece, links []markup.Found) {
	p := parser.NewParser(
		parser.WithBlockParsers(parser.DefaultBlockParsers()...),
		parser.WithInlineParsers(parser.DefaultInlineParsers()...),
		parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...))
	doc := p.Parse(text.NewReader(src))
	last := 0 // where the block is that we are in
	_ = ast.Walk(doc, func(n ast.Node, enter bool) (ast.WalkStatus, error) {
		if !enter {
			return ast.WalkContinue, nil
		}
		if n.Type() == ast.TypeBlock && n.Lines() != nil && n.Lines().Len() > 0 {
			last = n.Lines().At(0).Start
		}
		switch n := n.(type) {
		case *ast.HTMLBlock:
			lines := segments(n.Lines(), src)
			if n.HasClosure() {
				lines = append(lines, n.ClosureLine.Value(src)...)
			}
			pieces = append(pieces, piece{last, lines})
		case *ast.RawHTML:
			pieces = append(pieces, piece{n.Segments.At(0).Start, segments(n.Segments, src)})
		case *ast.Link:
			links = link(links, n.Destination, last)
		case *ast.AutoLink:
			links = link(links, n.URL(src), last)
		}
		return ast.WalkContinue, nil
	})
	return pieces, links
}

func segments(s *text.Segments, src []byte) []byte {
	var out []byte
	for i := range s.Len() {
		seg := s.At(i)
		out = append(out, seg.Value(src)...)
	}
	return out
}

// link resolves escapes and character references as a renderer does.
func link(links []markup.Found, destination []byte, at int) []markup.Found {
	url := markup.Unescape(string(util.UnescapePunctuations(destination)))
	if markup.IsScriptURL(url) {
		links = append(links, markup.Found{What: "link with a script address", Script: true, Offset: at})
	}
	return links
}

// lineOf is the line of a place, counted from 1.
func lineOf(src []byte, at int) int { return 1 + bytes.Count(src[:at], []byte{'\n'}) }
