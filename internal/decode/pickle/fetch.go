package pickle

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// str returns the text of a string constant or a folded string. ok is false for
// other values and for texts too long to keep.
func (m *machine) str(v val) (text string, ok bool) {
	if v.kind() == vFolded {
		return m.folded[v.off()], true
	}
	switch v.kind() {
	case vStr, vEsc, vQuote, vBytes, vEncoded:
	default:
		return "", false
	}
	if text, ok = m.texts[v.off()]; ok {
		return text, true
	}
	text = m.decode(v)
	m.remember(v.off(), text)
	return text, true
}

// decode reads the text of a constant of one of the kinds that str knows.
func (m *machine) decode(v val) string {
	raw := m.raw(v.off(), v.aux())
	switch v.kind() {
	case vEsc:
		return unescapeUnicode(raw)
	case vQuote:
		return unescapeString(raw)
	}
	return string(raw)
}

// remember keeps short operands: writers name the same module and the same key
// again and again, by memo.
func (m *machine) remember(off int64, text string) {
	if len(text) > 64 || len(m.texts) > 1<<12 {
		return
	}
	if m.texts == nil {
		m.texts = map[int64]string{}
	}
	m.texts[off] = text
}

// raw returns n bytes of the stream, from the window when they are still there.
func (m *machine) raw(off int64, n int) []byte {
	if at := off - m.base; at >= 0 && at+int64(n) <= int64(len(m.w)) {
		return m.w[at : at+int64(n)]
	}
	p := make([]byte, n)
	if got, err := m.r.ReadAt(p, off); got < n {
		m.failed(err)
		return nil
	}
	return p
}

// unescapeUnicode undoes raw-unicode-escape. A backslash takes the character
// behind it along, so that two of them escape nothing.
func unescapeUnicode(raw []byte) string {
	if ascii(raw) && bytes.IndexByte(raw, '\\') < 0 {
		return string(raw)
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' || i+1 == len(raw) {
			out = appendRune(out, rune(raw[i])) // Latin-1
			continue
		}
		i++
		size := 0
		switch raw[i] {
		case 'u':
			size = 4
		case 'U':
			size = 8
		}
		if size > 0 && i+size < len(raw) {
			if r, err := strconv.ParseUint(string(raw[i+1:i+1+size]), 16, 32); err == nil {
				out = appendRune(out, rune(r))
				i += size
				continue
			}
		}
		out = appendRune(append(out, '\\'), rune(raw[i]))
	}
	return string(out)
}

// appendRune writes lone surrogates in three bytes, as Python's surrogatepass
// does, and nothing else that is not UTF-8.
func appendRune(out []byte, r rune) []byte {
	if r >= 0xd800 && r < 0xe000 {
		return append(out, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0xbf, 0x80|byte(r)&0xbf)
	}
	return utf8.AppendRune(out, r)
}

// unescapeString undoes the escapes of a Python bytes literal.
func unescapeString(raw []byte) string {
	if !strings.Contains(string(raw), `\`) {
		return string(raw)
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' || i+1 == len(raw) {
			out = append(out, raw[i])
			continue
		}
		i++
		switch c := raw[i]; c {
		case '\n':
		case 'n', 't', 'r', 'a', 'b', 'f', 'v':
			out = append(out, map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', 'a': 7, 'b': 8, 'f': 12, 'v': 11}[c])
		case 'x':
			if i+2 < len(raw) {
				if n, err := strconv.ParseUint(string(raw[i+1:i+3]), 16, 8); err == nil {
					out = append(out, byte(n))
					i += 2
					continue
				}
			}
			out = append(out, '\\', 'x')
		case '0', '1', '2', '3', '4', '5', '6', '7':
			n, j := 0, i
			for ; j < len(raw) && j < i+3 && raw[j] >= '0' && raw[j] <= '7'; j++ {
				n = n*8 + int(raw[j]-'0')
			}
			out = append(out, byte(n))
			i = j - 1
		case '\\', '\'', '"':
			out = append(out, c)
		default:
			out = append(out, '\\', c)
		}
	}
	return string(out)
}

// value describes v for a trace, with up to depth levels of tuples.
func (m *machine) value(v val, depth int) Value {
	out := Value{Import: -1}
	switch v.kind() {
	case vNone:
		out.Kind = None
	case vBool, vInt:
		out.Kind, out.Int, out.Exact = Number, v.int(), true
		if v.kind() == vBool {
			out.Kind = Bool
		}
	case vBig:
		out.Kind = Number
	case vStr, vEsc, vQuote, vFolded:
		text, _ := m.str(v)
		out.Kind, out.Text, out.Exact = String, clip([]byte(text)), len(text) <= clipped
		out.Offset, out.Length = v.off(), int64(v.aux())
	case vBytes:
		n := v.aux()
		out.Kind, out.Text, out.Exact = Bytes, string(m.raw(v.off(), min(n, clipped))), n <= clipped
		out.Offset, out.Length = v.off(), int64(n)
	case vLongStr, vLongBytes, vLongEncoded:
		out.Kind, out.Encoded = Bytes, v.kind() == vLongEncoded
		if v.kind() == vLongStr {
			out.Kind = String
		}
		out.Offset = v.off()
		if i := v.aux(); i > 0 {
			out.Length = m.t.Blobs[i-1].Length
		}
	case vEncoded:
		out.Kind, out.Encoded, out.Offset, out.Length = Bytes, true, v.off(), int64(v.aux())
		out.Text, out.Exact = string(m.raw(v.off(), min(v.aux(), clipped))), v.aux() > 0 && v.aux() <= clipped
	case vTuple, vBigTuple:
		out.Kind = Tuple
		m.tupleValue(&out, v, depth)
	case vList, vDict, vSet:
		out.Kind, out.Offset = map[val]Kind{vList: List, vDict: Dict, vSet: Set}[v.kind()], v.off()
		out.Armed = m.armed(v)
	case vImport, vObject:
		out.Kind, out.Offset, out.Shared = Imported, v.off(), v&flagBit != 0
		if v.kind() == vObject {
			out.Kind = Object
		}
		if i := v.aux(); i < len(m.names) {
			out.Import = i
		}
		out.Filled, out.Armed = m.filled(v), m.armed(v)
	case vResult, vPersID, vExt:
		out.Kind, out.Offset = map[val]Kind{vResult: Computed, vPersID: PersID, vExt: Ext}[v.kind()], v.off()
	}
	if !utf8.ValidString(out.Text) && out.Kind == String {
		out.Exact = false
	}
	return out
}

// maxItems is how many items of a tuple a Value lists.
const maxItems = 16

func (m *machine) tupleValue(out *Value, v val, depth int) {
	items, ok := m.tuple.get(v)
	if !ok || depth == 0 {
		return
	}
	out.Exact, out.Length = len(items) <= maxItems, int64(len(items))
	for _, item := range items[:min(len(items), maxItems)] {
		out.Items = append(out.Items, m.value(item, depth-1))
	}
}

// values describes the items of an argument tuple; ok is false when they are
// not all known.
func (m *machine) values(args val) (out []Value, ok bool) {
	items, ok := m.tuple.get(args)
	ok = ok && len(items) <= maxItems
	if items = items[:min(len(items), maxItems)]; len(items) == 0 {
		return nil, ok
	}
	out = make([]Value, len(items))
	for i, item := range items {
		out[i] = m.value(item, 2)
	}
	return out, ok
}
