// Package artifact is the model under judgement: a tree of files, each with a
// size, optionally a digest, and a way to read ranges of it.
//
// Threat: names come from strangers. A path is data until CheckPath has
// accepted it; nothing here joins a path to the file system.
// Not covered: where the bytes come from (package source) and what they mean
// (package format).
package artifact

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Content is random access to the bytes of one file. Concurrent ReadAt calls
// are allowed; Close ends them. Size is in bytes and does not change.
type Content interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// File is one regular file of the artifact.
type File struct {
	Path   string                  // slash-separated, relative to the root; not yet trusted
	Size   int64                   // bytes
	SHA256 string                  // lower-case hex; empty when nobody has hashed the file yet
	Open   func() (Content, error) // each call opens afresh; the caller closes
}

// Omission is something that lies in the tree and is not shipped as a file.
type Omission struct {
	Path   string `json:"path"`
	Kind   string `json:"kind"`             // one of the Omitted constants
	Detail string `json:"detail,omitempty"` // for a person
}

// Kinds of omission. Excluded is the user's own wish; each other kind means
// that bytes may be there which nobody read.
const (
	OmittedSymlink    = "symlink"
	OmittedPipe       = "named-pipe"
	OmittedSocket     = "socket"
	OmittedDevice     = "device"
	OmittedUnreadable = "unreadable"
	OmittedExcluded   = "excluded"
)

// Tree is an artifact: its files and what was left out, both sorted by path.
type Tree struct {
	Source    string // the reference the user gave, for people
	Files     []File
	Omissions []Omission
}

// Sort puts files and omissions into byte order of their paths.
func (t *Tree) Sort() {
	slices.SortFunc(t.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	slices.SortFunc(t.Omissions, func(a, b Omission) int { return strings.Compare(a.Path, b.Path) })
}

// Size is the number of bytes in all files.
func (t *Tree) Size() int64 {
	var n int64
	for _, f := range t.Files {
		n += f.Size
	}
	return n
}

// ErrPath is wrapped by every refusal of CheckPath.
var ErrPath = errors.New("unsafe path")

// CheckPath accepts a relative, slash-separated, valid UTF-8 path without
// empty, "." or ".." components, backslashes, colons in the first component
// that would make a drive letter, or control characters. It is the one rule for
// names that leave the process: pushed, pulled, signed or written to disk.
func CheckPath(p string) error {
	bad := func(why string) error { return fmt.Errorf("%w %q: %s", ErrPath, p, why) }
	switch {
	case p == "":
		return bad("empty")
	case len(p) > 4096:
		return bad("longer than 4096 bytes")
	case !utf8.ValidString(p):
		return bad("not UTF-8")
	case p[0] == '/':
		return bad("absolute")
	case len(p) > 1 && p[1] == ':':
		return bad("drive letter")
	}
	for _, r := range p {
		if r < 0x20 || r == 0x7f || r == '\\' {
			return bad("control character or backslash")
		}
	}
	for part := range strings.SplitSeq(p, "/") {
		if part == "" || part == "." || part == ".." {
			return bad("empty, \".\" or \"..\" component")
		}
	}
	return nil
}

// CheckPaths applies CheckPath to every file and refuses duplicates, names that
// differ only in case, and a file that is also another one's folder: any of
// them would let one file replace another when the tree is written out.
func (t *Tree) CheckPaths() error {
	files := make(map[string]string, len(t.Files))
	for _, f := range t.Files {
		if err := CheckPath(f.Path); err != nil {
			return err
		}
		fold := strings.ToLower(f.Path)
		if other, taken := files[fold]; taken {
			return fmt.Errorf("%w %q: collides with %q", ErrPath, f.Path, other)
		}
		files[fold] = f.Path
	}
	for _, f := range t.Files {
		fold := strings.ToLower(f.Path)
		for i := strings.LastIndexByte(fold, '/'); i > 0; i = strings.LastIndexByte(fold[:i], '/') {
			if other, taken := files[fold[:i]]; taken {
				return fmt.Errorf("%w %q: %q is a file, not a folder", ErrPath, f.Path, other)
			}
		}
	}
	return nil
}
