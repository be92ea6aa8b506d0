package pickle

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Account is what an explanation tells beyond what a judge asks for: the tensors
// and arrays that a stream builds, the names under which it files them, and what
// it returns. It is kept with Options.Account only.
type Account struct {
	Built    []Built // tensors and arrays, in order; MaxBuilt at most
	Count    int64   // all of them
	Elements int64   // of all of them together, at most 1<<62
	Made     []Made  // objects made by class, in order of the first one
	Links    []Link  // imports whose name is the result of a call
	Folds    []Fold  // texts that calls of harmless functions made, by the Offset of their Value
	Result   Value   // what the stream returns, when it ends
	Array    int     // index in Built of the tensor or array that is returned, or -1
	Items    int64   // entries of a returned dict, or items that were set on a returned object
}

// Built is a tensor or an array. Dtype is as NumPy or torch spell it; for a
// tensor of a storage whose class says the type, it is empty and Storage counts.
type Built struct {
	Name    string // keys that lead to it, joined by dots; "" when it has none
	Maker   int    // index in Trace.Imports
	Storage int    // index in Trace.Storages, or -1
	Dtype   string // "f8", "torch.float8_e4m3fn"
	Shape   []int64
	Known   bool  // Shape is known
	Offset  int64 // where it was made
	In      int64 // offset of the container or object that holds it, or -1
	Class   int   // index in Trace.Imports of the class of that object, or -1
}

// Made counts the objects of one class.
type Made struct {
	Import int // index in Trace.Imports
	Count  int
	Offset int64 // the first of them
}

// Link says that the instruction at To takes what the one at From computed.
type Link struct{ From, To int64 }

// Fold is a text that the call at Offset made.
type Fold struct {
	Offset int64
	Text   string // the beginning
}

// Bounds of an account. What lies beyond is counted and not listed.
const (
	MaxBuilt  = 1 << 12 // tensors and arrays that are listed
	maxShape  = 32      // dimensions
	maxOwners = 1 << 16 // containers whose place is known
	maxPath   = 8       // keys of one name
	maxKey    = 200     // bytes of one key
)

// account is the part of the machine that fills an Account.
type account struct {
	Account
	dtypes map[int64]string // numpy dtypes by where they were made
	at     map[int64]int    // index in Built by where it was made; wrappers too
	owners map[int64]owner  // where containers and objects were put
	sizes  map[int64]int64  // entries of dicts
	keys   map[int64]string // texts of keys by where they stand
	made   map[int]int      // index in Made by import
	class  map[int64]int    // import of the class of objects that a function of copyreg made
}

// owner is the container that holds a value, and the key that it has there.
type owner struct {
	in    int64
	class int // index of the import that made it, when it is an object; else -1
	key   string
}

func newAccount() *account {
	return &account{Account: Account{Result: Value{Import: -1}, Array: -1}, dtypes: map[int64]string{}, at: map[int64]int{},
		owners: map[int64]owner{}, sizes: map[int64]int64{}, made: map[int]int{}, class: map[int64]int{}, keys: map[int64]string{}}
}

// parts are the arguments of a function that makes a tensor or an array of
// storage: which one is the storage, the dtype and the shape; -1 for none.
type parts struct{ storage, dtype, shape int }

// makerOf knows the functions that make tensors and arrays by name.
func makerOf(module, name string) (parts, bool) {
	switch {
	case module == "torch._utils":
		switch name {
		case "_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_qtensor":
			return parts{0, -1, 2}, true
		case "_rebuild_tensor_v3":
			return parts{0, 6, 2}, true
		case "_rebuild_meta_tensor_no_storage":
			return parts{-1, 0, 1}, true
		}
	case strings.HasPrefix(module, "numpy.") && name == "_frombuffer":
		return parts{-1, 1, 2}, true
	}
	return parts{}, false
}

