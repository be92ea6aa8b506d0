package config

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// check compares a document with the type it will be decoded into and words the
// differences for people: the YAML library would name Go types.
func (d *Document) check(into any) []error {
	return d.compare(d.root, reflect.TypeOf(into), "the file")
}

var textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()

func (d *Document) compare(n *yaml.Node, t reflect.Type, what string) []error {
	if n.Tag == "!!null" {
		return nil
	}
	scalar := t.Implements(textUnmarshaler) || reflect.PointerTo(t).Implements(textUnmarshaler)
	for t.Kind() == reflect.Pointer && !scalar {
		t = t.Elem()
		scalar = reflect.PointerTo(t).Implements(textUnmarshaler)
	}
	if want := wanted(t, scalar); !fits(n, want) {
		return []error{&Error{d.name, n.Line, fmt.Sprintf("%s must be %s.", capital(what), want)}}
	}
	switch {
	case scalar:
		return nil
	case t.Kind() == reflect.Struct:
		return d.compareStruct(n, t)
	case t.Kind() == reflect.Slice:
		return d.compareItems(n, t.Elem(), what)
	}
	return nil
}

func (d *Document) compareStruct(n *yaml.Node, t reflect.Type) (problems []error) {
	fields := fieldsOf(t)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		field, known := fields[key.Value]
		if !known {
			problems = append(problems, &Error{d.name, key.Line, unknown(key.Value, fields)})
			continue
		}
		problems = append(problems, d.compare(value, field, fmt.Sprintf("%q", key.Value))...)
	}
	return problems
}

func (d *Document) compareItems(n *yaml.Node, item reflect.Type, what string) (problems []error) {
	for _, c := range n.Content {
		problems = append(problems, d.compare(c, item, "each item of "+what)...)
	}
	return problems
}

// kinds of values, in the words of the messages.
const (
	wantMapping = "a set of keys and values"
	wantList    = "a list"
	wantBool    = "true or false"
	wantNumber  = "a whole number"
	wantText    = "a text"
	wantAny     = "anything"
)

func wanted(t reflect.Type, scalar bool) string {
	switch {
	case scalar:
		return wantText
	case t.Kind() == reflect.Struct, t.Kind() == reflect.Map:
		return wantMapping
	case t.Kind() == reflect.Slice:
		return wantList
	case t.Kind() == reflect.Bool:
		return wantBool
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		return wantNumber
	case t.Kind() == reflect.String:
		return wantText
	}
	return wantAny
}

func fits(n *yaml.Node, want string) bool {
	switch want {
	case wantMapping:
		return n.Kind == yaml.MappingNode
	case wantList:
		return n.Kind == yaml.SequenceNode
	case wantBool:
		return n.Kind == yaml.ScalarNode && n.Tag == "!!bool"
	case wantNumber:
		return n.Kind == yaml.ScalarNode && n.Tag == "!!int"
	case wantText:
		return n.Kind == yaml.ScalarNode
	}
	return true
}

// fieldsOf maps the keys of a struct to the types of their values.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if name != "" && name != "-" {
			fields[name] = t.Field(i).Type
		}
	}
	return fields
}

// unknown words an unknown key, with the most likely correction.
func unknown(key string, fields map[string]reflect.Type) string {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	if near := nearest(key, names); near != "" {
		return fmt.Sprintf("Unknown key %q; did you mean %q?", key, near)
	}
	return fmt.Sprintf("Unknown key %q; known keys are %s.", key, strings.Join(names, ", "))
}

func capital(s string) string {
	return strings.ToUpper(s[:1]) + s[1:]
}

// nearest is the name that differs from the key only by case, dashes or one
// slip of the finger; empty when there is none.
func nearest(key string, names []string) string {
	for _, name := range names {
		if fold(name) == fold(key) {
			return name
		}
	}
	for _, name := range names {
		if oneSlip(fold(name), fold(key)) {
			return name
		}
	}
	return ""
}

func fold(s string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(s))
}

// oneSlip is true when one byte added, left out, changed or swapped with its
// neighbour makes b of a.
func oneSlip(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return len(a) >= 3 && a[i:] == b[i+1:]
	}
	if i == len(a) || len(a) < 3 {
		return false
	}
	swapped := i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
	return swapped || a[i+1:] == b[i+1:]
}
