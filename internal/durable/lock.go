package durable

import (
	"context"
	"errors"
	"os"
	"time"
)

// ErrBusy is returned by Try when somebody else holds the lock.
var ErrBusy = errors.New("locked by another process")

// Lock is a lock that is held.
type Lock struct{ f *os.File }

// Try takes the lock or returns ErrBusy at once. The file is made if needed. A
// name that is a link is refused.
func Try(name string) (*Lock, error) {
	if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return nil, &os.PathError{Op: "lock", Path: name, Err: errors.New("not a regular file")}
	}
	for {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR|noFollow, 0o600)
		if err != nil {
			return nil, err
		}
		if err := tryLock(f); err != nil {
			f.Close()
			return nil, err
		}
		if same(name, f) {
			return &Lock{f}, nil
		}
		f.Close() // its holder removed it between our opening and our locking
	}
}

func same(name string, f *os.File) bool {
	there, err1 := os.Lstat(name)
	here, err2 := f.Stat()
	return err1 == nil && err2 == nil && os.SameFile(there, here)
}

// Take takes the lock and waits for it until the context ends. waiting is called
// once when there is something to wait for; it may be nil.
func Take(ctx context.Context, name string, waiting func()) (*Lock, error) {
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		l, err := Try(name)
		if !errors.Is(err, ErrBusy) {
			return l, err
		}
		if waiting != nil {
			waiting()
			waiting = nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// Release gives the lock back. The file stays.
func (l *Lock) Release() error { return l.f.Close() }

// Remove gives the lock back for good: the file goes too, where the system
// allows it.
func (l *Lock) Remove() error {
	_ = os.Remove(l.f.Name())
	return l.f.Close()
}
