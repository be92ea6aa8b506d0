package zip

import (
	"bytes"
	"hash/maphash"
	"math/bits"
	"strings"
)

// checkNames builds the index and looks for names that collide or leave the folder.
func (a *Archive) checkNames() {
	a.names.grow(len(a.Entries))
	for i := range a.Entries {
		e := &a.Entries[i]
		if first := a.names.add(a.Entries, i); first >= 0 && !e.Hidden {
			kind := CaseDuplicate
			if a.Entries[first].Name == e.Name {
				kind = Duplicate
			}
			a.anomaly(kind, i, e.Header, a.Entries[first].Name)
		}
		if why := unsafeName(e.Name); why != "" {
			a.anomaly(UnsafeName, i, e.Header, why)
		}
		switch e.Mode & 0xf000 {
		case 0xa000:
			a.anomaly(Link, i, e.Header, "a symbolic link")
		case 0x1000, 0x2000, 0x6000, 0xc000:
			a.anomaly(Link, i, e.Header, "a device, pipe or socket")
		}
	}
}

// unsafeName says why unpacking the name could write outside of the target
// folder, or be read as another name; empty when it could not.
func unsafeName(name string) string {
	switch {
	case strings.IndexByte(name, 0) >= 0:
		return "it holds a NUL byte, where some readers stop"
	case strings.IndexByte(name, '\\') >= 0:
		return "it holds a backslash, which Windows reads as a folder"
	case strings.HasPrefix(name, "/"):
		return "it is absolute"
	case len(name) > 1 && name[1] == ':':
		return "it starts with a drive letter"
	case strings.Contains(name, "..") && hasParent(name):
		return "it climbs out of its folder"
	}
	return ""
}

func hasParent(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return true
		}
	}
	return false
}

// index finds entries by name without regard to case, as miniz does. It is an
// open hash table of entry numbers; the hash is seeded, so a file cannot make
// it slow.
type index struct {
	seed  maphash.Seed
	slots []slot
	buf   []byte
	other []byte
}

// slot is a place of the index.
type slot struct {
	entry int32  // 1 + entry, 0 for free
	tag   uint32 // of its hash: most names that differ, differ in it
}

func (x *index) grow(n int) {
	x.seed = maphash.MakeSeed()
	x.slots = make([]slot, 1<<bits.Len(uint(2*n)))
}

// fold writes the name in lower case into the buffer.
func fold[T string | []byte](buf []byte, name T) []byte {
	buf = append(buf[:0], name...)
	for i, b := range buf {
		if b >= 0x80 {
			return bytes.ToLower(buf)
		}
		if b >= 'A' && b <= 'Z' {
			buf[i] = b + 'a' - 'A'
		}
	}
	return buf
}

// slot is where the folded name is, or would be with the tag.
func (x *index) slot(entries []Entry, folded []byte) (s *slot, tag uint32) {
	hash := maphash.Bytes(x.seed, folded)
	mask := len(x.slots) - 1
	at, tag := int(hash)&mask, uint32(hash>>32)
	for x.slots[at].entry != 0 {
		if x.slots[at].tag == tag {
			x.other = fold(x.other, entries[x.slots[at].entry-1].Name)
			if bytes.Equal(x.other, folded) {
				break
			}
		}
		at = (at + 1) & mask
	}
	return &x.slots[at], tag
}

// add enters entry i and returns the first entry of that name, or -1.
func (x *index) add(entries []Entry, i int) int {
	x.buf = fold(x.buf, entries[i].Name)
	s, tag := x.slot(entries, x.buf)
	if s.entry == 0 {
		*s = slot{int32(i + 1), tag}
		return -1
	}
	first := int(s.entry - 1)
	entries[i].same, entries[first].same = entries[first].same, int32(i+1)
	return first
}

// Find returns the first entry of a name without regard to case, or -1. It
// allocates nothing for ASCII names.
func (a *Archive) Find(name []byte) int {
	if len(a.names.slots) == 0 {
		return -1
	}
	a.names.buf = fold(a.names.buf, name)
	s, _ := a.names.slot(a.Entries, a.names.buf)
	return int(s.entry) - 1
}

// FindNear is Find for a name that is expected at entry i: whoever looks names up
// in the order of the directory needs no index.
func (a *Archive) FindNear(name []byte, i int) int {
	if i >= 0 && i < len(a.Entries) && a.Entries[i].same == 0 && a.Entries[i].Name == string(name) {
		return i
	}
	return a.Find(name)
}

// Next returns another entry whose name equals that of entry i without regard
// to case, or -1 after the last. Start with Find.
func (a *Archive) Next(i int) int { return int(a.Entries[i].same) - 1 }
