//go:build unix

package layout

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sallyport/sallyport/internal/registry"
	"github.com/sallyport/sallyport/internal/registry/registrytest"
)

// childJob makes the test binary a writer that is killed, fails, or runs beside
// another one: "KIND DIR NAME NUMBER".
const childJob = "SALLYPORT_LAYOUT_TEST_CHILD"

func TestMain(m *testing.M) {
	if job := os.Getenv(childJob); job != "" {
		f := strings.Split(job, "|")
		n, err := strconv.Atoi(f[3])
		if err == nil {
			err = runChild(f[0], f[1], f[2], n)
		}
		if err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(kind, dir, name string, n int) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childJob+"="+strings.Join([]string{kind, dir, name, strconv.Itoa(n)}, "|"))
	cmd.Stderr = os.Stderr
	return cmd
}

func runChild(kind, dir, name string, n int) error {
	r, err := Open(dir, "team/model", Options{})
	if err != nil {
		return err
	}
	switch kind {
	case "loop": // n pushes, each told when it is committed; n < 0: without end
		for i := 0; i != n; i++ {
			tag := fmt.Sprint(name, i)
			if err := push(r, dir, tag); err != nil {
				return err
			}
			fmt.Println(tag)
		}
		return nil
	case "die": // dies before step n
		r.fail = func(string) error {
			if n--; n < 0 {
				os.Exit(9)
			}
			return nil
		}
	case "full": // no file may grow beyond n bytes
		signal.Ignore(syscall.SIGXFSZ)
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: uint64(n), Max: uint64(n)}); err != nil {
			return err
		}
	}
	return push(r, dir, name)
}

// push stores a model under a tag of the same name, half of it from files as the
// quarantine does, with a statement.
func push(r *Repo, dir, tag string) error {
	ctx := context.Background()
	var t failer
	m := registrytest.Model(&t, tag)
	w, err := r.Begin(ctx)
	if err != nil {
		return err
	}
	defer w.Close()
	for path, content := range m.Files {
		b := registry.NewBlob("x", []byte(content))
		if strings.HasSuffix(path, ".json") {
			err = w.PushBlob(ctx, b.Descriptor, strings.NewReader(content))
		} else {
			held := filepath.Join(dir, "held-"+tag)
			if err = os.WriteFile(held, b.Data, 0o600); err == nil {
				err = w.PushBlobFile(ctx, b.Descriptor, held)
			}
		}
		if err != nil {
			return err
		}
	}
	tx := registry.Transaction{Tags: []registry.Tagging{{Tag: tag, Digest: m.Manifest.Digest}}}
	tx.Add(m.Artifact, registrytest.About(&t, m.Manifest.Descriptor, "scan"))
	return w.Commit(ctx, tx)
}

// failer lets builders of the suite run without a test.
type failer struct{ testing.TB }

func (*failer) Helper()           {}
func (*failer) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// sound checks that the layout is whole and that exactly the tags are in it, each
// with its statement; other tags are allowed when loose.
func sound(t *testing.T, dir string, tags []string, loose bool) {
	t.Helper()
	ctx := t.Context()
	r := open(t, dir, "team/model")
	if _, err := registrytest.Intact(ctx, r); err != nil {
		t.Fatal(err)
	}
	have, err := r.Tags(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !loose && len(have) != len(tags) {
		t.Errorf("tags %q, want %q", have, tags)
	}
	all, err := r.Manifests(ctx)
	if err != nil {
		t.Fatal(err)
	}
	statements := map[string]int{}
	for _, d := range all {
		raw, err := r.FetchManifest(ctx, d.Digest)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := registry.ParseManifest(raw); err == nil && m.Subject != nil {
			statements[m.Subject.Digest]++
		}
	}
	for _, tag := range append(have, tags...) {
		d, err := r.Resolve(ctx, tag)
		if err != nil || statements[d.Digest] != 1 {
			t.Errorf("%s came with %d statements, %v", tag, statements[d.Digest], err)
		}
	}
}

func TestKilledAtAnyMoment(t *testing.T) {
	dir := t.TempDir()
	if err := push(open(t, dir, "team/model"), dir, "old"); err != nil {
		t.Fatal(err)
	}
	committed := []string{"old"}
	for round := range 20 {
		cmd := child("loop", dir, fmt.Sprintf("r%d-", round), -1)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := rand.IntN(3); n >= 0 && lines.Scan(); n-- {
			committed = append(committed, lines.Text())
		}
		time.Sleep(rand.N(10 * time.Millisecond))
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
			committed = append(committed, lines.Text())
		}
		_ = cmd.Wait()
		sound(t, dir, committed, true) // the last commit may have happened without being told
		if t.Failed() {
			t.Fatalf("after kill %d", round)
		}
	}
	if os.Getenv("SALLYPORT_INTEROP") != "" {
		oras(t, t.TempDir(), "pull", "--oci-layout", filepath.Join(dir, "team", "model")+":"+committed[len(committed)-1])
	}
}

