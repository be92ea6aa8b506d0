package compressed

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/pierrec/lz4/v4"

	"github.com/klauspost/compress/zstd"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/format"
)

// Zstandard and LZ4 files are rows of frames. Frames say how long they are, so
// they are laid out first and decoded one by one: a decoder never decides where
// one ends.

const (
	zstdMagic   = 0xfd2fb528
	lz4Magic    = 0x184d2204
	lz4Legacy   = 0x184c2102
	skipMagic   = 0x184d2a50 // sixteen of them: frames of both formats that hold anything
	maxSkipping = 1_000      // frames of that kind before the first one that counts
	maxFrames   = 1 << 17    // frames of one file
)

// frame is one frame with data.
type frame struct {
	off, length int64
	size        int64 // decoded size as declared, -1 when it is not
	sum         int64 // offset of the content checksum that we compare, 0 without one
	window      byte  // window descriptor that replaces the one of the frame, 0 for none
}

// layout is the frames of a file.
type layout struct {
	frames []frame
	extras []extra
	end    int64
	err    error // why the row ends before the file does
}

func matchZstd(in *format.Input) format.Confidence { return matchFrames(in, zstdMagic) }

func matchLZ4(in *format.Input) format.Confidence {
	if leading(in) == lz4Legacy {
		return format.Strong
	}
	return matchFrames(in, lz4Magic)
}

func matchFrames(in *format.Input, magic uint32) format.Confidence {
	if leading(in) == magic {
		return format.Strong
	}
	return format.No
}

// leading is the magic number of the first frame that is not to be skipped.
func leading(in *format.Input) uint32 {
	return format.Memo(in, "format/compressed/leading", func() uint32 {
		off, magic := int64(0), uint32(0)
		if h := in.Head(); len(h) < 4 || h[1] != 0xb5 && h[1] != 0x22 && h[1] != 0x2a && h[1] != 0x21 {
			return 0
		}
		for range maxSkipping {
			p, err := in.R.Bytes(off, 4)
			if err != nil {
				return 0
			}
			magic = binary.LittleEndian.Uint32(p)
			if magic&^15 != skipMagic {
				return magic
			}
			p, err = in.R.Bytes(off+4, 4)
			if err != nil {
				return 0
			}
			off += 8 + int64(binary.LittleEndian.Uint32(p))
		}
		return 0
	})
}

// size is the decoded size of the only frame, -1 when it is not declared.
func (l *layout) size() int64 {
	if len(l.frames) == 1 {
		return l.frames[0].size
	}
	return -1
}

// frames lays out the file. one measures the frame with data at off.
func frames(in *format.Input, key string, magic uint32, one func(*window, int64) (frame, error)) *layout {
	return format.Memo(in, key, func() *layout {
		l, w := &layout{}, &window{in: in}
		for l.err == nil && l.end < in.R.Size() && l.step(w, magic, one) {
			if l.err == nil && len(l.frames)+len(l.extras) == maxFrames {
				l.err = in.R.Budget().Reach("frames", maxFrames)
			}
		}
		return l
	})
}

// step takes the frame at the end of the row. It reports false when what is
// there is no frame.
func (l *layout) step(w *window, magic uint32, one func(*window, int64) (frame, error)) bool {
	p, err := w.bytes(l.end, 4)
	if err != nil {
		return false
	}
	switch got := binary.LittleEndian.Uint32(p); {
	case got == magic:
		f, err := one(w, l.end)
		f.off = l.end
		l.frames, l.err = append(l.frames, f), err
		l.end += f.length
		return true
	case got&^15 == skipMagic:
		p, err := w.bytes(l.end+4, 4)
		if err != nil {
			l.err = io.ErrUnexpectedEOF
			return true
		}
		n := int64(binary.LittleEndian.Uint32(p))
		if rest := w.in.R.Size() - l.end - 8; n > rest {
			n, l.err = rest, io.ErrUnexpectedEOF
		}
		l.extras = append(l.extras, extra{"skippable frame", l.end + 8, n})
		l.end += 8 + n
		return true
	case got == lz4Legacy && magic == lz4Magic:
		l.err = errUnsupported
		return true
	}
	return false
}

// window keeps the bytes around the last place that was looked at: frames can
// be tiny, and a system call for each field is dear.
type window struct {
	in  *format.Input
	buf []byte
	at  int64
}

const windowSize = 4096

