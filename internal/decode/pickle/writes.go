package pickle

import "strings"

// state is what is known of a dict or an object made by the stream: entries
// whose key is notable or whose value is an import or unknown.
type state struct {
	entries []entry
	cut     bool
	filled  bool // an object whose items were set
}

// maxKeys is how many entries of one state are kept.
const maxKeys = 256

type entry struct{ key, value val }

// keep notes the entries of a dict that a judge may ask for.
func (m *machine) keep(d val, items []val) {
	for i := 0; i+1 < len(items); i += 2 {
		key, value := items[i], items[i+1]
		switch key.kind() {
		case vStr, vEsc, vQuote:
			if !special(value) && (key&flagBit == 0 || m.noHook(key, value)) {
				continue
			}
		case vFolded, vLongStr, vOther, vResult:
		default:
			if !special(value) {
				continue
			}
		}
		m.keepEntry(d, entry{key, value})
	}
}

// special is a value that is worth noting whatever its key.
func special(v val) bool {
	k := v.kind()
	return k == vImport || k == vResult || k == vExt
}

// noHook reports whether an entry is an empty registry of hooks, of which every
// module of torch has several.
func (m *machine) noHook(key, value val) bool {
	if value.kind() != vObject || m.filled(value) {
		return false
	}
	text, ok := m.str(key)
	return ok && strings.HasSuffix(text, hooks)
}

// hooks is how torch names what a module calls before and after its work.
const hooks = "hooks"

// state finds or makes what is known of d; nil when too much is known already.
func (m *machine) state(d val) *state {
	if s := m.states[d.off()]; s != nil {
		return s
	}
	if len(m.states) >= maxKept {
		m.overflow("state")
		return nil
	}
	if m.states == nil {
		m.states = map[int64]*state{}
	}
	s := &state{}
	m.states[d.off()] = s
	return s
}

func (m *machine) filled(v val) bool {
	s := m.states[v.off()]
	return v.kind() == vObject && s != nil && s.filled
}

// noteItems notes that items of an object were set. Nothing depends on it but the
// account of hooks, so that it gives up when there are many.
func (m *machine) noteItems(v val) {
	if s := m.states[v.off()]; s != nil {
		s.filled = true
	} else if len(m.states) < maxKept/2 {
		m.state(v).filled = true
	}
}

func (m *machine) keepEntry(d val, e entry) {
	s := m.state(d)
	if s == nil {
		return
	}
	if m.kept >= maxKept || len(s.entries) >= maxKeys {
		s.cut = true
		m.overflow("state")
		return
	}
	m.kept++
	s.entries = append(s.entries, e)
}

// entries returns what is known of a dict; complete is false when it may hold
// more that matters.
func (m *machine) entries(d val) (list []entry, complete bool) {
	if k := d.kind(); k != vDict && k != vObject {
		return nil, k == vNone
	}
	s := m.states[d.off()]
	if s == nil {
		return nil, d.kind() == vDict
	}
	return s.entries, !s.cut && d.kind() == vDict
}

func (m *machine) entryValues(d val) (out []Entry) {
	list, _ := m.entries(d)
	for _, e := range list[:min(len(list), maxItems)] {
		out = append(out, m.entryValue(e))
	}
	return out
}

func (m *machine) entryValue(e entry) Entry {
	text, ok := m.str(e.key)
	if !ok {
		text = "?"
	}
	return Entry{Key: clip([]byte(text)), Value: m.value(e.value, 1)}
}

// setItems executes SETITEM(S) on target.
func (m *machine) setItems(op Op, target val, items []val) {
	switch target.kind() {
	case vDict:
		m.keep(target, items)
	case vList, vBytes, vLongBytes:
	case vObject:
		m.noteItems(target)
		m.keep(target, items)
		m.write(op, target, vNothing)
	default:
		m.write(op, target, vNothing)
	}
}

// grow executes APPEND(S) and ADDITEMS on target.
func (m *machine) grow(op Op, target val) {
	switch target.kind() {
	case vList, vSet, vDict, vBytes, vLongBytes:
	default:
		m.write(op, target, vNothing)
	}
}

// build executes BUILD: it calls __setstate__ of the object or updates its
// attributes.
func (m *machine) build(target, state val) {
	m.write('b', target, state)
	if target.kind() == vObject && target.aux() < len(m.names) {
		switch n := &m.names[target.aux()]; {
		case n.RealName == "dtype" && n.RealModule == "numpy":
			m.dtypeState(target, state)
		case m.opt.Inline && n.Name == "NumpyArrayWrapper" && n.Module == "joblib.numpy_pickle":
			m.inlineArray(state)
		}
	}
}

// stateEntries lists what a BUILD state holds: a dict, a pair of dict and slots,
// or anything that __setstate__ takes.
func (m *machine) stateEntries(state val) (list []entry, complete bool) {
	items, ok := m.tuple.get(state)
	if state.kind() != vTuple {
		return m.entries(state)
	}
	if !ok {
		return nil, false
	}
	if len(items) == 2 {
		a, okA := m.entries(items[0])
		b, okB := m.entries(items[1])
		list, complete = append(append(list, a...), b...), okA && okB
	}
	for _, item := range items {
		if item.kind() == vImport || item.kind() == vResult {
			list = append(list, entry{vNone, item})
		}
	}
	return list, complete || len(items) != 2
}

// write records a change of target.
func (m *machine) write(op Op, target, state val) {
	var list []entry
	complete := true
	if op == 'b' {
		list, complete = m.stateEntries(state)
	}
	i := target.aux()
	if target.kind() == vObject && i < len(m.names) && len(list) == 0 && target&flagBit == 0 {
		if slot := &m.names[i].tally[opTally(op)]; *slot > 0 {
			m.t.Writes[*slot-1].Count++
			m.t.Writes[*slot-1].Cut = m.t.Writes[*slot-1].Cut || !complete
		} else if m.listWrite(op, target, list, complete) {
			*slot = int32(len(m.t.Writes))
		}
		return
	}
	k := m.printEntries(fingerprint(m.key[:0]).add(uint64(op)).add(shape(target)), list, complete)
	m.key = k
	if i, ok := m.writes[string(k)]; ok {
		m.t.Writes[i].Count++
		return
	}
	if m.listWrite(op, target, list, complete) {
		if m.writes == nil {
			m.writes = map[string]int{}
		}
		m.writes[string(k)] = len(m.t.Writes) - 1
	}
}

func (m *machine) listWrite(op Op, target val, list []entry, complete bool) bool {
	if len(m.t.Writes) >= maxRecords {
		m.overflow("writes")
		return false
	}
	w := Write{Op: op, Target: m.value(target, 1), Cut: !complete || len(list) > maxKeys, Offset: m.at, Count: 1}
	for _, e := range list[:min(len(list), maxKeys)] {
		w.Keys = append(w.Keys, m.entryValue(e))
	}
	m.t.Writes = append(m.t.Writes, w)
	return true
}
