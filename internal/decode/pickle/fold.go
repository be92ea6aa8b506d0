package pickle

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// folder computes what a harmless function of constants returns, so that a name
// put together at run time can be shown. args are at most foldArgs texts.
type folder func(args []string) (string, bool)

const (
	foldArgs = 8
	foldText = 256  // longest text that is folded
	foldMost = 4096 // folded texts of one stream
)

// folderOf knows text functions by name; what it does not know is judged as a
// call whose result nobody can tell.
func folderOf(module, name string) folder {
	switch module {
	case "_codecs", "codecs":
		switch name {
		case "encode", "decode":
			return recode
		}
	case "operator", "_operator":
		switch name {
		case "add", "concat", "iadd", "iconcat", "__add__", "__concat__":
			return concat
		}
	case "base64", "binascii":
		switch name {
		case "b64decode", "a2b_base64", "standard_b64decode", "decodebytes":
			return func(args []string) (string, bool) {
				p, err := base64.StdEncoding.DecodeString(args[0])
				return string(p), err == nil
			}
		case "unhexlify", "a2b_hex":
			return func(args []string) (string, bool) {
				p, err := hex.DecodeString(args[0])
				return string(p), err == nil
			}
		}
	case "builtins":
		return builtinFolder(name)
	}
	return nil
}

func builtinFolder(name string) folder {
	switch name {
	case "str", "str.__str__", "str.strip", "bytes.decode", "str.encode", "str.__format__":
		return func(args []string) (string, bool) { return args[0], len(args) <= 3 }
	case "str.lower", "str.casefold":
		return func(args []string) (string, bool) { return strings.ToLower(args[0]), true }
	case "str.upper":
		return func(args []string) (string, bool) { return strings.ToUpper(args[0]), true }
	case "str.replace":
		return func(args []string) (string, bool) {
			if len(args) != 3 {
				return "", false
			}
			return strings.ReplaceAll(args[0], args[1], args[2]), true
		}
	case "str.__add__":
		return concat
	case "str.join":
		return func(args []string) (string, bool) { return strings.Join(args[1:], args[0]), true }
	}
	return nil
}

func concat(args []string) (string, bool) { return strings.Join(args, ""), len(args) == 2 }

func recode(args []string) (string, bool) {
	if len(args) == 1 {
		return args[0], true
	}
	switch codecName(args[1]) {
	case "rot13":
		return strings.Map(rot13, args[0]), true
	case "latin1", "utf8", "ascii", "iso88591", "rawunicodeescape":
		return args[0], true
	case "unicodeescape":
		return unescapeString([]byte(args[0])), true
	case "hex", "hexcodec":
		p, err := hex.DecodeString(args[0])
		return string(p), err == nil
	case "base64", "base64codec":
		p, err := base64.StdEncoding.DecodeString(strings.TrimSpace(args[0]))
		return string(p), err == nil
	}
	return "", false
}

// codecName is a codec's name without case and separators.
func codecName(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '-' || r == '_' || r == ' ':
			return -1
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return r
	}, s)
}

func rot13(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z':
		return 'a' + (r-'a'+13)%26
	case r >= 'A' && r <= 'Z':
		return 'A' + (r-'A'+13)%26
	}
	return r
}

// foldCall computes a call of constant texts. Tuples among the arguments are
// spread, which is what str.join needs.
func (m *machine) foldCall(f folder, args val) (val, bool) {
	items, ok := m.tuple.get(args)
	if !ok || len(m.folded) >= foldMost {
		return vNothing, false
	}
	texts := make([]string, 0, foldArgs)
	for _, item := range items {
		inner := []val{item}
		if spread, ok := m.tuple.get(item); ok {
			inner = spread
		}
		for _, v := range inner {
			text, ok := m.str(v)
			if !ok || len(text) > foldText || len(texts) == foldArgs {
				return vNothing, false
			}
			texts = append(texts, text)
		}
	}
	if len(texts) == 0 {
		return vNothing, false
	}
	text, ok := f(texts)
	if !ok || len(text) > foldText {
		return vNothing, false
	}
	m.folded = append(m.folded, text)
	return at(vFolded, int64(len(m.folded)-1)), true
}

// encoded is the result of _codecs.encode(text, 'latin1'), which is how
// protocols 0 to 2 spell bytes.
func (m *machine) encoded(args val) val {
	items, ok := m.tuple.get(args)
	if !ok || len(items) != 2 {
		return vNothing
	}
	if codec, ok := m.str(items[1]); !ok || codec != "latin1" && codec != "latin-1" {
		return vNothing
	}
	switch v := items[0]; v.kind() {
	case vStr:
		return ranged(vEncoded, v.off(), int64(v.aux()))
	case vLongStr:
		if i := v.aux(); i > 0 {
			return indexed(vLongEncoded, v.off(), i)
		}
	}
	return vNothing
}
