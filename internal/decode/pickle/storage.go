package pickle

import (
	"slices"
	"strconv"
)

// maxStorages is how many torch storages one stream may name.
const maxStorages = 1 << 19

// binPersID executes BINPERSID: torch writes ('storage', type, key, location,
// numel), sometimes with a view behind it.
func (m *machine) binPersID(id val) {
	items, ok := m.tuple.get(id)
	if ok && len(items) >= 5 && m.storage(items) {
		return
	}
	m.persistent(m.value(id, 2))
	if ok && len(items) >= 2 && items[1].kind() == vImport {
		if word, _ := m.str(items[0]); word == "module" {
			*m.top() = items[1] // old torch wraps a class with the text of its source and hands back the class
		}
	}
}

func (m *machine) storage(items []val) bool {
	word, _ := m.str(items[0])
	i := items[1].aux()
	if word != "storage" || items[1].kind() != vImport || i >= len(m.names) || items[4].kind() != vInt {
		return false
	}
	key, ok := m.fresh(items[2])
	location, ok2 := m.str(items[3])
	if !ok || !ok2 && items[3].kind() != vNone {
		return false
	}
	if len(m.t.Storages) >= maxStorages {
		m.overflow("storages")
	} else {
		n := &m.names[i]
		if len(m.t.Storages) == cap(m.t.Storages) {
			m.t.Storages = slices.Grow(m.t.Storages, max(16, len(m.t.Storages)))
		}
		m.t.Storages = append(m.t.Storages, Storage{Module: n.RealModule, Type: n.RealName,
			Key: key, Location: location, Numel: items[4].int(), Offset: m.at})
	}
	m.push(at(vPersID, m.at))
	return true
}

// fresh is str for a text that is used once and not worth remembering. Packages
// of torch number their storages, and loaders make the name of the record of it.
func (m *machine) fresh(v val) (string, bool) {
	switch v.kind() {
	case vStr:
		return m.decode(v), true
	case vInt:
		return strconv.FormatInt(v.int(), 10), true
	}
	return m.str(v)
}

// persistent records another persistent id.
func (m *machine) persistent(v Value) {
	m.push(at(vPersID, m.at))
	if n := len(m.t.Persistent); n >= maxOdd {
		m.t.Persistent[n-1].Count++
		return
	}
	m.t.Persistent = append(m.t.Persistent, Persistent{Value: v, Offset: m.at, Count: 1})
}
