package pickle

import "strconv"

// sniffLine is SniffText for the argument of STRING or UNICODE, which also spells
// bytes as characters, some of them escaped: "escaped".
func sniffLine(line []byte) string {
	if looks := SniffText(line); looks != "" {
		return looks
	}
	if line[0] != '\\' && glance[line[0]]&forSniff == 0 {
		return ""
	}
	raw := make([]byte, 0, minNested)
	for i := 0; len(raw) < minNested; {
		b, n := Unescape(line[min(i, len(line)):])
		if n == 0 {
			return ""
		}
		raw, i = append(raw, b), i+n
	}
	if looks := Sniff(raw); looks == "" || looks == "text-pickle" || looks == "pe" && raw[3] != 0 {
		return ""
	}
	return "escaped"
}

// Unescape is the byte that the first character of a text line stands for, and how
// long its spelling is: 0 at the end, and for what is no byte.
func Unescape(line []byte) (b byte, n int) {
	if len(line) == 0 {
		return 0, 0
	}
	if line[0] != '\\' || len(line) < 2 {
		return line[0], 1
	}
	switch line[1] {
	case 'u':
		return hexByte(line, 6)
	case 'x':
		return hexByte(line, 4)
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case '\\', '\'', '"':
		return line[1], 2
	}
	return line[0], 1
}

func hexByte(line []byte, n int) (byte, int) {
	if len(line) < n {
		return 0, 0
	}
	v, err := strconv.ParseUint(string(line[2:n]), 16, 8)
	if err != nil {
		return 0, 0
	}
	return byte(v), n
}
