package sample

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// assembleHDF5 writes an HDF5 file with superblock 2 and object headers 2. It
// reads one item per line; paths of parents come before those of children:
//
//	userblock CONTENT                     bytes before the superblock, filled up to 512, 1024, …
//	group PATH
//	dataset PATH TYPE DIMS [CONTENT] [OPTIONS]
//	attr PATH NAME CONTENT                a string of fixed length; as=bytes: an array of bytes
//	vlattr PATH NAME CONTENT              a string in a global heap
//	hard PATH TARGET                      a second name of another object
//	soft PATH TARGET   external PATH FILE TARGET   user PATH NUMBER CONTENT
//	message PATH KIND CONTENT             a header message as it is
//	gap CONTENT                           bytes that nothing refers to, in the middle of the file
//	trailer CONTENT                       bytes behind the end
//
// TYPE is f4, f8, i1, i8, u1, u4, S<n> or vlen (lists of bytes); DIMS is "scalar"
// or 2x3. CONTENT is as in zipspec. Options of a dataset:
//
//	chunk=2x3 filter=ID filter-name=…     one chunk that holds CONTENT as it is
//	external=FILE size=N                  elements are in another file
//	virtual=FILE source=PATH              elements are in another dataset
//	stored=N                              size that the layout says
//	badsum                                the header's checksum is wrong
func assembleHDF5(text string) ([]byte, error) {
	h := &hdf5Text{zipText: zipText{lines: strings.Split(text, "\n")}, byPath: map[string]*hdf5Object{}}
	h.group("/")
	for h.next < len(h.lines) {
		line := strings.TrimSpace(uncomment(h.lines[h.next]))
		h.next++
		if line == "" {
			continue
		}
		if err := h.item(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", h.next, err)
		}
	}
	return h.assemble(), nil
}

// hdf5Text borrows the reading of contents from zipText.
type hdf5Text struct {
	zipText
	objects   []*hdf5Object
	byPath    map[string]*hdf5Object
	userblock []byte
	blobs     []*hdf5Blob // in the order of the file
	trailer   []byte
}

// hdf5Object is an object header to be written.
type hdf5Object struct {
	messages []func() (kind byte, body []byte)
	at       uint64
	badsum   bool
}

// hdf5Blob is a piece of the file with an address.
type hdf5Blob struct {
	build func() []byte
	at    uint64
}

func (h *hdf5Text) object(path string) *hdf5Object {
	o := &hdf5Object{}
	h.objects, h.byPath[path] = append(h.objects, o), o
	return o
}

// group is an object with the message that makes it one.
func (h *hdf5Text) group(path string) *hdf5Object {
	o := h.object(path)
	o.add(2, func() []byte { return append(append([]byte{0, 0}, put64(^uint64(0))...), put64(^uint64(0))...) })
	return o
}

func (h *hdf5Text) blob(build func() []byte) *hdf5Blob {
	b := &hdf5Blob{build: build}
	h.blobs = append(h.blobs, b)
	return b
}

func (o *hdf5Object) add(kind byte, body func() []byte) {
	o.messages = append(o.messages, func() (byte, []byte) { return kind, body() })
}

// words takes n words from the front of a line.
func words(rest string, n int) (out []string, more string, err error) {
	for range n {
		var w string
		if w, rest, err = word(rest, false); err != nil {
			return nil, "", err
		}
		out, rest = append(out, w), strings.TrimSpace(rest)
	}
	return out, rest, nil
}

func (h *hdf5Text) item(line string) error {
	verb, rest, _ := strings.Cut(line, " ")
	count := map[string]int{"group": 1, "dataset": 3, "attr": 2, "vlattr": 2, "hard": 2, "soft": 2, "external": 3, "user": 2, "message": 2}[verb]
	w, rest, err := words(strings.TrimSpace(rest), count)
	if err != nil {
		return err
	}
	var data []byte
	given := false
	switch verb {
	case "userblock", "attr", "vlattr", "user", "message", "gap", "trailer":
		given = true
	case "dataset":
		first, _, _ := strings.Cut(rest, " ")
		given = rest != "" && (rest[0] == '"' || first == "fill" || first == "@asm" || first == "@hex")
	}
	if given {
		if data, rest, err = h.content(rest); err != nil {
			return err
		}
	}
	opt, err := parseZipOptions(rest)
	if err != nil {
		return err
	}
	return h.put(verb, w, data, opt)
}

