package compressed

import (
	"bytes"
	"compress/bzip2"
	"errors"
	"io"
	"strings"

	"github.com/sallyport/sallyport/internal/format"
)

func matchBzip2(in *format.Input) format.Confidence {
	h := in.Head()
	if len(h) < 10 || string(h[:3]) != "BZh" || h[3] < '1' || h[3] > '9' {
		return format.No
	}
	block, end := []byte{0x31, 0x41, 0x59, 0x26, 0x53, 0x59}, []byte{0x17, 0x72, 0x45, 0x38, 0x50, 0x90}
	if bytes.Equal(h[4:10], block) || bytes.Equal(h[4:10], end) {
		return format.Strong
	}
	return format.Weak
}

// bzipReader reads all streams of a bzip2 file.
type bzipReader struct {
	src *source
	dec io.Reader
	log *journal
	err error
}

// bzipItems is what opening a decoder counts: it allocates megabytes, whatever
// follows, and an archive can hold many small files.
const bzipItems = 40_000

func openBzip2(in *format.Input, log *journal) io.Reader {
	src := newSource(in, 0)
	return &bzipReader{src: src, dec: bzip2.NewReader(src.Reader), log: log, err: in.R.Budget().Items(bzipItems)}
}

// Read implements io.Reader.
func (z *bzipReader) Read(p []byte) (n int, err error) {
	if z.err != nil {
		return 0, z.err
	}
	n, z.err = z.dec.Read(p)
	if z.err != nil {
		z.log.end = z.src.pos(0)
		z.ended()
	}
	if n > 0 {
		return n, nil
	}
	return 0, z.err
}

// ended tells trailing bytes, which loaders ignore, from broken data. The
// decoder has taken two of the trailing bytes by then.
func (z *bzipReader) ended() {
	var structural bzip2.StructuralError
	if errors.As(z.err, &structural) && strings.Contains(string(structural), "continuation") {
		z.log.end -= 2
		z.err = io.EOF
	}
}