func TestDeathBeforeEachStep(t *testing.T) {
	for step := 0; ; step++ {
		dir := t.TempDir()
		committed := []string{}
		if step%2 == 0 { // beside an old model, and in a new repository
			if err := push(open(t, dir, "team/model"), dir, "old"); err != nil {
				t.Fatal(err)
			}
			committed = append(committed, "old")
		}
		cmd := child("die", dir, "new", step)
		out, err := cmd.Output()
		var exit *exec.ExitError
		if err == nil {
			if step < 10 {
				t.Fatalf("only %d steps: the test checks nothing", step)
			}
			sound(t, dir, append(committed, "new"), false)
			return
		}
		if !errors.As(err, &exit) || exit.ExitCode() != 9 {
			t.Fatalf("%v: %s", err, out)
		}
		if len(committed) > 0 {
			sound(t, dir, committed, false)
		}
		if err := push(open(t, dir, "team/model"), dir, "new"); err != nil {
			t.Fatalf("the next writer after death before step %d: %v", step, err)
		}
		sound(t, dir, append(committed, "new"), false)
	}
}

func TestFailureOfEachStep(t *testing.T) {
	broken := errors.New("broken disk")
	for step := 0; ; step++ {
		dir := t.TempDir()
		r := open(t, dir, "team/model")
		if err := push(r, dir, "old"); err != nil {
			t.Fatal(err)
		}
		left := step
		r.fail = func(string) error {
			if left--; left < 0 {
				return broken
			}
			return nil
		}
		err := push(r, dir, "new")
		if err == nil {
			if step < 10 {
				t.Fatalf("only %d steps: the test checks nothing", step)
			}
			return
		}
		if !errors.Is(err, broken) {
			t.Fatal(err)
		}
		sound(t, dir, []string{"old"}, false)
	}
}

func TestFullDisk(t *testing.T) {
	for _, size := range []int{0, 1, 20, 100, 300, 600, 1000, 1500} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			dir := t.TempDir()
			if err := push(open(t, dir, "team/model"), dir, "old"); err != nil {
				t.Fatal(err)
			}
			out, err := child("full", dir, "new", size).Output()
			if err == nil || !strings.Contains(string(out), "file too large") {
				t.Fatalf("%v: %s", err, out)
			}
			sound(t, dir, []string{"old"}, false)
			if err := push(open(t, dir, "team/model"), dir, "new"); err != nil {
				t.Error(err)
			}
			sound(t, dir, []string{"old", "new"}, false)
		})
	}
}

func TestTwoProcesses(t *testing.T) {
	dir := t.TempDir()
	const each = 12
	a, b := child("loop", dir, "a", each), child("loop", dir, "b", each)
	for _, cmd := range []*exec.Cmd{a, b} {
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(a.Wait(), b.Wait()); err != nil {
		t.Fatal(err)
	}
	var tags []string
	for i := range each {
		tags = append(tags, fmt.Sprint("a", i), fmt.Sprint("b", i))
	}
	sound(t, dir, tags, false)
}

func TestReadOnlyFolder(t *testing.T) {
	r, m := filled(t)
	if err := os.RemoveAll(filepath.Join(r.root, stateDir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(r.root), 0o755); err != nil { // the test's own folder is closed to others
		t.Fatal(err)
	}
	for _, dir := range []string{r.root, filepath.Dir(r.dir), r.dir, r.blobs()} {
		if err := os.Chmod(dir, 0o555); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod(dir, 0o755)
	}
	asNobody(t, func() {
		if err := readAll(t.Context(), r, m); err != nil {
			t.Errorf("reading: %v", err)
		}
		_, err := r.Begin(t.Context())
		if !errors.Is(err, registry.ErrReadOnly) || !strings.Contains(err.Error(), r.root) {
			t.Errorf("writing: %v", err)
		}
	})
}