// bytes returns n bytes at off; n is small. Read-only.
func (w *window) bytes(off, n int64) ([]byte, error) {
	if i := off - w.at; i >= 0 && i+n <= int64(len(w.buf)) {
		return w.buf[i : i+n], nil
	}
	size := max(n, min(windowSize, w.in.R.Size()-off))
	p, err := w.in.R.Bytes(off, size)
	if err != nil {
		return nil, err
	}
	w.buf, w.at = p, off
	return p[:n], nil
}

// cursor walks the fields of one frame.
type cursor struct {
	w   *window
	off int64
	err error
}

// take returns the next n bytes, zeros when they are not there.
func (c *cursor) take(n int64) []byte {
	p, err := c.w.bytes(c.off, n)
	if err != nil {
		if c.err == nil {
			c.err = err
			if errors.Is(err, bounded.ErrTruncated) {
				c.err = io.ErrUnexpectedEOF
			}
		}
		return make([]byte, n)
	}
	c.off += n
	return p
}

func (c *cursor) number(n int64) (v uint64) {
	var word [8]byte
	copy(word[:], c.take(n))
	return binary.LittleEndian.Uint64(word[:])
}

// skip moves over n bytes, or to the end if they are not all there.
func (c *cursor) skip(n int64) {
	if rest := c.w.in.R.Size() - c.off; n > rest {
		n = rest
		c.err = io.ErrUnexpectedEOF
	}
	c.off += n
}

// zstdFrame measures a Zstandard frame (RFC 8878, 3.1.1).
func zstdFrame(w *window, off int64) (f frame, err error) {
	c := &cursor{w: w, off: off + 4}
	d := byte(c.number(1))
	single := d&0x20 != 0
	window := int64(0)
	if !single {
		d := c.number(1)
		base := int64(1) << (10 + d>>3)
		window = base + base/8*int64(d&7)
	}
	dict := c.number([4]int64{0, 1, 2, 4}[d&3])
	f.size = -1
	if n := [4]int64{0, 2, 4, 8}[d>>6]; n > 0 || single {
		v := c.number(max(n, 1))
		if n == 2 {
			v += 256
		}
		f.size = int64(v & (1<<62 - 1))
	}
	if single {
		window = f.size
	}
	most := zstdBlocks(c) * zstdBlock
	if c.err == nil && d&4 != 0 {
		f.sum = c.off
		c.take(4)
	}
	f.length = c.off - off
	switch {
	case c.err != nil:
		return f, c.err
	case dict != 0 || d&8 != 0:
		return f, errUnsupported
	case single && window > most:
		return f, bounded.ErrCorrupt // decoders make room for what it declares
	case min(window, most) > bounded.MaxWindow:
		return f, w.in.R.Budget().Reach("window", bounded.MaxWindow)
	case !single && window > most:
		f.window = smallWindow(most)
	}
	return f, nil
}

// zstdBlock is the largest decoded size of a block.
const zstdBlock = 128 << 10

// smallWindow describes a window no larger than the blocks of a frame can fill:
// thousands of tiny frames must not cost megabytes each.
func smallWindow(most int64) byte {
	exp := byte(7) // 128 KiB
	for int64(1)<<(10+exp) < most {
		exp++
	}
	return exp << 3
}

// zstdBlocks walks the blocks of a frame and counts them.
func zstdBlocks(c *cursor) (count int64) {
	for c.err == nil {
		count++
		h := c.number(3)
		n := int64(h >> 3)
		switch h >> 1 & 3 {
		case 1:
			n = 1 // one byte, repeated
		case 3:
			c.err = bounded.ErrCorrupt
			return count
		}
		c.skip(n)
		if h&1 != 0 || c.w.in.R.Budget().Items(1) != nil {
			return count
		}
	}
	return count
}

// sizeZstd is the declared size of a file of one frame.
func sizeZstd(in *format.Input) int64 { return zstdLayout(in).size() }

func zstdLayout(in *format.Input) *layout {
	return frames(in, "format/compressed/zstd", zstdMagic, zstdFrame)
}

func openZstd(in *format.Input, log *journal) io.Reader {
	return newRow(in, log, zstdLayout(in), zstdBlock, func() (decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(bounded.MaxWindow), zstd.IgnoreChecksum(true))
	})
}

// lz4Block is the largest block.
const lz4Block = 4 << 20

