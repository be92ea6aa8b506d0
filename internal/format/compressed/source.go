package compressed

import (
	"bufio"
	"errors"
	"io"

	"github.com/sallyport/sallyport/internal/format"
)

// source hands compressed bytes to a decoder one by one, so that it is known
// exactly how many the decoder took.
type source struct {
	*bufio.Reader
	sec *io.SectionReader
}

const sourceBuffer = 32 << 10

// newSource starts at off.
func newSource(in *format.Input, off int64) *source {
	size := in.R.Size()
	sec := io.NewSectionReader(in.R, off, max(0, size-off))
	return &source{bufio.NewReaderSize(sec, int(min(sourceBuffer, max(16, size)))), sec}
}

// from moves to off, without reading again what is buffered already.
func (s *source) from(off int64) *source {
	if skip := off - s.pos(0); skip >= 0 && skip <= int64(s.Buffered()) {
		_, _ = s.Discard(int(skip))
		return s
	}
	_, _ = s.sec.Seek(off, io.SeekStart)
	s.Reset(s.sec)
	return s
}

// pos is the offset in the input of the next byte. base is where it started.
func (s *source) pos(base int64) int64 {
	at, _ := s.sec.Seek(0, io.SeekCurrent)
	return base + at - int64(s.Buffered())
}

// full reads len(p) bytes; an end before is io.ErrUnexpectedEOF.
func (s *source) full(p []byte) error {
	_, err := io.ReadFull(s.Reader, p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// maxPadding is how many zero bytes between and behind members are taken for
// padding.
const maxPadding = 1 << 20

// padding skips zero bytes and reports whether the end of the input follows.
func (s *source) padding() (end bool) {
	for range maxPadding {
		p, err := s.Peek(1)
		if err != nil {
			return errors.Is(err, io.EOF)
		}
		if p[0] != 0 {
			return false
		}
		_, _ = s.Discard(1)
	}
	return false
}

// probe decodes the first bytes of the input and tells how it went: how many
// came, and whether they are as many as asked for or a proper end.
func probe(in *format.Input, open func(*format.Input, *journal) io.Reader) (n int, good bool) {
	var p [4096]byte
	n, err := io.ReadFull(open(in, &journal{}), p[:])
	return n, err == nil || err == io.ErrUnexpectedEOF && properEnd(in, open, n)
}

// properEnd tells a stream that ends after n bytes from one that breaks there;
// io.ReadFull gives the same error for both.
func properEnd(in *format.Input, open func(*format.Input, *journal) io.Reader, n int) bool {
	log := &journal{}
	got, err := io.Copy(io.Discard, io.LimitReader(open(in, log), int64(n)+1))
	return err == nil && got == int64(n) && len(log.notes) == 0
}
