package deflate64

import (
	"bufio"
	"bytes"
	"compress/flate"
	"errors"
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

func samples(t testing.TB) map[string][]byte {
	t.Helper()
	return map[string][]byte{
		"packed.deflate64": content(40_000), "fast.deflate64": content(40_000), "short.deflate64": content(20),
		"far.deflate64": bytes.Join([][]byte{content(50_000), make([]byte, 10_000), content(50_000)}, nil),
	}
}

func packed(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAgainst7Zip(t *testing.T) {
	for name, want := range samples(t) {
		src := bufio.NewReader(bytes.NewReader(append(packed(t, name), "tail"...)))
		got, err := io.ReadAll(iotest.OneByteReader(NewReader(src)))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes of %d, %v", name, len(got), len(want), err)
		}
		if rest, _ := io.ReadAll(src); string(rest) != "tail" {
			t.Errorf("%s: %d bytes are left, want 4", name, len(rest))
		}
	}
}

func TestTruncationKeepsWhatCame(t *testing.T) {
	for name, want := range samples(t) {
		data := packed(t, name)
		for n := 0; n < len(data); n += 1 + len(data)/50 {
			got, err := io.ReadAll(NewReader(bytes.NewReader(data[:n])))
			if !bytes.HasPrefix(want, got) || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("%s cut to %d bytes: %d bytes came, %v", name, n, len(got), err)
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	for name, data := range map[string]string{"kind-3": "\x07", "stored-length": "\x01\x01\x00\x00\x00a", "distance-before-start": "\x4b\x04\xf3",
		"too-many-codes": "\xfd\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "nothing": ""} {
		if got, err := io.ReadAll(NewReader(bytes.NewReader([]byte(data)))); err == nil {
			t.Errorf("%s: accepted, %q", name, got)
		}
	}
}

// plain packs without code 285 and far distances, where the formats agree.
func plain(data []byte, level int) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, level)
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}

func FuzzReader(f *testing.F) {
	for name := range samples(f) {
		data := packed(f, name)
		f.Add(data[:min(len(data), 500)])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		const most = 1 << 20
		a, err := io.ReadAll(io.LimitReader(NewReader(bytes.NewReader(data)), most))
		b, berr := io.ReadAll(io.LimitReader(iotest.OneByteReader(NewReader(bufio.NewReaderSize(bytes.NewReader(data), 16))), most))
		if !bytes.Equal(a, b) || (err == nil) != (berr == nil) {
			t.Fatalf("%d and %d bytes, %v, %v", len(a), len(b), err, berr)
		}
		if len(data) < 200 { // matches of 258 bytes are what differs
			got, err := io.ReadAll(NewReader(bytes.NewReader(plain(data, flate.HuffmanOnly))))
			if err != nil || !bytes.Equal(got, data) {
				t.Fatalf("plain Deflate: %d bytes of %d, %v", len(got), len(data), err)
			}
		}
	})
}
