package sevenzip

import (
	"bufio"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/bcj"
	"github.com/sallyport/sallyport/internal/decode/deflate64"
	"github.com/sallyport/sallyport/internal/decode/lzma"
	"github.com/sallyport/sallyport/internal/decode/ppmd"
	"github.com/sallyport/sallyport/internal/decode/sevenzip"
)

// coder is one method of 7z. The ids are those of Methods.txt of the LZMA SDK,
// and of the 7-Zip with Zstandard.
type coder struct {
	id     uint64
	name   string // for people, as 7-Zip calls it
	inputs int
	items  int64                                 // what opening it counts
	memory func(c *sevenzip.Coder) int64         // bytes of dictionary it asks for; nil: little
	open   func(s *stage) (r io.Reader, e error) // nil: not supported
}

// Work that opening a decoder is worth: it allocates, whatever follows, and an
// archive can hold many small folders.
const (
	someItems = 1_000
	manyItems = 40_000
)

const (
	idAES      = 0x06f10701
	idZipCrypt = 0x06f10101
)

// coders lists what is known. It is a function so that nothing is built at start.
func coders() []coder {
	branch := func(k bcj.Kind) func(*stage) (io.Reader, error) {
		return func(s *stage) (io.Reader, error) { return openBranch(s, k) }
	}
	return []coder{
		{id: 0x00, name: "Copy", inputs: 1, open: func(s *stage) (io.Reader, error) { return s.in[0], nil }},
		{id: 0x21, name: "LZMA2", inputs: 1, items: someItems, memory: memoryLZMA2, open: openLZMA2},
		{id: 0x030101, name: "LZMA", inputs: 1, items: someItems, memory: memoryLZMA, open: openLZMA},
		{id: 0x030401, name: "PPMD", inputs: 1, items: manyItems, memory: memoryPPMd, open: openPPMd},
		{id: 0x040108, name: "Deflate", inputs: 1, items: someItems, open: func(s *stage) (io.Reader, error) { return flate.NewReader(s.in[0]), nil }},
		{id: 0x040109, name: "Deflate64", inputs: 1, items: someItems, open: func(s *stage) (io.Reader, error) { return deflate64.NewReader(s.in[0]), nil }},
		{id: 0x040202, name: "BZip2", inputs: 1, items: manyItems, open: func(s *stage) (io.Reader, error) { return bzip2.NewReader(s.in[0]), nil }},
		{id: 0x04f71101, name: "ZSTD", inputs: 1, items: manyItems, open: openZstd},
		{id: 0x04f71104, name: "LZ4", inputs: 1, items: manyItems, open: openLZ4},
		{id: 0x03, name: "Delta", inputs: 1, open: openDelta},
		{id: 0x04, name: "BCJ", inputs: 1, open: branch(bcj.X86)},
		{id: 0x05, name: "PPC", inputs: 1, open: branch(bcj.PPC)},
		{id: 0x06, name: "IA64", inputs: 1, open: branch(bcj.IA64)},
		{id: 0x07, name: "ARM", inputs: 1, open: branch(bcj.ARM)},
		{id: 0x08, name: "ARMT", inputs: 1, open: branch(bcj.ARMT)},
		{id: 0x09, name: "SPARC", inputs: 1, open: branch(bcj.SPARC)},
		{id: 0x0a, name: "ARM64", inputs: 1, open: branch(bcj.ARM64)},
		{id: 0x0b, name: "RISCV", inputs: 1, open: branch(bcj.RISCV)},
		{id: 0x03030103, name: "BCJ", inputs: 1, open: branch(bcj.X86)},
		{id: 0x0303011b, name: "BCJ2", inputs: 4, open: openBCJ2},
		{id: 0x03030205, name: "PPC", inputs: 1, open: branch(bcj.PPC)},
		{id: 0x03030401, name: "IA64", inputs: 1, open: branch(bcj.IA64)},
		{id: 0x03030501, name: "ARM", inputs: 1, open: branch(bcj.ARM)},
		{id: 0x03030701, name: "ARMT", inputs: 1, open: branch(bcj.ARMT)},
		{id: 0x03030805, name: "SPARC", inputs: 1, open: branch(bcj.SPARC)},
		{id: 0x020302, name: "Swap2", inputs: 1},
		{id: 0x020304, name: "Swap4", inputs: 1},
		{id: 0x04f71102, name: "Brotli", inputs: 1},
		{id: 0x04f71105, name: "LZ5", inputs: 1},
		{id: 0x04f71106, name: "Lizard", inputs: 1},
		{id: idAES, name: "AES-256", inputs: 1},
		{id: idZipCrypt, name: "ZipCrypto", inputs: 1},
	}
}