// call notes a call before it is made.
func (a *account) call(m *machine, op Op, i int, args val) {
	n := &m.names[i]
	items, _ := m.tuple.get(args)
	if n.fold != nil {
		for len(a.Folds) <= len(m.folded) && len(a.Folds) < foldMost {
			a.Folds = append(a.Folds, Fold{})
		}
		if k := len(m.folded); k < len(a.Folds) {
			a.Folds[k].Offset = m.at
		}
	}
	switch {
	case n.RealModule == "numpy" && n.RealName == "dtype":
		if len(items) > 0 && len(a.dtypes) < maxOwners {
			a.dtypes[m.at], _ = m.str(items[0])
		}
	case n.RealModule == "torch._utils" || n.RealModule == "torch._tensor":
		a.tensor(m, i, items)
	case n.RealName == "_frombuffer":
		a.build(m, i, items)
	case n.RealModule == "copyreg" && len(items) > 0 && items[0].kind() == vImport:
		i = items[0].aux() // what its trampolines make is the class that they are handed
		op = 0x81
		if len(a.class) < maxOwners {
			a.class[m.at] = i
		}
	}
	if op != 'R' || i < len(m.names) && classLike(m.names[i].RealName) {
		a.object(m, i)
	}
}

// classLike reports whether a name looks like that of a class. What NEWOBJ makes
// is one for certain; with REDUCE the name is all that can be known.
func classLike(name string) bool {
	name = name[strings.LastIndexByte(name, '.')+1:]
	for i := range len(name) {
		if c := name[i]; c != '_' {
			return c >= 'A' && c <= 'Z'
		}
	}
	return false
}

func (a *account) object(m *machine, i int) {
	if i >= len(m.names) {
		return
	}
	k, ok := a.made[i]
	if !ok {
		k = len(a.Made)
		a.made[i] = k
		a.Made = append(a.Made, Made{Import: i, Offset: m.at})
	}
	a.Made[k].Count++
}

// tensor follows torch's functions, those that wrap a tensor too.
func (a *account) tensor(m *machine, i int, items []val) {
	switch m.names[i].RealName {
	case "_rebuild_parameter", "_rebuild_parameter_with_state":
		if len(items) > 0 {
			if k, ok := a.at[items[0].off()]; ok && items[0].kind() == vObject && len(a.at) < maxOwners {
				a.at[m.at] = k
			}
		}
	case "_rebuild_from_type_v2": // (function, type, its arguments, state)
		if len(items) > 2 && items[0].kind() == vImport && items[0].aux() < len(m.names) {
			if inner, ok := m.tuple.get(items[2]); ok {
				a.build(m, items[0].aux(), inner)
			}
		}
	case "_rebuild_sparse_tensor": // (layout, (indices, values, shape, …))
		if len(items) > 1 {
			if inner, ok := m.tuple.get(items[1]); ok && len(inner) > 2 {
				a.sparse(m, i, inner)
			}
		}
	default:
		a.build(m, i, items)
	}
}

// sparse notes a sparse tensor of indices, values and shape. It has the type of
// its values.
func (a *account) sparse(m *machine, i int, items []val) {
	shape, known := m.shape(items[2])
	a.count(shape, known)
	b := a.add(m, i)
	if b == nil {
		return
	}
	b.Shape, b.Known = shape, known
	if k, ok := a.at[items[1].off()]; ok {
		b.Dtype, b.Storage = a.Built[k].Dtype, a.Built[k].Storage
	}
}

// build notes a tensor or an array that names[i] makes of items.
func (a *account) build(m *machine, i int, items []val) {
	n := &m.names[i]
	p, ok := makerOf(n.RealModule, n.RealName)
	if !ok || len(items) <= max(p.storage, p.dtype, p.shape) {
		return
	}
	shape, known := m.shape(items[p.shape])
	a.count(shape, known)
	b := a.add(m, i)
	if b == nil {
		return
	}
	b.Shape, b.Known = shape, known
	if p.storage >= 0 && items[p.storage].kind() == vPersID {
		b.Storage = m.storageAt(items[p.storage].off())
	}
	if p.dtype >= 0 {
		b.Dtype = a.dtype(m, items[p.dtype])
	}
}

