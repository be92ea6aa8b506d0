package confine

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
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
