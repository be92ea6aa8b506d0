package pickle

// NumPy believes what the state of a dtype says: how long an item is, where its
// fields lie, and in the lowest bit of the flags whether items hold pointers to
// Python objects. A type whose state leaves that bit out turns raw bytes into
// such pointers; one whose fields lie outside of the item reads other memory.

// forged notes a dtype whose state contradicts its parts.
func (m *machine) forged(off int64) {
	if len(m.t.Forged) < maxOdd {
		m.t.Forged = append(m.t.Forged, off)
	}
}

// Positions in the state of a dtype.
const (
	stateVersion = iota
	stateOrder
	stateSubarray
	stateNames
	stateFields
	stateSize
	stateAlignment
	stateFlags
)

// honest reports whether the state of a dtype that was d before agrees with its
// parts.
func (m *machine) honest(d dtype, items []val) bool {
	if len(items) <= stateSize || items[stateVersion].kind() == vInt && items[stateVersion].int() < 3 {
		return true // NumPy looks for itself
	}
	flagged := len(items) > stateFlags && items[stateFlags].kind() == vInt && items[stateFlags].int()&1 != 0
	object, ok := d.object || d.unsure, true
	switch {
	case items[stateNames].kind() != vNone:
		object, ok = m.fields(items)
	case items[stateSubarray].kind() != vNone:
		object, ok = m.subarray(items[stateSubarray])
	}
	return ok && (flagged || !object)
}

// fields follows the fields of a structured dtype.
func (m *machine) fields(items []val) (object, ok bool) {
	names, ok := m.tuple.get(items[stateNames])
	if items[stateNames].kind() == vBigTuple {
		return false, true // more than NumPy's pickles of models have; taken as it is
	}
	s := m.states[items[stateFields].off()]
	if !ok || items[stateFields].kind() != vDict || s == nil && len(names) > 0 {
		return false, len(names) == 0
	}
	if s == nil {
		return false, true
	}
	s.sealed = true
	if len(s.entries) < len(names) {
		return false, false
	}
	size := int64(-1)
	if items[stateSize].kind() == vInt {
		size = items[stateSize].int()
	}
	for _, e := range s.entries {
		parts, ok := m.tuple.get(e.value)
		if !ok || len(parts) < 2 || parts[1].kind() != vInt {
			return false, false
		}
		d := m.dtypes[parts[0].off()]
		object = object || d.object || d.unsure
		if at := parts[1].int(); at < 0 || size >= 0 && at+d.size > size {
			return object, false
		}
	}
	return object, true
}

// subarray follows (dtype, shape).
func (m *machine) subarray(v val) (object, ok bool) {
	parts, ok := m.tuple.get(v)
	if !ok || len(parts) == 0 || parts[0].kind() != vObject {
		return false, false
	}
	d := m.dtypes[parts[0].off()]
	return d.object || d.unsure, true
}

// isField reports whether v describes a field of a dtype: (dtype, offset, …).
func (m *machine) isField(v val) bool {
	if len(m.dtypes) == 0 || v.kind() != vTuple {
		return false
	}
	items, ok := m.tuple.get(v)
	if !ok || len(items) < 2 || items[0].kind() != vObject {
		return false
	}
	_, known := m.dtypes[items[0].off()]
	return known
}
