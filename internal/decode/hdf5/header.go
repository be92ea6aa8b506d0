package hdf5

// Kinds of header messages.
const (
	msgNil         = 0x00
	msgDataspace   = 0x01
	msgLinkInfo    = 0x02
	msgDatatype    = 0x03
	msgFillOld     = 0x04
	msgFill        = 0x05
	msgLink        = 0x06
	msgExternal    = 0x07
	msgLayout      = 0x08
	msgBogus       = 0x09
	msgGroupInfo   = 0x0a
	msgFilters     = 0x0b
	msgAttribute   = 0x0c
	msgComment     = 0x0d
	msgTimeOld     = 0x0e
	msgSharedTable = 0x0f
	msgMore        = 0x10
	msgSymbols     = 0x11
	msgTime        = 0x12
	msgBTreeK      = 0x13
	msgDriver      = 0x14
	msgAttrInfo    = 0x15
	msgRefCount    = 0x16
	msgFreeSpace   = 0x17
	msgCacheImage  = 0x18
)

// message is one message of an object header.
type message struct {
	kind   int
	shared bool
	p      []byte
	at     int64 // of its body in the file
}

// chunkOf is a piece of an object header that is to be read.
type chunkOf struct {
	at, n int64
	first bool
}

// header reads an object header with all its pieces.
func (f *File) header(at int64) []message {
	head, err := f.r.Bytes(at, min(64, f.r.Size()-at))
	h := headerReader{f: f}
	switch {
	case err != nil || len(head) < 11:
		f.broken(at, "An object header is cut off.")
		return nil
	case string(head[:4]) == "OHDR" && head[4] == 2:
		h.version2(at, head)
	case head[0] == 1 && head[1] == 0 && len(head) >= 16:
		c := f.fields(head)
		c.skip(8)
		h.queue = append(h.queue, chunkOf{at + 16, int64(c.u32()), false})
		f.claim(asStructure, at, 16)
	default:
		f.broken(at, "There is no object header where a link leads.")
		return nil
	}
	for len(h.queue) > 0 {
		next := h.queue[0]
		h.queue = h.queue[1:]
		h.chunk(next)
	}
	return h.messages
}

type headerReader struct {
	f        *File
	modern   bool // version 2
	ordered  bool // messages carry their order of creation
	prefix   int  // bytes before the messages of the first piece
	queue    []chunkOf
	messages []message
}

func (h *headerReader) version2(at int64, head []byte) {
	c := h.f.fields(head)
	c.skip(5)
	flags := c.u8()
	h.modern, h.ordered = true, flags&4 != 0
	if flags&0x20 != 0 {
		c.skip(16)
	}
	if flags&0x10 != 0 {
		c.skip(4)
	}
	n := int64(c.uint(1 << (flags & 3)))
	h.prefix = c.at
	if n > h.f.r.Size() {
		h.f.broken(at, "An object header runs over the end.")
		return
	}
	h.queue = append(h.queue, chunkOf{at, int64(c.at) + n + 4, true})
}

// chunk reads the messages of one piece.
func (h *headerReader) chunk(k chunkOf) {
	f := h.f
	if k.n < 0 || k.at > f.r.Size() || k.n > f.r.Size()-k.at {
		f.broken(k.at, "An object header runs over the end.")
		return
	}
	p, ok := f.read(k.at, k.n)
	if !ok {
		return
	}
	f.claim(asStructure, k.at, k.n)
	c := f.fields(p)
	if h.modern {
		c.p = p[:max(0, len(p)-4)]
		c.skip(4)
		if k.first {
			c.skip(h.prefix - 4)
		}
		if c.bad || !k.first && string(p[:4]) != "OCHK" {
			f.broken(k.at, "A piece of an object header is not where it should be.")
			return
		}
		if !f.checked(k.at, p, "an object header") {
			return
		}
	}
	for h.message(c, k.at) {
	}
	f.free(k.at+int64(c.at), int64(c.left()))
}

// message reads one message; false means that there is no other.
func (h *headerReader) message(c *fields, at int64) bool {
	size := 8
	if h.modern {
		size = 4
		if h.ordered {
			size = 6
		}
	}
	if c.left() < size {
		return false
	}
	m := message{}
	var n, flags int
	if h.modern {
		m.kind, n, flags = c.u8(), c.u16(), c.u8()
		c.skip(size - 4)
	} else {
		m.kind, n, flags = c.u16(), c.u16(), c.u8()
		c.skip(3)
	}
	m.at = at + int64(c.at)
	m.p, m.shared = c.bytes(n), flags&2 != 0
	if c.bad {
		h.f.broken(m.at, "A message of an object header runs over its end.")
		return false
	}
	if !h.f.items(1) {
		return false
	}
	switch {
	case m.kind == msgNil:
		h.f.free(m.at, int64(n))
	case m.kind == msgMore:
		h.more(&m)
	default:
		h.messages = append(h.messages, m)
	}
	return true
}

func (h *headerReader) more(m *message) {
	c := h.f.fields(m.p)
	address, n := c.address(), c.length()
	at, ok := h.f.place(address, n)
	if c.bad || !ok || !h.f.visit(at) {
		h.f.broken(m.at, "An object header goes on where it cannot.")
		return
	}
	h.queue = append(h.queue, chunkOf{at, n, false})
}
