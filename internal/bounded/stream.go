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
	s := &stream{open: open, budget: b, size: size}
	if size < 0 {
		n, err := s.measure()
		if err != nil {
			return nil, err
		}
		size, s.size = n, n
	}
	return &Reader{src: s, size: size, budget: b}, nil
}

// Excess reports whether a view made by NewStream decodes to more bytes than
// its size; a declared size that is too small hides the rest. A view of a part
// of the stream has no excess of its own.
func (r *Reader) Excess() (bool, error) {
	s, ok := r.src.(*stream)
	if !ok || r.base != 0 || r.size != s.size {
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
}

func (s *stream) measure() (int64, error) {
	for {
		if err := s.more(); err == io.EOF {
			return s.start + int64(len(s.buf)), nil
		} else if err != nil {
			return 0, err
		}
	}
}

// ReadAt implements io.ReaderAt by decoding forward, or from the start again.
func (s *stream) ReadAt(p []byte, off int64) (int, error) {
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
	if charge := s.charge(int64(n)); charge != nil {
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

func (s *stream) charge(n int64) error {
	end := s.start + int64(len(s.buf))
	fresh := max(0, end-max(s.furthst, end-n))
	s.furthst = max(s.furthst, end)
	if err := s.budget.expand(fresh); err != nil {
		return err
	}
	return s.budget.repeat(n - fresh)
}
