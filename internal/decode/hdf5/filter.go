package hdf5

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"

	"github.com/sallyport/sallyport/internal/bounded"
)

// Numbers of the filters that the library brings along, and of the one that h5py
// does.
const (
	FilterDeflate     = 1
	FilterShuffle     = 2
	FilterFletcher32  = 3
	FilterSZip        = 4
	FilterNBit        = 5
	FilterScaleOffset = 6
	FilterLZF         = 32000
)

// pipeline reads the filters of a dataset, in the order of writing.
func (f *File) pipeline(d *Data, m *message) bool {
	if m.shared {
		f.unsupported(m.at, int64(len(m.p)), "Filters are shared with other objects.")
		return true
	}
	c := f.fields(m.p)
	version, count := c.u8(), c.u8()
	switch version {
	case 1:
		c.skip(6)
	case 2:
	default:
		return false
	}
	for range count {
		x := Filter{ID: c.u16()}
		n := 0
		if version == 1 || x.ID >= 256 {
			n = c.u16()
		}
		x.Optional = c.u16()&1 != 0
		values := c.u16()
		x.Name = string(bytes.TrimRight(c.bytes(n), "\x00"))
		if version == 1 {
			c.skip((8 - n%8) % 8)
		}
		if values > c.left()/4 {
			return false
		}
		for range values {
			x.Values = append(x.Values, c.u32())
		}
		if version == 1 && values%2 == 1 {
			c.skip(4)
		}
		d.Filters = append(d.Filters, x)
	}
	return !c.bad
}

// ErrFilter says that a chunk is packed by a filter that is not undone here.
var ErrFilter = errors.New("filter is not supported")

// Chunk is the content of a chunk of a dataset with all filters undone, at most
// bounded.MaxBlock bytes.
func (f *File) Chunk(d *Data, c Chunk) ([]byte, error) {
	p, err := f.r.Bytes(c.Offset, c.Length)
	if err != nil {
		return nil, err
	}
	for i := len(d.Filters) - 1; i >= 0; i-- {
		if i < 32 && c.Mask&(1<<i) != 0 {
			continue
		}
		if p, err = f.undo(&d.Filters[i], p, d.Type.Size); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (f *File) undo(x *Filter, p []byte, size int64) ([]byte, error) {
	switch x.ID {
	case FilterDeflate:
		return f.inflate(p)
	case FilterShuffle:
		if len(x.Values) > 0 {
			size = int64(x.Values[0])
		}
		return unshuffle(p, size), nil
	case FilterFletcher32:
		return p[:max(0, len(p)-4)], nil
	}
	return nil, fmt.Errorf("%w: %d", ErrFilter, x.ID)
}

// inflate goes through the budget, which counts what the bytes grow to.
func (f *File) inflate(p []byte) ([]byte, error) {
	r, err := f.budget.Unpack(func() (io.Reader, error) { return zlib.NewReader(bytes.NewReader(p)) }, -1, nil)
	if err != nil {
		return nil, err
	}
	return r.Bytes(0, min(r.Size(), bounded.MaxBlock))
}

// unshuffle puts the bytes of each element together again.
func unshuffle(p []byte, size int64) []byte {
	if size <= 1 || size > int64(len(p)) {
		return p
	}
	n := len(p) / int(size)
	out := make([]byte, len(p))
	for i := range int(size) {
		for j := range n {
			out[j*int(size)+i] = p[i*n+j]
		}
	}
	copy(out[n*int(size):], p[n*int(size):])
	return out
}
