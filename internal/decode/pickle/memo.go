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
	first  *[pageSize]val // of pages[0], nil without one
	open   *[pageSize]val // of the page that is being filled, nil without one
	openAt uint64         // index of open[0]
	spare  *[pageSize]val // an empty page that was open once, for the next one
	made   int            // pages that hold something
	bytes  int            // what they take
	high   int            // entries of the open page that may be set
	sparse map[uint64]val
	count  int  // distinct indices that were stored, for MEMOIZE
	lost   bool // some values were not kept
}

// page holds pageSize values, each in eight bytes or packed into four. A page is
// packed when the next one is opened.
type page struct {
	wide   *[pageSize]val
	packed *[pageSize]packed
	origin origin // of what is packed
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

// wide is get for pages that are not packed; vNothing when it cannot tell.
func (m *memo) wide(i uint64) val {
	if n := i >> pageBits; n < uint64(len(m.pages)) && m.pages[n].wide != nil {
		return m.pages[n].wide[i&(pageSize-1)]
	}
	return vNothing
}

// fill is put for the case that nearly always holds: the page is open.
func (m *memo) fill(i uint64, v val) bool {
	k := i - m.openAt
	if k >= pageSize || m.open == nil {
		return false
	}
	if m.open[k] == vNothing {
		m.count++
	}
	m.open[k] = v
	m.high = max(m.high, int(k)+1)
	return true
}

// put stores v; it reports false when there was no room for it, or for others
// that lie in a page which it closed. here is where the stream and its tuples have
// got to.
func (m *memo) put(i uint64, v val, here origin) bool {
	if m.fill(i, v) {
		return true
	}
	lost := m.lost
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
	if p.wide != nil {
		p.wide[i&(pageSize-1)] = v
		m.high = max(m.high, int(i&(pageSize-1))+1)
		return m.lost == lost
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

// page opens the page if there is none yet and it is earned.
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
	m.closePage()
	if n >= have {
		m.pages = append(m.pages, make([]page, n-have+1)...)
	}
	wide := m.spare
	if m.spare = nil; wide == nil {
		wide = new([pageSize]val)
	}
	m.pages[n] = page{wide: wide, origin: here.before()}
	m.first = m.pages[0].wide
	if m.sparse == nil { // else an index may be there already
		m.open, m.openAt = wide, n<<pageBits
	}
	m.made++
	m.bytes += size
	return true
}

// closePage packs the open page unless it is one of the first. When one of its
// values cannot be packed it stays wide; when there is no room for that, the
// value is lost.
func (m *memo) closePage() {
	n := m.openAt >> pageBits
	if m.open == nil || n < widePages {
		return
	}
	p := &m.pages[n]
	small := new([pageSize]packed)
	for k, v := range m.open {
		if v == vNothing {
			continue
		}
		var ok bool
		if small[k], ok = p.origin.pack(v); ok {
			continue
		}
		if m.bytes+wideBytes-packBytes <= bounded.MaxMemoBytes {
			m.bytes += wideBytes - packBytes
			m.open = nil
			return
		}
		m.lost = true
	}
	p.wide, p.packed = nil, small
	clear(m.open[:])
	m.spare, m.open = m.open, nil
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
		m.closePage()
		m.open = nil // what is put from here on may be in the map already
	}
	m.sparse[i] = v
	return true
}

// reset empties the memo and keeps its first page for the next stream.
func (m *memo) reset() {
	first, used := m.first, pageSize
	if len(m.pages) <= 1 {
		used = m.high
	}
	clear(m.pages)
	*m = memo{pages: shrink(m.pages), first: first, open: first}
	if first != nil {
		clear(first[:used])
		m.pages = append(m.pages, page{wide: first})
		m.made, m.bytes = 1, wideBytes
	}
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

// located are the kinds that stand for a place in the stream, as bits; those
// without a length or an index leave these bits zero.
const located = 1<<(vStr>>kindShift) | 1<<(vEsc>>kindShift) | 1<<(vQuote>>kindShift) | 1<<(vBytes>>kindShift) |
	1<<(vLongStr>>kindShift) | 1<<(vLongBytes>>kindShift) | 1<<(vEncoded>>kindShift) | 1<<(vLongEncoded>>kindShift) |
	1<<(vList>>kindShift) | 1<<(vDict>>kindShift) | 1<<(vSet>>kindShift) | 1<<(vImport>>kindShift) | 1<<(vObject>>kindShift) |
	1<<(vResult>>kindShift) | 1<<(vPersID>>kindShift) | 1<<(vExt>>kindShift)

func (o origin) pack(v val) (packed, bool) {
	var rel, aux uint64
	switch kind := v >> kindShift; {
	case located>>kind&1 != 0:
		rel, aux = uint64(v.off()-o.at), uint64(v.aux())
	case v.kind() == vTuple:
		rel, aux = uint64(int64(v&tupleStarts)-o.tuples), uint64(v>>36&tupleMax)
	default:
		rel = uint64(v &^ kindMask)
	}
	if rel > packRel || aux > packAux {
		return 0, false
	}
	small := packed(v>>kindShift)<<packShift | packed(aux)<<19 | packed(rel)
	if v&flagBit != 0 {
		small |= packFlag
	}
	return small, true
}

func (o origin) unpack(p packed) val {
	kind := val(p>>packShift) << kindShift
	rel, aux := int64(p&packRel), int64(p>>19&packAux)
	switch {
	case located>>(kind>>kindShift)&1 != 0:
		v := ranged(kind, o.at+rel, aux)
		if p&packFlag != 0 {
			v |= flagBit
		}
		return v
	case kind == vTuple:
		return kind | val(o.tuples+rel) | val(aux)<<36
	}
	return kind | val(rel)
}
