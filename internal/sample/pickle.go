package sample

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Pickle assembles a pickle from text; tests that need many small streams call
// it directly.
func Pickle(text string) ([]byte, error) { return assemblePickle(text) }

// assemblePickle reads one opcode per line, named as in Python's pickletools,
// with its argument in the same line:
//
//	PROTO 4                  one number for PROTO, BININT*, *GET, *PUT, EXT*, FRAME
//	SHORT_BINUNICODE "os"    a Go string literal or one bare word; the length is written for you
//	GLOBAL os system         two words or literals, for GLOBAL and INST
//	INT 0x10                 the rest of the line as it stands, for text opcodes
//	BINFLOAT 1.5
//	hex 80 04                raw bytes
//	fill 100 N               the character N (or a byte like 0x4e) 100 times
//	repeat 3 BININT1 1       the rest of the line three times
//
// Text behind a # outside of quotes is a comment.
func assemblePickle(text string) ([]byte, error) {
	var out []byte
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(uncomment(line))
		if line == "" {
			continue
		}
		code, err := pickleLine(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		out = append(out, code...)
	}
	return out, nil
}

// uncomment cuts a line at the first # that is outside of double quotes.
func uncomment(line string) string {
	quoted := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == '#' && !quoted:
			return line[:i]
		}
	}
	return line
}

func pickleLine(line string) ([]byte, error) {
	name, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch name {
	case "hex":
		return hex.DecodeString(strings.ReplaceAll(rest, " ", ""))
	case "fill":
		return fillBytes(rest)
	case "repeat":
		count, what, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(count)
		if err != nil {
			return nil, err
		}
		code, err := pickleLine(strings.TrimSpace(what))
		return []byte(strings.Repeat(string(code), max(n, 0))), err
	}
	op, ok := pickleOps[name]
	if !ok {
		return nil, fmt.Errorf("unknown opcode %q", name)
	}
	arg, err := op.argument(rest)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return append([]byte{op.code}, arg...), nil
}

func fillBytes(rest string) ([]byte, error) {
	count, what, ok := strings.Cut(rest, " ")
	n, err := strconv.Atoi(count)
	if err != nil || !ok || n < 0 {
		return nil, fmt.Errorf("want a count and a byte, got %q", rest)
	}
	if len(what) == 1 {
		return []byte(strings.Repeat(what, n)), nil
	}
	b, err := strconv.ParseUint(what, 0, 8)
	return []byte(strings.Repeat(string([]byte{byte(b)}), n)), err
}

// pickleOp is an opcode and the shape of its argument: "" none; "1", "2", "4",
// "8" a little-endian number; "s1", "s4", "s8" a string behind its length; "n"
// text to the end of the line; "nn" two such lines; "f" a big-endian float;
// "l1", "l4" a long as hex bytes behind its length.
type pickleOp struct {
	code byte
	arg  string
}

func (op pickleOp) argument(rest string) ([]byte, error) {
	switch op.arg {
	case "":
		if rest != "" {
			return nil, fmt.Errorf("takes no argument, got %q", rest)
		}
		return nil, nil
	case "n":
		text, _, err := word(rest, true)
		return append([]byte(text), '\n'), err
	case "nn":
		module, rest, err := word(rest, false)
		if err != nil {
			return nil, err
		}
		name, _, err := word(rest, true)
		return fmt.Appendf(nil, "%s\n%s\n", module, name), err
	case "f":
		f, err := strconv.ParseFloat(rest, 64)
		return binary.BigEndian.AppendUint64(nil, floatBits(f)), err
	}
	size := int(op.arg[len(op.arg)-1] - '0')
	switch op.arg[0] {
	case 's':
		text, _, err := word(rest, true)
		return append(little(uint64(len(text)), size), text...), err
	case 'l':
		p, err := hex.DecodeString(strings.ReplaceAll(rest, " ", ""))
		return append(little(uint64(len(p)), size), p...), err
	}
	if v, err := strconv.ParseInt(rest, 0, 64); err == nil {
		return little(uint64(v), size), nil
	}
	v, err := strconv.ParseUint(rest, 0, 64)
	return little(v, size), err
}

// word takes a quoted string, or the text up to the next space (all of it when
// last is set), and returns what follows.
func word(rest string, last bool) (text, more string, err error) {
	if strings.HasPrefix(rest, `"`) {
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return "", "", err
		}
		text, err = strconv.Unquote(quoted)
		return text, strings.TrimSpace(rest[len(quoted):]), err
	}
	if last {
		return rest, "", nil
	}
	text, more, _ = strings.Cut(rest, " ")
	return text, strings.TrimSpace(more), nil
}

func little(v uint64, size int) []byte {
	return binary.LittleEndian.AppendUint64(nil, v)[:size]
}
