package durable

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const childLock = "SALLYPORT_DURABLE_TEST_LOCK"

func TestMain(m *testing.M) {
	if name := os.Getenv(childLock); name != "" {
		_, err := Try(name)
		fmt.Println(err)
		time.Sleep(time.Hour)
	}
	os.Exit(m.Run())
}

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	for _, text := range []string{"one", "", "two"} {
		if err := Replace(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(name, 10); string(got) != text || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := Replace(filepath.Join(dir, "absent", "f"), nil, 0o600); err == nil {
		t.Error("replaced in a folder that is not there")
	}
	folder := filepath.Join(dir, "folder")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Replace(folder, nil, 0o600); err == nil {
		t.Error("a folder was replaced")
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 2 {
		t.Errorf("left over: %v, %v", names, err)
	}
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	f, err := Temp(dir, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := os.MkdirAll(filepath.Join(dir, TempName(), "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Replace(filepath.Join(dir, "kept"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Sweep(dir); err != nil {
		t.Fatal(err)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 1 || names[0].Name() != "kept" {
		t.Errorf("%v, %v", names, err)
	}
}

func TestReadRefuses(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	if err := os.WriteFile(name, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(name, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file  string
		limit int64
		want  error
	}{{"f", 5, nil}, {"f", 4, ErrFile}, {"link", 5, ErrFile}, {".", 5, ErrFile}, {"absent", 5, os.ErrNotExist}} {
		if _, err := Read(filepath.Join(dir, c.file), c.limit); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.file, err, c.want)
		}
	}
	if err := Folder(dir); err != nil {
		t.Error(err)
	}
	if err := Folder(name); !errors.Is(err, ErrFile) {
		t.Error(err)
	}
}

func TestSync(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []int{0, 1, fewFiles, fewFiles + 1} {
		var names []string
		for i := range n {
			name := filepath.Join(dir, fmt.Sprint(i))
			if err := os.WriteFile(name, []byte("x"), 0o400); err != nil {
				t.Fatal(err)
			}
			names = append(names, name)
		}
		if err := SyncFiles(names); err != nil {
			t.Errorf("%d files: %v", n, err)
		}
		for _, name := range names {
			_ = os.Remove(name)
		}
	}
	if err := SyncFiles([]string{filepath.Join(dir, "absent")}); err == nil {
		t.Error("synced a file that is not there")
	}
	if err := SyncDir(dir); err != nil {
		t.Error(err)
	}
}

func TestLock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	l, err := Try(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Try(name); !errors.Is(err, ErrBusy) {
		t.Errorf("taken twice: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	waited := 0
	if _, err := Take(ctx, name, func() { waited++; cancel() }); !errors.Is(err, context.Canceled) || waited != 1 {
		t.Errorf("%v after %d calls", err, waited)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if l, err = Take(t.Context(), name, nil); err != nil {
		t.Fatal(err)
	}
	if err := l.Remove(); err != nil {
		t.Fatal(err)
	}
	if l, err = Try(name); err != nil {
		t.Fatal(err)
	}
	// A lock on a file that is not there any more is no lock.
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	second, err := Try(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Release(), second.Release()); err != nil {
		t.Error(err)
	}
	link := name + "-link"
	if err := os.Symlink(name, link); err != nil {
		t.Fatal(err)
	}
	if _, err := Try(link); err == nil {
		t.Error("locked a link")
	}
}

// Only one holds the lock at any time, also while others remove the file under
// the hands of those who try.
func TestLockIsExclusive(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	var inside atomic.Int32
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for taken := 0; taken < 400; {
				l, err := Try(name)
				if errors.Is(err, ErrBusy) {
					runtime.Gosched()
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if inside.Add(1) != 1 {
					t.Error("two are inside")
				}
				runtime.Gosched()
				inside.Add(-1)
				if i%2 == 0 {
					err = l.Remove()
				} else {
					err = l.Release()
				}
				if err != nil {
					t.Error(err)
				}
				taken++
			}
		})
	}
	all.Wait()
}

func TestTheDeadHoldNoLock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childLock+"="+name)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if line != "<nil>\n" || err != nil {
		t.Fatalf("%q, %v", line, err)
	}
	if _, err := Try(name); !errors.Is(err, ErrBusy) {
		t.Errorf("beside the living: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	l, err := Try(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
}
