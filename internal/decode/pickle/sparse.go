package pickle

import "strings"

// What torch functions are to the machine.
const (
	noTensor = iota
	denseTensor
	sparseTensor
	tensorSize
	tensorLayout
)

// tensorMaker says what kind of tensor a function makes.
func tensorMaker(module, name string) uint8 {
	if !strings.HasPrefix(module, "torch") {
		return noTensor
	}
	switch module + "." + name {
	case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3":
		return denseTensor
	case "torch._utils._rebuild_sparse_tensor":
		return sparseTensor
	case "torch.Size":
		return tensorSize
	case "torch.serialization._get_layout":
		return tensorLayout
	}
	return noTensor
}

// recentTensors is how many sizes are remembered: the parts of a sparse tensor
// are made right before it.
const recentTensors = 8

// madeTensor is a dense tensor or a torch.Size, and its numbers, a tuple; or a
// layout and its name.
type madeTensor struct {
	at   int64
	size val
}

// noteTensor follows the functions that make tensors and their parts.
func (m *machine) noteTensor(kind uint8, args val) {
	if kind == sparseTensor {
		m.sparse(args)
		return
	}
	items, ok := m.tuple.get(args)
	switch {
	case !ok:
	case kind == denseTensor && len(items) > 2: // (storage, offset, size, …)
		m.remake(items[2])
	case kind == tensorSize && len(items) == 1:
		m.remake(items[0])
	case kind == tensorLayout && len(items) == 1 && m.layouts < len(m.layout):
		m.layout[m.layouts] = madeTensor{m.at, items[0]}
		m.layouts++
	}
}

func (m *machine) remake(size val) {
	m.tensors[m.made%recentTensors] = madeTensor{m.at, size}
	m.made++
}

// sparse notes a sparse tensor whose parts do not fit each other: as many values
// as there are indices, and as many dimensions as both together have. What the
// indices are lies in storage and is not looked at.
func (m *machine) sparse(args val) {
	if !m.fits(args) && len(m.t.Sparse) < maxOdd {
		m.t.Sparse = append(m.t.Sparse, m.at)
	}
}

// fits checks (layout, (indices, values, size, …)) for the layout sparse_coo, and
// (layout, (outer, inner, values, size)) for those with compressed indices.
func (m *machine) fits(args val) bool {
	items, ok := m.tuple.get(args)
	if !ok || len(items) != 2 {
		return false
	}
	parts, ok := m.tuple.get(items[1])
	if !ok || len(parts) < 3 {
		return false
	}
	layout := m.layoutOf(items[0])
	if layout == "" || layout == "sparse_coo" {
		index, values, size := m.sizeOf(parts[0]), m.sizeOf(parts[1]), m.sizeOf(parts[2])
		return len(index) == 2 && len(values) > 0 && index[1] == values[0] && int64(len(size)) == index[0]+int64(len(values))-1
	}
	if len(parts) < 4 {
		return false
	}
	inner, values, size := m.sizeOf(parts[1]), m.sizeOf(parts[2]), m.sizeOf(parts[3])
	batch := len(inner) - 1
	return batch >= 0 && len(m.sizeOf(parts[0])) == len(inner) && len(values) > batch && len(size) >= batch+2 && inner[batch] == values[batch]
}

// layoutOf is the name of a layout: an import, or what torch makes of its name.
func (m *machine) layoutOf(v val) string {
	if i := v.aux(); v.kind() == vImport && i < len(m.names) {
		return m.names[i].RealName
	}
	for _, l := range m.layout[:m.layouts] {
		if v.kind() == vObject && l.at == v.off() {
			text, _ := m.str(l.size)
			return strings.TrimPrefix(text, "torch.")
		}
	}
	return ""
}

// sizeOf is a size, or that of a tensor made just now; nil when it is not known.
func (m *machine) sizeOf(v val) []int64 {
	if v.kind() == vTuple {
		return m.dims(v)
	}
	if v.kind() != vObject {
		return nil
	}
	for _, t := range m.tensors {
		if t.at == v.off() {
			return m.dims(t.size)
		}
	}
	return nil
}

// dims are the numbers of a size, at most 16; nil when they are not all known.
func (m *machine) dims(v val) []int64 {
	items, ok := m.tuple.get(v)
	if !ok || len(items) > maxItems {
		return nil
	}
	out := make([]int64, 0, maxItems)
	for _, d := range items {
		if d.kind() != vInt {
			return nil
		}
		out = append(out, d.int())
	}
	return out
}