func (h *hdf5Text) put(verb string, w []string, data []byte, opt zipOptions) error {
	switch verb {
	case "userblock":
		h.userblock = data
	case "trailer":
		h.trailer = append(h.trailer, data...)
	case "gap":
		h.blob(func() []byte { return data })
	case "group":
		return h.link(w[0], h.group(w[0]))
	case "dataset":
		o := h.object(w[0])
		if err := h.dataset(o, w[1], w[2], data, opt); err != nil {
			return err
		}
		return h.link(w[0], o)
	case "hard":
		target, ok := h.byPath[w[1]]
		if !ok {
			return fmt.Errorf("no object %q", w[1])
		}
		return h.link(w[0], target)
	case "soft", "external", "user":
		return h.special(verb, w, data)
	default:
		o, ok := h.byPath[w[0]]
		if !ok {
			return fmt.Errorf("no object %q, or unknown item %q", w[0], verb)
		}
		return h.extra(o, verb, w[1], data, opt)
	}
	return nil
}

func (h *hdf5Text) extra(o *hdf5Object, verb, name string, data []byte, opt zipOptions) error {
	switch verb {
	case "message":
		kind, err := strconv.ParseUint(name, 0, 8)
		o.add(byte(kind), func() []byte { return data })
		return err
	case "vlattr":
		heap := h.blob(func() []byte { return globalHeap(data) })
		o.add(12, func() []byte {
			ref := append(put32(nil, uint32(len(data))), put64(heap.at)...)
			return attribute(name, vlenType(true), []byte{2, 0, 0, 0}, put32(ref, 1))
		})
	case "attr":
		typ, space := stringType(len(data)), []byte{2, 0, 0, 0}
		if opt["as"] == "bytes" {
			typ, space = intType(1, false), append([]byte{2, 1, 0, 1}, put64(uint64(len(data)))...)
		}
		o.add(12, func() []byte { return attribute(name, typ, space, data) })
	}
	return nil
}

// link adds a hard link to the parent of a path.
func (h *hdf5Text) link(path string, target *hdf5Object) error {
	parent, name, err := h.parent(path)
	if err != nil {
		return err
	}
	parent.add(6, func() []byte { return append(linkHead(0, name), put64(target.at)...) })
	return nil
}

func (h *hdf5Text) parent(path string) (*hdf5Object, string, error) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return nil, "", fmt.Errorf("%q is no path", path)
	}
	p, ok := h.byPath[path[:max(i, 1)]]
	if !ok {
		return nil, "", fmt.Errorf("%q has no parent", path)
	}
	return p, path[i+1:], nil
}

func linkHead(kind byte, name string) []byte {
	p := []byte{1, 0}
	if kind != 0 {
		p = []byte{1, 8, kind}
	}
	return append(append(p, byte(len(name))), name...)
}

func (h *hdf5Text) special(verb string, w []string, data []byte) error {
	parent, name, err := h.parent(w[0])
	if err != nil {
		return err
	}
	kind, value := byte(1), []byte(w[1])
	switch verb {
	case "external":
		kind, value = 64, []byte("\x00"+w[1]+"\x00"+w[2]+"\x00")
	case "user":
		n, err := strconv.ParseUint(w[1], 0, 8)
		if err != nil {
			return err
		}
		kind, value = byte(n), data
	}
	parent.add(6, func() []byte { return append(put16(linkHead(kind, name), uint64(len(value))), value...) })
	return nil
}

func put64(v uint64) []byte { return binary.LittleEndian.AppendUint64(nil, v) }

func intType(size byte, signed bool) []byte {
	flags := byte(0)
	if signed {
		flags = 8
	}
	return []byte{0x10, flags, 0, 0, size, 0, 0, 0, 0, 0, size * 8, 0}
}

func stringType(n int) []byte { return append([]byte{0x13, 0, 0, 0}, put32(nil, uint32(n))...) }

func vlenType(isText bool) []byte {
	kind := byte(0)
	if isText {
		kind = 1
	}
	return append([]byte{0x19, kind, 0, 0, 16, 0, 0, 0}, intType(1, false)...)
}

func typeOf(name string) (typ []byte, size int, err error) {
	switch name {
	case "f4":
		return []byte{0x11, 0x20, 31, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0}, 4, nil
	case "f8":
		return []byte{0x11, 0x20, 63, 0, 8, 0, 0, 0, 0, 0, 64, 0, 52, 11, 0, 52, 0xff, 3, 0, 0}, 8, nil
	case "i1", "i8":
		return intType(name[1]-'0', true), int(name[1] - '0'), nil
	case "u1", "u4":
		return intType(name[1]-'0', false), int(name[1] - '0'), nil
	case "vlen":
		return vlenType(false), 16, nil
	}
	if n, err := strconv.Atoi(strings.TrimPrefix(name, "S")); err == nil && name[0] == 'S' {
		return stringType(n), n, nil
	}
	return nil, 0, fmt.Errorf("unknown type %q", name)
}

