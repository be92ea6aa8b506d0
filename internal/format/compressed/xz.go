package compressed

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/lzma"
	"github.com/sallyport/sallyport/internal/format"
)

const xzMagic = "\xfd7zXZ\x00"

func matchXz(in *format.Input) format.Confidence {
	// joblib looks at five bytes, the decoder at six.
	if bytes.HasPrefix(in.Head(), []byte(xzMagic)) {
		return format.Strong
	}
	return format.No
}

// sizeXz is the size that the index at the end declares; right for files of one
// stream.
func sizeXz(in *format.Input) int64 {
	const footer = 12
	size := in.R.Size()
	p, err := in.R.Bytes(size-footer, footer)
	if err != nil || string(p[10:]) != "YZ" {
		return -1
	}
	n := (int64(binary.LittleEndian.Uint32(p[4:])) + 1) * 4
	if n > bounded.MaxStringKept {
		return -1
	}
	index, err := in.R.Bytes(size-footer-n, n)
	if err != nil || index[0] != 0 {
		return -1
	}
	count, rest, err := uvarint(index[1:])
	total, v := uint64(0), uint64(0)
	for i := uint64(0); err == nil && i < 2*count; i++ {
		if v, rest, err = uvarint(rest); i%2 == 1 {
			total += v
		}
	}
	if err != nil || total > 1<<50 {
		return -1
	}
	return int64(total)
}

// xzReader reads all streams of an .xz file.
type xzReader struct {
	in      *format.Input
	src     *source
	log     *journal
	check   byte      // kind of checksum of the stream
	block   io.Reader // open block, or nil
	sum     hash.Hash // its checksum, nil when we cannot compute it
	started int64     // where the open block begins
	blocks  uint64    // of this stream
	inside  bool      // of a stream
	err     error
}

func openXz(in *format.Input, log *journal) io.Reader {
	return &xzReader{in: in, src: newSource(in, 0), log: log}
}

// Read implements io.Reader.
func (z *xzReader) Read(p []byte) (n int, err error) {
	for n == 0 && z.err == nil {
		if z.block == nil {
			z.err = z.next()
			continue
		}
		n, err = z.block.Read(p)
		if z.sum != nil {
			_, _ = z.sum.Write(p[:n])
		}
		if err == io.EOF {
			err = z.endBlock()
		}
		z.err = z.limits(err)
		z.log.end = z.src.pos(0)
	}
	if n > 0 {
		return n, nil
	}
	return 0, z.err
}

// limits names the limit that the dictionary has reached.
func (z *xzReader) limits(err error) error { return windowLimit(z.in, err) }

func windowLimit(in *format.Input, err error) error {
	if errors.Is(err, lzma.ErrWindow) {
		return in.R.Budget().Reach("window", bounded.MaxWindow)
	}
	return err
}

// next opens the next block, or the next stream.
func (z *xzReader) next() error {
	if !z.inside {
		return z.stream()
	}
	z.started = z.src.pos(0)
	size, err := z.src.ReadByte()
	switch {
	case err != nil:
		return noEOF(err)
	case size == 0:
		return z.index()
	}
	head := make([]byte, (int(size)+1)*4)
	head[0] = size
	if err := z.src.full(head[1:]); err != nil {
		return err
	}
	dict, err := xzFilter(head)
	if err != nil {
		return err
	}
	if !sealed(head) {
		z.log.note("SP-COV-004", z.started, "The checksum of an xz block header is wrong.")
	}
	z.block, z.sum = lzma.New2(z.src, dict, bounded.MaxWindow), xzSum(z.check)
	return nil
}

// sealed compares the CRC-32 at the end of a header.
func sealed(p []byte) bool {
	n := len(p) - 4
	return crc32.ChecksumIEEE(p[:n]) == binary.LittleEndian.Uint32(p[n:])
}

// stream reads the header of the next stream, behind the padding of the last.
func (z *xzReader) stream() error {
	if z.log.parts > 0 {
		end := z.src.padding()
		if z.log.end = z.src.pos(0); end {
			return io.EOF
		}
		if p, _ := z.src.Peek(len(xzMagic)); string(p) != xzMagic {
			return io.EOF // loaders ignore what follows; it stays unexplained
		}
	}
	var h [12]byte
	if err := z.src.full(h[:]); err != nil {
		return err
	}
	if h[6] != 0 || h[7] > 15 {
		return errUnsupported
	}
	if crc32.ChecksumIEEE(h[6:8]) != binary.LittleEndian.Uint32(h[8:]) {
		z.log.note("SP-COV-004", z.src.pos(0)-4, "The checksum of an xz header is wrong.")
	}
	z.check, z.blocks, z.inside = h[7], 0, true
	z.log.parts++
	return nil
}

