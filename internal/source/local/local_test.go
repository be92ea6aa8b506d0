//go:build unix

package local

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/source"
)

func write(t *testing.T, dir string, files ...string) {
	t.Helper()
	for _, f := range files {
		full := filepath.Join(dir, f)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(f), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func list(t *testing.T, tree *artifact.Tree) (files, omitted []string) {
	t.Helper()
	for _, f := range tree.Files {
		files = append(files, f.Path)
	}
	for _, o := range tree.Omissions {
		omitted = append(omitted, o.Kind+" "+o.Path)
	}
	return files, omitted
}

func TestTreeListsFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "b.txt", "a/z.bin", ".hidden", ".git/config")
	tree, err := Tree(dir, source.Filter{Exclude: []string{"*.bin"}})
	if err != nil {
		t.Fatal(err)
	}
	files, omitted := list(t, tree)
	if diff := cmp.Diff([]string{".hidden", "b.txt"}, files); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"excluded .git", "excluded a/z.bin"}, omitted); diff != "" {
		t.Error(diff)
	}
}

func TestGitFolderIsScannedWhenNamed(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, ".git/config")
	tree, err := Tree(dir, source.Filter{Include: []string{".git"}})
	if err != nil {
		t.Fatal(err)
	}
	if files, _ := list(t, tree); len(files) != 1 {
		t.Errorf("files %v", files)
	}
}

func TestTreeOfSingleFile(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "m.bin")
	link := filepath.Join(dir, "link.bin")
	if err := os.Symlink(filepath.Join(dir, "m.bin"), link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{filepath.Join(dir, "m.bin"), link} {
		tree, err := Tree(name, source.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		c, err := tree.Files[0].Open()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if c.Size() != 5 || tree.Files[0].Path != filepath.Base(name) {
			t.Errorf("%s: %d bytes as %s", name, c.Size(), tree.Files[0].Path)
		}
		c.Close()
	}
}

func TestIrregularEntriesAreReportedNotFollowed(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "ok.txt")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Symlink(dir, filepath.Join(dir, "loop")))
	must(os.Symlink("/etc/hostname", filepath.Join(dir, "outside")))
	must(syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644))
	l, err := net.Listen("unix", filepath.Join(dir, "socket"))
	must(err)
	defer l.Close()
	tree, err := Tree(dir, source.Filter{})
	must(err)
	files, omitted := list(t, tree)
	if diff := cmp.Diff([]string{"ok.txt"}, files); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"symlink loop", "symlink outside", "named-pipe pipe", "socket socket"}, omitted); diff != "" {
		t.Error(diff)
	}
}

func TestFileReplacedAfterListing(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "m.bin")
	tree, err := Tree(dir, source.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	full := filepath.Join(dir, "m.bin")
	os.Remove(full)
	if err := syscall.Mkfifo(full, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := tree.Files[0].Open(); !errors.Is(err, ErrNotFile) {
		t.Errorf("a pipe in its place: %v", err)
	}
	os.Remove(full)
	os.Symlink("/etc/hostname", full)
	if _, err := tree.Files[0].Open(); err == nil {
		t.Error("a link in its place was followed")
	}
}

func TestChangedIsNoticed(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "m.bin")
	tree, _ := Tree(dir, source.Filter{})
	c, err := tree.Files[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	teller := c.(interface{ Changed() bool })
	if teller.Changed() {
		t.Error("an untouched file counts as changed")
	}
	os.WriteFile(filepath.Join(dir, "m.bin"), []byte("longer than before"), 0o644)
	if !teller.Changed() {
		t.Error("the change went unnoticed")
	}
}

func TestUnreadableFolderIsAnOmission(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "ok.txt")
	// A folder that vanishes between listing and reading behaves like one
	// without permission, also for root.
	w := walker{tree: &artifact.Tree{}}
	w.folder(filepath.Join(dir, "gone"), "gone")
	if _, omitted := list(t, w.tree); len(omitted) != 1 || !strings.HasPrefix(omitted[0], "unreadable gone") {
		t.Errorf("omitted %v", omitted)
	}
}

func TestMissingSourceIsAnError(t *testing.T) {
	if _, err := Tree(filepath.Join(t.TempDir(), "nope"), source.Filter{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if _, err := Tree(os.DevNull, source.Filter{}); !errors.Is(err, ErrNotFile) {
		t.Errorf("a device as source: %v", err)
	}
}
