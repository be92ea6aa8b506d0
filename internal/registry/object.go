package registry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"
)

// Members reads the members of one JSON object by their exact names. Duplicate
// names are refused, since readers differ in which one they take; so is anything
// after the object. Values are as written and not looked into.
func Members(raw []byte) (map[string]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("%w: expected a JSON object", ErrCorrupt)
	}
	members := map[string]json.RawMessage{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		name := t.(string) // the decoder accepts nothing else here
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		if _, taken := members[name]; taken {
			return nil, fmt.Errorf("%w: the member %.100q appears twice", ErrCorrupt, name)
		}
		members[name] = value
	}
	if _, err := dec.Token(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("%w: data after the end", ErrCorrupt)
	}
	return members, nil
}

// member reads one value of an object into v; it reports whether it is there.
// null counts as absent.
func member(o map[string]json.RawMessage, name string, v any) (bool, error) {
	raw, ok := o[name]
	if !ok || string(raw) == "null" {
		return false, nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return true, fmt.Errorf("%w: member %q: %w", ErrCorrupt, name, err)
	}
	return true, nil
}

// text reads a member that is a string or absent.
func text(o map[string]json.RawMessage, name string) (s string, err error) {
	_, err = member(o, name, &s)
	return s, err
}

// annotations reads a member that maps strings to strings.
func annotations(o map[string]json.RawMessage) (map[string]string, error) {
	raw, ok := o["annotations"]
	if !ok || string(raw) == "null" {
		return nil, nil
	}
	members, err := Members(raw)
	if err != nil {
		return nil, fmt.Errorf("annotations: %w", err)
	}
	m := make(map[string]string, len(members))
	for name := range members {
		if m[name], err = text(members, name); err != nil {
			return nil, fmt.Errorf("annotations: %w", err)
		}
	}
	return m, nil
}

// list reads a member that is an array of objects.
func list(o map[string]json.RawMessage, name string) ([]Descriptor, error) {
	var raws []json.RawMessage
	if _, err := member(o, name, &raws); err != nil {
		return nil, err
	}
	out := make([]Descriptor, len(raws))
	for i, raw := range raws {
		var err error
		if out[i], err = ParseDescriptor(raw); err != nil {
			return nil, fmt.Errorf("%s[%d]: %w", name, i, err)
		}
	}
	return out, nil
}

func document(raw []byte, limit int64) (map[string]json.RawMessage, error) {
	if int64(len(raw)) > limit {
		return nil, fmt.Errorf("%w: %d bytes, more than %d", ErrCorrupt, len(raw), limit)
	}
	if !utf8.Valid(raw) {
		return nil, fmt.Errorf("%w: not UTF-8", ErrCorrupt)
	}
	return Members(raw)
}

// encode writes the one form that this project stores: fields in the order of
// the types, map keys sorted, no spaces, no HTML escapes, no final newline.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
