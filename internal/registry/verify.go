package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"

	"github.com/sallyport/sallyport/internal/artifact"
)

// blockSize is how much is read at once when content is hashed, in bytes.
const blockSize = 1 << 20

// Verifier passes bytes through and compares them with a descriptor. It returns
// io.EOF only after everything was read and is as described; anything else ends
// in an error that wraps ErrCorrupt.
type Verifier struct {
	r    io.Reader
	d    Descriptor
	left int64
	hash hash.Hash
	err  error
}

// NewVerifier verifies what r yields against digest and size of d.
func NewVerifier(r io.Reader, d Descriptor) *Verifier {
	return &Verifier{r: r, d: d, left: d.Size, hash: sha256.New()}
}

// Read implements io.Reader. Bytes that it returned are not verified before
// io.EOF.
func (v *Verifier) Read(p []byte) (int, error) {
	if v.err != nil {
		return 0, v.err
	}
	n, err := v.r.Read(p)
	v.hash.Write(p[:n])
	v.left -= int64(n)
	switch {
	case v.left < 0:
		v.err = fmt.Errorf("%w: %s has more than %d bytes", ErrCorrupt, v.d.Digest, v.d.Size)
	case err == io.EOF:
		v.err = v.end()
	case err != nil:
		v.err = err
	}
	return n, v.err
}

func (v *Verifier) end() error {
	if v.left > 0 {
		return fmt.Errorf("%w: %s has %d bytes, %d fewer than described", ErrCorrupt, v.d.Digest, v.d.Size-v.left, v.left)
	}
	if got := digestPrefix + hex.EncodeToString(v.hash.Sum(nil)); got != v.d.Digest {
		return fmt.Errorf("%w: the content stored as %s has the digest %s", ErrCorrupt, v.d.Digest, got)
	}
	return io.EOF
}

// Copy writes content to w while it verifies it, in large blocks, and watches
// the context. What reached w before an error is not verified.
func Copy(ctx context.Context, w io.Writer, r io.Reader, d Descriptor) error {
	v := NewVerifier(r, d)
	block := make([]byte, min(blockSize, d.Size+1))
	for {
		n, err := v.Read(block)
		if n > 0 {
			if _, werr := w.Write(block[:n]); werr != nil {
				return werr
			}
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		}
	}
}

// ReadBlob returns a verified blob of at most limit bytes. The size of d may be
// AnySize.
func ReadBlob(ctx context.Context, r Reader, d Descriptor, limit int64) ([]byte, error) {
	c, err := r.OpenBlob(ctx, d.Digest, d.Size)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if d.Size = c.Size(); d.Size > limit {
		return nil, fmt.Errorf("%w: blob %s has %d bytes, more than the %d that are read", ErrCorrupt, d.Digest, d.Size, limit)
	}
	var b bytes.Buffer
	if err := Copy(ctx, &b, sequential(c), d); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Rehash reads a blob to its end and compares size and digest.
func Rehash(ctx context.Context, r Reader, d Descriptor) error {
	c, err := r.OpenBlob(ctx, d.Digest, d.Size)
	if err != nil {
		return err
	}
	defer c.Close()
	return Copy(ctx, io.Discard, sequential(c), d)
}

// sequential reads the whole content; one byte more is tried, so that growth is
// noticed.
func sequential(c artifact.Content) io.Reader { return io.NewSectionReader(c, 0, 1<<62) }
