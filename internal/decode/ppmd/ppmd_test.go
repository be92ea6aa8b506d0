package ppmd

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"
)

// content is what testdata/generate.py packs.
func content(n int) []byte {
	x, out := uint32(1), make([]byte, 0, n)
	for i := range n {
		x = (x*1103515245 + 12345) & 0x7fffffff
		if i%5000 < 4000 {
			out = append(out, byte(97+(x>>16)%uint32(2+i>>9%23)))
		} else {
			out = append(out, out[i-3000])
		}
	}
	return out
}

const size = 40_000

func settings(order byte, memory uint32) []byte {
	return binary.LittleEndian.AppendUint32([]byte{order}, memory)
}

type sample struct {
	name   string
	props  []byte
	packed []byte
}

func samples(t testing.TB) (out []sample) {
	t.Helper()
	paths, _ := filepath.Glob("testdata/*.ppmd")
	if len(paths) < 5 {
		t.Fatal("samples are missing")
	}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		var order, memory int
		if _, err := fmt.Sscanf(filepath.Base(p), "o%d_m%d.ppmd", &order, &memory); err != nil {
			t.Fatal(err)
		}
		out = append(out, sample{filepath.Base(p), settings(byte(order), uint32(memory)), data})
	}
	return out
}

func open(t testing.TB, s sample, size, limit int64) (*Decoder, *bufio.Reader) {
	t.Helper()
	src := bufio.NewReader(bytes.NewReader(append(bytes.Clone(s.packed), "tail"...)))
	d, err := NewReader(src, s.props, size, limit)
	if err != nil {
		t.Fatal(err)
	}
	return d, src
}

func TestAgainst7Zip(t *testing.T) {
	want := content(size)
	for _, s := range samples(t) {
		d, src := open(t, s, size, 1<<25)
		got, err := io.ReadAll(iotest.OneByteReader(d))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v", s.name, len(got), err)
		}
		if rest, _ := io.ReadAll(src); string(rest) != "tail" {
			t.Errorf("%s: %d bytes are left, want 4", s.name, len(rest))
		}
	}
}

// TestLimit gives a model less memory than its settings ask for: it works as
// long as the model fits.
func TestLimit(t *testing.T) {
	want := content(size)
	for _, s := range samples(t) {
		for _, limit := range []int64{0, 1 << 14, 1 << 16, 1 << 18} {
			d, _ := open(t, s, size, limit)
			got, err := io.ReadAll(d)
			enough := limit >= int64(binary.LittleEndian.Uint32(s.props[1:]))
			if !bytes.HasPrefix(want, got) || (err == nil) != (len(got) == size) || err != nil && !errors.Is(err, ErrWindow) || enough && err != nil {
				t.Errorf("%s in %d bytes: %d bytes came, %v", s.name, limit, len(got), err)
			}
		}
	}
}

func TestTruncationKeepsWhatCame(t *testing.T) {
	want := content(size)
	for _, s := range samples(t) {
		for n := 0; n < len(s.packed); n += 1 + len(s.packed)/40 {
			d, err := NewReader(bytes.NewReader(s.packed[:n]), s.props, size, 1<<25)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(d)
			if !bytes.HasPrefix(want, got) || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("%s cut to %d bytes: %d bytes came, %v", s.name, n, len(got), err)
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	for name, props := range map[string][]byte{"nothing": nil, "short": {6, 0, 0, 1}, "order-1": settings(1, 1<<20), "order-65": settings(65, 1<<20),
		"little-memory": settings(6, 1<<10), "all-memory": settings(6, 1<<32-1)} {
		if _, err := NewReader(bytes.NewReader(make([]byte, 10)), props, 1, 1<<20); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	d, err := NewReader(bytes.NewReader([]byte{1, 0, 0, 0, 0, 0}), settings(6, 1<<20), 1, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(d); err == nil {
		t.Error("a wrong first byte: accepted")
	}
}

func FuzzReader(f *testing.F) {
	for _, s := range samples(f) {
		f.Add(s.props[0], uint16(1<<15), s.packed[:min(len(s.packed), 600)])
	}
	f.Fuzz(func(t *testing.T, order byte, memory uint16, data []byte) {
		props := settings(2+order%63, 1<<11+uint32(memory))
		read := func(limit int64) ([]byte, error) {
			d, err := NewReader(bytes.NewReader(data), props, 1<<11, limit)
			if err != nil {
				t.Fatal(err)
			}
			return io.ReadAll(d)
		}
		all, _ := read(1 << 20)
		less, err := read(1 << 12)
		if !bytes.HasPrefix(all, less) || len(less) < len(all) && !errors.Is(err, ErrWindow) {
			t.Fatalf("%d bytes with memory, %d with little, %v", len(all), len(less), err)
		}
	})
}
