// Package json reads JSON to its end and collects what a configuration can do:
// which code a loader would import because of it, chat templates, pickles that
// hide in text, and the facts for the bill of materials. Notebooks
// (https://nbformat.readthedocs.io) are JSON whose cells are code.
//
// It reads what Python's json module reads, one value or several on lines of
// their own.
//
// Threat: auto_map and its kin (https://huggingface.co/docs/transformers/custom_models),
// module lists of sentence-transformers, pipeline indexes of diffusers, adapters
// that name a library, switches that allow remote code; duplicate keys, on which
// readers disagree.
// Not covered: what templates and cells do (detectors judge them); rules that
// rewrite text inside a tokenizer; compressed payloads.
package json

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/bounded"
	decode "github.com/sallyport/sallyport/internal/decode/json"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// Format is JSON, JSON lines and notebooks.
var Format = format.Format{
	ID:         "json",
	Title:      "JSON",
	Spec:       "https://www.rfc-editor.org/rfc/rfc8259",
	Extensions: []string{".json", ".ipynb"},
	Textual:    true,
	Rules:      []string{"SP-JSON-001", "SP-REPO-001", "SP-REPO-002", "SP-REPO-003", "SP-REPO-004", "SP-SERVE-001", "SP-SERVE-002"},
	Match:      match,
	Read:       read,
}

// match is strong when the name says JSON as well: then a fault in it is told
// even when the file passes as plain text.
func match(in *format.Input) format.Confidence {
	head := bytes.TrimLeft(bytes.TrimPrefix(in.Head(), []byte("\ufeff")), " \t\r\n")
	if len(head) == 0 || head[0] != '{' && head[0] != '[' {
		return format.No
	}
	if ext := strings.ToLower(path.Ext(in.Name)); ext == ".json" || ext == ".ipynb" {
		return format.Strong
	}
	return format.Weak
}

func read(in *format.Input) format.Result {
	c := newCollector(in)
	_, err := decode.Parse(in.R, c)
	c.notebook()
	if err != nil {
		c.res.Spans = []format.Span{unread(in.R.Size(), err)}
		return c.res
	}
	c.res.Spans = []format.Span{{Length: in.R.Size(), Kind: format.Structure}}
	return c.res
}

// unread is the whole input with the reason why it is not explained: behind the
// first fault nobody knows what a loader would see.
func unread(size int64, err error) format.Span {
	s := format.Span{Length: size, Kind: format.Unread, Rule: "SP-COV-004", Reason: fmt.Sprintf("It is not valid JSON: %s.", err)}
	var duplicate *decode.DuplicateError
	var limit *bounded.LimitError
	switch {
	case errors.As(err, &duplicate):
		s.Rule = "SP-COV-014"
		s.Reason = fmt.Sprintf("The key %q appears twice (line %d), and readers disagree on which one counts.", rule.Clip(duplicate.Path), duplicate.Line)
	case errors.As(err, &limit):
		s.Rule, s.Reason = "SP-COV-003", fmt.Sprintf("The JSON could not be read to its end: %s.", err)
	}
	return s
}
