package quarantine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/durable"
)

// Summary is one line of a list. Problem is set when the entry is damaged; then
// the record is what could be read of it.
type Summary struct {
	Record
	InUse   bool   `json:"inUse"`
	Problem string `json:"problem,omitempty"`
}

// List lists all sealed entries, oldest first, then by id.
func (a *Area) List() ([]Summary, error) {
	names, err := a.names("")
	if err != nil {
		return nil, err
	}
	list := []Summary{}
	for _, id := range names {
		if !isID(id) {
			continue
		}
		s := Summary{InUse: a.inUse(id)}
		if s.Record, err = readRecord(filepath.Join(a.dir, id)); err != nil {
			s.Record.ID, s.Problem = id, err.Error()
		} else if missing := a.missing(&s.Record); missing > 0 {
			s.Problem = fmt.Sprintf("%d of its files are not here any more; a push was interrupted, and the entry can be discarded", missing)
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(x, y Summary) int {
		if c := x.CreatedOn.Compare(y.CreatedOn); c != 0 {
			return c
		}
		return strings.Compare(x.ID, y.ID)
	})
	return list, nil
}

// missing counts files whose blob is gone.
func (a *Area) missing(r *Record) (n int) {
	e := Entry{dir: filepath.Join(a.dir, r.ID)}
	for _, f := range r.Files {
		if _, err := os.Lstat(e.BlobPath(f.Digest)); err != nil {
			n++
		}
	}
	return n
}

func (a *Area) inUse(id string) bool {
	if _, err := os.Lstat(a.lockPath(id)); err != nil {
		return false
	}
	lock, err := durable.Try(a.lockPath(id))
	if err != nil {
		return errors.Is(err, durable.ErrBusy)
	}
	return lock.Release() != nil
}

func isID(s string) bool {
	return (len(s) == 12 || len(s) == 24 || len(s) == 64) && strings.Trim(s, hexDigits) == ""
}

// Load opens an entry to look at it.
func (a *Area) Load(id string) (*Entry, error) {
	if !isID(id) {
		return nil, fmt.Errorf("%w: %.100q", ErrNotFound, id)
	}
	dir := filepath.Join(a.dir, id)
	record, err := readRecord(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %q", ErrNotFound, id)
	case err != nil:
		return nil, err
	}
	return &Entry{area: a, dir: dir, record: record}, nil
}

// Discard removes an entry that nobody works on, damaged or not.
func (a *Area) Discard(id string) error {
	dir := filepath.Join(a.dir, id)
	if !isID(id) || durable.Folder(dir) != nil {
		return fmt.Errorf("%w: %.100q", ErrNotFound, id)
	}
	lock, err := durable.Try(a.lockPath(id))
	if errors.Is(err, durable.ErrBusy) {
		return fmt.Errorf("%w: %q", ErrBusy, id)
	}
	if err != nil {
		return err
	}
	return errors.Join(a.remove(dir), lock.Remove())
}

// usage is the number of bytes in all blobs, drafts of other processes included.
func (a *Area) usage() (total int64, err error) {
	names, err := a.names("")
	for _, name := range names {
		blobs, err := os.ReadDir(filepath.Join(a.dir, name, blobsDir))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
		for _, b := range blobs {
			if info, err := b.Info(); err == nil {
				total += info.Size()
			}
		}
	}
	return total, err
}
