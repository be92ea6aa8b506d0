package json

// keySet remembers the keys of one object by 64-bit fingerprints under a random
// seed: two different keys share one with a chance below one in ten million even
// for a million keys, and nobody can choose keys that do.
type keySet struct {
	n      int
	hashed bool
	few    [16]uint64
	table  []uint64 // open addressing, a power of two, at most half full; 0 is free
}

// add reports whether the fingerprint is new.
func (s *keySet) add(h uint64) bool {
	h |= 1 // never the free mark
	if !s.hashed {
		for _, old := range s.few[:s.n] {
			if old == h {
				return false
			}
		}
		if s.n < len(s.few) {
			s.few[s.n] = h
			s.n++
			return true
		}
		s.spill()
	}
	if 2*(s.n+1) > len(s.table) {
		old := s.table
		factor := 4
		if len(old) >= 1<<18 {
			factor = 2 // large tables grow slowly, to keep memory near what is needed
		}
		s.table = make([]uint64, factor*len(old))
		s.putAll(old)
	}
	if !s.put(h) {
		return false
	}
	s.n++
	return true
}

func (s *keySet) put(h uint64) bool {
	mask := uint64(len(s.table) - 1)
	for i := (h >> 1) & mask; ; i = (i + 1) & mask {
		switch s.table[i] {
		case 0:
			s.table[i] = h
			return true
		case h:
			return false
		}
	}
}

// spill moves the few into the table.
func (s *keySet) spill() {
	if s.hashed = true; s.table == nil {
		s.table = make([]uint64, 128)
	}
	s.putAll(s.few[:s.n])
}

func (s *keySet) putAll(hashes []uint64) {
	for _, h := range hashes {
		if h != 0 {
			s.put(h)
		}
	}
}

// reset empties the set. A small table is kept for the next object.
func (s *keySet) reset() {
	if s.hashed {
		if len(s.table) > 1024 {
			s.table = nil
		}
		clear(s.table)
	}
	s.n, s.hashed = 0, false
}
