// Package lzma decodes LZMA and LZMA2 data, the algorithm inside of .xz, .lzma
// and .lz files.
//
// Specification: lzma-specification.txt of the LZMA SDK, and the LZMA2 chunks of
// xz (https://tukaani.org/xz/xz-file-format.txt).
//
// Threat: a header that asks for gigabytes of dictionary; a stream that breaks
// off behind a payload, which Python's reader has handed to the unpickler by
// then. The dictionary grows with the bytes that are really produced, up to a
// limit, and every byte that can be decoded before a break comes out.
//
// Not covered: containers and their checksums, filters such as BCJ.
package lzma

import (
	"errors"
	"io"
)

// Errors of a stream. They are the file's fault.
var (
	ErrCorrupt = errors.New("the LZMA data is broken")
	// ErrWindow says that the data reaches back further than the caller allows.
	ErrWindow = errors.New("the LZMA data needs a larger dictionary than is allowed")
)

// Decoder decodes one LZMA stream, or the chunks of one LZMA2 stream.
type Decoder struct {
	rc    rangeCoder
	win   window
	model model
	state uint32
	reps  [4]uint32
	todo  int   // bytes of a match that are still to be copied
	left  int64 // bytes until the end of the stream or chunk; -1 when a marker ends it
	err   error
}

// Alone decodes a stream with the given properties byte and dictionary size, as
// in .lzma and .lz files. size is the number of decoded bytes, -1 when only a
// marker ends them. No more than limit bytes of dictionary are kept. It reads
// exactly the bytes of the stream from src.
func Alone(src io.ByteReader, props byte, dict uint32, size, limit int64) (*Decoder, error) {
	d := &Decoder{left: size}
	d.win.limit(int64(dict), limit)
	if !d.model.setup(props) {
		return nil, ErrCorrupt
	}
	d.rc.in = newInput(src)
	d.rc.start()
	d.rc.in.giveBack()
	d.err = d.rc.err
	return d, nil
}

// Read implements io.Reader. Bytes before a break are delivered first.
func (d *Decoder) Read(p []byte) (int, error) {
	if d.err != nil || len(p) == 0 {
		return 0, d.err
	}
	d.rc.in.borrow()
	n, err := d.decode(p)
	if n == 0 && err == nil {
		err = d.finish()
	}
	d.rc.in.giveBack()
	d.err = err
	if n > 0 {
		return n, nil
	}
	return 0, err
}

// decode fills p as far as the stream goes. It returns 0 and no error when
// the declared number of bytes is complete.
func (d *Decoder) decode(p []byte) (n int, err error) {
	for n < len(p) && d.left != 0 {
		if d.todo == 0 {
			n += d.literals(p[n:])
			if n == len(p) || d.left == 0 {
				break
			}
			if err := d.symbol(p, &n); err != nil {
				return n, err
			}
			continue
		}
		k := min(d.todo, len(p)-n)
		if d.left > 0 && int64(k) > d.left {
			k, err = int(d.left), ErrCorrupt // the match runs over the end
		}
		d.win.copy(int(d.reps[0])+1, p[n:n+k])
		n, d.todo = n+k, d.todo-k
		d.count(k)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

func (d *Decoder) count(k int) {
	if d.left > 0 {
		d.left -= int64(k)
	}
}

// finish looks at what stands behind the declared number of bytes: nothing, or
// an end marker.
func (d *Decoder) finish() error {
	d.rc.normalize()
	if d.rc.err != nil {
		return d.rc.err
	}
	if d.rc.code == 0 {
		return io.EOF
	}
	var none [1]byte
	n := 0
	err := d.symbol(none[:], &n)
	if err == nil {
		err = ErrCorrupt // more data than declared
	}
	return err
}

// symbol decodes a literal into p, or the length and distance of a match.
func (d *Decoder) symbol(p []byte, n *int) error {
	rc, m := &d.rc, &d.model
	pos := uint32(d.win.total) & m.posMask
	if rc.bit(&m.isMatch[d.state<<4+pos]) == 0 {
		b := m.literal(rc, &d.win, d.state, d.reps[0])
		if rc.err != nil {
			return rc.err
		}
		d.state = afterLiteral(d.state)
		d.win.put(b)
		p[*n] = b
		*n++
		d.count(1)
		return nil
	}
	length, marker := d.match(pos)
	switch {
	case rc.err != nil:
		return rc.err
	case marker:
		rc.normalize()
		if rc.err == nil && rc.code == 0 {
			return io.EOF
		}
		return ErrCorrupt
	}
	if err := d.win.reach(int64(d.reps[0]) + 1); err != nil {
		return err
	}
	d.todo = length
	return nil
}

// match decodes the length of a match and leaves its distance in reps[0].
func (d *Decoder) match(pos uint32) (length int, marker bool) {
	rc, m, s := &d.rc, &d.model, d.state
	if rc.bit(&m.isRep[s]) == 0 {
		d.reps[3], d.reps[2], d.reps[1] = d.reps[2], d.reps[1], d.reps[0]
		length = m.length.decode(rc, pos)
		d.state = afterMatch(s, 7)
		d.reps[0] = m.distance(rc, length)
		return length, d.reps[0] == 1<<32-1
	}
	if rc.bit(&m.isRep0[s]) == 0 {
		if rc.bit(&m.isRep0Long[s<<4+pos]) == 0 {
			d.state = afterMatch(s, 9)
			return 1, false
		}
	} else {
		d.rotate(s)
	}
	d.state = afterMatch(s, 8)
	return m.repeat.decode(rc, pos), false
}

// rotate moves the second, third or fourth last distance to the front.
func (d *Decoder) rotate(s uint32) {
	rc, m := &d.rc, &d.model
	i := 1
	if rc.bit(&m.isRep1[s]) != 0 {
		i = 2 + int(rc.bit(&m.isRep2[s]))
	}
	dist := d.reps[i]
	copy(d.reps[1:i+1], d.reps[:i])
	d.reps[0] = dist
}

func afterLiteral(s uint32) uint32 {
	switch {
	case s < 4:
		return 0
	case s < 10:
		return s - 3
	}
	return s - 6
}

// afterMatch is the state after a match of the kind with the given low state.
func afterMatch(s, low uint32) uint32 {
	if s < 7 {
		return low
	}
	if low == 7 {
		return 10
	}
	return 11
}