// lz4Frame measures an LZ4 frame (lz4_Frame_format.md, 1.6).
func lz4Frame(w *window, off int64) (f frame, err error) {
	c := &cursor{w: w, off: off + 4}
	flags := c.number(1)
	c.number(1)
	f.size = -1
	if flags&8 != 0 {
		f.size = int64(c.number(8) & (1<<62 - 1))
	}
	c.number(int64(flags&1) * 4)
	c.number(1)
	for c.err == nil {
		h := c.number(4)
		if h == 0 || c.err != nil {
			break
		}
		c.skip(int64(h&(1<<31-1)) + int64(flags>>4&1)*4)
		if w.in.R.Budget().Items(1) != nil {
			break
		}
	}
	if c.err == nil && flags&4 != 0 {
		c.take(4)
	}
	f.length = c.off - off
	switch {
	case c.err != nil:
		return f, c.err
	case flags>>6 != 1 || flags&3 != 0:
		return f, errUnsupported
	}
	return f, nil
}

func lz4Layout(in *format.Input) *layout {
	return frames(in, "format/compressed/lz4", lz4Magic, lz4Frame)
}

// sizeLZ4 is the declared size of a file of one frame.
func sizeLZ4(in *format.Input) int64 { return lz4Layout(in).size() }

func openLZ4(in *format.Input, log *journal) io.Reader {
	return newRow(in, log, lz4Layout(in), lz4Block, func() (decoder, error) { return lz4Decoder{lz4.NewReader(nil)}, nil })
}

// decoder decodes one frame after the other.
type decoder interface {
	io.Reader
	Reset(io.Reader) error
}

type lz4Decoder struct{ *lz4.Reader }

// Reset implements decoder.
func (d lz4Decoder) Reset(r io.Reader) error {
	d.Reader.Reset(r)
	return nil
}

// row decodes frame after frame.
type row struct {
	in    *format.Input
	log   *journal
	l     *layout
	make  func() (decoder, error)
	block int // size of the largest block, bytes
	next  int
	dec   decoder
	open  bool // a frame is open
	src   *source
	sum   xxh64
	err   error
}

func newRow(in *format.Input, log *journal, l *layout, block int, make func() (decoder, error)) *row {
	log.end, log.parts = l.end, len(l.frames)
	for _, x := range l.extras {
		log.extra(x.name, x.off, x.length)
	}
	return &row{in: in, log: log, l: l, block: block, make: make, src: newSource(in, 0)}
}

// Read implements io.Reader.
func (z *row) Read(p []byte) (n int, err error) {
	for n == 0 && z.err == nil {
		if !z.open {
			z.err = z.frame()
			continue
		}
		n, err = z.dec.Read(p)
		f := z.l.frames[z.next-1]
		if f.sum > 0 {
			z.sum.write(p[:n])
		}
		switch {
		case err == io.EOF:
			z.endFrame(f)
		case err != nil && z.cut():
			z.err = z.l.err
		case err != nil:
			z.err = decoderError(err)
		}
	}
	if n > 0 {
		return n, nil
	}
	return 0, z.err
}

// frame opens the next frame. The last one may be why the row ends early: what
// it holds is decoded before that is told.
func (z *row) frame() error {
	if z.next == len(z.l.frames) {
		if z.l.err != nil {
			return z.l.err
		}
		return io.EOF
	}
	f := z.l.frames[z.next]
	z.next++
	if z.cut() && !errors.Is(z.l.err, io.ErrUnexpectedEOF) {
		return z.l.err
	}
	if z.dec == nil {
		dec, err := z.make()
		if err != nil {
			return err
		}
		z.dec = dec
	}
	z.open, z.sum = true, newXXH64()
	body := io.Reader(io.LimitReader(z.src.from(f.off), f.length))
	if f.window != 0 {
		const head = 6 // magic number, descriptors of frame and window
		var p [head]byte
		if _, err := io.ReadFull(body, p[:]); err != nil {
			return err
		}
		p[head-1] = f.window
		body = io.MultiReader(bytes.NewReader(p[:]), body)
	}
	if z.cut() {
		body = io.MultiReader(body, io.LimitReader(zeros{}, int64(z.block)))
	}
	return z.dec.Reset(body)
}

type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// cut reports whether the open frame is the last and ends early. Loaders hand on
// what has come of a stored block; our decoders want the whole block, so zeros
// stand in for the rest.
func (z *row) cut() bool { return z.next == len(z.l.frames) && z.l.err != nil }

func (z *row) endFrame(f frame) {
	z.open = false
	if f.sum == 0 {
		return
	}
	if p, err := z.in.R.Bytes(f.sum, 4); err != nil || binary.LittleEndian.Uint32(p) != uint32(z.sum.value()) {
		z.log.note("SP-COV-004", f.sum, "The checksum of a frame is wrong; loaders may have used the content by then.")
	}
}

// decoderError tells an early end from other troubles.
func decoderError(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
