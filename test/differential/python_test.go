package differential

import (
	"bufio"
	_ "embed"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

//go:embed readers.py
var readersScript string

// event is something that a reader did; see readers.py.
type event struct {
	kind         byte
	reader       byte
	module, name string
}

func (e event) String() string {
	who := [...]string{"fast unpickler", "fast unpickler on a file", "pure Python unpickler", "unpickler with options"}[e.reader&3]
	what := map[byte]string{'I': "asks for", 'M': "imports", 'C': "calls", 'X': "calls an object of", 'W': "changes"}[e.kind]
	return fmt.Sprintf("the %s %s %q %q", who, what, e.module, e.name)
}

// python is a child that runs readers.py.
type python struct {
	version string // "3.12"
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	said    tail
}

// tail is the end of what a child says on standard error. Some versions of
// Python complain there about odd streams and go on.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-2048):]
	return len(p), nil
}

func startPython(path string) (*python, error) {
	p := &python{cmd: exec.Command(path, "-W", "ignore", "-c", readersScript)}
	p.cmd.Stderr = &p.said
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReaderSize(out, 1<<16)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	var version [2]byte
	if _, err := io.ReadFull(p.out, version[:]); err != nil {
		p.stop()
		return nil, fmt.Errorf("%s does not start: %w: %s", path, err, p.said.text)
	}
	p.version = fmt.Sprintf("%d.%d", version[0], version[1])
	return p, nil
}

func (p *python) stop() {
	p.in.Close()
	if p.cmd.Wait() != nil {
		return // it was told to end; how it does is of no interest
	}
}

// ask has the streams read and returns the events of each.
func (p *python) ask(streams [][]byte) ([][]event, error) {
	request := binary.LittleEndian.AppendUint32(nil, uint32(len(streams)))
	for _, s := range streams {
		request = binary.LittleEndian.AppendUint32(request, uint32(len(s)))
		request = append(request, s...)
	}
	if _, err := p.in.Write(request); err != nil {
		return nil, err
	}
	var size [4]byte
	if _, err := io.ReadFull(p.out, size[:]); err != nil {
		p.stop()
		return nil, fmt.Errorf("the child ends: %w: %s", err, p.said.text)
	}
	reply := make([]byte, binary.LittleEndian.Uint32(size[:]))
	if _, err := io.ReadFull(p.out, reply); err != nil {
		return nil, err
	}
	answers := make([][]event, len(streams))
	for i := range answers {
		answers[i], reply = events(reply)
	}
	return answers, nil
}

// events takes the events of one stream off a reply.
func events(reply []byte) (out []event, rest []byte) {
	n := binary.LittleEndian.Uint16(reply)
	reply = reply[2:]
	for range n {
		e := event{kind: reply[0], reader: reply[1]}
		reply = reply[2:]
		e.module, reply = counted(reply)
		e.name, reply = counted(reply)
		out = append(out, e)
	}
	return out, reply
}

func counted(p []byte) (string, []byte) {
	n := 2 + int(binary.LittleEndian.Uint16(p))
	return string(p[2:n]), p[n:]
}

// pythons finds the interpreters of this machine, one for each version: those
// on the PATH and those that pyenv keeps. Where CI=true, none is a failure.
func pythons(t *testing.T) []string {
	t.Helper()
	var candidates []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		candidates = append(candidates, glob(t, filepath.Join(dir, "python3"))...)
		candidates = append(candidates, glob(t, filepath.Join(dir, "python3.?"))...)
		candidates = append(candidates, glob(t, filepath.Join(dir, "python3.??"))...)
	}
	if home, err := os.UserHomeDir(); err == nil {
		candidates = append(candidates, glob(t, filepath.Join(home, ".pyenv", "versions", "3.*", "bin", "python3"))...)
	}
	byVersion := map[string]string{}
	for _, path := range candidates {
		out, err := exec.Command(path, "-c", "import sys; print('%d.%02d' % sys.version_info[:2])").Output()
		version := strings.TrimSpace(string(out))
		if err == nil && version >= "3.06" && byVersion[version] == "" {
			byVersion[version] = path
		}
	}
	var found []string
	for _, path := range byVersion {
		found = append(found, path)
	}
	slices.Sort(found)
	if len(found) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("no python3 to compare with")
		}
		t.Skip("no python3 to compare with: install one")
	}
	return found
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return found
}
