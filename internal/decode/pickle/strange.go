package pickle

import "strings"

// signature says what objects and imports a call hands over, and where, in one
// word. Calls of plain names that agree in it differ only in their data.
type signature struct {
	what uint64
	call int32 // number in Trace.Calls
}

const (
	argBits   = 17 // position (4), object or import (1), index of the name (12)
	argsInOne = 3  // such arguments that fit into one signature
	nameLimit = 1 << 12
)

// plainCall lists a call of a name that is on the list: once for each signature.
func (m *machine) plainCall(op Op, n *name, callee, args, kwargs val) {
	what, fits := m.signature(op, args)
	if !fits || kwargs != vNothing && op != 0x92 {
		m.recordCall(op, n, callee, args, kwargs)
		return
	}
	for i := range n.seen[:n.seens] {
		if s := &n.seen[i]; s.what == what {
			m.t.Calls[s.call].Count++
			return
		}
	}
	if int(n.seens) == len(n.seen) || kwargs != vNothing && len(m.entryValues(kwargs)) > 0 {
		m.recordCall(op, n, callee, args, kwargs)
	} else if m.listCall(op, callee, args, kwargs) {
		n.seen[n.seens] = signature{what, int32(len(m.t.Calls) - 1)}
		n.seens++
	}
}

// signature of arguments; fits is false when one word is not enough or when one
// of them deserves a full record.
func (m *machine) signature(op Op, args val) (what uint64, fits bool) {
	items, ok := m.tuple.get(args)
	if !ok || len(items) > maxItems {
		return uint64(opTally(op))<<1 | 1, args.kind() == vTuple || args.kind() == vBigTuple
	}
	what = uint64(opTally(op)) << 1
	found := 0
	for i, v := range items {
		switch v.kind() {
		case vImport, vObject:
			k := v.aux()
			if found++; found > argsInOne || k >= nameLimit || m.armed(v) {
				return 0, false
			}
			kind := uint64(0)
			if v.kind() == vImport {
				kind = 1
			}
			what = what<<argBits | uint64(i)<<13 | kind<<12 | uint64(k)
		case vResult, vExt:
			return 0, false
		case vTuple:
			if m.holdsObjects(v) {
				return 0, false
			}
		}
	}
	return what<<2 | uint64(found), true
}

func (m *machine) holdsObjects(tuple val) bool {
	items, _ := m.tuple.get(tuple)
	for _, v := range items {
		switch v.kind() {
		case vImport, vObject, vResult, vExt, vTuple:
			return true
		}
	}
	return false
}

// An object is armed when the stream gave it attributes that are functions or
// classes, or objects and dicts that are armed: code that is handed such an
// object and calls a method of it may call them instead.

func (m *machine) armed(v val) bool {
	if k := v.kind(); len(m.states) == 0 || k != vObject && k != vDict {
		return false
	}
	s := m.states[v.off()]
	return s != nil && s.armed
}

// arms reports whether an attribute with this value arms its object.
func (m *machine) arms(v val) bool {
	if v.kind() == vImport || v.kind() == vExt || m.armed(v) {
		return true
	}
	i := v.aux()
	return v.kind() == vObject && i < len(m.names) && m.names[i].carrier
}

// carries is what a name returns that is a function in itself.
func carries(condition string) bool {
	return condition == "bound-name" || condition == "callable-first"
}

func (m *machine) arm(v val) {
	if s := m.state(v); s != nil {
		s.armed = true
	}
}

// armedState reports whether BUILD with this state arms the object.
func (m *machine) armedState(state val) bool {
	items, ok := m.tuple.get(state)
	if !ok {
		return m.armed(state)
	}
	for _, item := range items {
		if m.arms(item) {
			return true
		}
	}
	return false
}

// spreads reports whether the pure Python unpickler, where it updates attributes,
// calls a method of the state that the file gave it.
func (m *machine) spreads(state val) bool {
	if items, ok := m.tuple.get(state); ok && len(items) == 2 {
		return m.armedObject(items[0]) || m.armedObject(items[1])
	}
	return m.armedObject(state)
}