func dimsOf(text string) (dims []uint64, err error) {
	if text == "scalar" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, "x") {
		n, err := strconv.ParseUint(part, 0, 64)
		if err != nil {
			return nil, err
		}
		dims = append(dims, n)
	}
	return dims, nil
}

func (h *hdf5Text) dataset(o *hdf5Object, typeName, dimText string, data []byte, opt zipOptions) error {
	typ, size, err := typeOf(typeName)
	if err != nil {
		return err
	}
	dims, err := dimsOf(dimText)
	if err != nil {
		return err
	}
	space := []byte{2, byte(len(dims)), 0, 1}
	if dims == nil {
		space[3] = 0
	}
	for _, d := range dims {
		space = append(space, put64(d)...)
	}
	_, o.badsum = opt["badsum"]
	o.add(1, func() []byte { return space })
	o.add(3, func() []byte { return typ })
	if typeName == "vlen" {
		heap := h.blob(func() []byte { return globalHeap(data) })
		refs := h.blob(func() []byte { return put32(append(put32(nil, uint32(len(data))), put64(heap.at)...), 1) })
		o.add(8, func() []byte { return contiguous(refs.at, 16) })
		return nil
	}
	return h.layout(o, data, size, opt)
}

func contiguous(at, n uint64) []byte { return append(append([]byte{3, 1}, put64(at)...), put64(n)...) }

// layout says where the elements of a dataset are.
func (h *hdf5Text) layout(o *hdf5Object, data []byte, size int, opt zipOptions) error {
	switch {
	case opt["external"] != "":
		heap := h.localHeap(opt["external"])
		o.add(7, func() []byte {
			p := append(append([]byte{1, 0, 0, 0, 1, 0, 1, 0}, put64(heap.at)...), put64(8)...)
			return append(append(p, put64(0)...), put64(opt.number(0, "size"))...)
		})
		o.add(8, func() []byte { return contiguous(^uint64(0), opt.number(0, "size")) })
	case opt["virtual"] != "":
		heap := h.blob(func() []byte { return globalHeap(virtualSources(opt["virtual"], opt.text("/x", "source"))) })
		o.add(8, func() []byte { return put32(append([]byte{4, 3}, put64(heap.at)...), 1) })
	case opt["chunk"] != "":
		return h.chunk(o, data, size, opt)
	case data == nil:
		o.add(8, func() []byte { return contiguous(^uint64(0), opt.number(0, "stored")) })
	default:
		blob := h.blob(func() []byte { return data })
		o.add(8, func() []byte { return contiguous(blob.at, opt.number(len(data), "stored")) })
	}
	return nil
}

// chunk keeps the elements in one chunk, with an index of its own kind.
func (h *hdf5Text) chunk(o *hdf5Object, data []byte, size int, opt zipOptions) error {
	dims, err := dimsOf(opt["chunk"])
	if err != nil {
		return err
	}
	dims = append(dims, uint64(size))
	width := (bits.Len64(slices.Max(dims)) + 7) / 8 // the library wants the shortest
	head := []byte{4, 2, 0, byte(len(dims)), byte(width)}
	if opt["filter"] != "" {
		id, name := opt.number(0, "filter"), opt["filter-name"]
		filter := put16([]byte{2, 1}, id)
		if id >= 256 {
			filter = put16(filter, uint64(len(name)))
		}
		filter = put16(filter, 0, 0)
		if id >= 256 {
			filter = append(filter, name...)
		}
		o.add(11, func() []byte { return filter })
		head[2] = 2
	}
	for _, d := range dims {
		head = append(head, put64(d)[:width]...)
	}
	head = append(head, 1)
	if head[2] == 2 {
		head = put32(append(head, put64(uint64(len(data)))...), 0)
	}
	at := &hdf5Blob{at: ^uint64(0)}
	if data != nil {
		at = h.blob(func() []byte { return data })
	}
	o.add(8, func() []byte { return append(append([]byte{}, head...), put64(at.at)...) })
	return nil
}