// method finds a coder by its id; ok is false for one that nobody knows.
func method(id uint64) (c coder, ok bool) {
	for _, c := range coders() {
		if c.id == id {
			return c, true
		}
	}
	return coder{id: id, name: fmt.Sprintf("method %x", id)}, false
}

// stage is one coder while its decoder is opened.
type stage struct {
	coder  *sevenzip.Coder
	in     []*bufio.Reader
	limit  int64 // bytes of dictionary it may have
	budget *bounded.Budget
}

// errSettings says that the settings of a coder make no sense.
var errSettings = errors.New("the settings of a coder are broken")

func openLZMA(s *stage) (io.Reader, error) {
	if len(s.coder.Props) < 5 {
		return nil, errSettings
	}
	return lzma.Alone(s.in[0], s.coder.Props[0], binary.LittleEndian.Uint32(s.coder.Props[1:]), s.coder.Size, s.limit)
}

func memoryLZMA(c *sevenzip.Coder) int64 {
	if len(c.Props) < 5 {
		return 0
	}
	return min(int64(binary.LittleEndian.Uint32(c.Props[1:])), c.Size)
}

func openLZMA2(s *stage) (io.Reader, error) {
	if len(s.coder.Props) != 1 || s.coder.Props[0] > 40 {
		return nil, errSettings
	}
	return lzma.New2(s.in[0], dictLZMA2(s.coder.Props[0]), s.limit), nil
}

func dictLZMA2(p byte) int64 {
	if p == 40 {
		return 1<<32 - 1
	}
	return int64(2|p&1) << (p/2 + 11)
}

func memoryLZMA2(c *sevenzip.Coder) int64 {
	if len(c.Props) != 1 || c.Props[0] > 40 {
		return 0
	}
	return min(dictLZMA2(c.Props[0]), c.Size)
}

func openPPMd(s *stage) (io.Reader, error) {
	d, err := ppmd.NewReader(s.in[0], s.coder.Props, s.coder.Size, s.limit)
	return &restarting{Decoder: d, budget: s.budget}, err
}

// restarting charges the work of a PPMd model that forgets everything every few
// bytes, because its settings leave it no memory.
type restarting struct {
	*ppmd.Decoder
	budget *bounded.Budget
	seen   int
}

// Read implements io.Reader.
func (r *restarting) Read(p []byte) (int, error) {
	n, err := r.Decoder.Read(p[:min(len(p), 4096)])
	fresh := r.Restarts() - r.seen
	r.seen += fresh
	if limit := r.budget.Items(someItems * int64(fresh)); limit != nil {
		return n, limit
	}
	return n, err
}

func memoryPPMd(c *sevenzip.Coder) int64 { return ppmd.Memory(c.Props, c.Size) }

func openZstd(s *stage) (io.Reader, error) {
	return zstd.NewReader(s.in[0], zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(bounded.MaxWindow), zstd.IgnoreChecksum(true))
}

// overLimit is the limit that a decoder has reached, nil for other errors.
func overLimit(err error, b *bounded.Budget) error {
	switch {
	case errors.Is(err, lzma.ErrWindow), errors.Is(err, ppmd.ErrWindow):
		return b.Reach("solid-window", bounded.MaxSolidWindow)
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return b.Reach("window", bounded.MaxWindow)
	}
	return nil
}

func openLZ4(s *stage) (io.Reader, error) { return &lz4Frames{src: s.in[0]}, nil }

// lz4Frames reads all frames of a stream; the library reads one.
type lz4Frames struct {
	src *bufio.Reader
	dec *lz4.Reader
}

// Read implements io.Reader.
func (z *lz4Frames) Read(p []byte) (n int, err error) {
	for n == 0 && err == nil {
		if z.dec == nil {
			if _, err := z.src.Peek(1); err != nil {
				return 0, err
			}
			z.dec = lz4.NewReader(z.src)
		}
		if n, err = z.dec.Read(p); err == io.EOF {
			z.dec, err = nil, nil
		}
	}
	return n, err
}

func openDelta(s *stage) (io.Reader, error) {
	if len(s.coder.Props) != 1 {
		return nil, errSettings
	}
	return bcj.NewDelta(s.in[0], s.coder.Props[0]), nil
}

// openBranch takes the address of the first byte from the settings, if any.
func openBranch(s *stage, k bcj.Kind) (io.Reader, error) {
	switch len(s.coder.Props) {
	case 0:
		return bcj.NewReader(s.in[0], k, 0), nil
	case 4:
		return bcj.NewReader(s.in[0], k, binary.LittleEndian.Uint32(s.coder.Props)), nil
	}
	return nil, errSettings
}

func openBCJ2(s *stage) (io.Reader, error) {
	return bcj.NewBCJ2(s.in[0], s.in[1], s.in[2], s.in[3], s.coder.Size), nil
}
