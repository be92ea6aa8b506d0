// Package code recognises source code and templates by their names, or by the
// interpreter that their first line names, and hands them on as text in a
// language. Code beside a model can run in the process that loads it, so it is
// not clean until a detector of its language has judged it.
//
// Threat: Python, shell or template files next to the weights; characters that
// make code look different from what runs (https://trojansource.codes).
// Not covered: what the code does; code under a name that is not one of code,
// which no loader runs either.
package code

import (
	"errors"
	"fmt"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/plain"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// Format is source code and templates.
var Format = format.Format{
	ID:         "code",
	Title:      "Source code or template",
	Spec:       "https://trojansource.codes/",
	Extensions: extensions(),
	Textual:    true,
	Rules:      []string{"SP-TEXT-002"},
	Match:      match,
	Read:       read,
}

// maxKept is the longest file whose content is handed on, in bytes. A longer one
// is a limit reached.
const maxKept = 4 << 20

func match(in *format.Input) format.Confidence {
	head := in.Head()
	if len(head) > 0 && plain.Likely(head) && language(in.Name, head) != "" {
		return format.Weak
	}
	return format.No
}

func read(in *format.Input) format.Result {
	var res format.Result
	hidden, err := plain.Check(in.R, true)
	var limit *bounded.LimitError
	switch {
	case errors.As(err, &limit):
		res.Spans = []format.Span{{Length: in.R.Size(), Kind: format.Unread, Rule: "SP-COV-003",
			Reason: fmt.Sprintf("The code is longer than the limit of %d bytes.", limit.Max)}}
		return res
	case err != nil:
		return res
	}
	res.Spans = []format.Span{{Length: in.R.Size(), Kind: format.TextSpan}}
	if hidden != nil {
		res.Findings = []finding.Finding{rule.Finding("SP-TEXT-002", in.Line(hidden.Offset, hidden.Line), hidden.Name,
			fmt.Sprintf("Line %d of this code holds a %s: what you see is not what runs.", hidden.Line, hidden.Name))}
	}
	res.Texts = texts(in)
	return res
}

// texts is the file as one text of its language, or nothing when it says nothing.
func texts(in *format.Input) []format.Text {
	lang := language(in.Name, in.Head())
	content, err := plain.ReadAll(in.R, maxKept, "code-kept")
	if err == nil && says(lang, content) == nothing {
		return nil
	}
	return []format.Text{{Language: lang, Length: in.R.Size(), Line: 1, Content: content}}
}