// dtype is the name of an element type: a NumPy dtype that the stream made, or a
// name of torch.
func (a *account) dtype(m *machine, v val) string {
	switch v.kind() {
	case vObject:
		return a.dtypes[v.off()]
	case vImport:
		if i := v.aux(); i < len(m.names) {
			return clip([]byte(m.names[i].RealModule + "." + m.names[i].RealName))
		}
	}
	return ""
}

func (a *account) count(shape []int64, known bool) {
	a.Count++
	n := int64(1)
	for _, d := range shape {
		if d < 0 || d > 0 && n > (1<<62)/d {
			return
		}
		n *= d
	}
	if known {
		a.Elements = min(a.Elements+n, 1<<62)
	}
}

// add lists a tensor or array made by names[i] right here; nil when the list is full.
func (a *account) add(m *machine, i int) *Built {
	if len(a.Built) >= MaxBuilt {
		return nil
	}
	a.at[m.at] = len(a.Built)
	a.Built = append(a.Built, Built{Maker: i, Storage: -1, Offset: m.at, In: -1, Class: -1})
	return &a.Built[len(a.Built)-1]
}

// shape lists the numbers of a tuple.
func (m *machine) shape(v val) (out []int64, ok bool) {
	dims, ok := m.tuple.get(v)
	if !ok || len(dims) > maxShape {
		return nil, false
	}
	for _, d := range dims {
		if d.kind() != vInt || d.int() < 0 {
			return nil, false
		}
		out = append(out, d.int())
	}
	return out, true
}

