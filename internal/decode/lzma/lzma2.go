package lzma

import "io"

// Decoder2 decodes an LZMA2 stream: chunks that are stored or packed, up to an
// end mark.
type Decoder2 struct {
	src    io.ByteReader
	d      Decoder
	packed []byte // the current chunk
	stored int64  // bytes left of a stored chunk
	open   bool   // a packed chunk is open
	ready  bool   // properties are known
	fresh  bool   // the dictionary was reset once
	err    error
}

// New2 decodes an LZMA2 stream with a dictionary size from its container. No
// more than limit bytes of dictionary are kept. It reads exactly the bytes of
// the stream from src.
func New2(src io.ByteReader, dict, limit int64) *Decoder2 {
	d := &Decoder2{src: src}
	d.d.win.limit(dict, limit)
	return d
}

// Read implements io.Reader. Bytes before a break are delivered first.
func (d *Decoder2) Read(p []byte) (n int, err error) {
	for n == 0 && d.err == nil && len(p) > 0 {
		switch {
		case d.stored > 0:
			n, d.err = d.plain(p)
		case d.open:
			n, d.err = d.chunk(p)
		default:
			d.err = d.header()
		}
	}
	if n > 0 {
		return n, nil
	}
	return 0, d.err
}

func (d *Decoder2) plain(p []byte) (n int, err error) {
	if r, ok := d.src.(io.Reader); ok {
		n, err = r.Read(p[:min(int64(len(p)), d.stored)])
		d.d.win.append(p[:n])
		d.stored -= int64(n)
		return n, unexpected(err)
	}
	for n < len(p) && d.stored > 0 {
		b, err := d.src.ReadByte()
		if err != nil {
			return n, unexpected(err)
		}
		d.d.win.put(b)
		p[n] = b
		n++
		d.stored--
	}
	return n, nil
}

func (d *Decoder2) chunk(p []byte) (int, error) {
	n, err := d.d.decode(p)
	if err == io.EOF { // markers do not occur in LZMA2
		err = ErrCorrupt
	}
	if err == nil && d.d.left == 0 {
		d.open = false
		d.d.rc.normalize()
		if d.d.todo > 0 || d.d.rc.in.at != len(d.packed) || d.d.rc.code != 0 || d.d.rc.err != nil {
			err = ErrCorrupt
		}
	}
	return n, err
}

// header reads the control byte of a chunk and what follows it.
func (d *Decoder2) header() error {
	control, err := d.src.ReadByte()
	switch {
	case err != nil:
		return unexpected(err)
	case control == 0:
		return io.EOF
	case control == 1 || control >= 0xe0:
		d.d.win.reset()
		d.fresh = true
	case control > 2 && control < 0x80 || !d.fresh:
		return ErrCorrupt
	}
	low, err := d.uint16()
	if err != nil {
		return err
	}
	if control < 0x80 {
		d.stored = int64(low) + 1
		if control == 1 {
			d.ready = false
		}
		return nil
	}
	size := int64(control&0x1f)<<16 + int64(low) + 1
	packed, err := d.uint16()
	if err != nil {
		return err
	}
	return d.start(control>>5&3, size, int64(packed)+1)
}

// start opens a packed chunk. reset is 0 for nothing, 1 for the state, 2 for new
// properties too, 3 for the dictionary too.
func (d *Decoder2) start(reset byte, size, packed int64) error {
	if reset >= 2 {
		props, err := d.src.ReadByte()
		if err != nil {
			return unexpected(err)
		}
		if !d.d.model.setup(props) {
			return ErrCorrupt
		}
		d.ready = true
	}
	if !d.ready {
		return ErrCorrupt
	}
	if reset >= 1 {
		d.d.model.reset()
		d.d.state, d.d.reps, d.d.todo = 0, [4]uint32{}, 0
	}
	end := d.load(int(packed))
	d.d.rc = rangeCoder{in: input{buf: d.packed, end: end}}
	d.d.rc.start()
	d.d.left, d.open = size, true
	return d.d.rc.err
}

// load reads a chunk of n bytes, or as many as there are. It returns what comes
// behind them.
func (d *Decoder2) load(n int) error {
	if cap(d.packed) < n {
		d.packed = make([]byte, 1<<16) // the largest chunk
	}
	d.packed = d.packed[:n]
	if r, ok := d.src.(io.Reader); ok {
		if k, err := io.ReadFull(r, d.packed); err != nil {
			d.packed = d.packed[:k]
			return unexpected(err)
		}
		return ErrCorrupt
	}
	for i := range d.packed {
		b, err := d.src.ReadByte()
		if err != nil {
			d.packed = d.packed[:i]
			return unexpected(err)
		}
		d.packed[i] = b
	}
	return ErrCorrupt
}

func (d *Decoder2) uint16() (uint16, error) {
	hi, err := d.src.ReadByte()
	if err != nil {
		return 0, unexpected(err)
	}
	lo, err := d.src.ReadByte()
	return uint16(hi)<<8 | uint16(lo), unexpected(err)
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
