package pickle

import (
	"github.com/sallyport/sallyport/rules"
)

// name is one distinct import, with what repeats too often to be listed.
type name struct {
	Import
	plain    bool   // on the list, no tier C: calls that differ only in their data are counted, not listed
	modern   bool   // imported under protocol 3 or later
	fold     folder // computes the result of a call of constants; nil for most
	cond     string // condition on its arguments
	tensor   uint8  // what kind of tensor it makes
	size     uint8  // what it allocates
	returns  returned
	carrier  bool         // what it returns is a function
	dtype    bool         // it makes a numpy dtype
	tally    [11]int32    // writes, by opTally: index from 1 in Writes
	seen     [3]signature // calls of a plain name
	seens    uint8
	lastKey  []byte // fingerprint of the last call that was recorded, and its index
	lastCall int
}

// flush hands the import over to the trace.
func (n *name) flush(t *Trace) { t.Imports = append(t.Imports, n.Import) }

// global imports module.attr and pushes the result.
func (m *machine) global(op Op, module, attr string, computed, unknown bool) {
	i := m.findName(module, attr)
	if i < 0 {
		i = m.addName(op, module, attr)
	}
	if i < len(m.names) {
		n := &m.names[i]
		n.Count++
		n.Computed = n.Computed || computed
		n.Unknown = n.Unknown || unknown
	}
	m.push(indexed(vImport, m.at, i))
}

// manyNames is when a map of names begins to pay.
const manyNames = 24

func (m *machine) findName(module, attr string) int {
	modern := m.proto >= 3
	if len(m.names) <= manyNames {
		for i := range m.names {
			if n := &m.names[i]; n.Name == attr && n.Module == module && n.modern == modern {
				return i
			}
		}
		return -1
	}
	if i, ok := m.seen[nameKey(module, attr, modern)]; ok {
		return i
	}
	if len(m.names) >= maxNames {
		m.overflow("imports")
		return auxMask
	}
	return -1
}

func nameKey(module, attr string, modern bool) string {
	if modern {
		return module + "\n" + attr
	}
	return module + "\n" + attr + "\n"
}

func (m *machine) addName(op Op, module, attr string) int {
	n := name{Import: Import{Module: module, Name: attr, RealModule: module, RealName: attr, Offset: m.at, Op: op}, modern: m.proto >= 3}
	if !n.modern {
		n.RealModule, n.RealName = python3(module, attr)
	}
	n.Dotted = m.proto >= 4 && dotted(attr)
	g := rules.LookupGlobal(n.RealModule, n.RealName)
	n.plain = g.Tier == 'A' || g.Tier == 'B'
	n.cond = g.Condition
	n.tensor = tensorMaker(n.RealModule, n.RealName)
	n.dtype = n.RealModule == "numpy" && n.RealName == "dtype" || n.RealModule == "numpy.dtypes"
	n.size = allocates(n.RealModule, n.RealName)
	n.returns = returns(n.RealModule, n.RealName)
	n.carrier = carries(n.cond)
	n.fold = folderOf(n.RealModule, n.RealName)
	i := len(m.names)
	m.names = append(m.names, n)
	if i == manyNames {
		m.indexNames()
	} else if i > manyNames {
		m.seen[nameKey(module, attr, n.modern)] = i
	}
	return i
}

func (m *machine) indexNames() {
	if m.seen == nil {
		m.seen = map[string]int{}
	}
	for i := range m.names {
		n := &m.names[i]
		m.seen[nameKey(n.Module, n.Name, n.modern)] = i
	}
}

func dotted(name string) bool {
	for i := range len(name) {
		if name[i] == '.' {
			return true
		}
	}
	return false
}

// stackGlobal imports a name whose parts lie on the stack.
func (m *machine) stackGlobal() {
	if !m.has(2) {
		return
	}
	attr, module := m.pop(), m.pop()
	if !operand(module) || !operand(attr) {
		m.desync(NotAString) // every unpickler refuses; what follows is not run
		m.push(vOther)
		return
	}
	if bytesKind(module) || bytesKind(attr) {
		m.desync(NotAString)
	}
	a, knowA := m.operandText(attr)
	b, knowB := m.operandText(module)
	computed := module.kind() >= vEncoded || attr.kind() >= vEncoded || module.kind() == vOther || attr.kind() == vOther
	if m.acc != nil {
		m.acc.imported(m, module, attr)
	}
	m.global(0x93, b, a, computed, !knowA || !knowB)
}

func (m *machine) operandText(v val) (string, bool) {
	text, ok := m.str(v)
	switch {
	case !ok:
		return "?", false
	case len(text) > maxName:
		return text[:maxName], false
	}
	return text, true
}

// operand reports whether v can be a str at run time.
func operand(v val) bool {
	switch v.kind() {
	case vStr, vEsc, vQuote, vBytes, vLongStr, vEncoded, vFolded, vObject, vResult, vPersID, vExt, vOther, vImport:
		return true
	}
	return false
}

func bytesKind(v val) bool { return v.kind() == vBytes || v.kind() == vEncoded }
