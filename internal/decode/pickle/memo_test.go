package pickle

import (
	"math/rand/v2"
	"testing"
)

// TestPackedValues stores values of every kind in packed pages and takes them
// back: each comes back as it was.
func TestPackedValues(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var m memo
	want := map[uint64]val{}
	at, tuples := int64(1)<<33, int64(1)<<20
	packedPages := 0
	for i := range uint64(40 * pageSize) {
		at += r.Int64N(40)
		tuples += r.Int64N(4)
		v := someValue(r, at-r.Int64N(200), tuples-r.Int64N(10))
		if r.IntN(20_000) == 0 { // now and then one that cannot be packed
			v = ranged(vStr, 7, 60_000)
		}
		if !m.put(i, v, origin{at, tuples}) {
			t.Fatalf("no room for entry %d", i)
		}
		want[i] = v
	}
	for _, p := range m.pages {
		if p.packed != nil {
			packedPages++
		}
	}
	if packedPages < 10 || packedPages == len(m.pages) {
		t.Errorf("%d of %d pages are packed", packedPages, len(m.pages))
	}
	for i, v := range want {
		if got, ok := m.get(i); !ok || got != v {
			t.Fatalf("entry %d: got %x, want %x", i, got, v)
		}
	}
	if m.count != len(want) {
		t.Errorf("counts %d of %d", m.count, len(want))
	}
}

func someValue(r *rand.Rand, off, tuple int64) val {
	switch kind := val(1+r.IntN(24)) << kindShift; kind {
	case vStr, vEsc, vQuote, vBytes, vEncoded, vLongStr, vLongBytes, vLongEncoded, vImport, vObject:
		return indexed(kind, off, r.IntN(128)) | flagBit*val(r.IntN(2))
	case vTuple:
		return vTuple | val(tuple) | val(r.IntN(100))<<36
	case vList, vDict, vSet, vResult, vPersID, vExt:
		return at(kind, off)
	case vBool, vInt, vFolded:
		return kind | val(r.IntN(2))
	default:
		return kind
	}
}

func TestMemoIsEmptyAgain(t *testing.T) {
	var m memo
	for i := range uint64(100_000) {
		m.put(i, vNone, origin{at: int64(i)})
	}
	m.reset()
	for _, i := range []uint64{0, 1, pageSize - 1, pageSize, 99_999} {
		if v, ok := m.get(i); ok {
			t.Errorf("entry %d is still %x", i, v)
		}
	}
	if m.count != 0 || len(m.pages) != 1 || m.bytes != wideBytes {
		t.Errorf("count %d, %d pages, %d bytes", m.count, len(m.pages), m.bytes)
	}
}
