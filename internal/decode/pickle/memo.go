package pickle

import "github.com/sallyport/sallyport/internal/bounded"

const (
	pageBits = 12
	pageSize = 1 << pageBits
	// widePages are the first pages, which are never packed: what most files
	// need is quick.
	widePages = 16
	wideBytes = 8 * pageSize
	packBytes = 4 * pageSize
	// putsPerPage is how many entries earn one more page: an index that jumps
	// ahead costs an attacker more than one opcode.
	putsPerPage = 64
	// maxSparse bounds the entries that lie far ahead of the others.
	maxSparse = 1 << 16
)

// memo maps indices to values. Writers count up from zero, so pages are filled
// in order; an index far ahead of them goes to a map. Pages take MaxMemoBytes at
// most, which is room for eight million ordinary values.
type memo struct {
	pages  []page
	made   int // pages that hold something
	bytes  int // what they take
	high   int // entries of the first page that may be set
	sparse map[uint64]val
	count  int  // distinct indices that were stored, for MEMOIZE
	lost   bool // some values were not kept
}

// page holds pageSize values, each in eight bytes or packed into four.
type page struct {
	wide   *[pageSize]val
	packed *[pageSize]packed
	origin origin
}

func (p *page) empty() bool { return p.wide == nil && p.packed == nil }

func (p *page) get(i uint64) val {
	i &= pageSize - 1
	if p.wide != nil {
		return p.wide[i]
	}
	if p.packed != nil && p.packed[i] != 0 {
		return p.origin.unpack(p.packed[i])
	}
	return vNothing
}

func (m *memo) get(i uint64) (val, bool) {
	if n := i >> pageBits; n < uint64(len(m.pages)) {
		if v := m.pages[n].get(i); v != vNothing {
			return v, true
		}
	}
	v, ok := m.sparse[i]
	return v, ok
}

// quick is put for the case that nearly always holds.
func (m *memo) quick(i uint64, v val) bool {
	n := i >> pageBits
	if n >= uint64(len(m.pages)) || m.sparse != nil {
		return false
	}
	wide := m.pages[n].wide
	if wide == nil {
		return false
	}
	slot := &wide[i&(pageSize-1)]
	if *slot == vNothing {
		m.count++
	}
	*slot = v
	if i < pageSize && int(i) >= m.high {
		m.high = int(i) + 1
	}
	return true
}

// put stores v; it reports false when there is no room for it. here is where the
// stream and its tuples have got to.
func (m *memo) put(i uint64, v val, here origin) bool {
	n := i >> pageBits
	if i > bounded.MaxMemoIndex || !m.page(n, here) {
		return m.putSparse(i, v)
	}
	p := &m.pages[n]
	if p.get(i) == vNothing {
		m.count++
		if m.sparse != nil {
			if _, twice := m.sparse[i]; twice {
				m.count--
			}
		}
	}
	if n == 0 {
		m.high = max(m.high, int(i)+1)
	}
	if p.wide != nil {
		p.wide[i&(pageSize-1)] = v
		return true
	}
	small, ok := p.origin.pack(v)
	if !ok {
		return m.widen(p, i, v)
	}
	p.packed[i&(pageSize-1)] = small
	return true
}

// widen makes room for a value that cannot be packed.
func (m *memo) widen(p *page, i uint64, v val) bool {
	if m.bytes+wideBytes-packBytes > bounded.MaxMemoBytes {
		m.lost = true
		p.packed[i&(pageSize-1)] = 0 // what was there is gone
		return false
	}
	m.bytes += wideBytes - packBytes
	wide := new([pageSize]val)
	for k := range wide {
		wide[k] = p.get(uint64(k))
	}
	wide[i&(pageSize-1)] = v
	*p = page{wide: wide}
	return true
}

// page makes the page if there is none yet and it is earned.
func (m *memo) page(n uint64, here origin) bool {
	have := uint64(len(m.pages))
	if n < have && !m.pages[n].empty() {
		return true
	}
	size := packBytes
	if n < widePages {
		size = wideBytes
	}
	if m.bytes+size > bounded.MaxMemoBytes || n != have && m.made*putsPerPage > m.count {
		return false
	}
	if n >= have {
		m.pages = append(m.pages, make([]page, n-have+1)...)
	}
	if n < widePages {
		m.pages[n].wide = new([pageSize]val)
	} else {
		m.pages[n] = page{packed: new([pageSize]packed), origin: here.before()}
	}
	m.made++
	m.bytes += size
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
	var first *[pageSize]val
	if len(m.pages) > 0 {
		first = m.pages[0].wide
	}
	clear(m.pages)
	m.pages = shrink(m.pages)
	if first != nil {
		clear(first[:m.high])
		m.pages = append(m.pages, page{wide: first})
	}
	m.made, m.bytes = len(m.pages), len(m.pages)*wideBytes
	m.high, m.count, m.sparse, m.lost = 0, 0, nil, false
}

// packed is a val in half the space: five bits of kind, then what the kind needs,
// relative to the origin of its page. Zero is no value.
type packed uint32

const (
	packShift = 27
	packRel   = 1<<19 - 1 // offset or tuple number, relative
	packAux   = 1<<7 - 1  // length, or index of an import
	packFlag  = 1 << 26
)

// origin is a place in the stream and in the slab of tuples.
type origin struct{ at, tuples int64 }

// before is an origin that values made a little earlier are relative to as well.
func (o origin) before() origin {
	return origin{at: max(0, o.at-1<<16), tuples: max(0, o.tuples-1<<12)}
}

func (o origin) pack(v val) (packed, bool) {
	var rel, aux uint64
	switch v.kind() {
	case vStr, vEsc, vQuote, vBytes, vEncoded, vLongStr, vLongBytes, vLongEncoded, vImport, vObject:
		rel, aux = uint64(v.off()-o.at), uint64(v.aux())
	case vTuple:
		rel, aux = uint64(int64(v&tupleStarts)-o.tuples), uint64(v>>36&tupleMax)
	case vList, vDict, vSet, vResult, vPersID, vExt:
		rel = uint64(v.off() - o.at)
	default:
		rel = uint64(v &^ kindMask)
	}
	if rel > packRel || aux > packAux {
		return 0, false
	}
	small := packed(v.kind()>>kindShift)<<packShift | packed(aux)<<19 | packed(rel)
	if v&flagBit != 0 {
		small |= packFlag
	}
	return small, true
}

func (o origin) unpack(p packed) val {
	kind := val(p>>packShift) << kindShift
	rel, aux := int64(p&packRel), int(p>>19&packAux)
	switch kind {
	case vStr, vEsc, vQuote, vBytes, vEncoded, vLongStr, vLongBytes, vLongEncoded, vImport, vObject:
		v := indexed(kind, o.at+rel, aux)
		if p&packFlag != 0 {
			v |= flagBit
		}
		return v
	case vTuple:
		return kind | val(o.tuples+rel) | val(aux)<<36
	case vList, vDict, vSet, vResult, vPersID, vExt:
		return at(kind, o.at+rel)
	}
	return kind | val(rel)
}
