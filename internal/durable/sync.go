package durable

import (
	"crypto/rand"
	"errors"
	"os"
)

// fewFiles are synced one by one; more of them are cheaper with one sync of the
// whole file system.
const fewFiles = 32

// SyncFiles makes the content of closed files permanent. They lie on one file
// system. Their folders are not synced.
func SyncFiles(names []string) error {
	if len(names) == 0 {
		return nil
	}
	if len(names) > fewFiles && syncAll(names[0]) == nil {
		return nil
	}
	for _, name := range names {
		if err := syncFile(name); err != nil {
			return err
		}
	}
	return nil
}

func syncFile(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR|noFollow, 0)
	if errors.Is(err, os.ErrPermission) { // a sync needs no right to write, except on Windows
		f, err = os.OpenFile(name, os.O_RDONLY|noFollow, 0)
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// SyncDir makes renames in a folder permanent, where the system can.
func SyncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(syncFolder(f), f.Close())
}

// TempName is a name for a temporary file that nobody has used.
func TempName() string { return TempPrefix + rand.Text() }
