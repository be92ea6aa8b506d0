package compressed

import (
	"bytes"
	"encoding/binary"
	"hash"
	"hash/adler32"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"

	"github.com/sallyport/sallyport/internal/format"
)

func matchGzip(in *format.Input) format.Confidence {
	// Loaders decide by the first two bytes; the third is always 8.
	if bytes.HasPrefix(in.Head(), []byte{0x1f, 0x8b}) {
		return format.Strong
	}
	return format.No
}

// sizeGzip is the size that the trailer declares, modulo 2^32; right for files
// of one member.
func sizeGzip(in *format.Input) int64 {
	if in.R.Size() < 18 {
		return -1
	}
	p, err := in.R.Bytes(in.R.Size()-4, 4)
	if err != nil {
		return -1
	}
	return int64(binary.LittleEndian.Uint32(p))
}

// gzipReader reads all members of a gzip file.
type gzipReader struct {
	src  *source
	log  *journal
	body io.Reader // reused for every member
	open bool      // a member is open
	sum  uint32
	n    uint32
	err  error
}

func openGzip(in *format.Input, log *journal) io.Reader {
	return &gzipReader{src: newSource(in, 0), log: log}
}

// Read implements io.Reader.
func (z *gzipReader) Read(p []byte) (n int, err error) {
	for z.err == nil {
		if !z.open {
			z.err = z.header()
			continue
		}
		n, err = z.body.Read(p)
		z.sum = crc32.Update(z.sum, crc32.IEEETable, p[:n])
		z.n += uint32(n)
		if err == io.EOF {
			z.err = z.trailer()
		} else if err != nil {
			z.log.end, z.err = z.src.pos(0), noEOF(err)
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, z.err
}

// Flags of a gzip header.
const (
	gzipCRC     = 1 << 1
	gzipExtra   = 1 << 2
	gzipName    = 1 << 3
	gzipComment = 1 << 4
)

// header opens the next member. Behind the last one zeros may follow, and
// anything else is not of this file.
func (z *gzipReader) header() error {
	if z.log.parts > 0 {
		end := z.src.padding()
		if z.log.end = z.src.pos(0); end {
			return io.EOF
		}
		if p, _ := z.src.Peek(2); !bytes.Equal(p, []byte{0x1f, 0x8b}) {
			return io.EOF // what follows stays unexplained
		}
	}
	start := z.src.pos(0)
	var h [10]byte
	if err := z.src.full(h[:]); err != nil {
		z.log.end = start
		return err
	}
	if h[2] != 8 {
		z.log.end = start
		return errUnsupported
	}
	if err := z.fields(h[3]); err != nil {
		z.log.end = start
		return err
	}
	z.log.parts++
	z.open, z.sum, z.n = true, 0, 0
	if reset, ok := z.body.(flate.Resetter); ok {
		return reset.Reset(z.src.Reader, nil)
	}
	z.body = flate.NewReader(z.src.Reader)
	return nil
}

// fields reads the optional parts of a header.
func (z *gzipReader) fields(flags byte) error {
	if flags&gzipExtra != 0 {
		if err := z.extraField(); err != nil {
			return err
		}
	}
	for _, f := range [...]struct {
		flag byte
		name string
	}{{gzipName, "name in the header"}, {gzipComment, "comment in the header"}} {
		if flags&f.flag == 0 {
			continue
		}
		if err := z.text(f.name); err != nil {
			return err
		}
	}
	if flags&gzipCRC != 0 {
		var sum [2]byte
		return z.src.full(sum[:])
	}
	return nil
}

func (z *gzipReader) extraField() error {
	var length [2]byte
	if err := z.src.full(length[:]); err != nil {
		return err
	}
	at, n := z.src.pos(0), int64(binary.LittleEndian.Uint16(length[:]))
	p := make([]byte, n)
	if err := z.src.full(p); err != nil {
		return err
	}
	if n == 6 && bytes.HasPrefix(p, []byte("BC\x02\x00")) {
		return nil // the block size that bgzip writes
	}
	z.log.extra("extra field of the header", at, n)
	return nil
}

// longestText is the longest name or comment that counts as a header field.
const longestText = 1 << 16

// text reads a name or comment. Plain text of one line needs no second look.
func (z *gzipReader) text(name string) error {
	at, plain := z.src.pos(0), true
	for n := int64(0); n < longestText; n++ {
		b, err := z.src.ReadByte()
		switch {
		case err != nil:
			return noEOF(err)
		case b == 0:
			if !plain || n > 1024 {
				z.log.extra(name, at, n)
			}
			return nil
		}
		plain = plain && b >= ' ' && b != 0x7f
	}
	return errUnsupported
}

// trailer compares sum and size. Loaders have used the content by then.
func (z *gzipReader) trailer() error {
	var t [8]byte
	at := z.src.pos(0)
	z.log.end = at
	z.open = false
	if err := z.src.full(t[:]); err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(t[:4]) != z.sum || binary.LittleEndian.Uint32(t[4:]) != z.n {
		z.log.note("SP-COV-004", at, "The checksum or size behind the gzip data is wrong; loaders have used the content by then.")
	}
	z.log.end = z.src.pos(0)
	return nil
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// matchZlib asks for a valid header and content that decodes: two bytes are not
// much of a signature. joblib takes any file that begins with 0x78 for zlib.
func matchZlib(in *format.Input) format.Confidence {
	h := in.Head()
	if len(h) < 6 || h[0]&0x0f != 8 || h[0]>>4 > 7 || (uint(h[0])<<8|uint(h[1]))%31 != 0 {
		return format.No
	}
	n, good := probe(in, openZlib)
	switch {
	case good, h[0] == 0x78 && n >= 512:
		return format.Strong
	case h[0] == 0x78 && (n > 0 || h[1]&0x20 != 0):
		return format.Weak
	}
	return format.No
}

// zlibReader reads one zlib stream that starts at base.
type zlibReader struct {
	src  *source
	log  *journal
	base int64
	body io.Reader
	sum  hash.Hash32
	err  error
}

func openZlib(in *format.Input, log *journal) io.Reader { return newZlib(in, log, 0) }

func newZlib(in *format.Input, log *journal, off int64) *zlibReader {
	z := &zlibReader{src: newSource(in, off), log: log, base: off, sum: adler32.New()}
	log.parts = 1
	var h [2]byte
	if z.err = z.src.full(h[:]); z.err != nil {
		return z
	}
	if h[1]&0x20 != 0 {
		z.err = errUnsupported // a dictionary that is not in the file
	}
	z.body = flate.NewReader(z.src.Reader)
	return z
}

// Read implements io.Reader.
func (z *zlibReader) Read(p []byte) (n int, err error) {
	if z.err != nil {
		return 0, z.err
	}
	n, err = z.body.Read(p)
	_, _ = z.sum.Write(p[:n])
	if err == io.EOF {
		err = z.trailer()
	} else if err != nil {
		z.log.end, err = z.src.pos(z.base), noEOF(err)
	}
	z.err = err
	if n > 0 {
		return n, nil
	}
	return 0, err
}

func (z *zlibReader) trailer() error {
	var t [4]byte
	at := z.src.pos(z.base)
	z.log.end = at
	if err := z.src.full(t[:]); err != nil {
		return err
	}
	if binary.BigEndian.Uint32(t[:]) != z.sum.Sum32() {
		z.log.note("SP-COV-004", at, "The checksum behind the zlib data is wrong; loaders have used the content by then.")
	}
	z.log.end = z.src.pos(z.base)
	return io.EOF
}
