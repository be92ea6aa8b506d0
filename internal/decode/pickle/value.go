package pickle

// val is a value of the abstract machine in one word: five bits of kind, the
// rest a payload that points into the stream. Copying one (DUP, memo) costs a
// word whatever it stands for.
type val uint64

const (
	kindShift = 59
	offBits   = 42 // streams up to 4 TiB
	offMask   = 1<<offBits - 1
	auxBits   = 16
	auxMask   = 1<<auxBits - 1
	auxShift  = offBits
	flagBit   = val(1) << 58 // strings: an interesting key; objects: shared
)

// Kinds of val. Those from vStr to vLongBytes hold content offset and length;
// vLong* hold the number of their Blob (from 1, 0 when not listed) instead of
// the length.
const (
	vNothing val = iota << kindShift // an empty memo slot
	vOther
	vNone
	vBool
	vInt   // 59-bit two's complement
	vBig   // a number whose value is not kept
	vStr   // UTF-8
	vEsc   // UNICODE: raw-unicode-escape text
	vQuote // STRING: quoted text with escapes
	vBytes
	vLongStr
	vLongBytes
	vEncoded // text that _codecs.encode turns into bytes, Latin-1; offset and length of the text
	vLongEncoded
	vFolded // index of a computed string in machine.folded
	vTuple  // start in machine.items (36 bits), length (8 bits)
	vBigTuple
	vList
	vDict
	vSet
	vImport // aux: import index
	vObject // aux: index of the import that was called
	vResult // result of calling something that is not an import
	vPersID
	vExt
)

const kindMask = val(31) << kindShift

func (v val) kind() val   { return v & kindMask }
func (v val) off() int64  { return int64(v & offMask) }
func (v val) aux() int    { return int(v >> auxShift & auxMask) }
func (v val) shared() val { return v | flagBit } // for objects and imports only

func at(kind val, off int64) val             { return kind | val(off)&offMask }
func ranged(kind val, off, n int64) val      { return at(kind, off) | val(n)<<auxShift }
func indexed(kind val, off int64, i int) val { return at(kind, off) | val(min(i, auxMask))<<auxShift }

const intBits = kindShift

func intVal(i int64) val {
	if i<<(64-intBits)>>(64-intBits) != i {
		return vBig
	}
	return vInt | val(i)&(1<<intBits-1)
}

func (v val) int() int64 { return int64(v<<(64-intBits)) >> (64 - intBits) }

// Tuples keep their items in a slab that forgets its older half when it is
// full: arguments are used right after they were built.
const (
	slabMax     = 1 << 15 // items, 256 KiB
	tupleMax    = 255     // longer tuples keep no items
	tupleStarts = 1<<36 - 1
)

// slab holds the items of recent tuples.
type slab struct {
	items []val
	base  int64 // number of items forgotten
}

func (s *slab) tuple(items []val) val {
	if len(items) > tupleMax {
		return vBigTuple
	}
	if s.room(len(items)) == nil {
		s.move()
	}
	if s.base > tupleStarts-slabMax {
		return vBigTuple
	}
	copy(s.room(len(items)), items)
	return s.made(len(items))
}

// move makes room for any tuple: the slab grows to slabMax, then drops its older half.
func (s *slab) move() {
	if have := cap(s.items); have < slabMax {
		s.items = append(make([]val, 0, min(slabMax, max(4*have, 256))), s.items...)
		return
	}
	half := len(s.items) / 2
	s.items = s.items[:copy(s.items, s.items[half:])]
	s.base += int64(half)
}

// room is where the items of the next tuple go, nil when the slab has to move
// first; made is that tuple, of n items.
func (s *slab) room(n int) []val {
	if k := len(s.items); cap(s.items)-k >= n {
		return s.items[k : k+n]
	}
	return nil
}

func (s *slab) made(n int) val {
	start := s.base + int64(len(s.items))
	s.items = s.items[:len(s.items)+n]
	return vTuple | val(start) | val(n)<<36
}

// get returns the items of a tuple, valid until the next tuple is made; ok is
// false when they are not known any more.
func (s *slab) get(v val) (items []val, ok bool) {
	if v.kind() != vTuple {
		return nil, false
	}
	start, n := int64(v&tupleStarts)-s.base, int(v>>36&tupleMax)
	if start < 0 {
		return nil, n == 0
	}
	return s.items[start : start+int64(n)], true
}
