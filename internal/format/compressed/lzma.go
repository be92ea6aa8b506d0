package compressed

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"math/bits"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/lzma"
	"github.com/sallyport/sallyport/internal/format"
)

// matchAlone is about .lzma files, which have no signature: a header of
// plausible numbers, as liblzma asks for, and content that decodes. joblib
// takes any file that begins with 0x5d 0x00 for LZMA.
func matchAlone(in *format.Input) format.Confidence {
	h := in.Head()
	if !aloneHeader(h) {
		return format.No
	}
	n, good := probe(in, openAlone)
	switch usual := h[0] == 0x5d && h[1] == 0; {
	case n > 0 && good, usual && n >= 512:
		return format.Strong
	case n > 0 && usual:
		return format.Weak
	}
	return format.No
}

// aloneHeader checks properties, dictionary size and content size.
func aloneHeader(h []byte) bool {
	if len(h) < 18 || h[0] >= 9*5*5 || h[13] != 0 {
		return false
	}
	dict, size := binary.LittleEndian.Uint32(h[1:]), binary.LittleEndian.Uint64(h[5:])
	round := dict == 1<<32-1 || bits.OnesCount32(dict) == 1 || bits.OnesCount32(dict) == 2 && dict&(dict<<1) != 0
	return round && size != 0 && (size == 1<<64-1 || size < 1<<38)
}

func sizeAlone(in *format.Input) int64 {
	return int64(binary.LittleEndian.Uint64(in.Head()[5:]))
}

// lzmaReader reads one stream and knows where it ends.
type lzmaReader struct {
	in  *format.Input
	src *source
	log *journal
	dec io.Reader
	err error
}

func openAlone(in *format.Input, log *journal) io.Reader {
	z := &lzmaReader{in: in, src: newSource(in, 0), log: log}
	var h [13]byte
	if z.err = z.src.full(h[:]); z.err != nil {
		return z
	}
	log.parts = 1
	size := int64(binary.LittleEndian.Uint64(h[5:]))
	z.dec, z.err = lzma.Alone(z.src, h[0], binary.LittleEndian.Uint32(h[1:]), max(size, -1), bounded.MaxWindow)
	return z
}

// Read implements io.Reader.
func (z *lzmaReader) Read(p []byte) (n int, err error) {
	if z.err != nil {
		return 0, z.err
	}
	n, err = z.dec.Read(p)
	if err != nil {
		z.log.end = z.src.pos(0)
	}
	z.err = windowLimit(z.in, err)
	return n, z.err
}

const lzipMagic = "LZIP\x01"

func matchLzip(in *format.Input) format.Confidence {
	if bytes.HasPrefix(in.Head(), []byte(lzipMagic)) {
		return format.Strong
	}
	return format.No
}

// lzipReader reads all members of an .lz file
// (https://www.nongnu.org/lzip/manual/lzip_manual.html, File format). liblzma
// reads them too.
type lzipReader struct {
	in   *format.Input
	src  *source
	log  *journal
	dec  io.Reader // of the open member, or nil
	sum  uint32
	size uint64
	err  error
}

func openLzip(in *format.Input, log *journal) io.Reader {
	return &lzipReader{in: in, src: newSource(in, 0), log: log}
}

// Read implements io.Reader.
func (z *lzipReader) Read(p []byte) (n int, err error) {
	for n == 0 && z.err == nil {
		if z.dec == nil {
			z.err = z.member()
			continue
		}
		n, err = z.dec.Read(p)
		z.sum = crc32.Update(z.sum, crc32.IEEETable, p[:n])
		z.size += uint64(n)
		if err == io.EOF {
			err = z.trailer()
		}
		z.err = windowLimit(z.in, err)
		z.log.end = z.src.pos(0)
	}
	if n > 0 {
		return n, nil
	}
	return 0, z.err
}

func (z *lzipReader) member() error {
	if p, _ := z.src.Peek(len(lzipMagic)); string(p) != lzipMagic && z.log.parts > 0 {
		return io.EOF // loaders ignore what follows; it stays unexplained
	}
	var h [6]byte
	if err := z.src.full(h[:]); err != nil {
		return err
	}
	dict := uint32(1) << (h[5] & 31)
	dict -= dict / 16 * uint32(h[5]>>5)
	z.sum, z.size = 0, 0
	z.log.parts++
	dec, err := lzma.Alone(z.src, 0x5d, dict, -1, bounded.MaxWindow)
	if err == nil {
		z.dec = dec
	}
	return err
}

func (z *lzipReader) trailer() error {
	z.dec = nil
	at := z.src.pos(0)
	var t [20]byte
	if err := z.src.full(t[:]); err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(t[:]) != z.sum || binary.LittleEndian.Uint64(t[4:]) != z.size {
		z.log.note("SP-COV-004", at, "The checksum or size behind the lzip data is wrong; loaders have used the content by then.")
	}
	return nil
}
