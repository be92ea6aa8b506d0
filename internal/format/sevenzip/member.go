package sevenzip

import "github.com/sallyport/sallyport/internal/bounded"

// member is one file of a folder.
type member struct {
	solid     *solid
	stream    int
	off, size int64
	last      bool   // of its folder: what comes behind it is checked as well
	mem       []byte // the file, once it was read
	err       error  // why mem is not all of it
}

// Files of more than smallMember bytes may need to be read from their beginning
// again, and the folder with them; up to largeMember bytes are kept instead.
const (
	smallMember = 256 << 10
	largeMember = 4 << 20
)

// ReadAt implements io.ReaderAt.
func (m *member) ReadAt(p []byte, off int64) (int, error) {
	if m.size > largeMember {
		return m.solid.blocks.readAt(m.solid.view, p, m.off+off)
	}
	if m.size <= smallMember {
		return m.solid.view.ReadAt(p, m.off+off)
	}
	if m.mem == nil {
		m.load()
	}
	n := 0
	if off < int64(len(m.mem)) {
		n = copy(p, m.mem[off:])
	}
	if n < len(p) {
		return n, m.err
	}
	return n, nil
}

// load reads the file, as far as it can be decoded.
func (m *member) load() {
	m.mem = []byte{}
	for step := int64(64 << 10); int64(len(m.mem)) < m.size; {
		at := int64(len(m.mem))
		step = min(step, m.size-at)
		p, err := m.solid.view.Bytes(m.off+at, step)
		switch {
		case err == nil:
			m.mem = append(m.mem, p...)
		case step > 1:
			step /= 2 // up to the last byte before the break
		default:
			m.err = err
			return
		}
	}
}

// Check implements bounded.Checker: it decodes the file to its end and compares
// the checksum. Behind the last file of a folder nothing may follow.
func (m *member) Check(off, n int64) (other bool, err error) {
	if off != 0 || n != m.size {
		return false, nil
	}
	if end := m.off + m.size; m.size > 0 && m.solid.summed < end {
		var one [1]byte
		if _, err := m.solid.view.ReadAt(one[:], end-1); err != nil {
			return false, err
		}
	}
	if m.last {
		if more, err := m.solid.view.Excess(); more || err != nil {
			return more, err
		}
		if w := m.solid.folder.Whole; w.Summed && w.Sum != m.solid.whole {
			return true, nil
		}
	}
	return m.stream < len(m.solid.wrong) && m.solid.wrong[m.stream], nil
}

// blocks keeps the pieces of large files that were read last. An archive in the
// archive is read here and there, its directory first, and several readers look
// at the beginning of the same file; each step back would decode the folder from
// its first byte.
type blocks struct {
	at   map[int64]int // index into kept, by offset in the folder
	kept []block
	next int   // the oldest one, once there are maxBlocks
	end  int64 // where the last read ended
}

type block struct {
	off  int64
	data []byte
}

const (
	blockSize = 16 << 10
	maxBlocks = 256
	maxCached = 80 << 10 // longer reads are not kept, bytes; so much is read ahead
)

// readAt reads through the blocks. p lies inside of the view. What goes on where
// the last read ended is not kept: whoever reads a whole file must not push out
// the beginnings of others.
func (c *blocks) readAt(view *bounded.Reader, p []byte, off int64) (int, error) {
	goesOn := off == c.end
	c.end = off + int64(len(p))
	if len(p) > maxCached || goesOn && !c.has(off&^(blockSize-1)) {
		return view.ReadAt(p, off)
	}
	if first := off &^ (blockSize - 1); !c.has(first) {
		// Decoding forward is cheap, going back is not: the next reader wants more.
		for at := first; at < min(view.Size(), first+maxCached); at += blockSize {
			if _, err := c.block(view, at); err != nil {
				break
			}
		}
	}
	for n := 0; n < len(p); {
		pos := off + int64(n)
		start := pos &^ (blockSize - 1)
		b, err := c.block(view, start)
		if err != nil || pos-start >= int64(len(b)) {
			return view.ReadAt(p, off) // the break may lie behind what is wanted
		}
		n += copy(p[n:], b[pos-start:])
	}
	return len(p), nil
}

func (c *blocks) has(off int64) bool { _, ok := c.at[off]; return ok }

// block is the one at an offset.
func (c *blocks) block(view *bounded.Reader, off int64) ([]byte, error) {
	if i, ok := c.at[off]; ok {
		return c.kept[i].data, nil
	}
	i := c.next
	if len(c.kept) < maxBlocks {
		i = len(c.kept)
		c.kept = append(c.kept, block{off: -1, data: make([]byte, 0, blockSize)})
	}
	b := &c.kept[i]
	delete(c.at, b.off)
	b.off, b.data = -1, b.data[:min(blockSize, view.Size()-off)]
	if _, err := view.ReadAt(b.data, off); err != nil {
		return nil, err
	}
	if c.at == nil {
		c.at = map[int64]int{}
	}
	b.off, c.at[off] = off, i
	c.next = (i + 1) % maxBlocks
	return b.data, nil
}
