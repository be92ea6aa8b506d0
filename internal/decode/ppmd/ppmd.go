// Package ppmd decodes PPMd variant H with the range coder of 7z, the method
// "PPMD" of 7z archives.
//
// Specification: Ppmd7.c and Ppmd7Dec.c of the LZMA SDK; D. Shkarin, "PPM: one
// step to practicality", 2002.
//
// Threat: settings that ask for four gigabytes of memory. The model lives in one
// block of a size that the caller limits. A stream that asks for more is decoded
// as long as its model fits; then comes ErrWindow, and what was decoded is kept.
//
// Not covered: variants I and G of other archives, and zip's range coder.
package ppmd

import (
	"encoding/binary"
	"errors"
	"io"
)

// Errors of a stream. They are the file's fault.
var (
	ErrCorrupt = errors.New("the PPMd data is broken")
	// ErrWindow says that the model needs more memory than the caller allows.
	ErrWindow = errors.New("the PPMd data needs more memory than is allowed")
)

// Limits of the settings.
const (
	minOrder, maxOrder = 2, 64
	minMemory          = 1 << 11
	maxMemory          = 1<<32 - 1 - 12*3
)

// PropsSize is the length of the settings in bytes: order and memory. Some writers
// add bytes that mean nothing.
const PropsSize = 5

// Memory is what a decoder for these settings takes at most, in bytes; size is
// how many bytes it decodes.
func Memory(props []byte, size int64) int64 {
	if len(props) < PropsSize {
		return 0
	}
	asked := int64(binary.LittleEndian.Uint32(props[1:]))
	// No byte can make the model grow by more than this.
	perByte := 64 * (int64(props[0]) + 1)
	if need := int64(1 << 16); size < asked/perByte {
		return min(asked, need+size*perByte)
	}
	return asked
}

// Decoder decodes one stream.
type Decoder struct {
	model model
	rc    rangeCoder
	left  int64
	err   error
}

// NewReader decodes size bytes with the settings. It takes no more than limit
// bytes of memory, and reads exactly the bytes of the stream from src.
func NewReader(src io.ByteReader, props []byte, size, limit int64) (*Decoder, error) {
	if len(props) < PropsSize {
		return nil, ErrCorrupt
	}
	order, asked := int(props[0]), int64(binary.LittleEndian.Uint32(props[1:]))
	if order < minOrder || order > maxOrder || asked < minMemory || asked > maxMemory {
		return nil, ErrCorrupt
	}
	d := &Decoder{left: size, rc: rangeCoder{src: src}}
	have := min(Memory(props, size), max(limit, minMemory))
	d.model.setup(order, int(have), have < asked)
	d.err = d.rc.start()
	return d, nil
}

// Read implements io.Reader. Bytes before a break are delivered first.
func (d *Decoder) Read(p []byte) (n int, err error) {
	p = p[:min(int64(len(p)), d.left)]
	for n < len(p) && d.err == nil {
		symbol := d.model.decode(&d.rc)
		switch {
		case d.rc.err != nil:
			d.err = d.rc.err
		case symbol < 0:
			d.err = ErrCorrupt
		default:
			p[n] = byte(symbol)
			n++
			if d.model.full {
				d.err = ErrWindow
			}
		}
	}
	d.left -= int64(n)
	if n > 0 {
		return n, nil
	}
	if d.err == nil && d.left == 0 {
		if d.err = io.EOF; d.rc.code != 0 {
			d.err = ErrCorrupt // more data than declared
		}
	}
	return 0, d.err
}

// Restarts is how often the model has forgotten everything: with little memory
// that is most of the work.
func (d *Decoder) Restarts() int { return d.model.restarts }

// rangeCoder turns bytes into numbers of given probability. A byte that is not
// there counts as zero and sets err.
type rangeCoder struct {
	src       io.ByteReader
	rng, code uint32
	err       error
}

func (c *rangeCoder) next() uint32 {
	b, err := c.src.ReadByte()
	if err != nil && c.err == nil {
		if c.err = err; err == io.EOF {
			c.err = io.ErrUnexpectedEOF
		}
	}
	return uint32(b)
}

// start reads the five bytes that a stream begins with; the first is zero.
func (c *rangeCoder) start() error {
	if c.rng = 1<<32 - 1; c.next() != 0 {
		return ErrCorrupt
	}
	for range 4 {
		c.code = c.code<<8 | c.next()
	}
	if c.err == nil && c.code == 1<<32-1 {
		return ErrCorrupt
	}
	return c.err
}

// threshold divides the range into total parts and says in which one the code is.
func (c *rangeCoder) threshold(total uint32) uint32 {
	c.rng /= total
	return c.code / c.rng
}

// take goes on with the parts from start.
func (c *rangeCoder) take(start, size uint32) {
	c.code -= start * c.rng
	c.rng *= size
	c.normalize()
}

// bit decodes one whose chance to be 0 is p in 1<<14.
func (c *rangeCoder) bit(p uint16) (one bool) {
	if bound := c.rng >> 14 * uint32(p); c.code < bound {
		c.rng = bound
	} else {
		c.code, c.rng, one = c.code-bound, c.rng-bound, true
	}
	c.normalize()
	return one
}

func (c *rangeCoder) normalize() {
	for i := 0; i < 2 && c.rng < 1<<24; i++ {
		c.code = c.code<<8 | c.next()
		c.rng <<= 8
	}
}
