package pickle

// IsOpcode reports whether b is an opcode of any protocol.
func IsOpcode(b byte) bool {
	switch b {
	case '(', ')', '.', '0', '1', '2', 'F', 'I', 'J', 'K', 'L', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'X',
		'a', 'b', 'c', 'd', 'e', 'g', 'h', 'i', 'j', 'l', 'o', 'p', 'q', 'r', 's', 't', 'u', 'G', 'B', 'C', ']', '}':
		return true
	}
	return b >= 0x80 && b <= 0x98
}

// HasMagic reports whether head begins as protocols 2 and later do: PROTO, a
// version, and an opcode that a writer puts there.
func HasMagic(head []byte) bool {
	return len(head) >= 3 && head[0] == 0x80 && head[1] <= 9 && plausibleFirst(head[2])
}

// restricted are the opcodes of torch/_weights_only_unpickler.py, but for STOP.
var restricted = [256]bool{
	'(': true, ')': true, 'G': true, 'J': true, 'K': true, 'M': true, 'N': true, 'Q': true, 'R': true, 'U': true, 'X': true, ']': true,
	'a': true, 'b': true, 'c': true, 'e': true, 'h': true, 'j': true, 'q': true, 'r': true, 's': true, 't': true, 'u': true, '}': true,
	0x80: true, 0x81: true, 0x85: true, 0x86: true, 0x87: true, 0x88: true, 0x89: true, 0x8a: true, 0x8f: true,
}
