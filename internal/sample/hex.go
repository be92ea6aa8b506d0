package sample

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// assembleHex reads one item per line: hex digits (spaces allowed), a quoted
// string with Go escapes, "u16 N", "u32 N", "u64 N" (little-endian), or
// "fill COUNT BYTE", "repeat COUNT HEX". Text behind a # outside of quotes is a comment.
func assembleHex(text string) ([]byte, error) {
	var out []byte
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, `"`) {
			line, _, _ = strings.Cut(line, "#")
			line = strings.TrimSpace(line)
		}
		if line == "" {
			continue
		}
		item, err := hexItem(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		out = append(out, item...)
	}
	return out, nil
}

func hexItem(line string) ([]byte, error) {
	fields := strings.Fields(line)
	switch {
	case line[0] == '"':
		s, err := strconv.Unquote(line)
		return []byte(s), err
	case fields[0] == "fill" && len(fields) == 3:
		n, err := strconv.Atoi(fields[1])
		if err != nil {
			return nil, err
		}
		b, err := strconv.ParseUint(fields[2], 0, 8)
		return []byte(strings.Repeat(string([]byte{byte(b)}), n)), err
	case fields[0] == "repeat" && len(fields) == 3:
		n, err := strconv.Atoi(fields[1])
		if err != nil {
			return nil, err
		}
		p, err := hex.DecodeString(fields[2])
		return bytes.Repeat(p, n), err
	case len(fields) == 2 && strings.HasPrefix(fields[0], "u"):
		v, err := strconv.ParseUint(fields[1], 0, 64)
		b := binary.LittleEndian.AppendUint64(nil, v)
		switch fields[0] {
		case "u16":
			return b[:2], err
		case "u32":
			return b[:4], err
		case "u64":
			return b, err
		}
	}
	return hex.DecodeString(strings.ReplaceAll(line, " ", ""))
}
