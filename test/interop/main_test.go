// Package interop lets foreign programs judge what Sallyport writes: oras, the
// Python client of OpenSSF Model Signing, CycloneDX, SARIF and JSON Schema
// validators. scripts/setup-interop.sh installs them; SALLYPORT_INTEROP names
// their folder. Without it the tests are skipped, and fail where CI=true.
//
// The tests run the built program, as its users do.
package interop

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	// The program is built by a child process, which Go's test cache cannot
	// see. This import makes a change of the program a change of the test.
	_ "github.com/sallyport/sallyport/internal/cli"
)

// program is the built binary.
var program string

const root = "../.."

func TestMain(m *testing.M) {
	os.Exit(build(m))
}

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "sallyport-interop")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "sallyport")
	out, err := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "../../cmd/sallyport").CombinedOutput()
	if err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// client returns the path of a foreign program below SALLYPORT_INTEROP; the
// pattern may hold "*".
func client(t *testing.T, pattern string) string {
	t.Helper()
	missing := "SALLYPORT_INTEROP is not set: run make interop"
	if dir := os.Getenv("SALLYPORT_INTEROP"); dir != "" {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		if len(found) > 0 {
			return found[0]
		}
		missing = pattern + " is missing in " + dir + ": run scripts/setup-interop.sh"
	}
	if os.Getenv("CI") == "true" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

// user is a person with keys of their own.
type user struct{ config string }

// newUser makes the role keys.
func newUser(t *testing.T) user {
	t.Helper()
	u := user{t.TempDir()}
	u.sallyport(t, 0, "keys", "init")
	return u
}

// key is the path of one of the user's key files, "admit.pub" for example.
func (u user) key(name string) string { return filepath.Join(u.config, "sallyport", "keys", name) }

// sallyport runs the program and returns what it wrote to standard output.
func (u user) sallyport(t *testing.T, want int, args ...string) string {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+u.config, "NO_COLOR=1")
	return run(t, cmd, want)
}

// foreign runs somebody else's program, which must succeed.
func foreign(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	// .NET programs need no ICU then; Python ones must not reach for a hub.
	cmd.Env = append(os.Environ(), "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1", "HF_HUB_OFFLINE=1", "PYTHONDONTWRITEBYTECODE=1")
	return run(t, cmd, 0)
}

func run(t *testing.T, cmd *exec.Cmd, want int) string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != want {
		t.Fatalf("%s %s: exit code %d, want %d\n%s%s", filepath.Base(cmd.Path), strings.Join(cmd.Args[1:], " "), got, want, tail(out), tail(errs))
	}
	return out.String()
}

// tail keeps a failing report from flooding the log.
func tail(b bytes.Buffer) string {
	s := b.String()
	return s[max(0, len(s)-4000):]
}

func write(t *testing.T, name, data string) string {
	t.Helper()
	full := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(full, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
	return full
}

// foreignFails runs somebody else's program, which must refuse what it is given,
// and returns all it said.
func foreignFails(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, code := foreignAny(t, name, args...)
	if code == 0 {
		t.Fatalf("%s accepts it:\n%s", filepath.Base(name), out)
	}
	return out
}

func foreignAny(t *testing.T, name string, args ...string) (out string, code int) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1")
	both, err := cmd.CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(both), cmd.ProcessState.ExitCode()
}
