package durable

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// ErrFile is wrapped by the refusals of Open and Read.
var ErrFile = errors.New("not a file of ours")

// File is an open regular file with the size it had when it was opened.
type File struct {
	*os.File
	size int64
}

// Size is in bytes.
func (f *File) Size() int64 { return f.size }

// Open opens a regular file for reading. It follows no link in the last part of
// the name, and does not block on a pipe.
func Open(name string) (*File, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %q is not a regular file", ErrFile, name)
	}
	f, err := os.OpenFile(name, os.O_RDONLY|noFollow|nonBlock, 0)
	if err != nil {
		return nil, err
	}
	opened, err := f.Stat()
	if err == nil && !os.SameFile(info, opened) {
		err = fmt.Errorf("%w: %q was exchanged while it was opened", ErrFile, name)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &File{f, opened.Size()}, nil
}

// Read returns the content of a regular file of at most limit bytes.
func Read(name string, limit int64) ([]byte, error) {
	f, err := Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if f.size > limit {
		return nil, fmt.Errorf("%w: %q has %d bytes, more than the %d that are read", ErrFile, name, f.size, limit)
	}
	data := make([]byte, f.size)
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("%w: %q became shorter while it was read", ErrFile, name)
	}
	return data, nil
}

// Folder accepts a folder that is not a link.
func Folder(name string) error {
	info, err := os.Lstat(name)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%w: %q is not a folder (links are refused)", ErrFile, name)
	}
	return err
}

// Own accepts a folder that is not a link and belongs to the user who runs this
// process, where the system knows owners.
func Own(name string) error {
	if err := Folder(name); err != nil {
		return err
	}
	info, err := os.Lstat(name)
	if err == nil && !isOwn(info) {
		err = fmt.Errorf("%w: the folder %q belongs to another user, who could change what is in it", ErrFile, name)
	}
	return err
}
