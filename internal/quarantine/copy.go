package quarantine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sallyport/sallyport/internal/durable"
)

// errLonger says that a stream went on after its announced end.
var errLonger = errors.New("longer than announced")

// blockSize is read, hashed and written at a time, in bytes.
const blockSize = 1 << 20

// copier copies streams into files named by their digest. It keeps its buffers.
type copier struct {
	blocks [2][]byte
	hash   hash.Hash
}

// into copies r to dir/<sha256>. It reads at most limit bytes (negative: no
// limit) and one more to see the end. fresh is false when the content was there
// already.
func (c *copier) into(ctx context.Context, dir string, r io.Reader, limit int64) (sum string, n int64, fresh bool, err error) {
	if c.hash == nil {
		c.hash = sha256.New()
		c.blocks = [2][]byte{make([]byte, blockSize), make([]byte, blockSize)}
	}
	c.hash.Reset()
	if limit >= 0 {
		r = &endReader{r: r, left: limit}
	}
	first, err := io.ReadFull(r, c.blocks[0])
	switch err {
	case nil:
		return c.large(ctx, dir, r)
	case io.EOF, io.ErrUnexpectedEOF:
		if err := ctx.Err(); err != nil {
			return "", 0, false, err
		}
		return c.small(dir, c.blocks[0][:first])
	}
	return "", 0, false, err
}

// small stores content that fits into one block: its name is known before it is
// written.
func (c *copier) small(dir string, data []byte) (sum string, n int64, fresh bool, err error) {
	c.hash.Write(data)
	sum = hex.EncodeToString(c.hash.Sum(nil))
	f, err := os.OpenFile(filepath.Join(dir, sum), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return sum, int64(len(data)), false, nil
	}
	if err != nil {
		return "", 0, false, err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(f.Name())
		return "", 0, false, err
	}
	return sum, int64(len(data)), true, nil
}

// large stores content whose first block has been read.
func (c *copier) large(ctx context.Context, dir string, r io.Reader) (sum string, n int64, fresh bool, err error) {
	f, err := durable.Temp(dir, 0o600)
	if err != nil {
		return "", 0, false, err
	}
	n, err = c.stream(ctx, f, r)
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(f.Name())
		return "", 0, false, err
	}
	sum = hex.EncodeToString(c.hash.Sum(nil))
	name := filepath.Join(dir, sum)
	if _, err := os.Lstat(name); err == nil {
		return sum, n, false, os.Remove(f.Name())
	}
	return sum, n, true, os.Rename(f.Name(), name)
}

// stream writes blocks while a second goroutine hashes them, so that neither
// waits for the other.
func (c *copier) stream(ctx context.Context, w io.Writer, r io.Reader) (n int64, err error) {
	work, done := make(chan []byte), make(chan struct{})
	go func() {
		defer close(done)
		for block := range work {
			c.hash.Write(block)
		}
	}()
	defer func() {
		close(work)
		<-done
	}()
	for i, block := 0, c.blocks[0]; ; i++ {
		// Handing over a block means that the one before it is hashed, whose buffer
		// is read into next.
		work <- block
		if _, err := w.Write(block); err != nil {
			return n, err
		}
		n += int64(len(block))
		if err := ctx.Err(); err != nil {
			return n, err
		}
		block = c.blocks[(i+1)%2]
		got, err := io.ReadFull(r, block)
		switch {
		case err == io.EOF:
			return n, nil
		case err != nil && err != io.ErrUnexpectedEOF:
			return n, err
		}
		block = block[:got]
	}
}

// endReader ends after left bytes, and fails when there are more.
type endReader struct {
	r    io.Reader
	left int64
}

func (e *endReader) Read(p []byte) (int, error) {
	if e.left == 0 {
		var one [1]byte
		n, err := io.ReadFull(e.r, one[:])
		if n > 0 {
			return 0, errLonger
		}
		return 0, err
	}
	if int64(len(p)) > e.left {
		p = p[:e.left]
	}
	n, err := e.r.Read(p)
	e.left -= int64(n)
	return n, err
}
