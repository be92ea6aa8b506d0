//go:build !unix

package local

import (
	"os"
	"time"

	"github.com/sallyport/sallyport/internal/artifact"
)

// content is an open file that remembers how it looked when it was opened.
type content struct {
	*os.File
	size int64
	then time.Time
}

// Open opens one regular file for reading. The walk has already left links and
// pipes out; this system has no way to refuse them while opening.
func Open(name string) (artifact.Content, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &os.PathError{Op: "open", Path: name, Err: ErrNotFile}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &content{File: f, size: info.Size(), then: info.ModTime()}, nil
}

// Size implements artifact.Content.
func (c *content) Size() int64 { return c.size }

// Changed reports whether the file was written to since it was opened.
func (c *content) Changed() bool {
	info, err := c.Stat()
	return err != nil || info.Size() != c.size || !info.ModTime().Equal(c.then)
}
