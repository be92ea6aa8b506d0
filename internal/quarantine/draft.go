package quarantine

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/durable"
	"github.com/sallyport/sallyport/internal/evidence"
)

// AnySize is the size of a stream whose length nobody has announced.
const AnySize = -1

// Draft is an entry that is being filled. It belongs to one goroutine and ends
// with Seal or Drop.
type Draft struct {
	area  *Area
	dir   string
	lock  *durable.Lock
	files []evidence.File
	paths map[string]bool
	held  int64 // bytes in blobs
	room  int64 // bytes that the quota leaves, or -1
	copy  copier
}

// Begin makes an empty draft, and removes drafts that a crash has left.
func (a *Area) Begin(ctx context.Context) (*Draft, error) {
	if err := a.prepare(); err != nil {
		return nil, err
	}
	area, err := durable.Take(ctx, a.lockPath(areaLock), nil)
	if err != nil {
		return nil, err
	}
	defer area.Release()
	if err := a.sweep(); err != nil {
		return nil, err
	}
	d := &Draft{area: a, paths: map[string]bool{}, room: -1}
	if a.options.Quota > 0 {
		used, err := a.usage()
		if err != nil {
			return nil, err
		}
		d.room = max(0, a.options.Quota-used)
	}
	name := durable.TempName()
	if d.lock, err = durable.Try(a.lockPath(name)); err != nil {
		return nil, err
	}
	d.dir = filepath.Join(a.dir, name)
	if err := os.MkdirAll(filepath.Join(d.dir, blobsDir), 0o700); err != nil {
		return nil, errors.Join(err, d.Drop())
	}
	return d, nil
}

// prepare makes the area, readable by nobody else, without following a link that
// somebody has put in its place, and uses no folder of another user: its owner
// could exchange the bytes between their hashing and their judging.
func (a *Area) prepare() error {
	if err := os.MkdirAll(filepath.Dir(filepath.Dir(a.dir)), 0o755); err != nil {
		return err
	}
	for _, dir := range []string{filepath.Dir(a.dir), a.dir, filepath.Join(a.dir, locksDir)} {
		if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := durable.Own(dir); err != nil {
			return err
		}
		if err := os.Chmod(dir, 0o700); err != nil {
			return err
		}
	}
	return nil
}

