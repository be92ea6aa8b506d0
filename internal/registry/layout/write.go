package layout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/durable"
	"github.com/sallyport/sallyport/internal/registry"
)

// writer holds the lock of a repository.
type writer struct {
	*Repo
	lock   *durable.Lock
	mode   fs.FileMode     // of blobs that are moved in
	synced map[string]bool // file names of the good blobs of this writer; false: not yet made permanent
}

var (
	_ registry.Writer  = (*writer)(nil)
	_ registry.Remover = (*writer)(nil)
)

// Begin implements registry.Store. It waits for other writers of the repository,
// makes the layout if it is new, and sweeps what a crash has left.
func (r *Repo) Begin(ctx context.Context) (registry.Writer, error) {
	locks := filepath.Join(r.root, stateDir, locksDir)
	if err := os.MkdirAll(r.root, 0o755); err != nil {
		return nil, r.readOnly(err)
	}
	for _, dir := range []string{filepath.Dir(locks), locks} {
		if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, r.readOnly(err)
		}
		if err := durable.Folder(dir); err != nil {
			return nil, fileError(err)
		}
	}
	name := filepath.Join(locks, strings.ReplaceAll(r.name, "/", "%2F")+".lock")
	lock, err := durable.Take(ctx, name, func() {
		if r.options.Waiting != nil {
			r.options.Waiting(name)
		}
	})
	if err != nil {
		return nil, r.readOnly(err)
	}
	w := &writer{Repo: r, lock: lock, synced: map[string]bool{}}
	if err := w.prepare(); err != nil {
		return nil, errors.Join(r.readOnly(err), lock.Release())
	}
	return w, nil
}

// readOnly names the cause when we may not write.
func (r *Repo) readOnly(err error) error {
	if errors.Is(err, fs.ErrPermission) || isReadOnly(err) {
		return fmt.Errorf("%w: %q: %w", registry.ErrReadOnly, r.root, err)
	}
	return err
}

// prepare makes what is missing of a new layout, and refuses a damaged one.
func (w *writer) prepare() error {
	if err := w.checkPath(); err != nil {
		return err
	}
	if err := os.MkdirAll(w.blobs(), 0o755); err != nil {
		return err
	}
	_, err := w.load()
	if errors.Is(err, registry.ErrNotFound) {
		err = w.create()
	}
	if err != nil {
		return err
	}
	info, err := os.Lstat(w.file(layoutFile))
	if err != nil {
		return err
	}
	w.mode = info.Mode() & 0o666
	return errors.Join(durable.Sweep(w.dir), durable.Sweep(w.blobs()))
}

// create writes the files of an empty layout. Interrupted between the two, it is
// done again by the next writer.
func (w *writer) create() error {
	if err := w.replace(layoutFile, []byte(layoutText)); err != nil {
		return err
	}
	data, err := newIndex().encode()
	if err != nil {
		return err
	}
	return w.replace(indexFile, data)
}

func (w *writer) replace(name string, data []byte) error {
	if err := w.step("replace " + name); err != nil {
		return err
	}
	return durable.Replace(w.file(name), data, 0o644)
}

// step is where tests make us fail or die.
func (w *writer) step(what string) error {
	if w.fail != nil {
		return w.fail(what)
	}
	return nil
}

// Close implements registry.Writer.
func (w *writer) Close() error { return w.lock.Release() }

