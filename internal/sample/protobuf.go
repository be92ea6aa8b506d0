package sample

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// assembleProtobuf reads one field per line, by number; what a message holds
// stands between braces. Text behind a # outside of quotes is a comment.
//
//	1: 8                     a varint; negative numbers take ten bytes
//	2: "text" h"00ff" …      bytes: Go strings, hexadecimal, fill(COUNT,BYTE), joined
//	3: f32 1.5               four bytes, also u32 N
//	4: f64 1.5               eight bytes, also u64 N
//	5: [1 2 3]               packed varints; [f32 1 2], [u64 1] and so on
//	6 {                      a message, closed by a line with }
//	7 group {                a group
//	6 { 1: 2; 2: "x" }       the same on one line
//	raw "text" h"00ff"       bytes that are no field
//	repeat N {               the fields in the braces, N times
//	nest N 6 {               N messages of that number around the fields in the braces
//
// In front of the colon or brace, options make a field that no producer writes:
//
//	len=N                    the length that is declared; len=+N, len=-N change the true one
//	pad=N                    number or length in N bytes more than it needs
//	tagpad=N                 the same for the tag
//	wire=N                   another type in the tag
func assembleProtobuf(text string) ([]byte, error) {
	p := &protoText{lines: strings.Split(text, "\n")}
	out, err := p.message(false)
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", p.next, err)
	}
	return out, nil
}

type protoText struct {
	lines []string
	next  int
}

// message reads fields up to the closing brace, or to the end of the text.
func (p *protoText) message(nested bool) (out []byte, err error) {
	for p.next < len(p.lines) {
		line := strings.TrimSpace(uncomment(p.lines[p.next]))
		p.next++
		switch {
		case line == "":
			continue
		case line == "}" && nested:
			return out, nil
		case strings.HasPrefix(line, "raw "):
			data, err := protoBytes(line[4:])
			if err != nil {
				return nil, err
			}
			out = append(out, data...)
			continue
		}
		if out, err = p.field(out, line); err != nil {
			return nil, err
		}
	}
	if nested {
		return nil, fmt.Errorf("a brace is not closed")
	}
	return out, nil
}

// field appends the field of one line to out, with what its braces hold.
func (p *protoText) field(out []byte, line string) ([]byte, error) {
	head, value, plain := strings.Cut(line, ":")
	if i := strings.IndexByte(head, '{'); i >= 0 {
		head, value, plain = line[:i], line[i+1:], false
	}
	words := strings.Fields(head)
	if len(words) == 0 {
		return nil, fmt.Errorf("no field number in %q", line)
	}
	if words[0] == "repeat" || words[0] == "nest" {
		body, err := p.body(strings.TrimSpace(value))
		if err != nil {
			return nil, err
		}
		again, err := protoAgain(words, body)
		return append(out, again...), err
	}
	number, err := strconv.ParseUint(words[0], 0, 64)
	if err != nil {
		return nil, err
	}
	o := protoOptions{number: number}
	if err := o.parse(words[1:]); err != nil {
		return nil, err
	}
	if plain {
		return o.scalar(out, strings.TrimSpace(value))
	}
	body, err := p.body(strings.TrimSpace(value))
	if err != nil {
		return nil, err
	}
	if o.group {
		out = append(o.tag(out, 3), body...)
		return o.tag(out, 4), nil
	}
	return o.bytes(out, body), nil
}

// protoAgain writes a body many times, behind or inside each other.
func protoAgain(words []string, body []byte) ([]byte, error) {
	var n int
	var o protoOptions
	if _, err := fmt.Sscan(strings.Join(words[1:], " ")+" 1", &n, &o.number); err != nil {
		return nil, err
	}
	if words[0] == "repeat" {
		return bytes.Repeat(body, n), nil
	}
	for o.wire = -1; n > 0; n-- {
		body = o.bytes(nil, body)
	}
	return body, nil
}

// body reads what braces hold: lines, or fields between semicolons before a
// brace that closes on the same line.
func (p *protoText) body(rest string) (out []byte, err error) {
	if rest == "" {
		return p.message(true)
	}
	rest, ok := strings.CutSuffix(rest, "}")
	if !ok {
		return nil, fmt.Errorf("a brace is not closed on its line")
	}
	for rest != "" && err == nil {
		var part string
		if part, rest = untilSemicolon(rest); part != "" {
			out, err = p.field(out, part)
		}
	}
	return out, err
}

// untilSemicolon cuts at the first one outside of quotes and braces.
func untilSemicolon(text string) (part, rest string) {
	quoted, depth := false, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			depth--
		case c == ';' && depth == 0:
			return strings.TrimSpace(text[:i]), text[i+1:]
		}
	}
	return strings.TrimSpace(text), ""
}

