package pickle

import "encoding/binary"

// fingerprint is the fingerprint of a call or a write: everything a judge may look
// at, in full, and nothing of the data. It is compared byte by byte, since a
// hash could be made to collide.
type fingerprint []byte

func (p fingerprint) add(x uint64) fingerprint { return binary.LittleEndian.AppendUint64(p, x) }

// text adds what a Value would carry of s.
func (p fingerprint) text(s string) fingerprint {
	return append(p.add(uint64(len(s))), s[:min(len(s), clipped)]...)
}

// shape is what a value is, without its data.
func shape(v val) uint64 {
	switch v.kind() {
	case vImport, vObject:
		return uint64(v.kind() | val(v.aux())<<1 | v&flagBit>>58)
	case vBool, vNone:
		return uint64(v)
	}
	return uint64(v.kind())
}

// detail adds the shape of an argument and, for short texts, their content. The
// text that a conditional callee works on (its first argument) is data.
func (m *machine) detail(p fingerprint, v val, data bool, depth int) fingerprint {
	p = p.add(shape(v))
	switch v.kind() {
	case vStr, vEsc, vQuote, vFolded:
		text, ok := m.str(v)
		if ok && !data {
			if len(text) > clipped {
				p = p.add(uint64(v)) // what is behind the beginning counts, too
			}
			return p.text(text)
		}
		return p.add(uint64(v.aux() >> 10))
	case vBytes, vEncoded:
		if n := v.aux(); n <= 64 {
			return p.text(string(m.raw(v.off(), n)))
		}
		return p.add(uint64(v)) // each may be a stream of its own
	case vLongBytes, vLongEncoded:
		return p.add(uint64(v))
	case vTuple:
		items, ok := m.tuple.get(v)
		if !ok || depth == 0 {
			return p.add(uint64(vBigTuple))
		}
		p = p.add(uint64(len(items)))
		for _, item := range items[:min(len(items), maxItems)] {
			p = m.detail(p, item, data, depth-1)
		}
	case vDict:
		if m.armed(v) {
			p = p.add(1)
		}
		return m.printState(p, v)
	case vObject:
		if m.armed(v) {
			p = p.add(1)
		}
	}
	return p
}

// printState adds what is known of a dict or an object.
func (m *machine) printState(p fingerprint, d val) fingerprint {
	list, complete := m.entries(d)
	return m.printEntries(p, list, complete)
}

func (m *machine) printEntries(p fingerprint, list []entry, complete bool) fingerprint {
	if complete {
		p = p.add(1)
	}
	p = p.add(uint64(len(list)))
	for _, e := range list[:min(len(list), maxKeys)] {
		text, _ := m.str(e.key)
		p = m.detail(p.text(text), e.value, false, 0)
		if m.filled(e.value) {
			p = p.add(1)
		}
	}
	return p
}
