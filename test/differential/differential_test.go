// Package differential compares our reading of pickles with that of CPython's
// own unpicklers: whatever one of them would import, call or change, we must
// have seen, or must say that the stream is not to be trusted.
//
// Streams come from a seeded generator; SALLYPORT_DIFFERENTIAL says how many
// (10,000 without it, 200,000 where CI=true) and SALLYPORT_SEED where to start.
// Every Python 3 of the machine takes its share. A stream that fails is reduced
// and printed as assembly; once understood it is kept in testdata.
package differential

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sallyport/sallyport/internal/sample"
)

// batch is how many streams go to a child at once.
const batch = 250

// maxFailures is how many streams are reduced and printed.
const maxFailures = 5

func setting(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

func TestGenerated(t *testing.T) {
	otherwise := uint64(10_000)
	if os.Getenv("CI") == "true" {
		otherwise = 200_000
	}
	c := &comparison{t: t, seed: setting(t, "SALLYPORT_SEED", 1), total: setting(t, "SALLYPORT_DIFFERENTIAL", otherwise)}
	children := c.children()
	var wg sync.WaitGroup
	for k := range children {
		wg.Go(func() { c.run(children, k) })
	}
	wg.Wait()
	t.Logf("%d streams, %d imported something, %d were read differently and said so", c.streams.Load(), c.lively.Load(), c.excused.Load())
	if !t.Failed() && c.lively.Load()*4 < c.streams.Load() {
		t.Errorf("only %d of %d streams import anything: the generator tests nothing", c.lively.Load(), c.streams.Load())
	}
}

// comparison is one run of the generator against all Pythons.
type comparison struct {
	t           *testing.T
	seed, total uint64

	streams, lively, excused, failures atomic.Int64
}

// children starts one Python of each version, and more of them when there are
// more processors than versions.
func (c *comparison) children() []*python {
	c.t.Helper()
	paths := pythons(c.t)
	var out []*python
	for len(out) < runtime.GOMAXPROCS(0) {
		for _, path := range paths {
			p, err := startPython(path)
			if err != nil {
				c.t.Fatal(err)
			}
			c.t.Cleanup(p.stop)
			out = append(out, p)
		}
	}
	return out
}

// run gives child k its batches.
func (c *comparison) run(children []*python, k int) {
	for first := uint64(k) * batch; first < c.total && c.failures.Load() < maxFailures; first += uint64(len(children)) * batch {
		if err := c.batch(children[k], first, min(first+batch, c.total)); err != nil {
			c.t.Errorf("streams %d to %d of seed %d with Python %s: %v", first, first+batch, c.seed, children[k].version, err)
			return
		}
	}
}

func (c *comparison) batch(p *python, from, to uint64) error {
	streams := make([][]byte, 0, batch)
	for i := from; i < to; i++ {
		data, err := build(generate(c.seed, i))
		if err != nil {
			return fmt.Errorf("stream %d: %w", i, err)
		}
		streams = append(streams, data)
	}
	answers, err := p.ask(streams)
	if err != nil {
		return err
	}
	for i, data := range streams {
		number := from + uint64(i)
		v := compare(data, answers[i], number%2 == 0)
		c.streams.Add(1)
		if len(answers[i]) > 0 {
			c.lively.Add(1)
		}
		if v.excused {
			c.excused.Add(1)
		}
		if v.problem == "" {
			continue
		}
		if c.failures.Add(1) > maxFailures {
			return nil
		}
		lines := reduce(p, generate(c.seed, number), number, v.problem)
		c.t.Errorf("stream %d of seed %d with Python %s: %s\nreduced:\n%sour reading:\n%s", number, c.seed, p.version, v.problem, assembly(lines), reading(lines))
	}
	return nil
}

// reduce takes lines away as long as the kind of problem stays.
func reduce(p *python, lines []string, number uint64, problem string) []string {
	kind, _, _ := strings.Cut(problem, ":")
	fails := func(lines []string) bool {
		data, err := build(lines)
		if err != nil {
			return false
		}
		// The child changes its options with the position in the batch.
		asked := make([][]byte, number%batch+1)
		asked[len(asked)-1] = data
		answers, err := p.ask(asked)
		if err != nil {
			return false
		}
		v := compare(data, answers[len(answers)-1], number%2 == 0)
		return v.problem != "" && strings.HasPrefix(v.problem, kind+":")
	}
	for size := max(1, len(lines)/2); ; size = max(1, size/2) {
		shrunk := false
		for at := 0; at+size <= len(lines); {
			less := append(append([]string{}, lines[:at]...), lines[at+size:]...)
			if fails(less) {
				lines, shrunk = less, true
			} else {
				at += size
			}
		}
		if size == 1 && !shrunk {
			return lines
		}
	}
}

// TestKept reads the streams that failed once.
func TestKept(t *testing.T) {
	files, err := filepath.Glob("testdata/*.asm")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d streams, %v", len(files), err)
	}
	var streams [][]byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, data, err := sample.Build(file, text)
		if err != nil {
			t.Fatal(err)
		}
		// Each of three times, since the child changes its options.
		streams = append(streams, data, data, data)
	}
	for _, path := range pythons(t) {
		p, err := startPython(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.stop)
		answers, err := p.ask(streams)
		if err != nil {
			t.Fatal(err)
		}
		for i, data := range streams {
			if v := compare(data, answers[i], i%2 == 0); v.problem != "" {
				t.Errorf("%s with Python %s: %s", filepath.Base(files[i/3]), p.version, v.problem)
			}
		}
	}
}
