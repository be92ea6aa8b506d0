package sign

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/bounded"
)

// A few bytes of hostile JSON per item become many in memory; these bounds hold
// before anything is decoded.
const (
	maxItems = bounded.MaxFiles // of one list; the longest honest one lists files
	maxKeys  = 10_000           // of one object
)

// MarshalJSON writes the one form that this project signs: fields in the order
// of the types, map keys sorted, no spaces, no HTML escapes, no final newline.
// The same value gives the same bytes.
func MarshalJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// DecodeStrict reads one JSON value into v and refuses what two readers could
// understand differently: invalid UTF-8, duplicate keys, a key that differs from
// a field of v only in case, and anything after the value. It refuses also
// nesting deeper than bounded.MaxRecursion and lists and objects beyond any
// honest size. Unknown fields are ignored. Errors wrap ErrJSON.
func DecodeStrict(data []byte, v any) error { return decode(data, v, false) }

// DecodeClosed is DecodeStrict that ignores unknown fields of v itself only:
// further inside, a field that this program does not know could change the
// meaning of its neighbours, and is refused.
func DecodeClosed(data []byte, v any) error { return decode(data, v, true) }

func decode(data []byte, v any, closed bool) error {
	if !utf8.Valid(data) {
		return fmt.Errorf("%w: not UTF-8", ErrJSON)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	c := checker{dec, closed}
	if err := c.value(reflect.TypeOf(v), 0); err != nil {
		return fmt.Errorf("%w: %w", ErrJSON, err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("%w: data after the end", ErrJSON)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%w: %w", ErrJSON, err)
	}
	return nil
}

// checker walks the tokens of a document beside the type that it will be
// decoded into; a nil type means that only the form is checked.
type checker struct {
	dec    *json.Decoder
	closed bool // refuse unknown fields below the top
}

func (c checker) value(t reflect.Type, depth int) error {
	if depth > bounded.MaxRecursion {
		return fmt.Errorf("nested deeper than %d", bounded.MaxRecursion)
	}
	tok, err := c.dec.Token()
	if err != nil {
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		return err
	}
	t = plain(t)
	switch tok {
	case json.Delim('{'):
		return c.object(t, depth)
	case json.Delim('['):
		return c.array(t, depth)
	}
	return nil
}

func (c checker) array(t reflect.Type, depth int) error {
	var elem reflect.Type
	if t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) {
		elem = t.Elem()
	}
	for n := 0; c.dec.More(); n++ {
		if n == maxItems {
			return fmt.Errorf("more than %d items in one list", maxItems)
		}
		if err := c.value(elem, depth+1); err != nil {
			return err
		}
	}
	_, err := c.dec.Token()
	return err
}

func (c checker) object(t reflect.Type, depth int) error {
	seen := make(map[string]bool)
	for c.dec.More() {
		tok, err := c.dec.Token()
		if err != nil {
			return err
		}
		key, _ := tok.(string)
		if seen[key] {
			return fmt.Errorf("duplicate key %q", clip(key))
		}
		if len(seen) == maxKeys {
			return fmt.Errorf("more than %d keys in one object", maxKeys)
		}
		seen[key] = true
		inner, err := c.member(t, key, depth)
		if err != nil {
			return err
		}
		if err := c.value(inner, depth+1); err != nil {
			return err
		}
	}
	_, err := c.dec.Token()
	return err
}

// member finds the type of one member of an object of type t.
func (c checker) member(t reflect.Type, key string, depth int) (reflect.Type, error) {
	switch {
	case t == nil:
		return nil, nil
	case t.Kind() == reflect.Map:
		return t.Elem(), nil
	case t.Kind() != reflect.Struct:
		return nil, nil // a type error, which the decoder reports
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == key {
			return t.Field(i).Type, nil
		}
		// encoding/json takes such a key for the field; other readers do not.
		if strings.EqualFold(name, key) {
			return nil, fmt.Errorf("key %q must be written %q", clip(key), name)
		}
	}
	if c.closed && depth > 0 {
		return nil, fmt.Errorf("unknown field %q", clip(key))
	}
	return nil, nil
}

// plain strips pointers; types that decode themselves are opaque.
func plain(t reflect.Type) reflect.Type {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() == reflect.Interface {
		return nil
	}
	p := reflect.PointerTo(t)
	if p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return nil
	}
	return t
}

func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}
