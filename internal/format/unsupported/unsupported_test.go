package unsupported

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/rules"
)

func input(name string, data []byte) *format.Input {
	return &format.Input{Name: name, R: bounded.NewBytes(data, bounded.NewBudget(context.Background(), int64(len(data))))}
}

func TestTestdata(t *testing.T) {
	for kind, want := range map[string]format.Confidence{"clean": format.No, "bad": format.Strong, "broken": format.Strong} {
		files, _ := filepath.Glob(filepath.Join("testdata", kind, "*"))
		if len(files) == 0 {
			t.Errorf("no %s sample", kind)
		}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if got := Format.Match(input(filepath.Base(f), data)); got != want {
				t.Errorf("%s: match %v, want %v", f, got, want)
			}
		}
	}
}

func TestEveryListedEndingIsKnown(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(rules.UnreadFormats, "\n"), "\n")[1:]
	if !slices.IsSorted(lines) {
		t.Error("the list is not sorted")
	}
	for _, line := range lines {
		ending, want, _ := strings.Cut(line, "\t")
		if got := title("model" + strings.ToUpper(ending)); got != want {
			t.Errorf("%s: %q, want %q", ending, got, want)
		}
		spans := Format.Read(input("m"+ending, nil)).Spans
		if len(spans) != 1 || spans[0].Kind != format.Unread || !strings.Contains(spans[0].Reason, want) {
			t.Errorf("%s: spans %+v", ending, spans)
		}
	}
}

func TestEveryListedMagicIsKnown(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(rules.UnreadMagics, "\n"), "\n")[1:]
	if len(lines) != len(magics()) {
		t.Fatalf("%d lines, %d magics", len(lines), len(magics()))
	}
	for i, m := range magics() {
		data := append(bytes.Repeat([]byte{0xa5}, int(m.off)), m.want...)
		for k, count := range m.count {
			data[int(m.off)+k] |= ^count & 0x5a
		}
		for _, tail := range []int{0, 10, 5000} {
			in := input("data", append(data, make([]byte, tail)...))
			if Format.Match(in) != format.Strong || !strings.Contains(Format.Read(in).Spans[0].Reason, m.title) {
				t.Errorf("%s is not known with %d bytes behind it", lines[i], tail)
			}
		}
		for k, count := range m.count {
			if count != 0 {
				other := bytes.Clone(data)
				other[int(m.off)+k] ^= 1
				if m.is(input("data", other)) {
					t.Errorf("%s is known by another byte at %d", lines[i], k)
				}
			}
		}
		if got := archive(input("data", data[:len(data)-1])); got != "" {
			t.Errorf("%s cut by a byte is %s", lines[i], got)
		}
	}
}

func TestTextIsNoArchive(t *testing.T) {
	for _, s := range []string{"", "MSCF is a cabinet", "070701", "Rar! and -lh5- and **ACE**", "`\xea is ARJ", strings.Repeat("CD001", 8000)} {
		if got := archive(input("a.txt", []byte(s))); got != "" {
			t.Errorf("%.20q is taken for %s", s, got)
		}
	}
}

func TestOtherNames(t *testing.T) {
	for _, name := range []string{"", "onnx", "a.txt", ".", "a.", "x.safetensors", "title", "a.ending", "a.pb\tx"} {
		if got := title(name); got != "" {
			t.Errorf("%q is taken for %s", name, got)
		}
	}
}
