package sign

import (
	"crypto"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
)

// All file access of this package is in this file.

// MaxKeyFile is the size that a key file may have, in bytes.
const MaxKeyFile = 64 << 10

// Endings of the two files of a key pair.
const (
	PrivateExt = ".key"
	PublicExt  = ".pub"
)

// Load reads a private key. On Unix the file must be readable by its owner only
// (ErrKeyMode). The passphrase is used only for an encrypted key.
func Load(path string, passphrase []byte) (*Key, error) {
	text, err := readKeyFile(path, true)
	if err != nil {
		return nil, err
	}
	k, err := ParsePrivate(text, passphrase)
	if err != nil {
		return nil, fmt.Errorf("private key %q: %w", path, err)
	}
	return k, nil
}

// LoadPublic reads a public key.
func LoadPublic(path string) (crypto.PublicKey, error) {
	text, err := readKeyFile(path, false)
	if err != nil {
		return nil, err
	}
	pub, err := ParsePublic(text)
	if err != nil {
		return nil, fmt.Errorf("public key %q: %w", path, err)
	}
	return pub, nil
}

func readKeyFile(path string, private bool) ([]byte, error) {
	// Before opening: opening a pipe that nobody writes to would wait for ever.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %q is not a regular file", ErrKey, path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat() // of the open file, so that nobody swaps it in between
	if err != nil {
		return nil, fmt.Errorf("opening key: %w", err)
	}
	if private && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: %q has mode %04o; run: chmod 600 %q", ErrKeyMode, path, info.Mode().Perm(), path)
	}
	// One byte more than allowed: the parser refuses it.
	text, err := io.ReadAll(io.LimitReader(f, MaxKeyFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading key %q: %w", path, err)
	}
	return text, nil
}

// Write stores a key pair as base+PrivateExt (mode 0600) and base+PublicExt. It
// never overwrites: if either file exists nothing is written (ErrKeyExists).
func Write(base string, k *Key, passphrase []byte) error {
	private, err := k.MarshalPrivate(passphrase)
	if err != nil {
		return err
	}
	public, err := MarshalPublic(k.Public())
	if err != nil {
		return err
	}
	if err := createNew(base+PublicExt, public, 0o644); err != nil {
		return err
	}
	if err := createNew(base+PrivateExt, private, 0o600); err != nil {
		os.Remove(base + PublicExt) // ours: it did not exist before
		return err
	}
	return nil
}

func createNew(path string, content []byte, mode fs.FileMode) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %q; it is never overwritten", ErrKeyExists, path)
	}
	if err != nil {
		return fmt.Errorf("writing key: %w", err)
	}
	defer func() {
		if e := f.Close(); err == nil && e != nil {
			err = fmt.Errorf("writing key: %w", e)
		}
		if err != nil {
			os.Remove(path)
		}
	}()
	if _, err := f.Write(content); err != nil {
		return fmt.Errorf("writing key: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("writing key: %w", err)
	}
	return nil
}
