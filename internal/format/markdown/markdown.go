// Package markdown reads Markdown documents, above all the model card README.md:
// plain text with YAML front matter (https://huggingface.co/docs/hub/model-cards)
// and, now and then, HTML that a browser would run.
//
// Threat: cards that attack whoever opens them; front matter whose tags run code
// in an unsafe loader; duplicate keys, so that two readers see two licences;
// characters that hide text.
// Not covered: what the card claims; commands that it asks people to paste.
package markdown

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/plain"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// Format is Markdown by name.
var Format = format.Format{
	ID:         "markdown",
	Title:      "Markdown document",
	Spec:       "https://spec.commonmark.org/0.31.2/",
	Extensions: []string{".md", ".markdown", ".mdx"},
	Textual:    true,
	Rules:      []string{"SP-TEXT-001", "SP-TEXT-003", "SP-TEXT-004", "SP-YAML-001"},
	Match:      match,
	Read:       read,
}

const (
	maxDocument = 4 << 20       // longest document that is looked at, in bytes
	maxPairing  = 2_000_000_000 // marks of a block times its bytes, over all blocks: the time that pairing them takes
)

func match(in *format.Input) format.Confidence {
	switch path.Ext(strings.ToLower(in.Name)) {
	case ".md", ".markdown", ".mdx":
		if head := in.Head(); len(head) > 0 && plain.Likely(head) {
			return format.Weak
		}
	}
	return format.No
}

func read(in *format.Input) format.Result {
	var res format.Result
	text, err := plain.ReadAll(in.R, maxDocument, "markdown-bytes")
	var limit *bounded.LimitError
	switch {
	case errors.As(err, &limit):
		res.Spans = unread(in.R.Size(), "SP-COV-003", fmt.Sprintf("The document is longer than the limit of %d bytes.", limit.Max))
		return res
	case err != nil:
		return res // not text
	}
	res.Spans = []format.Span{{Length: in.R.Size(), Kind: format.TextSpan}}
	body := card(in, text, &res)
	hidden(in, text, &res)
	if pairing(text) > maxPairing || nested(text) > bounded.MaxRecursion {
		res.Spans = unread(in.R.Size(), "SP-COV-003", "Its blocks hold more marks, or lie deeper in each other, than can be read in reasonable time.")
		return res
	}
	active(in, text, body, &res)
	return res
}

// pairing estimates the work of a parser: each character that may begin something
// is compared with what follows in its block. Blocks end at empty lines.
func pairing(text []byte) int64 {
	var sum, marks, size int64
	for line := range bytes.Lines(text) {
		if len(bytes.TrimSpace(line)) == 0 {
			sum, marks, size = sum+marks*size, 0, 0
		}
		size += int64(len(line))
		for _, b := range line {
			switch b {
			case '*', '_', '[', '`', '~', '>', '<', '&', '!', '(':
				marks++
			}
		}
	}
	return sum + marks*size
}

// nested is how many quotes and list items one line opens at most.
func nested(text []byte) int {
	most := 0
	for line := range bytes.Lines(text) {
		n := 0
		for rest := opened(line); rest != nil; rest = opened(rest) {
			n++
		}
		most = max(most, n)
	}
	return most
}

// opened is what follows the quote or list item that a line begins with, or nil.
// The marker of an item has a space behind it; "----" is none.
func opened(line []byte) []byte {
	line = bytes.TrimLeft(line, " \t")
	rest := bytes.TrimLeft(line, "0123456789")
	switch {
	case len(rest) == 0:
		return nil
	case len(rest) == len(line) && rest[0] == '>':
		return rest[1:]
	case len(rest) == len(line) && rest[0] != '-' && rest[0] != '+' && rest[0] != '*',
		len(rest) < len(line) && rest[0] != '.' && rest[0] != ')',
		len(rest) < 2 || rest[1] != ' ' && rest[1] != '\t':
		return nil
	}
	return rest[1:]
}

func unread(size int64, id, reason string) []format.Span {
	return []format.Span{{Length: size, Kind: format.Unread, Rule: id, Reason: reason}}
}

func hidden(in *format.Input, text []byte, res *format.Result) {
	at, name := plain.FindHidden(text)
	if at < 0 {
		return
	}
	line := lineOf(text, at)
	res.Findings = append(res.Findings, rule.Finding("SP-TEXT-001", in.Line(int64(at), line), name,
		fmt.Sprintf("Line %d of this document holds a %s, which makes it show something else than it says.", line, name)))
}