// xzFilter returns the dictionary size of a block that is packed with LZMA2 alone.
func xzFilter(head []byte) (dict int64, err error) {
	flags, p := head[1], head[2:len(head)-4]
	if flags&0x3f != 0 {
		return 0, errUnsupported // more filters than one
	}
	for _, present := range [...]byte{0x40, 0x80} { // sizes: found out by decoding
		if flags&present != 0 {
			if _, p, err = uvarint(p); err != nil {
				return 0, err
			}
		}
	}
	if len(p) < 3 || p[0] != 0x21 || p[1] != 1 || p[2] > 40 {
		return 0, errUnsupported
	}
	if p[2] == 40 {
		return 1<<32 - 1, nil
	}
	return int64(2|p[2]&1) << (p[2]/2 + 11), nil
}

func uvarint(p []byte) (v uint64, rest []byte, err error) {
	v, n := binary.Uvarint(p)
	if n <= 0 {
		return 0, nil, lzma.ErrCorrupt
	}
	return v, p[n:], nil
}

func xzSum(kind byte) hash.Hash {
	switch kind {
	case 1:
		return crc32.NewIEEE()
	case 4:
		return crc64.New(crc64.MakeTable(crc64.ECMA))
	case 10:
		return sha256.New()
	}
	return nil
}

// endBlock reads padding and checksum.
func (z *xzReader) endBlock() error {
	z.block = nil
	z.blocks++
	for (z.src.pos(0)-z.started)%4 != 0 {
		if b, err := z.src.ReadByte(); err != nil {
			return noEOF(err)
		} else if b != 0 {
			return lzma.ErrCorrupt
		}
	}
	sum := make([]byte, [16]byte{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}[z.check])
	at := z.src.pos(0)
	if err := z.src.full(sum); err != nil {
		return err
	}
	if z.sum == nil {
		return nil
	}
	want := z.sum.Sum(nil)
	if z.check != 10 {
		for i, j := 0, len(want)-1; i < j; i, j = i+1, j-1 { // Go gives big-endian sums
			want[i], want[j] = want[j], want[i]
		}
	}
	if !bytes.Equal(sum, want) {
		z.log.note("SP-COV-004", at, "A checksum in the xz data is wrong; loaders have used the content by then.")
	}
	return nil
}

// index reads the index and the footer; both only repeat what is known.
func (z *xzReader) index() error {
	read := &summing{src: z.src, sum: crc32.Update(0, crc32.IEEETable, []byte{0})}
	n, err := binary.ReadUvarint(read)
	if err != nil || n != z.blocks {
		return corruptOr(err)
	}
	for range 2 * n {
		if _, err := binary.ReadUvarint(read); err != nil {
			return corruptOr(err)
		}
	}
	for (z.src.pos(0)-z.started)%4 != 0 {
		if _, err := read.ReadByte(); err != nil {
			return noEOF(err)
		}
	}
	var end [16]byte // checksum of the index, and the footer
	if err := z.src.full(end[:]); err != nil {
		return err
	}
	if string(end[14:]) != "YZ" {
		return lzma.ErrCorrupt
	}
	if binary.LittleEndian.Uint32(end[:4]) != read.sum || crc32.ChecksumIEEE(end[8:14]) != binary.LittleEndian.Uint32(end[4:8]) {
		z.log.note("SP-COV-004", z.src.pos(0)-16, "A checksum at the end of the xz data is wrong.")
	}
	z.inside, z.log.end = false, z.src.pos(0)
	return nil
}

func corruptOr(err error) error {
	if err == nil {
		return lzma.ErrCorrupt
	}
	return noEOF(err)
}

// summing adds what it reads to a checksum.
type summing struct {
	src io.ByteReader
	sum uint32
}

// ReadByte implements io.ByteReader.
func (s *summing) ReadByte() (byte, error) {
	b, err := s.src.ReadByte()
	if err == nil {
		s.sum = crc32.Update(s.sum, crc32.IEEETable, []byte{b})
	}
	return b, err
}
