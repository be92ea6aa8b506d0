package template

import (
	"slices"
	"strings"
)

// fold computes a string that is put together from constants, in the ways that
// templates have for it. ok is false when a part is known only while rendering.
func fold(n *node) (s string, ok bool) {
	switch n.kind {
	case kindText:
		return n.text, true
	case kindBinary:
		if n.text != "+" && n.text != "~" {
			return "", false
		}
		left, ok := fold(n.kids[0])
		if !ok || len(left) > maxBytes {
			return "", false
		}
		right, ok := fold(n.kids[1])
		return left + right, ok
	case kindItem: // text[::-1]
		if i := n.kids[1]; i.kind != kindSlice || i.text != backwards {
			return "", false
		}
		text, ok := fold(n.kids[0])
		return reversed(text), ok
	case kindFilter:
		return foldFilter(n)
	case kindCall:
		return foldMethod(n)
	}
	return "", false
}

func foldFilter(n *node) (string, bool) {
	if n.text == "join" {
		return join(n.kids[0], n.kids[1:])
	}
	s, ok := fold(n.kids[0])
	if !ok {
		return "", false
	}
	switch n.text {
	case "reverse":
		return reversed(s), true
	case "lower":
		return strings.ToLower(s), true
	case "upper":
		return strings.ToUpper(s), true
	case "trim", "string", "safe", "list":
		return strings.TrimSpace(s), true
	case "replace":
		return replace(s, n.kids[1:])
	}
	return "", false
}

// foldMethod folds "a".join(list), "a".replace(b, c), lower, upper.
func foldMethod(n *node) (string, bool) {
	f := n.kids[0]
	if f.kind != kindAttr {
		return "", false
	}
	s, ok := fold(f.kids[0])
	if !ok {
		return "", false
	}
	switch f.text {
	case "join":
		if len(n.kids) == 2 {
			return join(n.kids[1], []*node{{kind: kindText, text: s}})
		}
	case "replace":
		return replace(s, n.kids[1:])
	case "lower":
		return strings.ToLower(s), true
	case "upper":
		return strings.ToUpper(s), true
	case "strip", "lstrip", "rstrip":
		return strings.TrimSpace(s), true
	}
	return "", false
}

func join(list *node, separator []*node) (string, bool) {
	between := ""
	if len(separator) > 0 {
		var ok bool
		if between, ok = fold(separator[0]); !ok {
			return "", false
		}
	}
	if list.kind != kindList {
		s, ok := fold(list) // a text joins to itself when nothing stands between
		return s, ok && between == ""
	}
	var parts []string
	for _, k := range list.kids {
		s, ok := fold(k)
		if !ok {
			return "", false
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, between), true
}

func replace(s string, args []*node) (string, bool) {
	if len(args) < 2 {
		return "", false
	}
	from, ok := fold(args[0])
	to, also := fold(args[1])
	if !ok || !also || len(to) > 64 || len(s) > 4096 {
		return "", false
	}
	return strings.ReplaceAll(s, from, to), true
}

func reversed(s string) string {
	r := []rune(s)
	slices.Reverse(r)
	return string(r)
}
