// Package text explains plain text under any name: valid UTF-8 without NUL, read
// to its end. Vocabularies, merge lists, licences and notes are this.
//
// Threat: a payload passed off as text; documents that show something else than
// they hold (direction overrides, invisible tag characters, terminal escapes).
// Not covered: code (package code), Markdown (package markdown), secrets and
// personal data; other encodings than UTF-8, which stay unexplained.
package text

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/plain"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// Format is plain text. It has no signature, so it comes last.
var Format = format.Format{
	ID:         "text",
	Title:      "Plain text",
	Spec:       "https://www.rfc-editor.org/rfc/rfc3629",
	Extensions: []string{".txt", ".csv", ".tsv", ".log", ".rst", ".cfg", ".ini", ".toml"},
	Textual:    true,
	Rules:      []string{"SP-TEXT-001"},
	Match:      match,
	Read:       read,
}

func match(in *format.Input) format.Confidence {
	if head := in.Head(); len(head) > 0 && plain.Likely(head) {
		return format.Weak
	}
	return format.No
}

func read(in *format.Input) format.Result {
	var res format.Result
	hidden, err := plain.Check(in.R, forPeople(in.Name))
	var limit *bounded.LimitError
	switch {
	case errors.As(err, &limit):
		res.Spans = []format.Span{{Length: in.R.Size(), Kind: format.Unread, Rule: "SP-COV-003",
			Reason: fmt.Sprintf("The text is longer than the limit of %d bytes.", limit.Max)}}
		return res
	case err != nil:
		return res // not text, which is no fault: the engine says that nobody explains it
	}
	res.Spans = []format.Span{{Length: in.R.Size(), Kind: format.TextSpan}}
	if hidden != nil {
		res.Findings = []finding.Finding{rule.Finding("SP-TEXT-001", in.Line(hidden.Offset, hidden.Line), hidden.Name,
			fmt.Sprintf("Line %d of this document holds a %s, which makes it show something else than it says.", hidden.Line, hidden.Name))}
	}
	return res
}

// forPeople reports whether people read the file on a screen. Vocabularies and
// tables hold every character there is, and nobody is misled by them.
func forPeople(name string) bool {
	name = strings.ToLower(name)
	if ext := path.Ext(name); ext == ".rst" || ext == ".adoc" {
		return true
	}
	for _, stem := range []string{"readme", "license", "licence", "notice", "copying", "changelog", "contributing", "model_card", "modelcard", "security"} {
		if rest, ok := strings.CutPrefix(name, stem); ok && (rest == "" || rest == ".txt") {
			return true
		}
	}
	return false
}
