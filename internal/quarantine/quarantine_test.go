package quarantine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/durable"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func begin(t *testing.T, a *Area) *Draft {
	t.Helper()
	d, err := a.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func add(t *testing.T, d *Draft, path, content string) {
	t.Helper()
	f, err := d.Add(t.Context(), path, strings.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	if f.Path != path || f.Size != int64(len(content)) {
		t.Errorf("%+v", f)
	}
}

// sealed is an entry with the files, path then content.
func sealed(t *testing.T, a *Area, files ...string) *Entry {
	t.Helper()
	d := begin(t, a)
	for i := 0; i < len(files); i += 2 {
		add(t, d, files[i], files[i+1])
	}
	e, err := d.Seal(t.Context(), Meta{Source: "./model", CreatedOn: noon})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// content reads everything back through the tree.
func content(t *testing.T, e *Entry) map[string]string {
	t.Helper()
	got := map[string]string{}
	for _, f := range e.Tree().Files {
		c, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
		if err = errors.Join(err, c.Close()); err != nil {
			t.Fatal(err)
		}
		got[f.Path] = string(data)
	}
	return got
}

// left lists what is in the area, apart from locks.
func left(t *testing.T, a *Area) []string {
	t.Helper()
	entries, err := os.ReadDir(a.dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		if e.Name() != locksDir {
			names = append(names, e.Name())
		}
	}
	return names
}

func TestRoundTrip(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 3*blockSize/16) + "tail"
	files := map[string]string{
		"model.bin": long, "exact.bin": long[:blockSize], "two.bin": long[:2*blockSize], "one-more.bin": long[:blockSize+1], "empty": "", "empty2": "",
		"config.json": "{}", "copy.json": "{}",
		// Names of strangers stay names.
		"../../escape": "a", "/etc/passwd": "b", "a/../../b": "c", "": "d", "con": "e", "x\x00y": "f", "\xff\xfe": "g", "\u202etxt.exe": "h",
		"entry.json": "i", "blobs": "j", strings.Repeat("n", 5000): "k",
	}
	dir := t.TempDir()
	a := At(dir, Options{})
	d := begin(t, a)
	for path, text := range files {
		add(t, d, path, text)
	}
	e, err := d.Seal(t.Context(), Meta{Source: "hf://org/model@abc", CreatedOn: noon,
		Omissions: []artifact.Omission{{Path: "link", Kind: artifact.OmittedSymlink}}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if diff := cmp.Diff(files, content(t, e)); diff != "" {
		t.Error("files differ")
	}
	if err := e.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	blobs, err := os.ReadDir(filepath.Join(e.Dir(), blobsDir))
	if err != nil || len(blobs) != 17 {
		t.Errorf("%d blobs for %d different contents, %v", len(blobs), 17, err)
	}
	err = filepath.WalkDir(a.Dir(), func(path string, d os.DirEntry, err error) error {
		info, ierr := d.Info()
		if err = errors.Join(err, ierr); err == nil && info.Mode().Perm()&0o077 != 0 || !d.IsDir() && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	outside, err := os.ReadDir(dir)
	if err != nil || len(outside) != 1 {
		t.Errorf("beside the area: %v, %v", outside, err)
	}
}

func TestIdComesFromContent(t *testing.T) {
	a := At(t.TempDir(), Options{})
	one := sealed(t, a, "a", "1", "b", "2")
	if id := one.ID(); id != "015ba33a94ad" {
		t.Errorf("the id is %s", id)
	}
	if err := one.Discard(); err != nil {
		t.Fatal(err)
	}
	same := sealed(t, a, "b", "2", "a", "1")
	if one.ID() != same.ID() {
		t.Errorf("ids %s and %s of the same content", one.ID(), same.ID())
	}
	for i, files := range [][]string{{"a", "1"}, {"a", "1", "b", "3"}, {"a", "1", "c", "2"}, {"a1", "", "b", "2"}, {}} {
		if other := sealed(t, a, files...); other.ID() == one.ID() {
			t.Errorf("case %d has the same id", i)
		}
	}
}

func TestIdsThatCollideGrow(t *testing.T) {
	a := At(t.TempDir(), Options{})
	e := sealed(t, a, "a", "1")
	short := e.ID()
	e.record.Content = "sha256:" + strings.Repeat("0", 64)
	if err := errors.Join(e.save(), e.Close()); err != nil {
		t.Fatal(err)
	}
	other := sealed(t, a, "a", "1")
	if len(other.ID()) != 24 || !strings.HasPrefix(other.ID(), short) {
		t.Errorf("id %s beside %s", other.ID(), short)
	}
	if diff := cmp.Diff([]string{short, other.ID()}, left(t, a)); diff != "" {
		t.Error(diff)
	}
}

func TestSourceThatChanges(t *testing.T) {
	a := At(t.TempDir(), Options{})
	d := begin(t, a)
	big := strings.Repeat("x", 2*blockSize)
	broken := errors.New("disk error")
	for _, c := range []struct {
		name string
		r    io.Reader
		size int64
		want error
	}{
		{"shorter", strings.NewReader("abc"), 4, ErrChanged},
		{"longer", strings.NewReader("abcde"), 4, ErrChanged},
		{"not_empty", strings.NewReader("a"), 0, ErrChanged},
		{"much_shorter", strings.NewReader(big), 3 * blockSize, ErrChanged},
		{"much_longer", strings.NewReader(big), blockSize, ErrChanged},
		{"block_longer", strings.NewReader(big), 2*blockSize - 1, ErrChanged},
		{"broken", iotest.ErrReader(broken), 4, broken},
		{"broken_late", io.MultiReader(strings.NewReader(big), iotest.ErrReader(broken)), 3 * blockSize, broken},
		{"broken_at_the_end", io.MultiReader(strings.NewReader(big), iotest.ErrReader(broken)), 2 * blockSize, broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := d.Add(t.Context(), c.name, c.r, c.size); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.name) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if blobs, err := os.ReadDir(filepath.Join(d.dir, blobsDir)); err != nil || len(blobs) > 0 {
				t.Errorf("something stayed: %v, %v", blobs, err)
			}
		})
	}
	add(t, d, "kept", "abc")
	if _, err := d.Add(t.Context(), "short-copy", strings.NewReader("abc"), 4); !errors.Is(err, ErrChanged) {
		t.Error(err)
	}
	if _, err := d.Add(t.Context(), "kept", strings.NewReader("abc"), 3); err == nil {
		t.Error("a path was taken in twice")
	}
	if _, err := d.Add(t.Context(), "stream", iotest.OneByteReader(strings.NewReader("unknown size")), AnySize); err != nil {
		t.Error(err)
	}
	e, err := d.Seal(t.Context(), Meta{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"kept": "abc", "stream": "unknown size"}, content(t, e)); diff != "" {
		t.Error(diff)
	}
}

func TestAddFile(t *testing.T) {
	a := At(t.TempDir(), Options{})
	d := begin(t, a)
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, []byte("abc"), 0o755); err != nil {
		t.Fatal(err)
	}
	f := artifact.File{Path: "f", Size: 3, Open: func() (artifact.Content, error) { return durable.Open(name) }}
	if got, err := d.AddFile(t.Context(), f); err != nil || got.Digest != "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("%+v, %v", got, err)
	}
	f.Path, f.Size = "g", 2
	if _, err := d.AddFile(t.Context(), f); !errors.Is(err, ErrChanged) {
		t.Errorf("a file that grew: %v", err)
	}
	absent := errors.New("absent")
	f.Open = func() (artifact.Content, error) { return nil, absent }
	if _, err := d.AddFile(t.Context(), f); !errors.Is(err, absent) {
		t.Error(err)
	}
	if err := d.Drop(); err != nil || len(left(t, a)) != 0 {
		t.Errorf("%v, %v", err, left(t, a))
	}
}

func TestCancelled(t *testing.T) {
	a := At(t.TempDir(), Options{})
	d := begin(t, a)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, size := range []int{1, blockSize, 2 * blockSize} {
		if _, err := d.Add(ctx, fmt.Sprint(size), bytes.NewReader(make([]byte, size)), int64(size)); !errors.Is(err, context.Canceled) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	if err := d.Drop(); err != nil {
		t.Error(err)
	}
}

func TestQuota(t *testing.T) {
	dir := t.TempDir()
	a := At(dir, Options{Quota: 10})
	sealed(t, a, "a", "1234", "copy", "1234").Close()
	d := begin(t, a)
	add(t, d, "b", "12345")
	add(t, d, "exact", "6")
	for name, size := range map[string]int64{"known": 1, "unknown": AnySize} {
		if _, err := d.Add(t.Context(), name, strings.NewReader("x"), size); !errors.Is(err, ErrQuota) {
			t.Errorf("%s: %v", name, err)
		}
	}
	add(t, d, "nothing", "")
	if err := d.Drop(); err != nil {
		t.Fatal(err)
	}
	d = begin(t, a)
	if _, err := d.Add(t.Context(), "big", bytes.NewReader(make([]byte, 3*blockSize)), AnySize); !errors.Is(err, ErrQuota) {
		t.Errorf("a long stream: %v", err)
	}
	if err := d.Drop(); err != nil {
		t.Fatal(err)
	}
}

func TestListShowDiscard(t *testing.T) {
	dir := t.TempDir()
	a := At(dir, Options{})
	if list, err := a.List(); err != nil || len(list) != 0 {
		t.Errorf("nothing there: %v, %v", list, err)
	}
	if _, err := os.Lstat(filepath.Join(dir, ".sallyport")); err == nil {
		t.Error("looking made the area")
	}
	e := sealed(t, a, "evil.pkl", "payload")
	if err := e.Attach("report.json", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if err := e.Conclude("deny", []string{"Loading this file calls os.system."}); err != nil {
		t.Fatal(err)
	}
	list, err := a.List()
	if err != nil || len(list) != 1 || !list[0].InUse {
		t.Errorf("%+v, %v", list, err)
	}
	if err := a.Discard(e.ID()); !errors.Is(err, ErrBusy) {
		t.Errorf("discarding under somebody's hands: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	list, err = a.List()
	if err != nil || len(list) != 1 || list[0].InUse || list[0].Problem != "" {
		t.Errorf("%+v, %v", list, err)
	}
	shown, err := a.Load(e.ID())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e.Record(), shown.Record()); diff != "" {
		t.Errorf("(-sealed +loaded):\n%s", diff)
	}
	if data, err := shown.ReadEvidence("report.json"); string(data) != "{}" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	for _, name := range []string{"", "..", "../x", "a/b", "/x", ".hidden", "A", "a b"} {
		if err := shown.Attach(name, nil); err == nil {
			t.Errorf("evidence %q was kept", name)
		}
		if _, err := shown.ReadEvidence(name); err == nil {
			t.Errorf("evidence %q was read", name)
		}
	}
	for _, id := range []string{"", "..", "../..", "0123456789ab", "ABCDEF012345", locksDir} {
		if _, err := a.Load(id); !errors.Is(err, ErrNotFound) {
			t.Errorf("load %q: %v", id, err)
		}
		if err := a.Discard(id); !errors.Is(err, ErrNotFound) {
			t.Errorf("discard %q: %v", id, err)
		}
	}
	if err := a.Discard(e.ID()); err != nil || len(left(t, a)) != 0 {
		t.Errorf("%v, left %v", err, left(t, a))
	}
	if _, err := a.Load(e.ID()); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestSameContentTakesTurns(t *testing.T) {
	dir := t.TempDir()
	told := make(chan string, 1)
	a := At(dir, Options{Waiting: func(id string) { told <- id }})
	first := sealed(t, a, "a", "1")
	if err := first.Attach("old.json", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	done := make(chan *Entry)
	go func() {
		d, err := a.Begin(t.Context())
		if err == nil {
			_, err = d.Add(t.Context(), "a", strings.NewReader("1"), 1)
		}
		var e *Entry
		if err == nil {
			e, err = d.Seal(t.Context(), Meta{Source: "second", CreatedOn: noon})
		}
		if err != nil {
			t.Error(err)
		}
		done <- e
	}()
	if id := <-told; id != first.ID() {
		t.Errorf("waits for %s", id)
	}
	if got := content(t, first); got["a"] != "1" {
		t.Error("replaced under our hands")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := <-done
	if second == nil {
		return
	}
	if second.ID() != first.ID() || second.Record().Source != "second" || len(second.Record().Evidence) != 0 {
		t.Errorf("%+v", second.Record())
	}
	if err := second.Discard(); err != nil || len(left(t, a)) != 0 {
		t.Errorf("%v, %v", err, left(t, a))
	}
}

func TestDraftsOfTheDeadAreSwept(t *testing.T) {
	a := At(t.TempDir(), Options{})
	alive := begin(t, a)
	dead := begin(t, a)
	add(t, dead, "a", "1")
	if err := dead.lock.Release(); err != nil { // what the system does for the dead
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(a.dir, durable.TempPrefix+"half-removed", blobsDir), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a.lockPath(durable.TempPrefix+"no-folder"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	next := begin(t, a)
	if locks, err := os.ReadDir(filepath.Join(a.dir, locksDir)); err != nil || len(locks) != 3 { // two drafts and the area
		t.Errorf("locks %v, %v", locks, err)
	}
	want := []string{filepath.Base(alive.dir), filepath.Base(next.dir)}
	slices.Sort(want)
	if diff := cmp.Diff(want, left(t, a)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := errors.Join(alive.Drop(), next.Drop()); err != nil {
		t.Error(err)
	}
}

func TestDamagedEntries(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(e *Entry) error
		loads  bool
	}{
		{"no_record", func(e *Entry) error { return os.Remove(filepath.Join(e.dir, recordFile)) }, false},
		{"half_record", func(e *Entry) error { return os.Truncate(filepath.Join(e.dir, recordFile), 20) }, false},
		{"record_of_another", func(e *Entry) error {
			e.record.ID = "0123456789ab"
			return e.save()
		}, false},
		{"path_as_digest", func(e *Entry) error {
			e.record.Files[0].Digest = "sha256:../../../secret"
			return e.save()
		}, false},
		{"linked_record", func(e *Entry) error {
			name := filepath.Join(e.dir, recordFile)
			return errors.Join(os.Rename(name, name+"2"), os.Symlink(name+"2", name))
		}, false},
		{"blob_gone", func(e *Entry) error { return os.Remove(e.BlobPath(e.record.Files[0].Digest)) }, true},
		{"blob_changed", func(e *Entry) error { return os.WriteFile(e.BlobPath(e.record.Files[0].Digest), []byte("2"), 0o600) }, true},
		{"blob_cut", func(e *Entry) error { return os.Truncate(e.BlobPath(e.record.Files[0].Digest), 0) }, true},
		{"blob_linked", func(e *Entry) error {
			name := e.BlobPath(e.record.Files[0].Digest)
			return errors.Join(os.Rename(name, name+"2"), os.Symlink(name+"2", name))
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := At(t.TempDir(), Options{})
			e := sealed(t, a, "a", "1")
			id := e.ID()
			if err := c.damage(e); err != nil {
				t.Fatal(err)
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			loaded, err := a.Load(id)
			if (err == nil) != c.loads {
				t.Errorf("load: %v", err)
			}
			if err == nil && loaded.Verify(t.Context()) == nil {
				t.Error("the damage was not noticed")
			}
			list, err := a.List()
			if err != nil || len(list) != 1 || list[0].ID != id || list[0].Problem == "" && !c.loads {
				t.Errorf("%+v, %v", list, err)
			}
			if c.name == "blob_gone" && !strings.Contains(list[0].Problem, "1 of its files") {
				t.Errorf("problem %q", list[0].Problem)
			}
			if err := a.Discard(id); err != nil || len(left(t, a)) != 0 {
				t.Errorf("discard: %v, left %v", err, left(t, a))
			}
		})
	}
}

func TestLinkedAreaIsRefused(t *testing.T) {
	for _, part := range []string{".sallyport", ".sallyport/quarantine"} {
		dir, elsewhere := t.TempDir(), t.TempDir()
		name := filepath.Join(dir, filepath.FromSlash(part))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.Symlink(elsewhere, name)); err != nil {
			t.Fatal(err)
		}
		if _, err := At(dir, Options{}).Begin(t.Context()); err == nil {
			t.Errorf("%s may be a link", part)
		}
		if inside, err := os.ReadDir(elsewhere); err != nil || len(inside) > 0 {
			t.Errorf("%s: the target has %v, %v", part, inside, err)
		}
	}
}

func TestManyFiles(t *testing.T) {
	a := At(t.TempDir(), Options{})
	d := begin(t, a)
	const n = 5000
	for i := range n {
		add(t, d, fmt.Sprintf("dir%d/file%d", i%100, i), fmt.Sprint(i/2))
	}
	e, err := d.Seal(t.Context(), Meta{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Verify(t.Context()); err != nil || len(e.Record().Files) != n {
		t.Error(err)
	}
	blobs, err := os.ReadDir(filepath.Join(e.Dir(), blobsDir))
	if err != nil || len(blobs) != n/2 {
		t.Errorf("%d blobs, %v", len(blobs), err)
	}
	if err := e.Discard(); err != nil {
		t.Error(err)
	}
}

// Copy cost beside cp and openssl is measured by hand with this benchmark.
func BenchmarkAdd(b *testing.B) {
	for _, size := range []int{4 << 10, 64 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			data := bytes.Repeat([]byte("0123456789abcdef"), size/16)
			d, err := At(b.TempDir(), Options{}).Begin(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(size))
			for i := 0; b.Loop(); i++ {
				data[0], data[1], data[2] = byte(i), byte(i>>8), byte(i>>16)
				f, err := d.Add(b.Context(), fmt.Sprint(i), bytes.NewReader(data), int64(size))
				if err != nil {
					b.Fatal(err)
				}
				if size > blockSize { // do not fill the disk
					if err := d.forget(strings.TrimPrefix(f.Digest, "sha256:"), true); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