type protoOptions struct {
	number      uint64
	group       bool
	pad, tagPad int
	wire        int64 // -1: what belongs there
	length      string
}

func (o *protoOptions) parse(words []string) (err error) {
	o.wire = -1
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "group":
			o.group = true
		case "len":
			o.length = value
		case "pad":
			o.pad, err = strconv.Atoi(value)
		case "tagpad":
			o.tagPad, err = strconv.Atoi(value)
		case "wire":
			o.wire, err = strconv.ParseInt(value, 0, 64)
		default:
			return fmt.Errorf("unknown option %q", w)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (o *protoOptions) tag(out []byte, wire uint64) []byte {
	if o.wire >= 0 {
		wire = uint64(o.wire)
	}
	return padded(out, o.number<<3|wire, o.tagPad)
}

// padded appends a varint in n bytes more than it needs.
func padded(out []byte, v uint64, n int) []byte {
	out = binary.AppendUvarint(out, v)
	if n > 0 {
		out[len(out)-1] |= 0x80
		for ; n > 1; n-- {
			out = append(out, 0x80)
		}
		out = append(out, 0)
	}
	return out
}

func (o *protoOptions) bytes(out, body []byte) []byte {
	n := int64(len(body))
	if d, err := strconv.ParseInt(o.length, 0, 64); err == nil {
		if strings.ContainsAny(o.length[:1], "+-") {
			d += n
		}
		n = d
	}
	out = padded(o.tag(out, 2), uint64(n), o.pad)
	return append(out, body...)
}

func (o *protoOptions) scalar(out []byte, value string) ([]byte, error) {
	if inner, ok := strings.CutPrefix(value, "["); ok {
		body, err := packed(strings.TrimSuffix(inner, "]"))
		return o.bytes(out, body), err
	}
	if value == "" || strings.HasPrefix(value, `"`) || strings.HasPrefix(value, `h"`) || strings.HasPrefix(value, "fill(") {
		body, err := protoBytes(value)
		return o.bytes(out, body), err
	}
	kind, rest, _ := strings.Cut(value, " ")
	if wire, ok := map[string]uint64{"f32": 5, "u32": 5, "f64": 1, "u64": 1}[kind]; ok {
		return appendProtoNumber(o.tag(out, wire), kind, strings.TrimSpace(rest))
	}
	v, err := protoInt(value)
	return padded(o.tag(out, 0), v, o.pad), err
}

func packed(text string) (out []byte, err error) {
	words := strings.Fields(text)
	kind := ""
	if len(words) > 0 && strings.ContainsAny(words[0][:1], "fu") {
		kind, words = words[0], words[1:]
	}
	for _, w := range words {
		if out, err = appendProtoNumber(out, kind, w); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func appendProtoNumber(out []byte, kind, text string) ([]byte, error) {
	switch kind {
	case "f32":
		f, err := strconv.ParseFloat(text, 32)
		return binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(f))), err
	case "f64":
		f, err := strconv.ParseFloat(text, 64)
		return binary.LittleEndian.AppendUint64(out, math.Float64bits(f)), err
	}
	v, err := protoInt(text)
	switch kind {
	case "":
		return binary.AppendUvarint(out, v), err
	case "u32":
		return binary.LittleEndian.AppendUint32(out, uint32(v)), err
	case "u64":
		return binary.LittleEndian.AppendUint64(out, v), err
	}
	return nil, fmt.Errorf("unknown kind of number %q", kind)
}

func protoInt(text string) (uint64, error) {
	if strings.HasPrefix(text, "-") {
		v, err := strconv.ParseInt(text, 0, 64)
		return uint64(v), err
	}
	return strconv.ParseUint(text, 0, 64)
}

// protoBytes reads "text", h"hex" and fill(COUNT,BYTE), joined.
func protoBytes(text string) (out []byte, err error) {
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		var part []byte
		switch {
		case strings.HasPrefix(text, "fill("):
			var n, b int
			if _, err = fmt.Sscanf(text, "fill(%d,%v)", &n, &b); err != nil {
				return nil, err
			}
			part = []byte(strings.Repeat(string([]byte{byte(b)}), n))
			_, text, _ = strings.Cut(text, ")")
		case strings.HasPrefix(text, `h"`):
			digits, rest, _ := strings.Cut(text[2:], `"`)
			part, err = hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
			text = rest
		default:
			var quoted, s string
			if quoted, err = strconv.QuotedPrefix(text); err == nil {
				s, err = strconv.Unquote(quoted)
			}
			part, text = []byte(s), strings.TrimPrefix(text, quoted)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, part...)
	}
	return out, nil
}
