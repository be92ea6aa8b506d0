// Package layout is a registry on disk: each repository is an OCI image layout
// (image-spec v1.1.1, image-layout.md) that `oras --oci-layout` can read at any
// moment, also after a crash.
//
//	DIR/team/model/oci-layout           the version
//	DIR/team/model/index.json           manifests, tagged or not, referrers too
//	DIR/team/model/blobs/sha256/<hex>   manifests, configurations, files
//	DIR/.sallyport/locks/team%2Fmodel.lock
//
// The one commit point is the replacement of index.json by a rename. Blobs are
// complete and permanent under their digests before that; what a crash leaves
// behind is a temporary file, which the next writer sweeps, or a blob that
// nothing names. Writers of one repository take turns.
//
// Threat: whoever can write to the folder. Manifests are compared with their
// digests whenever they are read, sizes are limited before anything is read,
// links below DIR are refused, and a blob that already lies under a digest is
// rehashed before it is reused. Damage is reported by the name of the file, and
// never repaired by throwing something away.
//
// Not covered: a layout put back to an older state as a whole (maximum ages in
// the policy bound that), somebody who exchanges folders between two of our
// steps, and space that unnamed blobs take up.
package layout

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/durable"
	"github.com/sallyport/sallyport/internal/registry"
)

const (
	layoutFile = "oci-layout"
	indexFile  = "index.json"
	layoutText = `{"imageLayoutVersion":"1.0.0"}`
	stateDir   = ".sallyport" // beside the repositories: locks, quarantine
	locksDir   = "locks"
)

// reserved are repository components that would lie inside another layout.
var reserved = []string{"blobs", indexFile, layoutFile}

// Options of a repository. The zero value waits silently.
type Options struct {
	Waiting func(lock string) // called once before waiting for another writer
}

// Repo is one repository. Its methods may be called concurrently.
type Repo struct {
	root    string // DIR
	name    string // REPO
	dir     string // DIR/REPO
	options Options
	fail    func(step string) error // tests make steps fail; else nil
}

var _ registry.Store = (*Repo)(nil)

// Open names the repository below the folder dir. Nothing is read or made yet: a
// repository that does not exist is registry.ErrNotFound for readers, and made
// by the first writer.
func Open(dir, repository string, o Options) (*Repo, error) {
	if err := registry.CheckRepository(repository); err != nil {
		return nil, err
	}
	for part := range strings.SplitSeq(repository, "/") {
		if slices.Contains(reserved, part) {
			return nil, fmt.Errorf("%w: %q cannot be part of a repository name on disk", registry.ErrReference, part)
		}
	}
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	r := &Repo{root: root, name: repository, dir: filepath.Join(root, filepath.FromSlash(repository)), options: o}
	return r, r.checkPath()
}

// OpenReference is Open for a reference of the kind registry.KindLayout.
func OpenReference(ref registry.Reference, o Options) (*Repo, error) {
	if ref.Kind != registry.KindLayout {
		return nil, fmt.Errorf("%w %q: it is no layout on disk", registry.ErrReference, ref)
	}
	return Open(ref.Registry, ref.Repository, o)
}

// Dir is the folder of the layout: what `oras --oci-layout` is given.
func (r *Repo) Dir() string { return r.dir }

func (r *Repo) file(name string) string { return filepath.Join(r.dir, name) }

func (r *Repo) blobs() string { return filepath.Join(r.dir, "blobs", "sha256") }

func (r *Repo) blob(digest string) (string, error) {
	hex, err := registry.Hex(digest)
	return filepath.Join(r.blobs(), hex), err
}

// checkPath refuses links and other things that are no folder, from DIR (which
// the user has named and may be a link) down to the blobs.
func (r *Repo) checkPath() error {
	path := r.root
	for _, part := range append(strings.Split(r.name, "/"), "blobs", "sha256") {
		path = filepath.Join(path, part)
		switch err := durable.Folder(path); {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case errors.Is(err, durable.ErrFile):
			return fmt.Errorf("%w: %w", registry.ErrCorrupt, err)
		case err != nil:
			return err
		}
	}
	return nil
}

// Repositories lists the repositories below dir, sorted.
func Repositories(dir string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == stateDir || d.Name() == "blobs") && path != dir {
			return fs.SkipDir
		}
		if d.IsDir() || d.Name() != layoutFile {
			return nil
		}
		name, err := filepath.Rel(dir, filepath.Dir(path))
		if name = filepath.ToSlash(name); err == nil && registry.CheckRepository(name) == nil {
			names = append(names, name)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", registry.ErrNotFound, err)
	}
	slices.Sort(names)
	return names, err
}

// isEmpty reports whether the layout has no blobs: a new one, or one whose
// making was interrupted.
func (r *Repo) isEmpty() (bool, error) {
	entries, err := os.ReadDir(r.blobs())
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return !strings.HasPrefix(e.Name(), durable.TempPrefix) }), err
}
