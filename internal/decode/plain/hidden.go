package plain

import "bytes"

var (
	lead202   = []byte("\xe2\x80") // U+2000 to U+203F
	lead206   = []byte("\xe2\x81") // U+2040 to U+207F
	leadTag   = []byte("\xf3\xa0") // U+E0000 to U+E0FFF
	blackFlag = []byte("\U0001F3F4")
	cancelTag = []byte("\U000E007F")
)

// FindHidden is the place of the first character that hides or reorders text,
// or -1. It takes valid UTF-8. Marks without an override (U+200E, U+200F),
// joiners, and the tag characters of the flag emoji are ordinary.
func FindHidden(p []byte) (int, string) {
	at, name := -1, ""
	take := func(i int, what string) {
		if i >= 0 && (at < 0 || i < at) {
			at, name = i, what
		}
	}
	take(findEscape(p), "terminal escape")
	take(findPair(p, lead202, 0xaa, 0xae), "direction override")
	take(findPair(p, lead206, 0xa6, 0xa9), "direction override")
	take(findTag(p), "invisible tag character")
	return at, name
}

// findPair finds a character of three bytes that begins with lead and ends
// between from and to.
func findPair(p, lead []byte, from, to byte) int {
	for pos := 0; ; {
		i := bytes.Index(p[pos:], lead)
		if i < 0 || pos+i+2 >= len(p) {
			return -1
		}
		if b := p[pos+i+2]; b >= from && b <= to {
			return pos + i
		}
		pos += i + 2
	}
}

// findEscape finds ESC followed by what makes a terminal hide or rewrite what it
// shows, or talk back. Colours and weights of letters are passed over.
func findEscape(p []byte) int {
	for pos := 0; ; {
		i := bytes.IndexByte(p[pos:], 0x1b)
		if i < 0 || pos+i+1 >= len(p) {
			return -1
		}
		pos += i
		switch p[pos+1] {
		case '[':
			if control(p[pos+2:]) {
				return pos
			}
		case ']', 'P', '_', '^':
			return pos
		}
		pos++
	}
}

// control reports whether a control sequence, behind its introducer, does more
// than change how letters look. A sequence without an end is none.
func control(p []byte) bool {
	const longest = 32
	p = p[:min(len(p), longest)]
	i := 0
	for i < len(p) && p[i] >= '0' && p[i] <= '?' {
		i++
	}
	switch {
	case i == len(p):
		return i == longest
	case p[i] == 'm':
		return hides(p[:i])
	}
	return p[i] >= '@' && p[i] <= '~'
}

// hides reports colours under which text cannot be seen: concealed, black as most
// terminals are, or the same in front as behind.
func hides(params []byte) bool {
	front, back := -1, -1
	fields := bytes.Split(params, []byte{';'})
	for i := 0; i < len(fields); i++ {
		n := decimal(fields[i])
		switch {
		case n == 8 || n == 30:
			return true
		case (n == 38 || n == 48) && i+2 < len(fields) && decimal(fields[i+1]) == 5:
			i += 2
			if n = decimal(fields[i]); n == 0 || n == 16 {
				return true
			}
		case (n == 38 || n == 48) && i+4 < len(fields) && decimal(fields[i+1]) == 2:
			if decimal(fields[i+2])+decimal(fields[i+3])+decimal(fields[i+4]) < 96 {
				return true
			}
			i += 4
		case n > 30 && n <= 37 || n >= 90 && n <= 97:
			front = n
		case n >= 40 && n <= 47 || n >= 100 && n <= 107:
			back = n
		}
	}
	return front >= 0 && back == front+10
}

func decimal(digits []byte) int {
	n := 0
	for _, c := range digits {
		if c < '0' || c > '9' {
			return -1
		}
		n = min(n*10+int(c-'0'), 999)
	}
	return n
}

// findTag finds a tag character outside of a flag: a flag is a black flag, up to
// six tag letters, and the cancel tag.
func findTag(p []byte) int {
	for pos := 0; ; {
		i := bytes.Index(p[pos:], leadTag)
		if i < 0 || pos+i+3 >= len(p) {
			return -1
		}
		i += pos
		if !isTag(p[i:]) {
			pos = i + 4
			continue
		}
		end := i
		for end-i < 4*7 && isTag(p[end:]) {
			end += 4
			if bytes.Equal(p[end-4:end], cancelTag) {
				break
			}
		}
		if !bytes.HasSuffix(p[:i], blackFlag) || !bytes.HasSuffix(p[:end], cancelTag) {
			return i
		}
		pos = end
	}
}

// isTag reports a character from U+E0000 to U+E007F.
func isTag(p []byte) bool {
	return len(p) >= 4 && p[0] == 0xf3 && p[1] == 0xa0 && (p[2] == 0x80 || p[2] == 0x81)
}