func (h *hdf5Text) localHeap(name string) *hdf5Blob {
	segment := append(make([]byte, 8), name...)
	segment = append(segment, make([]byte, 8-len(name)%8)...)
	data := h.blob(func() []byte { return segment })
	return h.blob(func() []byte {
		p := append([]byte("HEAP\x00\x00\x00\x00"), put64(uint64(len(segment)))...)
		return append(append(p, put64(1)...), put64(data.at)...)
	})
}

// globalHeap is a collection with one object.
func globalHeap(data []byte) []byte {
	p := append([]byte("GCOL\x01\x00\x00\x00"), put64(4096)...)
	p = append(append(p, 1, 0, 1, 0, 0, 0, 0, 0), put64(uint64(len(data)))...)
	p = append(p, data...)
	p = append(p, make([]byte, (8-len(data)%8)%8)...)
	total := max(4096, (len(p)+16+7)&^7)
	copy(p[8:], put64(uint64(total)))
	p = append(append(p, make([]byte, 8)...), put64(uint64(total-len(p)))...)
	return append(p, make([]byte, total-len(p))...)
}

func virtualSources(file, set string) []byte {
	p := append([]byte{0}, put64(1)...)
	p = append(p, file+"\x00"+set+"\x00"...)
	all := put32(nil, 3, 1, 0, 0)
	p = append(append(p, all...), all...)
	return put32(p, lookup3(p))
}

func attribute(name string, typ, space, data []byte) []byte {
	p := put16([]byte{3, 0}, uint64(len(name)+1), uint64(len(typ)), uint64(len(space)))
	p = append(append(append(p, 0), name...), 0)
	return append(append(append(p, typ...), space...), data...)
}

// header writes an object header with one piece.
func (o *hdf5Object) header() []byte {
	var body []byte
	for _, m := range o.messages {
		kind, p := m()
		body = append(append(put16(append(body, kind), uint64(len(p))), 0), p...)
	}
	p := append(put32([]byte{'O', 'H', 'D', 'R', 2, 2}, uint32(len(body))), body...)
	sum := lookup3(p)
	if o.badsum {
		sum ^= 1
	}
	return put32(p, sum)
}

// assemble writes everything twice: once to learn the addresses.
func (h *hdf5Text) assemble() []byte {
	base := 0
	if len(h.userblock) > 0 {
		base = max(512, 1<<bits.Len(uint(len(h.userblock)-1)))
	}
	var out []byte
	for range 2 {
		out = make([]byte, 48)
		for _, o := range h.objects {
			o.at = uint64(len(out))
			out = append(out, o.header()...)
		}
		for _, b := range h.blobs {
			out = append(out, make([]byte, (8-len(out)%8)%8)...)
			b.at = uint64(len(out))
			out = append(out, b.build()...)
		}
	}
	s := append([]byte("\x89HDF\r\n\x1a\n\x02\x08\x08\x00"), put64(uint64(base))...)
	s = append(append(s, put64(^uint64(0))...), put64(uint64(base+len(out)))...)
	s = append(s, put64(h.objects[0].at)...)
	copy(out, put32(s, lookup3(s)))
	out = append(append(append(make([]byte, 0, base+len(out)), h.userblock...), make([]byte, base-len(h.userblock))...), out...)
	return append(out, h.trailer...)
}

// lookup3 is Bob Jenkins' hash, the checksum of HDF5.
func lookup3(p []byte) uint32 {
	x := [3]uint32{0xdeadbeef + uint32(len(p)), 0xdeadbeef + uint32(len(p)), 0xdeadbeef + uint32(len(p))}
	a, b, c := &x[0], &x[1], &x[2]
	for ; len(p) > 0; p = p[min(12, len(p)):] {
		var block [12]byte
		copy(block[:], p)
		for i := range x {
			x[i] += binary.LittleEndian.Uint32(block[4*i:])
		}
		if len(p) <= 12 {
			for _, s := range [...]struct {
				to, by *uint32
				k      int
			}{{c, b, 14}, {a, c, 11}, {b, a, 25}, {c, b, 16}, {a, c, 4}, {b, a, 14}, {c, b, 24}} {
				*s.to = (*s.to ^ *s.by) - bits.RotateLeft32(*s.by, s.k)
			}
			break
		}
		for _, s := range [...]struct {
			x, y, z *uint32
			k       int
		}{{a, c, b, 4}, {b, a, c, 6}, {c, b, a, 8}, {a, c, b, 16}, {b, a, c, 19}, {c, b, a, 4}} {
			*s.x = (*s.x - *s.y) ^ bits.RotateLeft32(*s.y, s.k)
			*s.y += *s.z
		}
	}
	return x[2]
}
