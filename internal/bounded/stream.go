package bounded

import (
	"errors"
	"fmt"
	"io"
)

// ErrCorrupt is wrapped by decoding errors of a compressed stream: the file's
// fault, not ours.
var ErrCorrupt = errors.New("corrupt stream")

// streamWindow is how much of a decoded stream stays in memory. A reader that
// goes back further makes the stream start again, which the budget counts.
const streamWindow = 1 << 20

// NewStream is random access to a compressed member. open starts decoding from
// its first byte; it is called again whenever a reader goes back further than
// the window. size is the decoded size in bytes, or -1 to measure it by decoding
// once. What the stream holds beyond a given size is not part of the view: ask
// Excess for it. Decoded bytes are charged to the budget.
func (b *Budget) NewStream(size int64, open func() (io.Reader, error)) (*Reader, error) {
	if size < 0 {
		r, err := b.Unpack(open, -1, nil)
		if err != nil {
			return nil, err
		}
		return r, nil
	}
	return &Reader{src: &stream{open: open, budget: b, size: size}, size: size, budget: b}, nil
}

// Unpack is a view of a compressed stream whose size is found by decoding it
// once, to its end. When that ends early, because the stream is corrupt or a
// limit is reached, the view holds what could be decoded and err says why it is
// not all.
//
// first, unless it is nil, reads forward while the stream is decoded for that
// one time: it gets a view of guess bytes. What it finds counts only if the
// final view has that size.
func (b *Budget) Unpack(open func() (io.Reader, error), guess int64, first func(*Reader)) (r *Reader, err error) {
	s := &stream{open: open, budget: b, size: guess, measured: true}
	if guess >= 0 && first != nil {
		first(&Reader{src: s, size: guess, budget: b})
	}
	s.size, err = s.measure()
	if s.start == 0 && int64(len(s.buf)) >= s.size { // all of it lies in the window
		return NewBytes(s.buf[:s.size:s.size], b), err
	}
	return &Reader{src: s, size: s.size, budget: b}, err
}

// Checker is what a source of decoded bytes may offer: whether the n bytes at off
// are other ones than their container declares, or more than these. Excess asks
// it.
type Checker interface {
	Check(off, n int64) (other bool, err error)
}

// Excess reports whether a view made by NewStream decodes to more bytes than
// its size; a declared size that is too small hides the rest. A view of a part
// of the stream has no excess of its own.
func (r *Reader) Excess() (bool, error) {
	if c, ok := r.src.(Checker); ok {
		return c.Check(r.base, r.size)
	}
	s, ok := r.src.(*stream)
	if !ok || s.measured || r.base != 0 || r.size != s.size {
		return false, nil
	}
	var one [1]byte
	n, err := s.ReadAt(one[:], r.base+r.size)
	if n == 1 {
		return true, nil
	}
	if err == io.EOF {
		err = nil
	}
	return false, err
}

type stream struct {
	open    func() (io.Reader, error)
	budget  *Budget
	size    int64 // as declared or measured
	r       io.Reader
	start   int64 // offset of buf[0] in the decoded stream
	buf     []byte
	furthst int64 // furthest offset ever decoded
	err     error // why decoding ended; sticky until a restart

	measured bool   // size is what decoding to the end gave
	tail     []byte // the last bytes of the stream, once its end was seen
	tailAt   int64
}

// measure decodes to the end and returns how far that is.
func (s *stream) measure() (int64, error) {
	for {
		if err := s.more(); err == io.EOF {
			return s.furthst, nil
		} else if err != nil {
			return s.furthst, err
		}
	}
}

// ReadAt implements io.ReaderAt by decoding forward, or from the start again.
func (s *stream) ReadAt(p []byte, off int64) (int, error) {
	if s.tail != nil && off >= s.tailAt {
		n := copy(p, s.tail[min(off-s.tailAt, int64(len(s.tail))):])
		if n < len(p) {
			return n, io.EOF
		}
		return n, nil
	}
	if s.r == nil || off < s.start {
		if err := s.restart(); err != nil {
			return 0, err
		}
	}
	n := 0
	for n < len(p) {
		at := off + int64(n)
		if at >= s.start && at < s.start+int64(len(s.buf)) {
			n += copy(p[n:], s.buf[at-s.start:])
			continue
		}
		if err := s.more(); err != nil {
			return n, err
		}
	}
	return n, nil
}

func (s *stream) restart() error {
	r, err := s.open()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if s.err == io.EOF && s.tail == nil && s.start > 0 {
		// Readers look at the end and at the beginning in turn: the end stays.
		s.tail, s.tailAt, s.buf = s.buf, s.start, nil
	}
	s.r, s.start, s.buf, s.err = r, 0, s.buf[:0], nil
	return nil
}

// more decodes the next piece behind what is in the window.
func (s *stream) more() error {
	if s.r == nil {
		if err := s.restart(); err != nil {
			return err
		}
	}
	if s.err != nil {
		return s.err
	}
	if err := s.budget.ctx.Err(); err != nil {
		return s.budget.fail(err)
	}
	s.slide()
	at := len(s.buf)
	s.buf = s.buf[:cap(s.buf)]
	n, err := io.ReadAtLeast(s.r, s.buf[at:], 1)
	s.buf = s.buf[:at+n]
	if fresh, charge := s.charge(int64(n)); charge != nil {
		s.buf = s.buf[:at+n-int(fresh)] // what was decoded before stays readable
		s.err = charge
		return charge
	}
	switch {
	case n > 0:
		return nil
	case err == io.EOF:
		s.err = io.EOF
	default:
		s.err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return s.err
}

// slide makes room: the window grows to streamWindow, then drops its older half.
func (s *stream) slide() {
	switch {
	case len(s.buf) < cap(s.buf):
	case cap(s.buf) < streamWindow:
		s.buf = append(make([]byte, 0, max(16<<10, 4*cap(s.buf))), s.buf...)
	default:
		half := len(s.buf) / 2
		s.start += int64(half)
		s.buf = s.buf[:copy(s.buf, s.buf[half:])]
	}
}

// charge counts n bytes that were appended to the window. When the budget
// refuses them, fresh is how many had not been decoded before.
func (s *stream) charge(n int64) (fresh int64, err error) {
	end := s.start + int64(len(s.buf))
	fresh = max(0, end-max(s.furthst, end-n))
	if err := s.budget.expand(fresh); err != nil {
		return fresh, err
	}
	s.furthst = max(s.furthst, end)
	return n, s.budget.repeat(n - fresh)
}
