package pickle

import "github.com/sallyport/sallyport/internal/bounded"

const (
	pageBits = 12
	pageSize = 1 << pageBits
)

// memo maps indices to values. Writers count up from zero, so pages are filled
// in order; an index far ahead of them goes to a map, so that one opcode cannot
// make a page.
type memo struct {
	pages  []*[pageSize]val
	high   int // entries of the first page that may be set
	sparse map[uint64]val
	count  int
}

func (m *memo) get(i uint64) (val, bool) {
	if page := i >> pageBits; page < uint64(len(m.pages)) {
		if v := m.pages[page][i&(pageSize-1)]; v != vNothing {
			return v, true
		}
	}
	v, ok := m.sparse[i]
	return v, ok
}

// put stores v; it reports false for an index beyond the limit. Such values are
// kept as well while there are few: the pure Python unpickler finds them again,
// and MEMOIZE counts them.
func (m *memo) put(i uint64, v val) bool {
	page := i >> pageBits
	if page > uint64(len(m.pages)) || i > bounded.MaxMemoIndex {
		return m.putSparse(i, v)
	}
	if page == uint64(len(m.pages)) {
		m.pages = append(m.pages, new([pageSize]val))
	}
	slot := &m.pages[page][i&(pageSize-1)]
	if *slot == vNothing {
		m.count++
		if m.sparse != nil {
			if _, twice := m.sparse[i]; twice {
				m.count--
			}
		}
	}
	*slot = v
	if page == 0 {
		m.high = max(m.high, int(i)+1)
	}
	return true
}

func (m *memo) putSparse(i uint64, v val) bool {
	within := i <= bounded.MaxMemoIndex
	if !within && len(m.sparse) >= maxBeyond {
		return false
	}
	if m.sparse == nil {
		m.sparse = map[uint64]val{}
	}
	if _, twice := m.sparse[i]; !twice {
		m.count++
	}
	m.sparse[i] = v
	return within
}

// maxBeyond bounds the map when indices beyond the limit go into it.
const maxBeyond = 1 << 16

// reset empties the memo and keeps its first page for the next stream.
func (m *memo) reset() {
	if len(m.pages) > 0 {
		clear(m.pages[0][:m.high])
		clear(m.pages[1:])
		m.pages = m.pages[:1]
	}
	m.high, m.count, m.sparse = 0, 0, nil
}
