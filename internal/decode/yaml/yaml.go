// Package yaml reads YAML (https://yaml.org/spec/1.2.2/) to a tree of nodes: no
// object is built, no alias expanded, no tag obeyed.
//
// Threat: tags that make an unsafe loader import and call what they name, keys
// that appear twice, aliases that expand without end, nesting without end.
// Not covered: whether a loader would accept the document; comments.
package yaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/sallyport/sallyport/internal/bounded"
)

// MaxBytes is the longest YAML text that is read: a node costs about forty times
// its text in memory.
const MaxBytes = 1 << 20

// maxExpanded is how many nodes a document may have once aliases are followed.
const maxExpanded = 1_000_000

// Tag is an explicit tag that is not one of YAML's own types. The prefix
// "tag:yaml.org,2002:" is written "!!".
type Tag struct {
	Name string
	Line int
}

// Scalar is a value of some length with its place: "a.b[3]".
type Scalar struct {
	Path  string
	Value string
	Line  int
}

// Stream is what a text holds.
type Stream struct {
	Docs []*yaml.Node // root nodes
	Tags []Tag
	Long []Scalar // values of at least longScalar bytes
}

const longScalar = 16

// SyntaxError says why the text is not YAML.
type SyntaxError struct{ What string }

func (e *SyntaxError) Error() string { return e.What }

// DuplicateError is a key that one mapping has twice.
type DuplicateError struct {
	Path string
	Line int
}

func (e *DuplicateError) Error() string {
	return fmt.Sprintf("line %d: the key %q appears twice", e.Line, e.Path)
}

// Parse reads all documents of the text. With an error, the stream holds what
// was read before it.
func Parse(p []byte, b *bounded.Budget) (*Stream, error) {
	s := &Stream{}
	if len(p) > MaxBytes {
		return s, b.Reach("yaml-bytes", MaxBytes)
	}
	dec := yaml.NewDecoder(bytes.NewReader(p))
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return s, &SyntaxError{strings.TrimPrefix(strings.TrimSpace(err.Error()), "yaml: ")}
		}
		w := walker{stream: s, budget: b, sizes: map[*yaml.Node]int64{}}
		for _, root := range doc.Content {
			s.Docs = append(s.Docs, root)
			if _, err := w.node(root, "", 0); err != nil {
				return s, err
			}
		}
		if w.duplicate != nil {
			return s, w.duplicate
		}
	}
}

type walker struct {
	stream    *Stream
	budget    *bounded.Budget
	sizes     map[*yaml.Node]int64 // nodes below an anchored node, aliases followed
	duplicate *DuplicateError      // the first; the walk goes on, so that no tag is missed
}

// node walks a node and returns how many nodes it stands for.
func (w *walker) node(n *yaml.Node, path string, depth int) (int64, error) {
	if depth > bounded.MaxRecursion {
		return 0, w.budget.Reach("recursion", bounded.MaxRecursion)
	}
	if n.Kind == yaml.AliasNode {
		size, known := w.sizes[n.Alias]
		if !known {
			size = maxExpanded + 1 // it contains itself
		}
		return w.charge(size)
	}
	w.tag(n)
	size := int64(1)
	var seen map[string]bool
	for i, child := range n.Content {
		place := path
		switch {
		case n.Kind == yaml.SequenceNode:
			place = fmt.Sprintf("%s[%d]", path, i)
		case n.Kind == yaml.MappingNode:
			place = join(path, n.Content[i&^1])
			if i%2 == 0 {
				w.key(&seen, child, place)
			}
		}
		below, err := w.node(child, place, depth+1)
		if err != nil {
			return 0, err
		}
		size += below
	}
	if n.Kind == yaml.ScalarNode && len(n.Value) >= longScalar {
		w.stream.Long = append(w.stream.Long, Scalar{path, n.Value, n.Line})
	}
	if n.Anchor != "" {
		w.sizes[n] = size
	}
	return w.charge(size)
}

func (w *walker) charge(size int64) (int64, error) {
	if size > maxExpanded {
		return 0, w.budget.Reach("alias-expansion", maxExpanded)
	}
	return size, nil
}

func (w *walker) key(seen *map[string]bool, n *yaml.Node, path string) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!merge" {
		return
	}
	id := n.ShortTag() + " " + n.Value
	if *seen == nil {
		*seen = map[string]bool{}
	}
	if (*seen)[id] && w.duplicate == nil {
		w.duplicate = &DuplicateError{path, n.Line}
	}
	(*seen)[id] = true
}

func (w *walker) tag(n *yaml.Node) {
	switch tag := n.ShortTag(); tag {
	case "", "!", "!!map", "!!seq", "!!str", "!!int", "!!float", "!!bool", "!!null", "!!merge", "!!timestamp", "!!binary",
		"!!set", "!!omap", "!!pairs", "!!value":
	default:
		w.stream.Tags = append(w.stream.Tags, Tag{tag, n.Line})
	}
}

func join(path string, key *yaml.Node) string {
	name := key.Value
	if len(name) > 100 {
		name = name[:100]
	}
	if path == "" || len(path) > 1000 {
		return path + name
	}
	return path + "." + name
}

// Inert reports a tag of PyYAML that names a plain type and runs nothing.
func (t Tag) Inert() bool {
	kind, ok := strings.CutPrefix(t.Name, "!!python/")
	if !ok {
		return false
	}
	switch kind {
	case "tuple", "none", "bool", "str", "unicode", "bytes", "int", "long", "float", "complex", "list", "dict":
		return true
	}
	return false
}

// Python reports a tag by which an unsafe Python loader imports, builds or calls.
func (t Tag) Python() bool {
	return !t.Inert() && (strings.HasPrefix(t.Name, "!!python") || strings.HasPrefix(t.Name, "!python") ||
		strings.HasPrefix(t.Name, "tag:yaml.org,2002:python"))
}
