package sevenzip

import (
	"fmt"
	"math"

	"github.com/sallyport/sallyport/internal/bounded"
)

// Identifiers of the parts of a header.
const (
	idEnd            = 0x00
	idHeader         = 0x01
	idArchive        = 0x02
	idAdditional     = 0x03
	idStreams        = 0x04
	idFiles          = 0x05
	idPackInfo       = 0x06
	idUnpackInfo     = 0x07
	idSubStreams     = 0x08
	idSize           = 0x09
	idSums           = 0x0a
	idFolder         = 0x0b
	idUnpackSizes    = 0x0c
	idStreamCounts   = 0x0d
	idEmptyStream    = 0x0e
	idEmptyFile      = 0x0f
	idAnti           = 0x10
	idNames          = 0x11
	idCreated        = 0x12
	idAccessed       = 0x13
	idModified       = 0x14
	idAttributes     = 0x15
	idEncodedHeader  = 0x17
	idStartPositions = 0x18
	idDummy          = 0x19
	maxSize          = math.MaxInt64 / 4 // no size or offset is larger
	maxCoders        = 16                // of one folder; 7-Zip writes five at most
	maxInputs        = 32                // of one folder
	maxProps         = 1 << 10           // settings of one coder, bytes
)

// malformed ends a header that contradicts itself.
type malformed struct{ reason string }

func (m *malformed) Error() string { return m.reason }

// parser reads a header forward. The first error sticks, and numbers are zero
// from then on.
type parser struct {
	a   *Archive
	c   *bounded.Cursor
	b   *bounded.Budget
	err error
}

func newParser(a *Archive, view *bounded.Reader) *parser {
	return &parser{a: a, c: view.NewCursor(0), b: a.r.Budget()}
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = &malformed{fmt.Sprintf(format, args...)}
	}
}

func (p *parser) byte() byte {
	if p.err != nil {
		return 0
	}
	b, err := p.c.Byte()
	if err != nil {
		p.err = err
		return 0
	}
	return b
}

// bytes returns n bytes that are valid until the next call.
func (p *parser) bytes(n int64) []byte {
	if p.err != nil {
		return nil
	}
	q, err := p.c.Next(n)
	if err != nil {
		p.err = err
	}
	return q
}

func (p *parser) uint32() (v uint32) {
	if q := p.bytes(4); len(q) == 4 {
		v = uint32(q[0]) | uint32(q[1])<<8 | uint32(q[2])<<16 | uint32(q[3])<<24
	}
	return v
}

// number reads one of up to 64 bits: the leading ones of the first byte tell how
// many more bytes there are, the rest of it is the highest part.
func (p *parser) number() (v uint64) {
	first := p.byte()
	for i, mask := 0, byte(0x80); i < 8; i, mask = i+1, mask>>1 {
		if first&mask == 0 {
			return v | uint64(first&(mask-1))<<(8*i)
		}
		v |= uint64(p.byte()) << (8 * i)
	}
	return v
}

// size reads a number of bytes.
func (p *parser) size(what string) int64 {
	n := p.number()
	if n > maxSize {
		p.fail("%s has more than 2^61 bytes.", what)
		return 0
	}
	return int64(n)
}

// count reads how many things follow; each takes at least one byte of the rest
// of the header.
func (p *parser) count(what string) int {
	n := p.number()
	switch {
	case p.err != nil:
	case n > uint64(p.c.Remaining()):
		p.fail("The list of files declares %d %s, more than it has room for.", n, what)
	case n > uint64(p.a.most):
		p.err = p.b.Reach("archive-entries", p.a.most)
	default:
		if err := p.b.Items(int64(n)); err != nil {
			p.err = err
			return 0
		}
		return int(n)
	}
	return 0
}

// index reads a number below n.
func (p *parser) index(what string, n int) int {
	v := p.number()
	if v >= uint64(n) {
		p.fail("The list of files names a %s that does not exist.", what)
		return 0
	}
	return int(v)
}

// skip moves over a part with a size in front.
func (p *parser) skip() {
	n := p.size("A part of the list of files")
	if p.err == nil {
		p.err = p.c.Skip(n)
	}
}

// bits reads n bits, the highest of a byte first.
func (p *parser) bits(n int) []bool {
	q := p.bytes((int64(n) + 7) / 8)
	if p.err != nil {
		return nil
	}
	out := make([]bool, n)
	for i := range out {
		out[i] = q[i/8]&(0x80>>(i%8)) != 0
	}
	return out
}

// defined reads which of n things have a value: all, or those with a bit.
func (p *parser) defined(n int) []bool {
	if p.byte() == 0 {
		return p.bits(n)
	}
	if p.err != nil {
		return nil
	}
	out := make([]bool, n)
	for i := range out {
		out[i] = true
	}
	return out
}

// sums reads checksums of n things and hands them over one by one.
func (p *parser) sums(n int, take func(i int, sum uint32)) {
	for i, known := range p.defined(n) {
		if known {
			if sum := p.uint32(); p.err == nil {
				take(i, sum)
			}
		}
		if p.err != nil {
			return
		}
	}
}

// note keeps something that is odd but does not stop the reading. It lies
// somewhere in a header that may be packed, so it has no place of its own.
func (p *parser) note(rule, reason string) {
	p.a.unread(Range{HeadSize, 0}, rule, reason)
}

// header reads the list of files behind its first byte.
func (p *parser) header() {
	id := p.number()
	if id == idArchive {
		p.note(gapUnsupported, "The archive has properties of its own, which are not supported.")
		for p.err == nil && p.number() != idEnd {
			p.skip()
		}
		id = p.number()
	}
	if id == idAdditional {
		p.note(gapUnsupported, "The archive has additional streams, which are not supported.")
		p.streams()
		id = p.number()
	}
	var s streams
	if id == idStreams {
		s = p.streams()
		id = p.number()
	}
	if s.spare {
		p.note(gapUnexplained, "The archive has packed data that no file uses.")
	}
	p.a.Folders = s.folders // what was read so far counts, whatever follows
	if id == idFiles {
		p.files()
		id = p.number()
	}
	p.a.nameless()
	if id != idEnd {
		p.fail("The list of files has an unknown part.")
	}
}
