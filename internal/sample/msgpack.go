package sample

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// assembleMessagePack reads one item per line and writes MessagePack:
//
//	map 2, array 3          headers; so many pairs or items follow, each on its line
//	str "x", bin "x"        also: bin fill 100 0
//	int -5, float 1.5, nil, true, false
//	ext 1 @begin            the lines up to @end are the content (they may nest)
//	ext 5 "x"
//	timestamp 0
//	hex DIGITS              bytes as they are
//
// Lies: "map32 4000000000", "array32 N", "str32 N" and "bin32 N" write a header of
// that count and nothing else. Text behind a # at the start of a line is a comment.
func assembleMessagePack(text string) ([]byte, error) {
	m := &msgpackText{lines: strings.Split(text, "\n")}
	out, err := m.items(false)
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", m.next, err)
	}
	return out, nil
}

type msgpackText struct {
	lines []string
	next  int
}

func (m *msgpackText) items(nested bool) (out []byte, err error) {
	for m.next < len(m.lines) {
		line := strings.TrimSpace(m.lines[m.next])
		m.next++
		switch {
		case line == "" || line[0] == '#':
			continue
		case line == "@end" && nested:
			return out, nil
		}
		item, err := m.item(line)
		if err != nil {
			return nil, err
		}
		out = append(out, item...)
	}
	if nested {
		return nil, fmt.Errorf("@end is missing")
	}
	return out, nil
}

func (m *msgpackText) item(line string) ([]byte, error) {
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "nil":
		return []byte{0xc0}, nil
	case "false":
		return []byte{0xc2}, nil
	case "true":
		return []byte{0xc3}, nil
	case "hex":
		return hex.DecodeString(strings.ReplaceAll(rest, " ", ""))
	case "str", "bin":
		p, err := msgpackBytes(rest)
		if verb == "str" {
			return append(lengthHeader(len(p), 0xa0, 31, 0xd9), p...), err
		}
		return append(lengthHeader(len(p), 0, -1, 0xc4), p...), err
	case "float":
		f, err := strconv.ParseFloat(rest, 64)
		return binary.BigEndian.AppendUint64([]byte{0xcb}, math.Float64bits(f)), err
	case "ext":
		return m.ext(rest)
	}
	n, err := strconv.ParseInt(rest, 0, 64)
	if err != nil {
		return nil, err
	}
	return msgpackNumber(verb, n)
}

func msgpackNumber(verb string, n int64) ([]byte, error) {
	switch verb {
	case "int":
		if n >= 0 && n < 128 || n < 0 && n >= -32 {
			return []byte{byte(n)}, nil
		}
		return binary.BigEndian.AppendUint64([]byte{0xd3}, uint64(n)), nil
	case "map":
		return wideHeader(n, 0x80, 0xde), nil
	case "array":
		return wideHeader(n, 0x90, 0xdc), nil
	case "map32":
		return binary.BigEndian.AppendUint32([]byte{0xdf}, uint32(n)), nil
	case "array32":
		return binary.BigEndian.AppendUint32([]byte{0xdd}, uint32(n)), nil
	case "str32":
		return binary.BigEndian.AppendUint32([]byte{0xdb}, uint32(n)), nil
	case "bin32":
		return binary.BigEndian.AppendUint32([]byte{0xc6}, uint32(n)), nil
	case "timestamp":
		return binary.BigEndian.AppendUint32([]byte{0xd6, 0xff}, uint32(n)), nil
	}
	return nil, fmt.Errorf("unknown item %q", verb)
}

func (m *msgpackText) ext(rest string) ([]byte, error) {
	number, what, _ := strings.Cut(rest, " ")
	code, err := strconv.ParseInt(number, 0, 8)
	if err != nil {
		return nil, err
	}
	var p []byte
	if what == "@begin" {
		p, err = m.items(true)
	} else {
		p, err = msgpackBytes(what)
	}
	head := lengthHeader(len(p), 0, -1, 0xc7)
	return append(append(head, byte(code)), p...), err
}

// lengthHeader is the header of something with a length: fixed up to most, then
// the codes of 8, 16 and 32 bits from first on.
func lengthHeader(n int, fixed byte, most int, first byte) []byte {
	switch {
	case n <= most:
		return []byte{fixed | byte(n)}
	case n < 1<<8:
		return []byte{first, byte(n)}
	case n < 1<<16:
		return binary.BigEndian.AppendUint16([]byte{first + 1}, uint16(n))
	}
	return binary.BigEndian.AppendUint32([]byte{first + 2}, uint32(n))
}

func wideHeader(n int64, fixed, wide byte) []byte {
	if n < 16 {
		return []byte{fixed | byte(n)}
	}
	return binary.BigEndian.AppendUint16([]byte{wide}, uint16(n))
}

func msgpackBytes(text string) ([]byte, error) {
	if what, ok := strings.CutPrefix(text, "fill "); ok {
		return fillBytes(what)
	}
	s, _, err := word(text, true)
	return []byte(s), err
}
