package confine

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain lets the test binary play the confined process: the tests start it
// again with the name of one forbidden act.
func TestMain(m *testing.M) {
	if act := os.Getenv("CONFINED_ACT"); act != "" {
		os.Exit(confined(act, os.Getenv("CONFINED_DIR")))
	}
	os.Exit(m.Run())
}

func confined(act, dir string) int {
	inside, outside := filepath.Join(dir, "inside"), filepath.Join(dir, "outside")
	out, err := os.OpenFile(filepath.Join(outside, "open"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return 9
	}
	status := Self(Rights{ReadPaths: []string{inside, filepath.Join(dir, "missing")}, NoFiles: true})
	os.Stdout.WriteString(strings.Join(status.Active, ","))
	switch act {
	case "read_inside":
		_, err = os.ReadFile(filepath.Join(inside, "f"))
	case "read_outside":
		_, err = os.ReadFile(filepath.Join(outside, "f"))
	case "write_inside":
		err = os.WriteFile(filepath.Join(inside, "g"), []byte("x"), 0o600)
	case "grow_open_file":
		_, err = out.WriteString("x")
	case "connect":
		_, err = net.Dial("tcp", os.Getenv("CONFINED_ADDR"))
	case "connect_udp":
		_, err = net.Dial("udp", "127.0.0.1:9")
	case "start_program":
		err = exec.Command(os.Args[0]).Start()
	case "remove":
		err = os.Remove(filepath.Join(inside, "f"))
	case "rename":
		err = os.Rename(filepath.Join(inside, "f"), filepath.Join(inside, "g"))
	case "truncate_inside":
		err = os.Truncate(filepath.Join(inside, "f"), 0)
	case "truncate_outside":
		err = os.Truncate(filepath.Join(outside, "f"), 0)
	case "truncate_open_file":
		err = out.Truncate(0)
	case "change_mode":
		err = os.Chmod(filepath.Join(outside, "f"), 0o777)
	case "change_times":
		err = os.Chtimes(filepath.Join(outside, "f"), time.Unix(1, 0), time.Unix(1, 0))
	case "signal_parent":
		err = unix.Kill(os.Getppid(), unix.Signal(0))
	case "signal_parents_thread":
		err = unix.Tgkill(os.Getppid(), os.Getppid(), unix.Signal(0))
	case "signal_own_thread":
		err = unix.Tgkill(os.Getpid(), os.Getpid(), unix.SIGURG)
	case "fork":
		if pid, _, errno := unix.RawSyscall(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0); errno != 0 {
			err = errno
		} else if pid == 0 {
			unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
		}
	case "signals_by_file":
		_, err = unix.FcntlInt(out.Fd(), unix.F_SETOWN, os.Getppid())
	case "keystrokes":
		err = unix.IoctlSetPointerInt(int(out.Fd()), unix.TIOCSTI, 'x')
		if !errors.Is(err, unix.EPERM) {
			return 0 // only the filter says so of a file
		}
	case "raise_limits":
		err = unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 1, Max: 1})
	case "threads":
		var done sync.WaitGroup
		for range 64 {
			done.Go(func() {
				runtime.LockOSThread() // each on a thread of its own
				runtime.GC()
			})
		}
		done.Wait()
	}
	if err != nil {
		return 1
	}
	return 0
}

func TestSelf(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, tt := range []struct {
		act  string
		want int
	}{
		{"read_inside", 0}, {"read_outside", 1}, {"write_inside", 1}, {"grow_open_file", 1},
		{"connect", 1}, {"connect_udp", 1}, {"start_program", 1}, {"remove", 1},
		{"rename", 1}, {"truncate_inside", 1}, {"truncate_outside", 1}, {"truncate_open_file", 1}, {"change_mode", 1}, {"change_times", 1},
		{"signal_parent", 1}, {"signal_parents_thread", 1}, {"signal_own_thread", 0}, {"fork", 1}, {"signals_by_file", 1}, {"keystrokes", 1},
		{"raise_limits", 1}, {"threads", 0},
	} {
		t.Run(tt.act, func(t *testing.T) {
			dir := t.TempDir()
			for _, d := range []string{"inside", "outside"} {
				if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, d, "f"), []byte("x"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "CONFINED_ACT="+tt.act, "CONFINED_DIR="+dir, "CONFINED_ADDR="+l.Addr().String())
			out, _ := cmd.Output()
			if got := cmd.ProcessState.ExitCode(); got != tt.want {
				t.Errorf("exit %d, want %d (in force: %s)", got, tt.want, out)
			}
			if string(out) != "landlock,seccomp,limits" {
				t.Errorf("in force: %q; this kernel lacks a measure, or one broke", out)
			}
		})
	}
}
