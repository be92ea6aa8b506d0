package markdown

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/sallyport/sallyport/internal/bounded"
	decode "github.com/sallyport/sallyport/internal/decode/yaml"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// cardKeys are the keys of the front matter that become facts "card.<key>".
var cardKeys = []string{"license", "license_name", "license_link", "base_model", "base_model_relation", "datasets",
	"language", "library_name", "pipeline_tag", "tags", "model_name"}

// maxValues is how many values of one key become facts.
const maxValues = 200

// card reads the front matter and returns where the document itself begins.
func card(in *format.Input, text []byte, res *format.Result) (body int) {
	from, to, body := frontMatter(text)
	if body == 0 {
		return 0
	}
	stream, err := decode.Parse(text[from:to], in.R.Budget())
	first := lineOf(text, from)
	for _, tag := range stream.Tags {
		if tag.Python() {
			res.Findings = append(res.Findings, rule.Finding("SP-YAML-001", in.Line(int64(from), first+tag.Line-1), tag.Name,
				"Reading the front matter of this card with an unsafe YAML loader runs what the tag \""+rule.Clip(tag.Name)+"\" names."))
			break
		}
	}
	if err != nil {
		return trouble(in, err, body, res)
	}
	if len(stream.Docs) > 0 && stream.Docs[0].Kind == yaml.MappingNode {
		res.Facts = append(res.Facts, facts(stream.Docs[0])...)
	}
	return body
}

// trouble says why front matter could not be read. Only a model card has front
// matter that programs read; elsewhere two dashed lines are decoration.
func trouble(in *format.Input, err error, body int, res *format.Result) int {
	var duplicate *decode.DuplicateError
	var limit *bounded.LimitError
	switch {
	case errors.As(err, &limit):
		res.Spans = unread(in.R.Size(), "SP-COV-003", fmt.Sprintf("The front matter could not be read to its end: %s.", err))
	case !isCard(in.Name):
		return 0
	case errors.As(err, &duplicate):
		res.Spans = unread(in.R.Size(), "SP-COV-014",
			fmt.Sprintf("The front matter has the key %q twice, and readers disagree on which one counts.", rule.Clip(duplicate.Path)))
	default:
		res.Spans = unread(in.R.Size(), "SP-COV-004", fmt.Sprintf("The front matter is not valid YAML: %s.", rule.Clip(err.Error())))
	}
	return body
}

func isCard(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "readme") || strings.HasPrefix(name, "model_card") || strings.HasPrefix(name, "modelcard")
}

// frontMatter finds what stands between a first line of three dashes and the next
// such line. body is 0 when there is none.
func frontMatter(text []byte) (from, to, body int) {
	start := len(text) - len(bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\ufeff")), " \t\r\n"))
	line, next := nextLine(text, start)
	if string(line) != "---" {
		return 0, 0, 0
	}
	from = next
	for at := from; at < len(text); {
		line, next = nextLine(text, at)
		if string(line) == "---" {
			return from, at, next
		}
		at = next
	}
	return 0, 0, 0
}

// nextLine returns the line at a place without white space behind it, and where
// the next one begins.
func nextLine(text []byte, at int) (line []byte, next int) {
	end := bytes.IndexByte(text[at:], '\n')
	if end < 0 {
		return bytes.TrimRight(text[at:], " \t\r"), len(text)
	}
	return bytes.TrimRight(text[at:at+end], " \t\r"), at + end + 1
}

// facts takes the scalars, and the scalars of lists, of the known keys.
func facts(root *yaml.Node) []finding.Fact {
	var out []finding.Fact
	for _, key := range cardKeys {
		for i := 0; i+1 < len(root.Content); i += 2 {
			if root.Content[i].Value != key {
				continue
			}
			values := []*yaml.Node{root.Content[i+1]}
			if values[0].Kind == yaml.SequenceNode {
				values = values[0].Content
			}
			for _, v := range values[:min(len(values), maxValues)] {
				if v.Kind == yaml.ScalarNode && v.Value != "" {
					out = append(out, finding.Fact{Key: "card." + key, Value: rule.Clip(v.Value)})
				}
			}
		}
	}
	return out
}
