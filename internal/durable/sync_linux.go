package durable

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// syncAll writes out the whole file system that holds the file.
func syncAll(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(unix.Syncfs(int(f.Fd())), f.Close())
}
