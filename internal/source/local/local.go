// Package local reads artifacts from the file system.
//
// Threat: links that leave the artifact or lead in a circle, pipes that block,
// devices that never end, files exchanged or written to while they are read.
// Links are reported and not followed, except for the path that the user typed;
// files are opened without following links and without blocking, and must still
// be regular afterwards.
//
// Not covered: whoever may write to the folder can change it between two reads;
// admit therefore judges its own copy in quarantine.
package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/source"
)

// ErrNotFile is returned for a source that is neither a file nor a folder.
var ErrNotFile = errors.New("neither a regular file nor a folder")

// gitFolder holds version control data. Loaders do not read it and it is not
// shipped; it is listed as excluded unless the user includes it by name.
const gitFolder = ".git"

// Tree lists one file or the folder below name. Paths are relative to the
// folder; a single file is listed under its base name. Reading problems below
// the folder become omissions; the error is for the source itself.
func Tree(name string, filter source.Filter) (*artifact.Tree, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	t := &artifact.Tree{Source: name}
	w := walker{tree: t, filter: filter}
	switch {
	case info.IsDir():
		w.folder(name, "")
	case info.Mode().IsRegular():
		full, err := filepath.EvalSymlinks(name) // the user may name a link; open refuses them
		if err != nil {
			return nil, err
		}
		w.add(full, filepath.Base(name), info)
	default:
		return nil, fmt.Errorf("%s: %w", name, ErrNotFile)
	}
	t.Sort()
	return t, nil
}

type walker struct {
	tree   *artifact.Tree
	filter source.Filter
}

func (w *walker) folder(dir, prefix string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		w.omit(prefix, artifact.OmittedUnreadable, reason(err))
	}
	for _, e := range entries {
		full, rel := filepath.Join(dir, e.Name()), path.Join(prefix, e.Name())
		if e.IsDir() {
			if e.Name() == gitFolder && len(w.filter.Include) == 0 {
				w.omit(rel, artifact.OmittedExcluded, "version control data; not shipped")
				continue
			}
			w.folder(full, rel)
			continue
		}
		w.entry(full, rel, e)
	}
}

func (w *walker) entry(full, rel string, e fs.DirEntry) {
	if kind := irregular(e.Type()); kind != "" {
		if keep, why := w.filter.Keep(rel); !keep {
			w.omit(rel, artifact.OmittedExcluded, why)
			return
		}
		w.omit(rel, kind, "")
		return
	}
	info, err := e.Info()
	if err != nil {
		w.omit(rel, artifact.OmittedUnreadable, reason(err))
		return
	}
	w.add(full, rel, info)
}

func (w *walker) add(full, rel string, info fs.FileInfo) {
	if keep, why := w.filter.Keep(rel); !keep {
		w.omit(rel, artifact.OmittedExcluded, why)
		return
	}
	w.tree.Files = append(w.tree.Files, artifact.File{
		Path: rel, Size: info.Size(), Open: func() (artifact.Content, error) { return Open(full) },
	})
}

func (w *walker) omit(rel, kind, detail string) {
	if rel == "" {
		rel = "."
	}
	w.tree.Omissions = append(w.tree.Omissions, artifact.Omission{Path: rel, Kind: kind, Detail: detail})
}

// irregular names what is not a regular file; empty for one that is.
func irregular(m fs.FileMode) string {
	switch {
	case m&fs.ModeSymlink != 0:
		return artifact.OmittedSymlink
	case m&fs.ModeNamedPipe != 0:
		return artifact.OmittedPipe
	case m&fs.ModeSocket != 0:
		return artifact.OmittedSocket
	case m&(fs.ModeDevice|fs.ModeCharDevice|fs.ModeIrregular) != 0:
		return artifact.OmittedDevice
	}
	return ""
}

func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}
