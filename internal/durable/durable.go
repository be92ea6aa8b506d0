// Package durable is about our own files on disk that several processes share
// and that must survive a crash: locks, replacing a file at once, and making
// what was written permanent.
//
// Threat: a process killed, or a machine switched off, at any moment; two of us
// at once. Locks are advisory and keep only our own programs apart; the system
// gives them back when their holder ends in whatever way.
//
// Not covered: file systems whose locks or syncs do nothing, as some network
// file systems; and whoever writes to the same folder without asking for the
// lock.
package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// TempPrefix begins the name of every temporary file. What bears it and is not
// locked by anybody is left over from a crash.
const TempPrefix = ".tmp-"

// Replace writes a file so that readers see the old content or the new, never a
// part, and so that it stays after a power cut. Mode is subject to the umask.
func Replace(name string, data []byte, mode fs.FileMode) error {
	dir := filepath.Dir(name)
	f, err := Temp(dir, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	return SyncDir(dir)
}

// Temp makes a temporary file in a folder, with a mode that is subject to the
// umask, unlike that of os.CreateTemp.
func Temp(dir string, mode fs.FileMode) (*os.File, error) {
	for {
		f, err := os.OpenFile(filepath.Join(dir, TempName()), os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// Sweep removes temporary files in a folder. The caller holds the lock that
// every writer of the folder takes.
func Sweep(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	for _, name := range names {
		if strings.HasPrefix(name, TempPrefix) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, name)))
		}
	}
	return err
}
