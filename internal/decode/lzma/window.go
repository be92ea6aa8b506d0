package lzma

// smallWindow is what a window starts with, in bytes.
const smallWindow = 1 << 12

// window is the dictionary: a ring that grows with what is produced.
type window struct {
	buf    []byte
	max    int   // length of buf at most
	asked  int64 // what the header asks for
	pos    int   // where the next byte goes
	full   bool  // the ring has gone round
	total  int64 // bytes since the dictionary was reset
	filled int64 // bytes that can be reached
}

// limit sets the size: what the header asks for, at most limit.
func (w *window) limit(asked, limit int64) {
	w.asked = max(asked, 1<<12)
	w.max = int(min(w.asked, limit))
}

func (w *window) reset() { w.pos, w.full, w.total, w.filled = 0, false, 0, 0 }

func (w *window) put(b byte) {
	if w.pos == len(w.buf) {
		w.wrap()
	}
	w.buf[w.pos] = b
	w.pos++
	w.total++
	if w.filled < int64(w.max) {
		w.filled++
	}
}

// wrap makes room at the end, or goes on at the beginning.
func (w *window) wrap() {
	if len(w.buf) < w.max && !w.full {
		size := max(smallWindow, 4*len(w.buf))
		if size > w.max/4 {
			size = w.max // in one step: the last steps would leave the most behind
		}
		grown := make([]byte, size)
		copy(grown, w.buf)
		w.buf = grown
		return
	}
	w.pos, w.full = 0, true
}

// back is the byte that lies dist bytes before the next one, 0 when there is none.
func (w *window) back(dist int) byte {
	if int64(dist) > w.filled {
		return 0
	}
	i := w.pos - dist
	if i < 0 {
		i += len(w.buf)
	}
	return w.buf[i]
}

// reach checks that a match may go back by dist bytes.
func (w *window) reach(dist int64) error {
	switch {
	case dist <= w.filled:
		return nil
	case dist <= w.total && dist <= w.asked:
		return ErrWindow
	}
	return ErrCorrupt
}

// append takes bytes as they are.
func (w *window) append(p []byte) {
	for len(p) > 0 {
		if w.pos == len(w.buf) {
			w.wrap()
		}
		n := copy(w.buf[w.pos:], p)
		w.added(n)
		p = p[n:]
	}
}

// added counts n bytes that stand in the buffer behind pos.
func (w *window) added(n int) {
	w.pos += n
	w.total += int64(n)
	w.filled = min(w.filled+int64(n), int64(w.max))
}

// copy repeats what lies dist bytes back and writes it to p as well.
func (w *window) copy(dist int, p []byte) {
	for len(p) > 0 {
		if w.pos == len(w.buf) {
			w.wrap()
		}
		from := w.pos - dist
		if from < 0 {
			from += len(w.buf)
		}
		// No further than to the end of the ring, on either side.
		n := min(len(p), len(w.buf)-w.pos, len(w.buf)-from)
		to := w.buf[w.pos : w.pos+n]
		if back := w.buf[from:]; dist >= n {
			copy(to, back[:n])
		} else {
			for i := range to {
				to[i] = back[i] // it may repeat what it writes
			}
		}
		copy(p, to)
		w.added(n)
		p = p[n:]
	}
}