// armedObject leaves out the generators of NumPy, whose state is one.
func (m *machine) armedObject(v val) bool {
	i := v.aux()
	return v.kind() == vObject && m.armed(v) && (i >= len(m.names) || !strings.HasPrefix(m.names[i].RealModule, "numpy.random."))
}

// notTuple notes arguments that are no tuple: C refuses them, Python spreads
// whatever can be iterated.
func (m *machine) notTuple(args val) {
	switch args.kind() {
	case vTuple, vBigTuple, vOther:
	default:
		m.desync(NotATuple)
	}
}

// result is what stands for the result of a call of n, which is import i.
// Functions that hand back what they are given, and those that make an instance
// of a class, hide nothing.
func (m *machine) result(n *name, i int, args val) val {
	made := indexed(vObject, m.at, i)
	if n.returns == itself {
		return made
	}
	items, ok := m.tuple.get(args)
	if !ok || len(items) <= int(n.returns.arg()) {
		return made
	}
	if n.returns == namedType {
		return m.typeNamed(made, items[0])
	}
	switch v := items[n.returns.arg()]; {
	case n.returns == firstArgument, n.returns == secondArgument && (special(v) || v.kind() == vObject && !m.codec(v)):
		return v
	case n.returns == instance && v.kind() == vImport:
		return indexed(vObject, m.at, v.aux())
	}
	return made
}

// codec reports whether v is bytes that the stream spells as text.
func (m *machine) codec(v val) bool {
	i := v.aux()
	return i < len(m.names) && m.names[i].cond == "codec"
}

// returned says what a name returns.
type returned uint8

const (
	itself         returned = iota // an object of its own
	firstArgument                  // its first argument
	secondArgument                 // its second, unless that is data
	instance                       // an instance of its first
	namedType                      // the type that its first argument names
)

func (r returned) arg() int {
	if r == secondArgument {
		return 1
	}
	return 0
}

func returns(module, name string) returned {
	switch module + "." + name {
	case "torch.jit._pickle.restore_type_tag", "torch.jit._pickle.build_intlist", "torch.jit._pickle.build_tensorlist",
		"torch.jit._pickle.build_doublelist", "torch.jit._pickle.build_boollist":
		return firstArgument
	case "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar": // of the type object, before NumPy 2.2
		return secondArgument
	case "copyreg._reconstructor", "copyreg.__newobj__":
		return instance
	case "cloudpickle.cloudpickle._builtin_type", "cloudpickle._builtin_type", "dill._dill._load_type", "dill.dill._load_type":
		return namedType
	}
	return itself
}

// strangeKey notes that a dict has a key that may be a str of a class of its own.
func (m *machine) strangeKey(d val) {
	if s := m.state(d); s != nil {
		s.strange = true
	}
}

// unknownEntry stands for entries of a dict with such keys.
var unknownEntry = entry{vOther, vOther}

// typeNamed is the type that dill and cloudpickle look up by the name it has in
// their tables and in Python's module types.
func (m *machine) typeNamed(made, name val) val {
	text, ok := m.str(name)
	if !ok || !BuiltinType(text) {
		return made
	}
	module, attr := "builtins", text
	switch text {
	case "PartialType":
		module, attr = "functools", "partial"
	default:
		if text[0] >= 'A' && text[0] <= 'Z' {
			module = "types"
		}
	}
	m.global(0x93, module, attr, false, false)
	return m.pop()
}

// BuiltinType reports whether a name that dill or cloudpickle look up is that of a
// type of Python itself.
func BuiltinType(name string) bool {
	switch name {
	case "bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object", "range", "set", "slice", "str", "tuple", "type",
		"NoneType", "EllipsisType", "NotImplementedType", "SimpleNamespace", "MappingProxyType", "PartialType",
		"CodeType", "FunctionType", "LambdaType", "MethodType", "ModuleType", "CellType", "BuiltinFunctionType", "GeneratorType":
		return true
	}
	return false
}
