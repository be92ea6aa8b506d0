package zip

import (
	"bufio"
	"compress/bzip2"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/sallyport/sallyport/internal/bounded"
)

// Compression methods that can be decoded.
const (
	Stored  = 0
	Deflate = 8
	Bzip2   = 12
	aes     = 99
)

// Reasons why a member has no reader.
var (
	ErrNoData    = errors.New("no local header where the directory says")
	ErrMethod    = errors.New("unsupported compression method")
	ErrEncrypted = errors.New("encrypted")
)

// checkable is the largest member that Member decodes to its end.
const checkable = 1 << 20

// Open is the decoded content of entry i. Content of a compressed member is
// decoded as it is read; the view has the declared size. An encryption flag
// alone does not stop it, since torch ignores the flag.
func (a *Archive) Open(i int) (*bounded.Reader, error) {
	e := &a.Entries[i]
	if e.Offset < 0 {
		return nil, ErrNoData
	}
	stored, err := a.r.Section(e.Offset, e.Length)
	if err != nil {
		return nil, err
	}
	switch {
	case e.Method == aes, e.Flags&flagCrypt != 0 && (e.Flags&^1&flagCrypt != 0 || !readable(e, stored)):
		return nil, ErrEncrypted
	case e.Method == Stored:
		return stored, nil
	case e.Method == Deflate, e.Method == Bzip2:
		return a.r.Budget().NewStream(e.Size, func() (io.Reader, error) { return decoder(e.Method, stored), nil })
	}
	return nil, fmt.Errorf("%w %d", ErrMethod, e.Method)
}

// readable reports whether a member flagged as encrypted is plain in fact.
func readable(e *Entry, stored *bounded.Reader) bool {
	if e.Method == Stored {
		return e.Size != e.declared-12
	}
	var p [64]byte
	_, err := io.ReadFull(decoder(e.Method, stored), p[:])
	return err == nil || err == io.EOF || err == io.ErrUnexpectedEOF && e.Size < int64(len(p))
}

// Member opens entry i and compares its decoded length with the declaration, by
// decoding it to its end if it is small or whole is set; whoever reads a large
// one asks the view for Excess. What cannot be decoded is listed as Unread and
// has no reader.
func (a *Archive) Member(i int, whole bool) (r *bounded.Reader, ok bool) {
	e := &a.Entries[i]
	r, err := a.Open(i)
	switch {
	case err == nil:
		if e.Method == Stored && e.Size <= checkable && e.Length == e.Size && !a.wrong {
			if sum, err := sumOf(r); err == nil {
				a.compareSum(i, sum)
			}
		}
		if e.Method != Stored && (whole || e.Size <= checkable) {
			a.check(i, r)
			// A fresh view: this one keeps decoded bytes in memory, and an
			// archive has many members.
			r, err = a.Open(i)
		}
		return r, err == nil
	case errors.Is(err, ErrEncrypted):
		a.unread(Range{e.Offset, e.Length}, "SP-COV-010", "A member is encrypted.")
	case errors.Is(err, ErrMethod):
		a.unread(Range{e.Offset, e.Length}, "SP-COV-012", fmt.Sprintf("A member is packed with method %d, which is not supported.", e.Method))
	case e.Offset >= 0:
		a.unread(Range{e.Offset, e.Length}, "SP-COV-004", "A member could not be unpacked.")
	}
	return nil, false
}

func (a *Archive) check(i int, r *bounded.Reader) {
	e := &a.Entries[i]
	sum, err := sumOf(r)
	if errors.Is(err, bounded.ErrCorrupt) {
		a.unread(Range{e.Offset, e.Length}, "SP-COV-016", "A member is broken or shorter than declared.")
		return
	} else if err != nil {
		return // the budget remembers why
	}
	more, err := r.Excess()
	switch {
	case err == nil && !more:
		a.compareSum(i, sum)
	case more:
		a.anomaly(SizeMismatch, i, e.Header, fmt.Sprintf("it unpacks to more than the declared %d bytes", e.Size))
		a.unread(Range{e.Offset, e.Length}, "SP-COV-016", "A member unpacks to more bytes than are declared.")
	case errors.Is(err, bounded.ErrCorrupt):
		a.unread(Range{e.Offset, e.Length}, "SP-COV-016", "Bytes follow behind the end of the compressed data, or it is broken.")
	}
}

// packed decodes one member. Its decoder comes from a pool and goes back at the
// end of the data; bytes left over behind that are an error, not an end.
type packed struct {
	dec  io.Reader
	src  *bufio.Reader
	pool *sync.Pool
	end  error
}

var (
	inflaters = sync.Pool{New: func() any { return flate.NewReader(nil) }}
	buffers   = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 32<<10) }}
)

func decoder(method uint16, stored *bounded.Reader) *packed {
	src := buffers.Get().(*bufio.Reader)
	src.Reset(io.NewSectionReader(stored, 0, stored.Size()))
	if method == Bzip2 {
		return &packed{dec: bzip2.NewReader(src), src: src}
	}
	dec := inflaters.Get().(io.Reader)
	if err := dec.(flate.Resetter).Reset(src, nil); err != nil {
		return &packed{end: err}
	}
	return &packed{dec: dec, src: src, pool: &inflaters}
}

func (p *packed) Read(b []byte) (int, error) {
	if p.end != nil {
		return 0, p.end
	}
	n, err := p.dec.Read(b)
	if err == nil {
		return n, nil
	}
	if err == io.EOF {
		if _, more := p.src.ReadByte(); more == nil {
			err = errors.New("bytes behind the end of the compressed data")
		}
	}
	p.end = err
	p.release()
	return n, err
}

func (p *packed) release() {
	if p.pool != nil {
		p.pool.Put(p.dec)
	}
	p.src.Reset(nil)
	buffers.Put(p.src)
	p.dec, p.src = nil, nil
}
