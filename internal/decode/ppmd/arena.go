package ppmd

import "encoding/binary"

// The model lives in one block of memory that is cut into units, like the
// encoder's: when it is exhausted both forget everything, at the same byte. So
// the order in which units are handed out and joined is part of the format.
const (
	unit       = 12 // bytes
	numIndexes = 38 // sizes of free blocks
	most       = 128
)

// ref is an offset into the block; 0 is none.
type ref = uint32

// arena is the block. Text grows from the bottom, units from the middle and from
// the top.
type arena struct {
	mem        []byte
	size       uint32
	lo, hi     ref // between them nothing was handed out yet
	text       ref // end of the text
	units      ref // start of the units
	glue       uint32
	free       [numIndexes]ref
	indexUnits [numIndexes]uint8 // units of a block, by index
	unitsIndex [most]uint8       // the smallest index for n+1 units
	smaller    bool              // the encoder has more memory than we
	full       bool              // ours is exhausted, the encoder's is not
}

// textStart is where the text begins: offset 0 stays free, it means none.
const textStart = 4

func (a *arena) setup(size int, smaller bool) {
	// Behind the block lies one more unit: the end of the list of free blocks.
	a.mem, a.size, a.smaller = make([]byte, textStart+size+unit), uint32(size), smaller
	k := 0
	for i := range a.indexUnits {
		step := 4
		if i < 12 {
			step = i>>2 + 1
		}
		for range step {
			a.unitsIndex[k] = uint8(i)
			k++
		}
		a.indexUnits[i] = uint8(k)
	}
}

func (a *arena) reset() {
	a.free = [numIndexes]ref{}
	a.text = textStart
	a.hi = a.text + a.size
	a.units = a.hi - a.size/8/unit*7*unit
	a.lo = a.units
	a.glue = 0
}

func (a *arena) u16(at ref) uint16       { return binary.LittleEndian.Uint16(a.mem[at:]) }
func (a *arena) put16(at ref, v uint16)  { binary.LittleEndian.PutUint16(a.mem[at:], v) }
func (a *arena) u32(at ref) uint32       { return binary.LittleEndian.Uint32(a.mem[at:]) }
func (a *arena) put32(at ref, v uint32)  { binary.LittleEndian.PutUint32(a.mem[at:], v) }
func (a *arena) index(units uint32) int  { return int(a.unitsIndex[units-1]) }
func (a *arena) blockUnits(i int) uint32 { return uint32(a.indexUnits[i]) }

func (a *arena) insert(at ref, i int) {
	a.put32(at, a.free[i])
	a.free[i] = at
}

func (a *arena) remove(i int) ref {
	at := a.free[i]
	a.free[i] = a.u32(at)
	return at
}

// split frees what is left of a block of one size behind one of another.
func (a *arena) split(at ref, from, to int) {
	a.insertUnits(at+a.blockUnits(to)*unit, a.blockUnits(from)-a.blockUnits(to))
}

// insertUnits frees n units, 128 at most, in one or two blocks.
func (a *arena) insertUnits(at ref, n uint32) {
	i := a.index(n)
	if a.blockUnits(i) != n {
		i--
		k := a.blockUnits(i)
		a.insert(at+k*unit, int(n-k-1))
	}
	a.insert(at, i)
}

// alloc is a block of the index, 0 when there is none.
func (a *arena) alloc(i int) ref {
	if a.free[i] != 0 {
		return a.remove(i)
	}
	if n := a.blockUnits(i) * unit; n <= a.hi-a.lo {
		a.lo += n
		return a.lo - n
	}
	return a.rare(i)
}

// context is one unit for a context, from the top.
func (a *arena) context() ref {
	switch {
	case a.hi != a.lo:
		a.hi -= unit
		return a.hi
	case a.free[0] != 0:
		return a.remove(0)
	}
	return a.rare(0)
}

// rare looks for memory that was given back.
func (a *arena) rare(i int) ref {
	if a.smaller {
		a.full = true // the encoder would still have fresh memory
		return 0
	}
	if a.glue == 0 {
		a.join()
		if a.free[i] != 0 {
			return a.remove(i)
		}
	}
	for k := i + 1; k < numIndexes; k++ {
		if a.free[k] != 0 {
			at := a.remove(k)
			a.split(at, k, i)
			return at
		}
	}
	a.glue--
	n := a.blockUnits(i) * unit
	if a.units-a.text <= n {
		return 0
	}
	a.units -= n
	return a.units
}

// shrink makes a block of states smaller, and moves it if that saves splitting.
func (a *arena) shrink(at ref, from, to uint32) ref {
	i, k := a.index(from), a.index(to)
	if i == k {
		return at
	}
	if a.free[k] != 0 {
		moved := a.remove(k)
		copy(a.mem[moved:moved+to*unit], a.mem[at:])
		a.insert(at, i)
		return moved
	}
	a.split(at, i, k)
	return at
}

// Fields of a free block while blocks are joined.
const (
	nodeStamp = 0 // 0 for free ones, else in use
	nodeUnits = 2
	nodeNext  = 4
	nodePrev  = 8
)

// join joins free blocks that lie side by side, in the encoder's order.
func (a *arena) join() {
	head := textStart + a.size
	n := head
	a.glue = 255
	for i := range a.free {
		next := a.free[i]
		a.free[i] = 0
		for next != 0 {
			at := next
			a.put32(at+nodeNext, n)
			a.put32(n+nodePrev, at)
			n, next = at, a.u32(at)
			a.put16(at+nodeStamp, 0)
			a.put16(at+nodeUnits, uint16(a.indexUnits[i]))
		}
	}
	a.put16(head+nodeStamp, 1)
	a.put32(head+nodeNext, n)
	a.put32(n+nodePrev, head)
	if a.lo != a.hi {
		a.put16(a.lo+nodeStamp, 1)
	}
	for ; n != head; n = a.u32(n + nodeNext) {
		a.grow(n)
	}
	for n = a.u32(head + nodeNext); n != head; {
		next, units, at := a.u32(n+nodeNext), uint32(a.u16(n+nodeUnits)), n
		for ; units > most; units, at = units-most, at+most*unit {
			a.insert(at, numIndexes-1)
		}
		a.insertUnits(at, units)
		n = next
	}
}

// grow takes the free blocks behind a free block into it.
func (a *arena) grow(n ref) {
	units := uint32(a.u16(n + nodeUnits))
	for {
		behind := n + units*unit
		units += uint32(a.u16(behind + nodeUnits))
		if a.u16(behind+nodeStamp) != 0 || units >= 1<<16 {
			return
		}
		next, prev := a.u32(behind+nodeNext), a.u32(behind+nodePrev)
		a.put32(prev+nodeNext, next)
		a.put32(next+nodePrev, prev)
		a.put16(n+nodeUnits, uint16(units))
	}
}
