package tar

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
	"github.com/sallyport/sallyport/internal/sample"
)

func TestSamples(t *testing.T) { formattest.Containers(t, Torch, Format) }

func build(t testing.TB, spec string) []byte {
	t.Helper()
	_, data, err := sample.Build("x.tarspec", []byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestMembersReachTheEngine hides a stream in many places: the engine must get
// it as a child each time.
func TestMembersReachTheEngine(t *testing.T) {
	const payload = "@asm\nGLOBAL os system\nSTOP\n@end"
	const rest = "entry pickle @asm\nNONE\nSTOP\n@end\nentry tensors @asm\nBININT1 0\nSTOP\n@end\nentry storages @asm\nBININT1 0\nSTOP\n@end\n"
	at := func(opt string) string { return strings.Replace(payload, "@asm", "@asm "+opt, 1) }
	cases := []struct{ name, spec string }{
		{"plain", "entry x " + payload},
		{"old", "entry x " + at("old")},
		{"unknown-kind", "entry x " + at("type=Z")},
		{"contiguous", "entry x " + at("type=7")},
		{"behind-folder", "entry d/ \"\" type=5\nentry x " + payload},
		{"duplicate", "entry x \"text\"\nentry x " + payload},
		{"pax-size", "pax size=12\nentry x " + at("size=0")},
		{"global-size", "global size=12\nentry x " + at("size=0")},
		{"behind-end", "entry x \"text\"\nend 1\nentry y " + payload},
		{"behind-broken-header", "entry x \"text\"\nentry y \"\" sum=1\nentry z " + payload},
		{"size-of-a-link", "entry x \"\" type=2 link=y size=512\nentry z " + payload},
		{"truncated", "entry x " + at("size=9999") + "\nend 0"},
		{"torch-pickle", strings.Replace(rest, "@asm\nNONE\nSTOP\n@end", payload, 1)},
		{"torch-storages", strings.Replace(rest, "storages @asm\nBININT1 0\nSTOP\n@end", "storages "+payload, 1)},
		{"torch-tensors-second", strings.Replace(rest, "BININT1 0\nSTOP\n@end\nentry storages", "BININT1 0\nSTOP\nGLOBAL os system\nSTOP\n@end\nentry storages", 1)},
		{"torch-other", rest + "entry sys_info " + payload},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			in := formattest.Input("m.pt", build(t, c.spec), false)
			f := Format
			if Torch.Match(in) == format.Strong {
				f = Torch
			}
			if strings.HasPrefix(c.name, "torch") != (f.ID == Torch.ID) || f.Match(in) != format.Strong {
				t.Fatal("no match of ", f.ID)
			}
			for _, ch := range f.Read(in).Children {
				if p, _ := io.ReadAll(io.NewSectionReader(ch.R, 0, ch.R.Size())); bytes.Contains(p, []byte("cos\nsystem\n.")) {
					return
				}
			}
			t.Error("no child holds the payload")
		})
	}
}

// TestTruncation cuts archives everywhere. Only some of the zeros at the end may
// be missing.
func TestTruncation(t *testing.T) {
	paths, _ := filepath.Glob("testdata/clean/*.tar")
	if len(paths) == 0 {
		t.Fatal("no samples")
	}
	for _, p := range append(paths, "testdata/clean/torch_tar.pt") {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		for n := blockSize; n < len(data); n += 37 {
			in := formattest.Input(filepath.Base(p), data[:n], true)
			if Format.Match(in) == format.No {
				continue
			}
			res := Format.Read(in)
			gap := false
			for _, s := range res.Spans {
				gap = gap || s.Kind == format.Unread
			}
			whole := len(data)-n > 0 && len(bytes.Trim(data[n-blockSize:], "\x00")) == 0
			if !gap && formattest.Uncovered(res, int64(n)) == 0 && !whole {
				t.Errorf("%s cut to %d bytes: no gap", p, n)
			}
		}
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]int64{"0000017\x00": 15, " 017 \x00zz": 15, "+17     ": 15, "0o17    ": 15, "1_7     ": 15,
		"        ": 0, "\x80\x00\x00\x00\x00\x00\x00\x0f": 15, "\x80\x00\x00\x00\x02\x00\x00\x00\x00": 1 << 33} {
		if got, ok := number([]byte(text)); !ok || got != want {
			t.Errorf("%q: %d %v", text, got, ok)
		}
	}
	for _, text := range []string{"8       ", "x", "-1      ", "\xff\xff\xff\xff", "\x80\xff\xff\xff\xff\xff\xff\xff\xff", "\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"} {
		if h := append(make([]byte, 124), (text + "            ")[:12]...); len(h) == 136 {
			if got, ok := parseHeader(append(h, make([]byte, blockSize-136)...)); ok {
				t.Errorf("%q: size %d", text, got.size)
			}
		}
	}
}

func TestEscapes(t *testing.T) {
	for _, c := range []struct {
		folder, target string
		want           bool
	}{
		{"", "a", false}, {"", "..", true}, {"a", "../b", false}, {"a", "../../b", true}, {"base", "../base_evil/x", false},
		{"a/b", "../../c/../..", true}, {"", "/etc", true}, {"", "a/../../b", true}, {"", `..\b`, true}, {"", "c:x", true}, {"./a", "../b", false},
	} {
		if got := escapes(c.folder, c.target); got != c.want {
			t.Errorf("%q from %q: %v", c.target, c.folder, got)
		}
	}
}

func TestTextIsNoTar(t *testing.T) {
	for _, text := range []string{strings.Repeat("7 ", 400), strings.Repeat("\x00", 1024), strings.Repeat(" ", 1024), strings.Repeat("0", 600)} {
		if Format.Match(formattest.Input("a.txt", []byte(text), true)) != format.No {
			t.Errorf("%.10q is taken for a tar", text)
		}
	}
}
