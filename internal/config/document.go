package config

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// Limits of one document. People write these files by hand; more than this is a
// mistake or an attack.
const (
	MaxSize  = 1 << 20 // bytes
	maxDepth = 32      // mappings and sequences inside each other
)

// Error is one problem with one place in a file.
type Error struct {
	File    string
	Line    int // from 1; 0 when the problem is about the whole file
	Message string
}

// Error names file and line, in the form that editors jump to.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Message
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message)
}

// Document is one parsed YAML document that remembers where its keys stand.
type Document struct {
	name string
	root *yaml.Node // nil when the file holds nothing but comments
}

// Parse reads exactly one YAML document whose mappings have no key twice. What
// could make a reader see something else than the program is refused: anchors,
// aliases, merge keys, explicit tags. The name is for messages only.
func Parse(name string, data []byte) (*Document, error) {
	d := &Document{name: name}
	if len(data) > MaxSize {
		return nil, &Error{name, 0, fmt.Sprintf("The file has %d bytes; more than %d are refused.", len(data), MaxSize)}
	}
	if blank(data) {
		return d, nil
	}
	var doc yaml.Node
	limits := loaderlimits.New(loaderlimits.DepthValue(maxDepth), loaderlimits.AliasValue(0))
	if err := yaml.Load(data, &doc, yaml.WithUniqueKeys(), yaml.WithPlugin(limits)); err != nil {
		return nil, d.translate(err)
	}
	if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
		d.root = doc.Content[0]
	}
	if err := errors.Join(d.plain(d.root)...); err != nil {
		return nil, err
	}
	return d, nil
}

// DecodeStrict parses one document into a struct with yaml tags. Unknown and
// repeated keys, further documents and wrong kinds of values are errors of type
// *Error, joined, with file and line.
func DecodeStrict(name string, data []byte, into any) error {
	d, err := Parse(name, data)
	if err != nil {
		return err
	}
	return d.Decode(into)
}

// Decode fills a struct. Keys that the struct does not have are errors; keys
// that the file does not have leave their fields alone.
func (d *Document) Decode(into any) error {
	if d.root == nil {
		return nil
	}
	if err := errors.Join(d.check(into)...); err != nil {
		return err
	}
	if err := d.root.Load(into, yaml.WithKnownFields(), yaml.WithUniqueKeys()); err != nil {
		return d.translate(err)
	}
	return nil
}

// Errorf is a problem with the value at a path of keys ("profiles",
// "production"); list items count as "0", "1". It takes the line of the deepest
// part of the path that exists.
func (d *Document) Errorf(path []string, format string, args ...any) error {
	return &Error{d.name, d.line(path), fmt.Sprintf(format, args...)}
}

func (d *Document) line(path []string) int {
	if d.root == nil {
		return 0
	}
	node, line := d.root, d.root.Line
	for _, step := range path {
		key, value := child(node, step)
		if value == nil {
			break
		}
		node, line = value, key.Line
	}
	return line
}

// child finds a key of a mapping or an item of a sequence. For an item, key and
// value are the same node.
func child(n *yaml.Node, step string) (key, value *yaml.Node) {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == step {
			return n.Content[i], n.Content[i+1]
		}
	}
	for i := 0; n.Kind == yaml.SequenceNode && i < len(n.Content); i++ {
		if fmt.Sprint(i) == step {
			return n.Content[i], n.Content[i]
		}
	}
	return nil, nil
}

// plain refuses what makes a text mean more than it shows, and keys that
// repeat. The depth is limited by the loader.
func (d *Document) plain(n *yaml.Node) (problems []error) {
	if n == nil {
		return nil
	}
	at := func(n *yaml.Node, format string, args ...any) {
		problems = append(problems, &Error{d.name, n.Line, fmt.Sprintf(format, args...)})
	}
	switch {
	case n.Kind == yaml.AliasNode:
		at(n, "The alias %q is refused; write the value out.", "*"+n.Value)
		return problems
	case n.Anchor != "":
		at(n, "The anchor %q is refused; write values out where they are used.", "&"+n.Anchor)
	case n.Style&yaml.TaggedStyle != 0:
		at(n, "The explicit tag %q is refused; write the value without it.", n.Tag)
	}
	if n.Kind == yaml.MappingNode {
		problems = append(problems, d.keys(n)...)
	}
	for _, c := range n.Content {
		problems = append(problems, d.plain(c)...)
	}
	return problems
}

func (d *Document) keys(n *yaml.Node) (problems []error) {
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		switch line, again := first[k.Value]; {
		case k.Kind != yaml.ScalarNode:
			problems = append(problems, &Error{d.name, k.Line, "A key must be a word."})
		case k.Tag == "!!merge":
			problems = append(problems, &Error{d.name, k.Line, "The merge key << is refused; write the keys out."})
		case again:
			problems = append(problems, &Error{d.name, k.Line, fmt.Sprintf("The key %q was already set in line %d; keep one of them.", k.Value, line)})
		default:
			first[k.Value] = k.Line
		}
	}
	return problems
}

// translate turns errors of the YAML library into ours.
func (d *Document) translate(err error) error {
	var many *yaml.LoadErrors
	if errors.As(err, &many) && len(many.Errors) > 0 {
		var out []error
		for _, e := range many.Errors {
			out = append(out, d.one(e))
		}
		return errors.Join(out...)
	}
	var one *yaml.LoadError
	if errors.As(err, &one) {
		return d.one(one)
	}
	return &Error{d.name, 0, "The file is not valid YAML: " + strings.TrimPrefix(err.Error(), "yaml: ") + "."}
}

func (d *Document) one(e *yaml.LoadError) error {
	line := e.Mark.Line
	if line == 0 {
		line = e.ContextMark.Line
	}
	message := strings.TrimPrefix(e.Message, "yaml: ")
	if strings.Contains(message, "multiple documents") || strings.Contains(message, "expected single document") {
		return &Error{d.name, line, "The file holds more than one YAML document; keep one."}
	}
	return &Error{d.name, line, "The file cannot be read: " + message + "."}
}

// blank is true for a file of comments and white space, which is an empty
// document to people and no document to YAML.
func blank(data []byte) bool {
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return false
		}
	}
	return true
}