// PushBlob implements registry.Writer.
func (w *writer) PushBlob(ctx context.Context, d registry.Descriptor, r io.Reader) error {
	name, err := w.blob(d.Digest)
	if err != nil {
		return err
	}
	if registry.Rehash(ctx, w, d) == nil {
		if _, known := w.synced[name]; !known {
			w.synced[name] = false // somebody may have died before he synced it
		}
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := w.step("write blob"); err != nil {
		return err
	}
	f, err := durable.Temp(w.blobs(), 0o644)
	if err != nil {
		return err
	}
	err = registry.Copy(ctx, f, r, d)
	if err = errors.Join(err, f.Close()); err == nil {
		err = w.rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	w.synced[name] = false
	return nil
}

func (w *writer) rename(from, to string) error {
	if err := w.step("rename blob"); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// PushBlobFile implements registry.Writer. The file replaces whatever lies under
// the digest: its content is known, the other's is not.
func (w *writer) PushBlobFile(ctx context.Context, d registry.Descriptor, path string) error {
	name, err := w.blob(d.Digest)
	if err != nil {
		return err
	}
	f, err := durable.Open(path)
	if err != nil {
		return fileError(err)
	}
	size := f.Size()
	if err := f.Close(); err != nil {
		return err
	}
	if size != d.Size {
		return fmt.Errorf("%w: %q has %d bytes, not %d", registry.ErrCorrupt, path, size, d.Size)
	}
	if err := w.move(path, name); err == nil || !errors.As(err, new(*os.LinkError)) {
		return err
	}
	return w.copyIn(ctx, d, path)
}

// move renames a file into the layout.
func (w *writer) move(path, name string) error {
	// What other manifests already name must not become a file that a power cut
	// leaves empty.
	_, err := os.Lstat(name)
	there := err == nil
	if there {
		if err := durable.SyncFiles([]string{path}); err != nil {
			return err
		}
	}
	if err := os.Chmod(path, w.mode); err != nil {
		return err
	}
	if err := w.rename(path, name); err != nil {
		return err
	}
	w.synced[name] = there
	return nil
}

// copyIn stores a file that lies on another file system.
func (w *writer) copyIn(ctx context.Context, d registry.Descriptor, path string) error {
	f, err := durable.Open(path)
	if err != nil {
		return fileError(err)
	}
	defer f.Close()
	return w.PushBlob(ctx, d, f)
}

// Commit implements registry.Writer.
func (w *writer) Commit(ctx context.Context, tx registry.Transaction) error {
	idx, err := w.load()
	if err != nil {
		return err
	}
	before, err := idx.encode()
	if err != nil {
		return err
	}
	if err := w.apply(ctx, idx, tx); err != nil {
		return err
	}
	if err := w.put(ctx, tx); err != nil {
		return err
	}
	return w.save(idx, before)
}

// apply checks the transaction and enters it into the index, in memory.
func (w *writer) apply(ctx context.Context, idx *index, tx registry.Transaction) error {
	known := map[string]int64{}
	for _, b := range append(tx.Blobs[:len(tx.Blobs):len(tx.Blobs)], tx.Manifests...) {
		if int64(len(b.Data)) != b.Size || registry.DigestOf(b.Data) != b.Digest {
			return fmt.Errorf("%w: the blob to be stored as %s is something else", registry.ErrCorrupt, b.Digest)
		}
		known[b.Digest] = b.Size
	}
	for _, b := range tx.Manifests {
		m, err := registry.ParseManifest(b.Data)
		if err != nil {
			return fmt.Errorf("manifest %s: %w", b.Digest, err)
		}
		if err := w.complete(ctx, m, known); err != nil {
			return fmt.Errorf("manifest %s: %w", b.Digest, err)
		}
		d := b.Descriptor
		d.MediaType = m.MediaType
		idx.add(d)
	}
	for _, t := range tx.Tags {
		if err := idx.set(t); err != nil {
			return err
		}
	}
	return nil
}

// complete checks that everything the manifest names is here: in the
// transaction, pushed by this writer, or good when it is read again.
func (w *writer) complete(ctx context.Context, m *registry.Manifest, known map[string]int64) error {
	parts := append(slices.Clone(m.Layers), m.Manifests...)
	if m.Config.Digest != "" {
		parts = append(parts, m.Config)
	}
	for _, p := range parts {
		size, ok := known[p.Digest]
		if !ok {
			if err := w.have(ctx, p); err != nil {
				return err
			}
			size = p.Size
			known[p.Digest] = size
		}
		if size != p.Size {
			return fmt.Errorf("%w: %s has %d bytes, not %d", registry.ErrCorrupt, p.Digest, size, p.Size)
		}
	}
	return nil
}

// have checks that a blob is in the layout. What this writer has not pushed is
// rehashed.
func (w *writer) have(ctx context.Context, d registry.Descriptor) error {
	name, err := w.blob(d.Digest)
	if err != nil {
		return err
	}
	if _, pushed := w.synced[name]; !pushed {
		return registry.Rehash(ctx, w, d)
	}
	c, err := w.OpenBlob(ctx, d.Digest, d.Size)
	if err != nil {
		return err
	}
	return c.Close()
}

// put stores the transaction's blobs and makes all blobs permanent.
func (w *writer) put(ctx context.Context, tx registry.Transaction) error {
	for _, list := range [][]registry.Blob{tx.Blobs, tx.Manifests} {
		for _, b := range list {
			if err := w.PushBlob(ctx, b.Descriptor, strings.NewReader(string(b.Data))); err != nil {
				return err
			}
		}
	}
	var names []string
	for name, synced := range w.synced {
		if !synced {
			names = append(names, name)
		}
	}
	if err := w.step("sync"); err != nil {
		return err
	}
	if err := durable.SyncFiles(names); err != nil {
		return err
	}
	if err := durable.SyncDir(w.blobs()); err != nil {
		return err
	}
	for _, name := range names {
		w.synced[name] = true
	}
	return ctx.Err()
}

// save replaces index.json, which is the moment at which the change happens.
func (w *writer) save(idx *index, before []byte) error {
	data, err := idx.encode()
	switch {
	case err != nil:
		return err
	case len(data) > maxIndex:
		return fmt.Errorf("%w: %q would have %d bytes; it may have %d", registry.ErrTooMany, w.file(indexFile), len(data), maxIndex)
	case string(data) == string(before):
		return nil
	}
	return w.replace(indexFile, data)
}

// Untag implements registry.Remover.
func (w *writer) Untag(_ context.Context, tag string) error {
	idx, err := w.load()
	if err != nil {
		return err
	}
	i := idx.tagged(tag)
	if i < 0 {
		return fmt.Errorf("%w: %q has no tag %q", registry.ErrNotFound, w.dir, tag)
	}
	if err := idx.untag(i); err != nil {
		return err
	}
	return w.save(idx, nil)
}
