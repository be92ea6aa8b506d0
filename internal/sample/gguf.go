package sample

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// assembleGGUF reads one item per line and writes a GGUF file:
//
//	version 3                       also: version 3 big
//	key NAME TYPE VALUE             VALUE is a number, true, false or a quoted string
//	key NAME [TYPE] VALUE VALUE     an array
//	tensor NAME TYPE-NUMBER DIM,DIM OFFSET
//	pad                             zeros up to the alignment of 32 (or "pad 64")
//	fill COUNT BYTE, hex DIGITS, "text"    bytes as they are
//
// Lies: "tensors N" and "keys N" replace the counts; "key NAME TYPE @hex DIGITS"
// gives the bytes of a value; "key NAME #NUMBER …" gives the number of a type.
// Names may be quoted. Text behind a # at the start of a line is a comment.
func assembleGGUF(text string) ([]byte, error) {
	g := &ggufText{order: binary.LittleEndian, version: 3, alignment: 32}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if err := g.line(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return g.file(), nil
}

// byteOrder is what writing in either order takes.
type byteOrder interface {
	binary.AppendByteOrder
	binary.ByteOrder
}

type ggufText struct {
	order                 byteOrder
	version               uint32
	alignment             int
	keys, tensors, data   []byte
	nKeys, nTensors       uint64
	saysKeys, saysTensors string
	started               bool
}

func (g *ggufText) line(line string) error {
	verb, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch verb {
	case "version":
		n, order, _ := strings.Cut(rest, " ")
		v, err := strconv.ParseUint(n, 0, 32)
		g.version = uint32(v)
		if order == "big" {
			g.order = binary.BigEndian
		}
		return err
	case "key":
		return g.key(rest)
	case "tensor":
		return g.tensor(rest)
	case "keys":
		g.saysKeys = rest
		return nil
	case "tensors":
		g.saysTensors = rest
		return nil
	case "pad":
		return g.pad(rest)
	case "hex":
		line = rest
	}
	p, err := hexItem(line)
	g.data = append(g.data, p...)
	return err
}

// pad is kept as a mark: where the data begins is known at the end.
func (g *ggufText) pad(rest string) (err error) {
	if rest != "" {
		g.alignment, err = strconv.Atoi(rest)
	}
	if err != nil || g.alignment < 1 {
		return fmt.Errorf("bad alignment %q", rest)
	}
	if !g.started {
		g.started = true
		return nil
	}
	for (g.header()+len(g.data))%g.alignment != 0 {
		g.data = append(g.data, 0)
	}
	return nil
}

// header is how many bytes lie before the data, padding included.
func (g *ggufText) header() int {
	n := 8 + 2*g.sizeBytes() + len(g.keys) + len(g.tensors)
	return (n + g.alignment - 1) / g.alignment * g.alignment
}

func (g *ggufText) sizeBytes() int {
	if g.version == 1 {
		return 4
	}
	return 8
}

func (g *ggufText) size(p []byte, n uint64) []byte {
	if g.version == 1 {
		return g.order.AppendUint32(p, uint32(n))
	}
	return g.order.AppendUint64(p, n)
}

func (g *ggufText) str(p []byte, s string) []byte { return append(g.size(p, uint64(len(s))), s...) }

var ggufTypes = map[string]uint32{"uint8": 0, "int8": 1, "uint16": 2, "int16": 3, "uint32": 4, "int32": 5, "float32": 6, "bool": 7,
	"string": 8, "array": 9, "uint64": 10, "int64": 11, "float64": 12}

func (g *ggufText) key(rest string) error {
	name, rest, err := word(rest, false)
	if err != nil {
		return err
	}
	g.nKeys++
	g.keys = g.str(g.keys, name)
	typ, rest, _ := strings.Cut(rest, " ")
	rest = strings.TrimSpace(rest)
	if n, ok := strings.CutPrefix(typ, "#"); ok {
		v, err := strconv.ParseUint(n, 0, 32)
		g.keys = g.order.AppendUint32(g.keys, uint32(v))
		if err != nil || rest == "" {
			return err
		}
	} else {
		g.keys = g.order.AppendUint32(g.keys, ggufTypes[strings.TrimSuffix(arrayOr(typ, "array"), "]")])
	}
	if digits, ok := strings.CutPrefix(rest, "@hex "); ok {
		p, err := hexItem(digits)
		g.keys = append(g.keys, p...)
		return err
	}
	if inner, ok := strings.CutPrefix(typ, "["); ok {
		return g.array(strings.TrimSuffix(inner, "]"), rest)
	}
	_, err = g.value(typ, rest)
	return err
}

func arrayOr(typ, array string) string {
	if strings.HasPrefix(typ, "[") {
		return array
	}
	return typ
}

func (g *ggufText) array(elem, rest string) error {
	var values []string
	for rest != "" {
		v, more, err := word(rest, false)
		if err != nil {
			return err
		}
		values, rest = append(values, v), more
	}
	t, ok := ggufTypes[elem]
	if !ok {
		return fmt.Errorf("unknown type %q", elem)
	}
	g.keys = g.size(g.order.AppendUint32(g.keys, t), uint64(len(values)))
	for _, v := range values {
		if elem == "string" {
			g.keys = g.str(g.keys, v)
		} else if err := g.number(elem, v); err != nil {
			return err
		}
	}
	return nil
}

func (g *ggufText) value(typ, rest string) (string, error) {
	v, more, err := word(rest, true)
	if err != nil {
		return "", err
	}
	if typ == "string" {
		g.keys = g.str(g.keys, v)
		return more, nil
	}
	return more, g.number(typ, v)
}

func (g *ggufText) number(typ, v string) error {
	n := uint64(0)
	switch v {
	case "true":
		n = 1
	case "false":
	default:
		if strings.HasPrefix(typ, "float") {
			f, err := strconv.ParseFloat(v, 64)
			if err != nil {
				return err
			}
			if n = math.Float64bits(f); typ == "float32" {
				n = uint64(math.Float32bits(float32(f)))
			}
		} else if i, err := strconv.ParseInt(v, 0, 64); err == nil {
			n = uint64(i)
		} else if n, err = strconv.ParseUint(v, 0, 64); err != nil {
			return err
		}
	}
	switch typ {
	case "uint8", "int8", "bool":
		g.keys = append(g.keys, byte(n))
	case "uint16", "int16":
		g.keys = g.order.AppendUint16(g.keys, uint16(n))
	case "uint32", "int32", "float32":
		g.keys = g.order.AppendUint32(g.keys, uint32(n))
	case "uint64", "int64", "float64":
		g.keys = g.order.AppendUint64(g.keys, n)
	default:
		return fmt.Errorf("unknown type %q", typ)
	}
	return nil
}

func (g *ggufText) tensor(rest string) error {
	name, rest, err := word(rest, false)
	if err != nil {
		return err
	}
	f := strings.Fields(rest)
	if len(f) != 3 {
		return fmt.Errorf("want tensor NAME TYPE DIMS OFFSET, got %q", rest)
	}
	g.nTensors++
	g.tensors = g.str(g.tensors, name)
	dims := strings.Split(f[1], ",")
	g.tensors = g.order.AppendUint32(g.tensors, uint32(len(dims)))
	for _, d := range dims {
		n, err := strconv.ParseUint(d, 0, 64)
		if err != nil {
			return err
		}
		g.tensors = g.size(g.tensors, n)
	}
	typ, err := strconv.ParseUint(f[0], 0, 32)
	if err != nil {
		return err
	}
	off, err := strconv.ParseUint(f[2], 0, 64)
	g.tensors = g.order.AppendUint64(g.order.AppendUint32(g.tensors, uint32(typ)), off)
	return err
}

func (g *ggufText) file() []byte {
	count := func(says string, n uint64) uint64 {
		if v, err := strconv.ParseUint(says, 0, 64); err == nil {
			return v
		}
		return n
	}
	out := g.order.AppendUint32([]byte("GGUF"), g.version)
	out = g.size(out, count(g.saysTensors, g.nTensors))
	out = g.size(out, count(g.saysKeys, g.nKeys))
	out = append(append(out, g.keys...), g.tensors...)
	if g.started {
		out = append(out, make([]byte, g.header()-len(out))...)
	}
	return append(out, g.data...)
}
