package pickle

import "strings"

// state is what is known of a dict or an object made by the stream: entries
// whose key is notable or whose value is an import or unknown.
type state struct {
	entries []entry
	cut     bool
	filled  bool // an object whose items were set
	armed   bool // see armed
	sealed  bool // the fields of a numpy dtype
	strange bool // a key that only running code knows
}

// maxKeys is how many entries of one state are kept.
const maxKeys = 256

type entry struct{ key, value val }

// keep notes the entries of a dict that a judge may ask for.
func (m *machine) keep(d val, items []val) {
	if m.acc != nil {
		m.acc.keyed(m, d, items)
	}
	for i := 0; i+1 < len(items); i += 2 {
		key, value := items[i], items[i+1]
		if dull(key, value) {
			continue // the usual case: none of what follows
		}
		if m.arms(value) {
			m.arm(d)
		} else if m.isField(value) {
			m.keepField(d, entry{key, value})
			continue
		}
		switch key.kind() {
		case vStr, vEsc, vQuote:
			if !special(value) && (key&flagBit == 0 || m.noHook(key, value)) {
				continue
			}
		case vFolded, vLongStr, vOther, vResult:
		default:
			if key.kind() == vObject || key.kind() == vPersID || key.kind() == vExt {
				m.strangeKey(d)
			}
			if !special(value) {
				continue
			}
		}
		m.keepEntry(d, entry{key, value})
	}
}

// inert are the kinds of values that are nothing but data, texts those of keys,
// as bits.
const (
	inert = 1<<(vNone>>kindShift) | 1<<(vBool>>kindShift) | 1<<(vInt>>kindShift) | 1<<(vBig>>kindShift) | 1<<(vStr>>kindShift) |
		1<<(vEsc>>kindShift) | 1<<(vQuote>>kindShift) | 1<<(vBytes>>kindShift) | 1<<(vList>>kindShift) | 1<<(vLongStr>>kindShift) |
		1<<(vLongBytes>>kindShift)
	texts = 1<<(vStr>>kindShift) | 1<<(vEsc>>kindShift) | 1<<(vQuote>>kindShift)
)

// dull reports that keep has nothing to note of an item, for certain.
func dull(key, value val) bool {
	return inert>>(value>>kindShift)&1 != 0 && texts>>(key>>kindShift)&1 != 0 && key&flagBit == 0
}

// keepField notes a field of a numpy dtype. NumPy goes on using the dict that its
// state had, so that nothing may come later.
func (m *machine) keepField(d val, e entry) {
	if s := m.states[d.off()]; s != nil && s.sealed {
		m.forged(m.at)
		return
	}
	m.keepEntry(d, e)
}

// hookItems are items whose key is one that loaders look up as an attribute, with
// a value that could be called.
func (m *machine) hookItems(items []val) (list []entry) {
	for i := 0; i+1 < len(items); i += 2 {
		if key, value := items[i], items[i+1]; key&flagBit != 0 && key.kind() >= vStr && key.kind() <= vQuote && m.arms(value) {
			list = append(list, entry{key, value})
		}
	}
	return list
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
	if s.strange {
		return append(s.entries[:len(s.entries):len(s.entries)], unknownEntry), false
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
		list := m.hookItems(items)
		m.writeEntries(op, target, list, true)
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
	if m.acc != nil {
		m.acc.built(m, target, state)
	}
	if m.spreads(state) {
		m.desync(NotADict)
	}
	if target.kind() == vObject && m.armedState(state) {
		m.arm(target)
	}
	if target.kind() == vObject && target.aux() < len(m.names) {
		switch n := &m.names[target.aux()]; {
		case n.dtype:
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
	if op != 'b' {
		m.writeEntries(op, target, nil, true)
		return
	}
	list, complete := m.stateEntries(state)
	if i := target.aux(); target.kind() == vObject && i < len(m.names) && m.names[i].cond == generated && state.kind() != vDict {
		complete = m.oldState(state)
	}
	m.writeEntries(op, target, list, complete)
}

// generated is the condition of classes that run a text of their state.
const generated = "generated-code"

// oldState reports whether state is that of a distribution before SciPy 1.6: its
// parameters and a random state. Other pairs may update the attributes.
func (m *machine) oldState(state val) bool {
	items, ok := m.tuple.get(state)
	if !ok || len(items) != 2 || items[0].kind() != vDict {
		return false
	}
	i := items[1].aux()
	return items[1].kind() == vNone || items[1].kind() == vObject && i < len(m.names) && strings.HasPrefix(m.names[i].RealModule, "numpy.random")
}

func (m *machine) writeEntries(op Op, target val, list []entry, complete bool) {
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
		if e == unknownEntry {
			w.Strange = true
			continue
		}
		w.Keys = append(w.Keys, m.entryValue(e))
	}
	m.t.Writes = append(m.t.Writes, w)
	return true
}
