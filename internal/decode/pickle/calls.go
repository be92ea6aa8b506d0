package pickle

import "bytes"

// marked executes an opcode that takes what lies above the last mark.
func (m *machine) marked(op byte) {
	if op == 'i' {
		m.inst()
		return
	}
	items, ok := m.toMark()
	if !ok {
		return
	}
	switch op {
	case 't':
		m.push(m.tuple.tuple(items))
	case 'l':
		m.push(at(vList, m.at))
	case 0x91:
		m.push(at(vSet, m.at))
	case 'd':
		if m.pairs(items) {
			d := at(vDict, m.at)
			m.keep(d, items)
			m.push(d)
		}
	case 'e', 0x90:
		// The pure Python unpickler calls extend of an object even with nothing.
		if m.has(1) && (len(items) > 0 || op == 'e') {
			m.grow(Op(op), *m.top())
		}
	case 'u':
		// With an odd number of items the pure Python unpickler sets the pairs
		// before it fails.
		if m.has(1) && len(items) > 0 {
			if len(items) > 1 {
				m.setItems(Op(op), *m.top(), items)
			}
			m.pairs(items)
		}
	case 'o':
		if len(items) == 0 {
			m.broken(Underflow, "")
			return
		}
		callee := items[0]
		m.push(m.call(Op(op), callee, m.tuple.tuple(items[1:]), vNothing))
	}
}

func (m *machine) pairs(items []val) bool {
	if len(items)%2 != 0 {
		m.broken(Underflow, "odd number of items")
		return false
	}
	return true
}

func (m *machine) inst() {
	line, _, ok := m.line()
	if !ok {
		return
	}
	module := m.lineText(line)
	if line, _, ok = m.line(); !ok {
		return
	}
	m.global('i', module, m.lineText(line), false, false)
	callee := m.pop()
	if items, ok := m.toMark(); ok {
		m.push(m.call('i', callee, m.tuple.tuple(items), vNothing))
	}
}

// operate executes the opcodes that build objects.
func (m *machine) operate(op byte) {
	switch op {
	case 0x93:
		m.stackGlobal()
	case 'Q':
		if m.has(1) {
			m.binPersID(m.pop())
		}
	case 'b':
		if m.has(2) {
			state := m.pop()
			m.build(*m.top(), state)
		}
	case 'R', 0x81:
		if m.has(2) {
			args := m.pop()
			*m.top() = m.call(Op(op), *m.top(), args, vNothing)
		}
	case 0x92:
		if m.has(3) {
			kwargs, args := m.pop(), m.pop()
			*m.top() = m.call(Op(op), *m.top(), args, kwargs)
		}
	}
}

// call records a call and returns what stands for its result.
func (m *machine) call(op Op, callee, args, kwargs val) val {
	i := callee.aux()
	if callee.kind() != vImport || i >= len(m.names) {
		m.recordCall(op, nil, callee, args, kwargs)
		return at(vResult, m.at)
	}
	n := &m.names[i]
	if m.acc != nil {
		m.acc.call(m, op, i, args)
	}
	if n.cond == "codec" {
		if v := m.encoded(args); v != vNothing {
			m.recordCall(op, n, callee, args, kwargs)
			return v
		}
	}
	if n.dtype {
		m.noteDtype(n, args)
	}
	if n.tensor != noTensor {
		m.noteTensor(n.tensor, args)
	}
	if n.fold != nil && kwargs == vNothing {
		if text, ok := m.foldCall(n.fold, args); ok {
			m.recordCall(op, n, callee, args, kwargs)
			return text
		}
	}
	if n.size != noSize {
		m.noteSize(i, args)
	}
	m.notTuple(args)
	if n.plain {
		m.plainCall(op, n, callee, args, kwargs)
	} else {
		m.recordCall(op, n, callee, args, kwargs)
	}
	return m.result(n, i, args)
}

// opTally numbers the opcodes that call and write.
func opTally(op Op) int {
	switch op {
	case 'R':
		return 0
	case 0x81:
		return 1
	case 0x92:
		return 2
	case 'o':
		return 3
	case 'i':
		return 4
	case 'b':
		return 5
	case 'a':
		return 6
	case 'e':
		return 7
	case 's':
		return 8
	case 'u':
		return 9
	}
	return 10
}

// recordCall lists a call unless one that differs only in its data is listed.
func (m *machine) recordCall(op Op, n *name, callee, args, kwargs val) {
	k := fingerprint(m.key[:0]).add(uint64(op)).add(shape(callee))
	items, known := m.tuple.get(args)
	k = k.add(uint64(len(items)))
	if !known {
		k = k.add(1)
	}
	for i, item := range items[:min(len(items), maxItems)] {
		k = m.detail(k, item, i == 0 && n != nil && n.cond != "", 2)
	}
	if kwargs != vNothing {
		k = m.printState(k.add(uint64(vNothing)), kwargs)
	}
	m.key = k
	if n != nil && len(n.lastKey) > 0 && bytes.Equal(n.lastKey, k) {
		m.t.Calls[n.lastCall].Count++
		return
	}
	i, ok := m.calls[string(k)]
	if ok {
		m.t.Calls[i].Count++
	} else if i, ok = m.newCall(k, op, callee, args, kwargs); !ok {
		return
	}
	if n != nil && len(k) <= maxLastKey {
		n.lastKey, n.lastCall = append(n.lastKey[:0], k...), i
	}
}

// maxLastKey is the longest fingerprint that a name remembers, in bytes.
const maxLastKey = 256

// newCall lists a call under its fingerprint.
func (m *machine) newCall(k fingerprint, op Op, callee, args, kwargs val) (i int, ok bool) {
	if !m.listCall(op, callee, args, kwargs) {
		return 0, false
	}
	if m.calls == nil {
		m.calls = map[string]int{}
	}
	i = len(m.t.Calls) - 1
	m.calls[string(k)] = i
	return i, true
}

func (m *machine) listCall(op Op, callee, args, kwargs val) bool {
	if len(m.t.Calls) >= maxRecords {
		m.overflow("calls")
		return false
	}
	c := Call{Op: op, Callee: m.value(callee, 0), Offset: m.at, Count: 1}
	c.Args, c.Known = m.values(args)
	if kwargs != vNothing {
		c.Keywords = m.entryValues(kwargs)
		c.Known = c.Known && kwargs.kind() == vDict
	}
	m.t.Calls = append(m.t.Calls, c)
	return true
}
