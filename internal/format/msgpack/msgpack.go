// Package msgpack reads MessagePack as Flax and JAX write it: a tree of names
// with arrays in extensions of type 1 (shape, type, bytes), complex numbers (2)
// and NumPy scalars (3); and what the package msgpack-numpy writes.
//
// Specification: https://github.com/msgpack/msgpack/blob/master/spec.md, and
// flax/serialization.py.
//
// Threat: an extension type is whatever the loader's hook makes of it, and some
// hooks unpickle; arrays of objects are pickles; a shape that asks for more bytes
// than there are; keys that stand twice; binary values that are something else.
// The format has no signature, so it counts only where it explains the whole
// input.
//
// Not covered: what a program does with the tree; other libraries' extensions.
package msgpack

import (
	"strings"

	"github.com/sallyport/sallyport/internal/format"
)

// Format is MessagePack.
var Format = format.Format{
	ID:         "msgpack",
	Title:      "MessagePack",
	Spec:       "https://github.com/msgpack/msgpack/blob/master/spec.md",
	Extensions: []string{".msgpack"},
	Rules:      []string{ruleSize, ruleObjects, ruleExt, ruleHidden, "SP-COV-003", "SP-COV-004", "SP-COV-012", "SP-COV-014", "SP-COV-016"},
	Match:      match,
	Read:       read,
}

const (
	ruleSize    = "SP-MSG-001"
	ruleObjects = "SP-MSG-002"
	ruleExt     = "SP-MSG-003"
	ruleHidden  = "SP-MSG-004"
)

// match wants a container: any single byte is a whole number in this format. A
// file that does not say what it is must begin with a map whose first key is
// plain text, because weights and archives begin like a map by chance.
func match(in *format.Input) format.Confidence {
	head := in.Head()
	if len(head) == 0 {
		return format.No
	}
	if strings.HasSuffix(strings.ToLower(in.Name), ".msgpack") && container(head[0]) {
		return format.Weak
	}
	if named(head) {
		return format.Weak
	}
	return format.No
}

// container reports the header of a map, array or extension.
func container(b byte) bool {
	return b >= 0x80 && b <= 0x9f || b >= 0xc7 && b <= 0xc9 || b >= 0xd4 && b <= 0xd8 || b >= 0xdc && b <= 0xdf
}

// named reports a map whose first key is a string of printable characters.
func named(p []byte) bool {
	switch {
	case p[0] > 0x80 && p[0] <= 0x8f:
		p = p[1:]
	case p[0] == 0xde && len(p) > 3:
		p = p[3:]
	case p[0] == 0xdf && len(p) > 5:
		p = p[5:]
	default:
		return false
	}
	n := 0
	switch {
	case len(p) > 1 && p[0] > 0xa0 && p[0] <= 0xbf:
		n, p = int(p[0]&0x1f), p[1:]
	case len(p) > 2 && (p[0] == 0xd9 || p[0] == 0xc4):
		n, p = int(p[1]), p[2:]
	}
	if n == 0 || n > len(p) {
		return false
	}
	for _, b := range p[:n] {
		if b < ' ' || b == 0x7f {
			return false
		}
	}
	return true
}
