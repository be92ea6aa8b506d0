package bcj

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

var kinds = map[string]Kind{"x86": X86, "arm": ARM, "armt": ARMT, "arm64": ARM64, "ppc": PPC, "sparc": SPARC, "ia64": IA64, "riscv": RISCV}

func file(t testing.TB, name string) []byte {
	t.Helper()
	p, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestAgainst7Zip undoes what 7-Zip's filters made of the same code.
func TestAgainst7Zip(t *testing.T) {
	code := file(t, "code.bin")
	for name, kind := range kinds {
		packed := file(t, name+".bin")
		if bytes.Equal(packed, code) {
			t.Errorf("%s: the sample is not filtered", name)
		}
		for how, src := range map[string]io.Reader{"at-once": bytes.NewReader(packed), "bytewise": iotest.OneByteReader(bytes.NewReader(packed)),
			"with-the-end": iotest.DataErrReader(bytes.NewReader(packed))} {
			got, err := io.ReadAll(NewReader(src, kind, 0))
			if err != nil || !bytes.Equal(got, code) {
				t.Errorf("%s, %s: another code comes out, %v", name, how, err)
			}
		}
	}
	got, err := io.ReadAll(NewDelta(iotest.HalfReader(bytes.NewReader(file(t, "delta.bin"))), 3))
	if err != nil || !bytes.Equal(got, code) {
		t.Errorf("delta: another code comes out, %v", err)
	}
}

func streams(t testing.TB) (s [4][]byte) {
	t.Helper()
	for i, name := range []string{"code", "calls", "jumps", "decisions"} {
		s[i] = file(t, "bcj2_"+name+".bin")
	}
	return s
}

func join(s [4][]byte, size int64) *BCJ2 {
	return NewBCJ2(bytes.NewReader(s[0]), bytes.NewReader(s[1]), bytes.NewReader(s[2]), bytes.NewReader(s[3]), size)
}

func TestBCJ2Against7Zip(t *testing.T) {
	code, s := file(t, "code.bin"), streams(t)
	got, err := io.ReadAll(iotest.OneByteReader(join(s, int64(len(code)))))
	if err != nil || !bytes.Equal(got, code) {
		t.Errorf("another code comes out: %d bytes of %d, %v", len(got), len(code), err)
	}
	for i := range s {
		cut := s
		cut[i] = s[i][:len(s[i])/2]
		got, err := io.ReadAll(join(cut, int64(len(code))))
		if err != io.ErrUnexpectedEOF || !bytes.HasPrefix(code, got) {
			t.Errorf("stream %d cut: %d bytes, %v", i, len(got), err)
		}
	}
	s[3] = append([]byte{1}, s[3]...)
	if _, err := io.ReadAll(join(s, 1)); err != ErrCorrupt {
		t.Errorf("a wrong beginning of the decisions: %v", err)
	}
}

// TestShortStreams leaves what is too short for an instruction as it is.
func TestShortStreams(t *testing.T) {
	for name, kind := range kinds {
		for _, text := range []string{"", "\xe8", "\xe8\x00\x00\x00"[:3], "abc"} {
			got, err := io.ReadAll(NewReader(strings.NewReader(text), kind, 0))
			if err != nil || string(got) != text {
				t.Errorf("%s: %q becomes %q, %v", name, text, got, err)
			}
		}
	}
}

// FuzzReader checks that a filter gives as many bytes as it takes, and the same
// ones however it is read.
func FuzzReader(f *testing.F) {
	for name, kind := range kinds {
		f.Add(int(kind), uint32(0), file(f, name+".bin")[:512])
	}
	f.Fuzz(func(t *testing.T, kind int, start uint32, data []byte) {
		if kind < 0 || kind > int(RISCV) {
			return
		}
		a, err := io.ReadAll(NewReader(bytes.NewReader(data), Kind(kind), start))
		b, _ := io.ReadAll(iotest.OneByteReader(NewReader(iotest.OneByteReader(bytes.NewReader(data)), Kind(kind), start)))
		if err != nil || len(a) != len(data) || !bytes.Equal(a, b) {
			t.Fatalf("%d bytes become %d and %d, %v", len(data), len(a), len(b), err)
		}
		d, err := io.ReadAll(NewDelta(bytes.NewReader(data), byte(start)))
		if err != nil || len(d) != len(data) {
			t.Fatalf("delta: %d bytes become %d, %v", len(data), len(d), err)
		}
	})
}

func FuzzBCJ2(f *testing.F) {
	s := streams(f)
	f.Add(s[0][:400], s[1], s[2], s[3], int64(300))
	f.Fuzz(func(t *testing.T, code, calls, jumps, rc []byte, size int64) {
		size = max(0, min(size, 1<<20))
		s := [4][]byte{code, calls, jumps, rc}
		a, err := io.ReadAll(join(s, size))
		b, _ := io.ReadAll(iotest.OneByteReader(join(s, size)))
		if !bytes.Equal(a, b) || int64(len(a)) > size || err == nil && int64(len(a)) != size {
			t.Fatalf("%d and %d bytes of %d, %v", len(a), len(b), size, err)
		}
	})
}
