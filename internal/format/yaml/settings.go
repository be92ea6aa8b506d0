package yaml

import (
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/sallyport/sallyport/internal/bounded"
	decode "github.com/sallyport/sallyport/internal/decode/yaml"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/rule"
)

// settings looks at values by the keys above them: what a program that obeys
// this configuration would import, call or open.
type settings struct {
	in     *format.Input
	text   []byte
	res    *format.Result
	raised map[string]bool
	mlflow *mlflow // nil unless the file is an MLmodel
}

// settle walks every document. Aliases are followed: the decoder has bounded
// what they stand for.
func settle(in *format.Input, text []byte, stream *decode.Stream, res *format.Result) {
	s := &settings{in: in, text: text, res: res, raised: map[string]bool{}, mlflow: newMLflow(in)}
	for _, doc := range stream.Docs {
		s.node(doc, nil, 0)
	}
	s.mlflow.finish(s)
}

func (s *settings) node(n *yaml.Node, keys []string, depth int) {
	if n == nil || depth > bounded.MaxRecursion {
		return // the decoder has reported the depth
	}
	switch n.Kind {
	case yaml.AliasNode:
		s.node(n.Alias, keys, depth+1)
	case yaml.SequenceNode:
		for _, child := range n.Content {
			s.node(child, keys, depth+1)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			below := keys
			key := n.Content[i]
			if key.Kind == yaml.AliasNode {
				key = key.Alias
			}
			if key.ShortTag() != "!!merge" {
				below = append(keys[:len(keys):len(keys)], key.Value)
			}
			s.node(n.Content[i+1], below, depth+1)
		}
	case yaml.ScalarNode:
		s.value(n, keys)
	}
}

// value judges one scalar; keys are the names above it, outermost first.
func (s *settings) value(n *yaml.Node, keys []string) {
	if len(keys) == 0 || n.Value == "" || n.ShortTag() == "!!null" {
		return
	}
	switch last := keys[len(keys)-1]; {
	case last == "_target_":
		s.target(n)
	case last == "trust_remote_code" && strings.EqualFold(n.Value, "true"):
		s.raise(n, "SP-REPO-004", strings.Join(keys, "."), "The configuration sets "+quote(strings.Join(keys, "."))+" to true, so that a nested loader runs code without asking you.")
	}
	s.mlflow.value(s, n, keys)
}

func (s *settings) raise(n *yaml.Node, id, symbol, message string) {
	key := id + " " + symbol
	if s.raised[key] || len(s.raised) > bounded.MaxFindings {
		return
	}
	s.raised[key] = true
	s.res.Findings = append(s.res.Findings, rule.Finding(id, s.in.Line(lineStart(s.text, n.Line), n.Line), symbol, message))
}