// sweep removes drafts whose process is gone. The area lock is held.
func (a *Area) sweep() error {
	names, err := a.names(durable.TempPrefix)
	if err != nil {
		return err
	}
	locks, err := os.ReadDir(filepath.Join(a.dir, locksDir))
	if err != nil {
		return err
	}
	for _, l := range locks { // of drafts that got no folder
		if strings.HasPrefix(l.Name(), durable.TempPrefix) {
			names = append(names, strings.TrimSuffix(l.Name(), ".lock"))
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		lock, err := durable.Try(a.lockPath(name))
		if errors.Is(err, durable.ErrBusy) {
			continue
		}
		if err != nil {
			return err
		}
		if err := errors.Join(os.RemoveAll(filepath.Join(a.dir, name)), lock.Remove()); err != nil {
			return err
		}
	}
	return nil
}

// names lists the folders of the area that begin with prefix.
func (a *Area) names(prefix string) ([]string, error) {
	entries, err := os.ReadDir(a.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) && e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// AddFile takes in one file of an artifact. A file that is shorter or longer
// than its listed size, or that was written to while it was read, is ErrChanged:
// what was copied of it never existed as a whole.
func (d *Draft) AddFile(ctx context.Context, f artifact.File) (evidence.File, error) {
	c, err := f.Open()
	if err != nil {
		return evidence.File{}, err
	}
	defer c.Close()
	added, err := d.Add(ctx, f.Path, io.NewSectionReader(c, 0, 1<<62), f.Size)
	if teller, ok := c.(interface{ Changed() bool }); err == nil && ok && teller.Changed() {
		return evidence.File{}, fmt.Errorf("%w: %q was written to", ErrChanged, f.Path)
	}
	return added, err
}

// Add takes in what r yields under a path, which need not be safe, only new. Each
// byte is read once: it is hashed and written at the same time. A stream that
// does not have the size announced is ErrChanged; nothing of it stays.
func (d *Draft) Add(ctx context.Context, path string, r io.Reader, size int64) (evidence.File, error) {
	if d.paths[path] {
		return evidence.File{}, fmt.Errorf("the path %q appears twice", path)
	}
	if len(d.files) >= bounded.MaxFiles {
		return evidence.File{}, &bounded.LimitError{Name: "files", Max: bounded.MaxFiles}
	}
	limit := size
	if d.room >= 0 && (size < 0 || d.held+size > d.room) {
		limit = d.room - d.held
		if size >= 0 {
			return evidence.File{}, d.full(path)
		}
	}
	sum, n, fresh, err := d.copy.into(ctx, filepath.Join(d.dir, blobsDir), r, limit)
	switch {
	case errors.Is(err, errLonger) && size < 0:
		return evidence.File{}, d.full(path)
	case errors.Is(err, errLonger):
		return evidence.File{}, fmt.Errorf("%w: %q has more than the %d bytes that were listed", ErrChanged, path, size)
	case err != nil:
		return evidence.File{}, fmt.Errorf("taking %q into quarantine: %w", path, err)
	case size >= 0 && n != size:
		_ = d.forget(sum, fresh)
		return evidence.File{}, fmt.Errorf("%w: %q has %d bytes, not the %d that were listed", ErrChanged, path, n, size)
	}
	if fresh {
		d.held += n
	}
	f := evidence.File{Path: path, Size: n, Digest: "sha256:" + sum}
	d.files, d.paths[path] = append(d.files, f), true
	return f, nil
}

func (d *Draft) full(path string) error {
	return fmt.Errorf("%w: no room for %q within %d bytes; look at \"sallyport quarantine list\" and discard what is done with", ErrQuota, path, d.area.options.Quota)
}

func (d *Draft) forget(sum string, fresh bool) error {
	if !fresh {
		return nil
	}
	return os.Remove(filepath.Join(d.dir, blobsDir, sum))
}

// Drop removes the draft with everything in it.
func (d *Draft) Drop() error {
	err := os.RemoveAll(d.dir)
	return errors.Join(err, d.lock.Remove())
}

// Seal ends the filling. The entry gets its id, its record is written, and all of
// it is made permanent. When another process works on the same content, Seal
// waits for it; an entry with the same content that nobody works on is replaced.
// On an error the draft is gone.
func (d *Draft) Seal(ctx context.Context, m Meta) (*Entry, error) {
	slices.SortFunc(d.files, func(a, b evidence.File) int { return strings.Compare(a.Path, b.Path) })
	e := &Entry{area: d.area, dir: d.dir, record: Record{Content: contentDigest(d.files), Source: m.Source, CreatedOn: m.CreatedOn,
		Omissions: m.Omissions, Files: d.files}}
	for _, f := range d.files {
		e.record.Size += f.Size
	}
	err := d.name(ctx, e)
	if err == nil {
		err = d.settle(e)
	}
	if err != nil {
		if e.lock != nil {
			err = errors.Join(err, e.lock.Release())
		}
		return nil, errors.Join(err, d.Drop())
	}
	return e, d.lock.Remove()
}

// name finds the id: twelve digits of the content's digest, or more when an
// entry with other content has the same ones.
func (d *Draft) name(ctx context.Context, e *Entry) error {
	full := strings.TrimPrefix(e.record.Content, "sha256:")
	for _, digits := range []int{12, 24, 64} {
		e.record.ID = full[:digits]
		lock, err := durable.Take(ctx, d.area.lockPath(e.record.ID), func() {
			if d.area.options.Waiting != nil {
				d.area.options.Waiting(e.record.ID)
			}
		})
		if err != nil {
			return err
		}
		there, err := readRecord(filepath.Join(d.area.dir, e.record.ID))
		if err != nil || there.Content == e.record.Content {
			e.lock = lock
			return nil
		}
		if err := lock.Release(); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: %s", ErrBusy, full)
}

// settle makes the content permanent and gives the folder its name. The lock on
// the id is held.
func (d *Draft) settle(e *Entry) error {
	if err := e.save(); err != nil {
		return err
	}
	blobs := filepath.Join(d.dir, blobsDir)
	if err := durable.SyncFiles(d.blobs()); err != nil {
		return err
	}
	if err := durable.SyncDir(blobs); err != nil {
		return err
	}
	final := filepath.Join(d.area.dir, e.record.ID)
	if err := d.area.remove(final); err != nil {
		return err
	}
	if err := os.Rename(d.dir, final); err != nil {
		return err
	}
	e.dir = final
	return durable.SyncDir(d.area.dir)
}

// blobs lists the files that hold the content, each once.
func (d *Draft) blobs() []string {
	seen := make(map[string]bool, len(d.files))
	var names []string
	for _, f := range d.files {
		if !seen[f.Digest] {
			seen[f.Digest] = true
			names = append(names, filepath.Join(d.dir, blobsDir, strings.TrimPrefix(f.Digest, "sha256:")))
		}
	}
	return names
}

// remove takes an entry's folder away: first out of sight, then for good.
func (a *Area) remove(dir string) error {
	old := filepath.Join(a.dir, durable.TempName())
	err := os.Rename(dir, old)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.RemoveAll(old)
}

// contentDigest identifies a sorted list of files. Lengths stand before names, so
// that no name can imitate another line.
func contentDigest(files []evidence.File) string {
	h := sha256.New()
	var b []byte
	for _, f := range files {
		b = binary.BigEndian.AppendUint64(b[:0], uint64(len(f.Path)))
		b = append(b, f.Path...)
		b = binary.BigEndian.AppendUint64(b, uint64(f.Size))
		b = append(b, f.Digest...)
		h.Write(b)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}
