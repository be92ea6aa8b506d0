package pickle

import "github.com/sallyport/sallyport/internal/bounded"

const (
	pageBits = 12
	pageSize = 1 << pageBits
	maxPages = bounded.MaxMemoEntries >> pageBits
	// putsPerPage is how many entries earn one more page: an index that jumps
	// ahead costs an attacker more than one opcode.
	putsPerPage = 64
	// maxSparse bounds the entries that lie far ahead of the others.
	maxSparse = 1 << 16
)

// memo maps indices to values. Writers count up from zero, so pages are filled
// in order; an index far ahead of them goes to a map. It holds at most
// MaxMemoEntries values in pages (32 MiB) and maxSparse in the map.
type memo struct {
	pages  []*[pageSize]val // nil where nothing was stored
	made   int              // pages that are not nil
	high   int              // entries of the first page that may be set
	sparse map[uint64]val
	count  int  // distinct indices that were stored, for MEMOIZE
	lost   bool // some values were not kept
}

func (m *memo) get(i uint64) (val, bool) {
	if page := i >> pageBits; page < uint64(len(m.pages)) && m.pages[page] != nil {
		if v := m.pages[page][i&(pageSize-1)]; v != vNothing {
			return v, true
		}
	}
	v, ok := m.sparse[i]
	return v, ok
}

// put stores v; it reports false when there is no room for it.
func (m *memo) put(i uint64, v val) bool {
	page := i >> pageBits
	if i > bounded.MaxMemoIndex || !m.page(page) {
		return m.putSparse(i, v)
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

// page makes the page if there is none yet and it is earned.
func (m *memo) page(page uint64) bool {
	n := uint64(len(m.pages))
	if page < n && m.pages[page] != nil {
		return true
	}
	if m.made >= maxPages || page != n && m.made*putsPerPage > m.count {
		return false
	}
	if page >= n {
		m.pages = append(m.pages, make([]*[pageSize]val, page-n+1)...)
	}
	m.pages[page] = new([pageSize]val)
	m.made++
	return true
}

func (m *memo) putSparse(i uint64, v val) bool {
	_, twice := m.sparse[i]
	if !twice {
		m.count++
		if len(m.sparse) >= maxSparse {
			m.lost = true
			return false
		}
	}
	if m.sparse == nil {
		m.sparse = map[uint64]val{}
	}
	m.sparse[i] = v
	return true
}

// reset empties the memo and keeps its first page for the next stream.
func (m *memo) reset() {
	if len(m.pages) > 0 && m.pages[0] != nil {
		clear(m.pages[0][:m.high])
		clear(m.pages[1:])
		m.pages = m.pages[:1]
		m.made = 1
	} else {
		m.pages, m.made = nil, 0
	}
	if cap(m.pages) > 64 {
		m.pages = append(make([]*[pageSize]val, 0, 1), m.pages...)
	}
	m.high, m.count, m.sparse, m.lost = 0, 0, nil, false
}