// storageAt finds the storage that a persistent id at off stands for, or -1.
func (m *machine) storageAt(off int64) int {
	low, high := 0, len(m.t.Storages)
	for low < high {
		if mid := (low + high) / 2; m.t.Storages[mid].Offset < off {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low < len(m.t.Storages) && m.t.Storages[low].Offset == off {
		return low
	}
	return -1
}

// built notes a BUILD: the state of a NumPy array or dtype, or attributes.
func (a *account) built(m *machine, target, state val) {
	if target.kind() != vObject || target.aux() >= len(m.names) {
		return
	}
	i := target.aux()
	n := &m.names[i]
	items, ok := m.tuple.get(state)
	switch {
	case n.RealModule == "numpy" && n.RealName == "dtype":
		if ok && len(items) > 3 && items[3].kind() == vTuple && len(a.dtypes) < maxOwners {
			a.dtypes[target.off()] = "structured"
		}
	case (n.RealName == "_reconstruct" || n.RealName == "_mareconstruct") && strings.HasPrefix(n.RealModule, "numpy."):
		if !ok || len(items) < 5 { // (version, shape, dtype, order, data)
			return
		}
		shape, known := m.shape(items[1])
		a.arrayAt(m, i, target.off(), shape, known, a.dtype(m, items[2]))
	case n.Name == "NumpyArrayWrapper" && n.Module == "joblib.numpy_pickle":
		list, _ := m.entries(state)
		var shape []int64
		var known bool
		var dtype string
		for _, e := range list {
			switch text, _ := m.str(e.key); text {
			case "shape":
				shape, known = m.shape(e.value)
			case "dtype":
				dtype = a.dtype(m, e.value)
			}
		}
		a.arrayAt(m, i, target.off(), shape, known, dtype)
	default:
		a.own(state, target, "")
		for _, item := range items[:min(len(items), maxItems)] {
			a.own(item, target, "")
		}
	}
}

func (a *account) arrayAt(m *machine, i int, off int64, shape []int64, known bool, dtype string) {
	a.count(shape, known)
	if b := a.add(m, i); b != nil {
		b.Shape, b.Known, b.Dtype = shape, known, dtype
		delete(a.at, m.at)
		a.at[off] = len(a.Built) - 1
	}
}

// keyed notes that container gets items by key.
func (a *account) keyed(m *machine, container val, items []val) {
	if len(a.sizes) < maxOwners {
		a.sizes[container.off()] += int64(len(items) / 2)
	}
	for i := 0; i+1 < len(items); i += 2 {
		switch v := items[i+1]; v.kind() {
		case vObject, vDict, vList:
			if _, known := a.owners[v.off()]; !known && len(a.owners) < maxOwners {
				a.own(v, container, a.keyText(m, items[i]))
			}
		}
	}
}

// farBack is how far behind a key may stand in a stream that is being decoded, in
// bytes: to go back further there is to begin again.
const farBack = 256 << 10

// keyText is a key as it goes into a name, or "?".
func (a *account) keyText(m *machine, v val) string {
	text, known := a.keys[v.off()]
	switch k := v.kind(); {
	case k == vInt:
		return strconv.FormatInt(v.int(), 10)
	case k == vFolded:
		return clipKey(m.folded[v.off()])
	case known:
		return text
	case k != vStr && k != vEsc && k != vQuote && k != vBytes || m.pos()-v.off() > farBack && m.r.Decoded():
		return "?"
	}
	text = clipKey(m.decode(v))
	if len(a.keys) < maxOwners {
		a.keys[v.off()] = text
	}
	return text
}

func clipKey(s string) string {
	if len(s) > maxKey {
		return s[:maxKey] + "…"
	}
	return s
}

// own notes the first place of a value.
func (a *account) own(v, in val, key string) {
	switch v.kind() {
	case vObject, vDict, vList:
		if _, known := a.owners[v.off()]; known || len(a.owners) >= maxOwners {
			return
		}
		o := owner{in: in.off(), class: -1, key: key}
		if in.kind() == vObject {
			o.class = a.classOf(in)
		}
		a.owners[v.off()] = o
	}
}

// classOf is the import of the class of an object, or of the function that made it.
func (a *account) classOf(v val) int {
	if i, ok := a.class[v.off()]; ok {
		return i
	}
	return v.aux()
}

// imported notes what the operands of a computed name are the results of.
func (a *account) imported(m *machine, operands ...val) {
	for _, v := range operands {
		from := int64(-1)
		switch v.kind() {
		case vFolded:
			if k := v.off(); k < int64(len(a.Folds)) {
				from = a.Folds[k].Offset
			}
		case vObject, vResult:
			from = v.off()
		}
		if from >= 0 && len(a.Links) < maxOdd {
			a.Links = append(a.Links, Link{From: from, To: m.at})
		}
	}
}

// returned notes the result of the stream.
func (a *account) returned(m *machine) {
	v := *m.top()
	a.Result = m.value(v, 1)
	if v.kind() == vObject {
		if i := a.classOf(v); i < len(m.names) {
			a.Result.Import = i
		}
		if k, ok := a.at[v.off()]; ok {
			a.Array = k
		}
	}
	if v.kind() == vDict || v.kind() == vObject {
		a.Items = a.sizes[v.off()]
	}
}

// flush hands the account over: names are put together now that every container
// has its place.
func (a *account) flush(m *machine) {
	a.Folds = a.Folds[:min(len(a.Folds), len(m.folded))]
	for i := range a.Folds {
		a.Folds[i].Text = clip([]byte(m.folded[i]))
	}
	for _, off := range slices.Sorted(maps.Keys(a.at)) {
		i := a.at[off] // a wrapper has the place, what it wraps has not
		o, ok := a.owners[off]
		if !ok || a.Built[i].In >= 0 {
			continue
		}
		a.Built[i].Name = a.path(off)
		if state, ok := a.owners[o.in]; ok && state.key == "" {
			o = state // the dict of an object's attributes
		}
		a.Built[i].In, a.Built[i].Class = o.in, o.class
	}
	m.t.Account = &a.Account
}

// path joins the keys that lead to the value made at off, outermost first.
func (a *account) path(off int64) string {
	var keys []string
	for range maxPath {
		o, ok := a.owners[off]
		if !ok {
			break
		}
		if o.key != "" {
			keys = append([]string{o.key}, keys...)
		}
		off = o.in
	}
	return strings.Join(keys, ".")
}
