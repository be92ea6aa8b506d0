// Package npy reads the header of a NumPy array file: the Python literal that
// says type, order and shape of what follows.
//
// Specification: numpy/lib/_format_impl.py, format versions 1.0, 2.0 and 3.0.
//
// Threat: the header is Python source that loaders hand to ast.literal_eval,
// and its descr says whether the rest of the file is data or a pickle. An object
// anywhere in a nested type makes it a pickle. Sizes lie, and products of sizes
// overflow. This parser knows only the literals that NumPy has ever written;
// everything else is refused, never guessed.
//
// Not covered: the data itself; dtypes given by any of the looser spellings that
// numpy.dtype accepts and numpy.save never writes.
package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/sallyport/sallyport/internal/bounded"
)

// Magic is what every array file begins with.
const Magic = "\x93NUMPY"

// Reasons to refuse a header; ErrMalformed is wrapped with a detail.
var (
	ErrMalformed = errors.New("malformed header")
	ErrVersion   = errors.New("unknown version of the format")
	ErrType      = errors.New("unknown item type")
)

// Header is what is known of an array before its data.
type Header struct {
	Major, Minor byte
	Length       int64 // bytes from the magic to the data
	Shape        []int64
	Fortran      bool
	Type         string // descr of a simple type ("<f4"), else "structured" or "subarray"
	Object       bool   // the data is a pickle
	Data         int64  // bytes of data; meaningless for objects
}

// Row is the bytes of one step along the first dimension, 0 for a vector or a
// scalar and for arrays in Fortran order.
func (h *Header) Row() int64 {
	if len(h.Shape) < 2 || h.Fortran || h.Shape[0] <= 0 {
		return 0
	}
	return h.Data / h.Shape[0]
}

// Read reads the header that starts at off. It reads no data and does not check
// that the data is there. Errors wrap ErrMalformed, ErrVersion, ErrType,
// bounded.ErrTruncated, or are limits.
func Read(r *bounded.Reader, off int64) (*Header, error) {
	text, h, err := header(r, off)
	if err != nil {
		return nil, err
	}
	p := parser{text: text}
	d, err := p.header()
	if err != nil {
		return h, err
	}
	return h, h.fill(d)
}

// header finds the literal behind magic, version and length.
func header(r *bounded.Reader, off int64) ([]byte, *Header, error) {
	start, err := r.Bytes(off, min(12, max(r.Size()-off, 0)))
	if err != nil || len(start) < 10 || string(start[:len(Magic)]) != Magic {
		return nil, nil, fmt.Errorf("%w: no array header", ErrMalformed)
	}
	h := &Header{Major: start[6], Minor: start[7], Length: 10}
	length := int64(binary.LittleEndian.Uint16(start[8:]))
	switch {
	case h.Minor != 0 || h.Major < 1 || h.Major > 3:
		return nil, nil, fmt.Errorf("%w: %d.%d", ErrVersion, h.Major, h.Minor)
	case h.Major == 1:
	case len(start) < 12:
		return nil, nil, bounded.ErrTruncated
	default:
		h.Length = 12
		length = int64(binary.LittleEndian.Uint32(start[8:]))
	}
	if length > bounded.MaxNumpyHeader {
		return nil, nil, r.Budget().Reach("numpy-header", bounded.MaxNumpyHeader)
	}
	text, err := r.Bytes(off+h.Length, length)
	h.Length += length
	return text, h, err
}

// fill turns the three entries of the header into sizes.
func (h *Header) fill(d map[string]node) error {
	for _, key := range [...]string{"descr", "fortran_order", "shape"} {
		if _, ok := d[key]; !ok {
			return fmt.Errorf("%w: no %q", ErrMalformed, key)
		}
	}
	if len(d) != 3 {
		return fmt.Errorf("%w: unknown entries", ErrMalformed)
	}
	order := d["fortran_order"]
	if order.kind != kindBool {
		return fmt.Errorf("%w: fortran_order", ErrMalformed)
	}
	h.Fortran = order.num != 0
	shape := d["shape"]
	if shape.kind != kindTuple {
		return fmt.Errorf("%w: shape", ErrMalformed)
	}
	count, err := h.count(shape.items)
	if err != nil {
		return err
	}
	t, err := dtypeOf(d["descr"], 0)
	h.Object, h.Type = t.object, t.name
	if err != nil || h.Object {
		return err
	}
	h.Data, err = times(count, t.size)
	return err
}

func (h *Header) count(dims []node) (int64, error) {
	count := int64(1)
	for _, d := range dims {
		if d.kind != kindInt || d.num < 0 {
			return 0, fmt.Errorf("%w: shape", ErrMalformed)
		}
		h.Shape = append(h.Shape, d.num)
		if d.num == 0 {
			count = 0
		}
	}
	var err error
	for _, d := range h.Shape {
		if count, err = times(count, d); err != nil {
			return 0, err
		}
	}
	return count, nil
}

// times multiplies sizes that are not negative.
func times(a, b int64) (int64, error) {
	if b != 0 && a > math.MaxInt64/b {
		return 0, fmt.Errorf("%w: its size overflows", ErrMalformed)
	}
	return a * b, nil
}
