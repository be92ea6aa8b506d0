package orbax

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/sallyport/sallyport/internal/bounded"
)

// block is a manifest or a node: header, body, checksum.
type block struct {
	magic  uint32
	off    int64
	length int64
	body   []byte // decoded
}

var (
	errLength      = errors.New("it is longer than the file")
	errChecksum    = errors.New("its checksum is wrong")
	errCompression = errors.New("it is compressed in an unknown way")
	errVersion     = errors.New("it is of an unknown version")
	errShort       = errors.New("it ends in the middle")
)

// readBlock reads the block at off. Its length is set as soon as it is known.
func readBlock(r *bounded.Reader, off int64) (b block, err error) {
	b.off = off
	head, err := r.Bytes(off, 12)
	if err != nil {
		return b, errShort
	}
	b.magic = binary.BigEndian.Uint32(head)
	n := binary.LittleEndian.Uint64(head[4:])
	if n < least || n > uint64(r.Size()-off) {
		return b, errLength
	}
	b.length = int64(n)
	p, err := r.Bytes(off, b.length)
	if err != nil {
		return b, err
	}
	end := len(p) - 4
	if crc32.Checksum(p[:end], crc32.MakeTable(crc32.Castagnoli)) != binary.LittleEndian.Uint32(p[end:]) {
		return b, errChecksum
	}
	d := &decoder{p: p[12:end], budget: r.Budget()}
	version, method := d.varint(), d.varint()
	switch {
	case d.err != nil:
		return b, d.err
	case version != 0:
		return b, errVersion
	case method == 0:
		b.body = d.p
	case method == 1:
		b.body, err = unzstd(r.Budget(), d.p)
	default:
		err = errCompression
	}
	return b, err
}

// unzstd decodes a body of at most bounded.MaxBlock bytes.
func unzstd(budget *bounded.Budget, p []byte) ([]byte, error) {
	view, err := budget.Unpack(func() (io.Reader, error) {
		z, err := zstd.NewReader(bytes.NewReader(p), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(bounded.MaxWindow))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	}, -1, nil)
	if err != nil {
		return nil, err
	}
	return view.Bytes(0, view.Size())
}

// decoder reads numbers and texts; the first fault stays.
type decoder struct {
	p      []byte
	budget *bounded.Budget
	err    error
}

func (d *decoder) varint() uint64 {
	v, n := binary.Uvarint(d.p)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.p = d.p[n:]
	return v
}

func (d *decoder) fail() {
	if d.err == nil {
		d.err = errShort
	}
	d.p = nil
}

func (d *decoder) take(n uint64) []byte {
	if n > uint64(len(d.p)) {
		d.fail()
		return nil
	}
	out := d.p[:n:n]
	d.p = d.p[n:]
	return out
}

func (d *decoder) byte() byte {
	if p := d.take(1); len(p) == 1 {
		return p[0]
	}
	return 0
}

// count reads how many things of at least each bytes follow.
func (d *decoder) count(each uint64) uint64 {
	n := d.varint()
	switch {
	case n > uint64(len(d.p))/each:
		d.fail()
	case n > bounded.MaxTensorNames:
		d.p = nil
		if d.err == nil {
			d.err = d.budget.Reach("tensor-names", bounded.MaxTensorNames)
		}
	default:
		return n
	}
	return 0
}

// column reads n numbers.
func (d *decoder) column(n uint64) []uint64 {
	if n > uint64(len(d.p)) {
		d.fail()
		return nil
	}
	out := make([]uint64, n)
	for i := range out {
		out[i] = d.varint()
	}
	return out
}

// maxKeys is how many bytes all keys of one node may have together: each shares a
// beginning with the one before it, so that few bytes could make many.
const maxKeys = bounded.MaxBlock

// texts reads n texts that share a beginning with the one before: lengths of what
// is shared, lengths of the rest, extra columns, and the rests.
func (d *decoder) texts(n uint64, extra func()) []string {
	if n == 0 {
		extra()
		return nil
	}
	shared := append([]uint64{0}, d.column(n-1)...)
	rest := d.column(n)
	extra()
	if d.err != nil {
		return nil
	}
	out := make([]string, n)
	total := uint64(0)
	for i := range out {
		tail := d.take(rest[i])
		if i > 0 && shared[i] > uint64(len(out[i-1])) {
			d.fail()
		}
		if total += shared[i] + uint64(len(tail)); d.err != nil || total > maxKeys {
			d.fail()
			return nil
		}
		if i > 0 {
			out[i] = out[i-1][:shared[i]]
		}
		out[i] += string(tail)
	}
	return out
}

// files reads a table of data files.
func (d *decoder) files() []string {
	n := d.count(3)
	return d.texts(n, func() { d.column(n) })
}
