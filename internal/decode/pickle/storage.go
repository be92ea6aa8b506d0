package pickle

import (
	"slices"
	"strconv"
	"strings"
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

// storages is what a machine keeps for the next storage: torch writes the same word
// and the same place for each of them, by memo.
type storages struct {
	word  val // a "storage"
	place val // a location, and its text
	text  string
	keys  strings.Builder // block of memory that keys lie in
}

func (m *machine) storage(items []val) bool {
	i := items[1].aux()
	if !m.storageWord(items[0]) || items[1].kind() != vImport || i >= len(m.names) || items[4].kind() != vInt {
		return false
	}
	key, ok := m.storageKey(items[2])
	if !ok || !m.location(items[3]) {
		return false
	}
	if len(m.t.Storages) >= maxStorages {
		m.overflow("storages")
	} else {
		n := &m.names[i]
		m.roomForStorage()
		m.t.Storages = append(m.t.Storages, Storage{Module: n.RealModule, Type: n.RealName,
			Key: key, Location: m.stores.text, Numel: items[4].int(), Offset: m.at})
	}
	m.push(at(vPersID, m.at))
	return true
}

func (m *machine) storageWord(v val) bool {
	if v == m.stores.word {
		return true
	}
	if word, _ := m.str(v); word != "storage" {
		return false
	}
	m.stores.word = v
	return true
}

// location reads a place into m.stores; it may be None.
func (m *machine) location(v val) bool {
	if v == m.stores.place {
		return true
	}
	text, ok := m.str(v)
	if !ok && v.kind() != vNone {
		return false
	}
	m.stores.place, m.stores.text = v, text
	return true
}

// roomForStorage grows the list. A long one grows to what the rest of the stream
// holds if it goes on like this.
func (m *machine) roomForStorage() {
	n := len(m.t.Storages)
	if n < cap(m.t.Storages) {
		return
	}
	more := max(16, n)
	if n >= manyStorages {
		expected := float64(n) * float64(m.r.Size()-m.t.Start) / float64(m.at-m.t.Start)
		more = int(min(max(expected*1.05-float64(n), float64(n)), float64(63*n)))
	}
	m.t.Storages = slices.Grow(m.t.Storages, min(more, maxStorages-n))
}

// manyStorages is when it pays to ask how many more there will be.
const manyStorages = 1 << 10

// storageKey is fresh without an allocation for each key: keys share blocks.
func (m *machine) storageKey(v val) (string, bool) {
	var number [20]byte
	text := number[:0]
	switch v.kind() {
	case vStr:
		text = m.raw(v.off(), v.aux())
	case vInt:
		text = strconv.AppendInt(text, v.int(), 10)
	default:
		return m.fresh(v)
	}
	b := &m.stores.keys
	if b.Cap()-b.Len() < len(text) {
		size := min(maxKeyBlock, max(minKeyBlock, 2*b.Cap()))
		b.Reset() // those who have keys of the old block keep it
		b.Grow(max(size, len(text)))
	}
	start := b.Len()
	b.Write(text)
	return b.String()[start:], true
}

// Blocks of keys grow from the one size to the other, in bytes.
const (
	minKeyBlock = 64
	maxKeyBlock = 8 << 10
)

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
