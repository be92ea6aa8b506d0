package lzma

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func lines() []byte {
	var b bytes.Buffer
	for i := range 2000 {
		fmt.Fprintf(&b, "line %d of a text that packs well\n", i)
	}
	return b.Bytes()
}

// sample is a file of testdata with its decoder and content.
type sample struct {
	name string
	data []byte
	want []byte
}

func samples(t testing.TB) []sample {
	t.Helper()
	noise, err := os.ReadFile("testdata/noise.bin")
	if err != nil {
		t.Fatal(err)
	}
	text := lines()
	mixed := bytes.Join([][]byte{text[:30_000], noise, text}, nil)
	paths, _ := filepath.Glob("testdata/*.lzma*")
	if len(paths) < 8 {
		t.Fatal("samples are missing")
	}
	var out []sample
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		s := sample{p, data, text}
		if strings.HasSuffix(p, "2") {
			s.want = mixed
		}
		out = append(out, s)
	}
	return out
}

// open decodes data as the ending of the name says.
func open(name string, src io.ByteReader, data []byte, limit int64) io.Reader {
	if strings.HasSuffix(name, "2") {
		return New2(src, 8<<20, limit)
	}
	if len(data) < 13 {
		return strings.NewReader("")
	}
	for range 13 {
		_, _ = src.ReadByte()
	}
	d, err := Alone(src, data[0], binary.LittleEndian.Uint32(data[1:]), max(-1, int64(binary.LittleEndian.Uint64(data[5:]))), limit)
	if err != nil {
		return strings.NewReader("")
	}
	return d
}

func TestDecode(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(filepath.Base(s.name), func(t *testing.T) {
			src := bytes.NewReader(append(bytes.Clone(s.data), "tail"...))
			got, err := io.ReadAll(open(s.name, src, s.data, 8<<20))
			if err != nil || !bytes.Equal(got, s.want) {
				t.Errorf("%d bytes of %d, %v", len(got), len(s.want), err)
			}
			if src.Len() != len("tail") {
				t.Errorf("%d bytes are left, want 4", src.Len())
			}
			for _, size := range []int{16, 100, 1 << 16} {
				src := bufio.NewReaderSize(bytes.NewReader(append(bytes.Clone(s.data), "tail"...)), size)
				got, err := io.ReadAll(open(s.name, src, s.data, 8<<20))
				if rest, _ := io.ReadAll(src); err != nil || !bytes.Equal(got, s.want) || string(rest) != "tail" {
					t.Errorf("through a buffer of %d: %d bytes of %d, %d are left, %v", size, len(got), len(s.want), len(rest), err)
				}
			}
		})
	}
}

// TestTruncationKeepsWhatCame cuts the data: what comes out is the beginning of
// the content, and more of it the later the cut.
func TestTruncationKeepsWhatCame(t *testing.T) {
	for _, s := range samples(t) {
		last := 0
		for n := 20; n < len(s.data); n += 1 + len(s.data)/97 {
			got, err := io.ReadAll(open(s.name, bytes.NewReader(s.data[:n]), s.data[:n], 8<<20))
			buffered, berr := io.ReadAll(open(s.name, bufio.NewReader(bytes.NewReader(s.data[:n])), s.data[:n], 8<<20))
			if !bytes.Equal(got, buffered) || !errors.Is(berr, io.ErrUnexpectedEOF) {
				t.Fatalf("%s cut to %d bytes: %d bytes came, %d through a buffer, %v", s.name, n, len(got), len(buffered), berr)
			}
			if !errors.Is(err, io.ErrUnexpectedEOF) || !bytes.HasPrefix(s.want, got) || len(got) < last {
				t.Fatalf("%s cut to %d bytes: %d bytes came, %v", s.name, n, len(got), err)
			}
			last = len(got)
		}
		if last < len(s.want)/2 {
			t.Errorf("%s: only %d bytes before the last cut", s.name, last)
		}
	}
}

func TestWindowLimit(t *testing.T) {
	for _, s := range samples(t) {
		if !strings.HasSuffix(s.name, "usual.lzma2") { // repeats from 30 kB away
			continue
		}
		got, err := io.ReadAll(open(s.name, bytes.NewReader(s.data), s.data, 1<<12))
		if !errors.Is(err, ErrWindow) || !bytes.HasPrefix(s.want, got) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}
}

func TestWindow(t *testing.T) {
	var w window
	w.limit(1<<13, 1<<12)
	for i := range 3 << 12 {
		w.put(byte(i / 7))
		for _, d := range []int{1, 2, 100, 1 << 12} {
			if want := byte(max(i+1-d, 0) / 7); d <= i+1 && w.back(d) != want {
				t.Fatalf("%d bytes back at %d: %d, want %d", d, i, w.back(d), want)
			}
		}
	}
	for dist, want := range map[int64]error{1: nil, 1 << 12: nil, 1<<12 + 1: ErrWindow, 1<<13 + 1: ErrCorrupt, 1 << 40: ErrCorrupt} {
		if err := w.reach(dist); !errors.Is(err, want) {
			t.Errorf("reach(%d) = %v, want %v", dist, err, want)
		}
	}
	if len(w.buf) != 1<<12 {
		t.Errorf("the window has %d bytes", len(w.buf))
	}
}

func TestRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		props byte
		data  string
	}{"properties": {225, "\x00\x00\x00\x00\x00"}, "too-many-literal-bits": {8 + 9*4, "\x00\x00\x00\x00\x00"}} {
		if _, err := Alone(strings.NewReader(c.data), c.props, 1<<16, -1, 1<<20); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for name, data := range map[string]string{
		"no-reset": "\x02\x00\x00a\x00", "unknown-control": "\x01\x00\x00a\x03\x00\x00a\x00", "state-before-properties": "\x01\x00\x00a\x80\x00\x00\x00\x05aaaaaa",
		"empty": "", "no-end": "\x01\x00\x00a",
	} {
		if _, err := io.ReadAll(New2(strings.NewReader(data), 1<<16, 1<<20)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range samples(f) {
		f.Add(strings.HasSuffix(s.name, "2"), s.data[:min(len(s.data), 600)])
	}
	f.Fuzz(func(t *testing.T, two bool, data []byte) {
		name := map[bool]string{true: "x2", false: "x"}[two]
		const most = 1 << 20
		whole, err := io.ReadAll(io.LimitReader(open(name, bytes.NewReader(data), data, 1<<16), most))
		r, pieces := open(name, bytes.NewReader(data), data, 1<<16), []byte(nil)
		for p := make([]byte, 7); len(pieces) < len(whole); {
			n, perr := r.Read(p)
			if pieces = append(pieces, p[:n]...); perr != nil {
				break
			}
		}
		if !bytes.HasPrefix(pieces, whole) {
			t.Fatalf("read in pieces it differs: %d and %d bytes, %v", len(pieces), len(whole), err)
		}
		buffered, berr := io.ReadAll(io.LimitReader(open(name, bufio.NewReaderSize(bytes.NewReader(data), 50), data, 1<<16), most))
		if !bytes.Equal(buffered, whole) || (err == nil) != (berr == nil) {
			t.Fatalf("through a buffer it differs: %d and %d bytes, %v, %v", len(buffered), len(whole), err, berr)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, s := range samples(b) {
		b.Run(filepath.Base(s.name), func(b *testing.B) {
			b.SetBytes(int64(len(s.want)))
			for b.Loop() {
				_, _ = io.Copy(io.Discard, open(s.name, bytes.NewReader(s.data), s.data, 8<<20))
			}
		})
	}
}
