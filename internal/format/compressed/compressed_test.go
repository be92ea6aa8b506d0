package compressed

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

func TestSamples(t *testing.T) { formattest.Containers(t, Format) }

const payload = "cos\nsystem\n(S'echo'\ntR."

func gzipped(content string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(content))
	_ = w.Close()
	return b.Bytes()
}

func zlibbed(content string) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write([]byte(content))
	_ = w.Close()
	return b.Bytes()
}

// xzStored is an .xz file without checksums whose block holds one stored chunk.
func xzStored(content string) []byte {
	sum := func(p []byte) []byte { return binary.LittleEndian.AppendUint32(p, crc32.ChecksumIEEE(p)) }
	out := append([]byte(xzMagic), sum([]byte{0, 0})...)
	block := sum([]byte{2, 0, 0x21, 1, 0, 0, 0, 0})
	block = append(block, 1, byte((len(content)-1)>>8), byte(len(content)-1))
	block = append(append(block, content...), 0)
	unpadded := len(block)
	for len(block)%4 != 0 {
		block = append(block, 0)
	}
	index := binary.AppendUvarint([]byte{0, 1}, uint64(unpadded))
	index = binary.AppendUvarint(index, uint64(len(content)))
	for len(index)%4 != 0 {
		index = append(index, 0)
	}
	foot := binary.LittleEndian.AppendUint32(nil, uint32(len(index)/4))
	foot = append(foot, 0, 0)
	out = append(append(out, block...), sum(index)...)
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(foot))
	return append(append(out, foot...), "YZ"...)
}

// zstdRaw is a Zstandard frame of stored blocks with the given window descriptor.
func zstdRaw(window byte, blocks ...string) []byte {
	out := []byte{0x28, 0xb5, 0x2f, 0xfd, 0, window}
	for i, b := range blocks {
		h := uint32(len(b)) << 3
		if i == len(blocks)-1 {
			h |= 1
		}
		out = append(out, byte(h), byte(h>>8), byte(h>>16))
		out = append(out, b...)
	}
	return out
}

func skippable(content string) []byte {
	out := binary.LittleEndian.AppendUint32(nil, skipMagic+3)
	return append(binary.LittleEndian.AppendUint32(out, uint32(len(content))), content...)
}

// lz4Stored is an LZ4 frame of one stored block.
func lz4Stored(content string) []byte {
	out := []byte{4, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82}
	out = binary.LittleEndian.AppendUint32(out, 1<<31|uint32(len(content)))
	return append(append(out, content...), 0, 0, 0, 0)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func damaged(p []byte, at int) []byte {
	p = bytes.Clone(p)
	p[(at+len(p))%len(p)] ^= 0x55
	return p
}

// TestContentReachesTheEngine hides a stream in many places: the engine must get
// it as a child each time, also from data that loaders only get to break on later.
func TestContentReachesTheEngine(t *testing.T) {
	long := payload + strings.Repeat("x", 40_000) // Python's readers hand on what comes before a break
	named := gzipped(payload)
	named[3] = 0x10
	cases := []struct {
		name string
		data []byte
		gap  string // rule of the gap that must stand beside it
	}{
		{"gzip", gzipped(payload), ""},
		{"gzip-second-member", join(gzipped("text"), gzipped(payload)), ""},
		{"gzip-behind-padding", join(gzipped("text"), make([]byte, 100), gzipped(payload)), ""},
		{"gzip-wrong-sum", damaged(gzipped(payload), -7), "SP-COV-004"},
		{"gzip-wrong-size", damaged(gzipped(payload), -2), "SP-COV-004"},
		{"gzip-no-trailer", gzipped(payload)[:len(gzipped(payload))-8], "SP-COV-004"},
		{"gzip-cut", gzipped(long)[:len(gzipped(long))-20], "SP-COV-004"},
		{"gzip-comment", join([]byte{0x1f, 0x8b, 8, 0x10, 0, 0, 0, 0, 0, 3}, []byte(payload), []byte{0}, gzipped("text")[10:]), ""},
		{"gzip-extra", join([]byte{0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 3, byte(len(payload)), 0}, []byte(payload), gzipped("text")[10:]), ""},
		{"zlib", zlibbed(payload), ""},
		{"zlib-cut", zlibbed(payload)[:len(zlibbed(payload))-5], "SP-COV-004"},
		{"zlib-wrong-sum", damaged(zlibbed(payload), -1), "SP-COV-004"},
		{"zf", join([]byte("ZF0x17               "), zlibbed(payload)), ""},
		{"zf-python2", join([]byte("ZF0x17L               "), zlibbed(payload)), ""},
		{"zf-wrong-size", join([]byte("ZF0x19               "), zlibbed(payload)), "SP-COV-016"},
		{"xz", xzStored(payload), ""},
		{"xz-cut", xzStored(payload)[:12+12+3+len(payload)], "SP-COV-004"},
		{"xz-header-sum", damaged(xzStored(payload), 8), "SP-COV-004"},
		{"xz-second-stream", join(xzStored("text"), make([]byte, 4), xzStored(payload)), ""},
		{"zstd", zstdRaw(0, payload), ""},
		{"zstd-second-frame", join(zstdRaw(0, "text"), zstdRaw(0, payload)), ""},
		{"zstd-cut", zstdRaw(0, payload, "more")[:6+3+len(payload)+4], "SP-COV-004"},
		{"zstd-cut-in-block", zstdRaw(0, payload+"more")[:6+3+len(payload)], "SP-COV-004"},
		{"lz4-cut-in-block", lz4Stored(payload + "more")[:7+4+len(payload)], "SP-COV-004"},
		{"zstd-skippable", join(skippable("x"), zstdRaw(0, "text"), skippable(payload)), ""},
		{"zstd-large-window-small-frame", zstdRaw(0xf8, payload), ""},
		{"lz4", lz4Stored(payload), ""},
		{"lz4-second-frame", join(lz4Stored("text"), lz4Stored(payload)), ""},
		{"lz4-skippable", join(lz4Stored("text"), skippable(payload)), ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			in := formattest.Input("model.bin", c.data, false)
			if Format.Match(in) == format.No {
				t.Fatal("no match")
			}
			res := Format.Read(in)
			if got := gapRules(res); got != c.gap {
				t.Errorf("gaps %q, want %q: %+v", got, c.gap, res.Spans)
			}
			if n := formattest.Uncovered(res, in.R.Size()); n > 0 {
				t.Errorf("%d bytes uncovered", n)
			}
			for _, ch := range res.Children {
				if p, _ := io.ReadAll(io.NewSectionReader(ch.R, 0, ch.R.Size())); bytes.Contains(p, []byte(payload)) {
					return
				}
			}
			t.Error("no child holds the payload")
		})
	}
}

func gapRules(res format.Result) string {
	var out []string
	for _, s := range res.Spans {
		if s.Kind == format.Unread {
			out = append(out, s.Rule)
		}
	}
	return strings.Join(out, " ")
}

func cleanSamples(t *testing.T) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("testdata/clean/*")
	if err != nil || len(paths) == 0 {
		t.Fatal("no samples", err)
	}
	out := map[string][]byte{}
	for _, p := range paths {
		if data, err := os.ReadFile(p); err == nil && !strings.HasSuffix(p, ".want") {
			out[filepath.Base(p)] = data
		}
	}
	return out
}

// TestWhatFollowsIsNotOurs puts bytes behind every sample: exactly those must
// stay unexplained.
func TestWhatFollowsIsNotOurs(t *testing.T) {
	for name, data := range cleanSamples(t) {
		for _, tail := range []string{"T", "tail", "BZ", "PK\x03\x04"} {
			in := formattest.Input(name, append(bytes.Clone(data), tail...), true)
			if Format.Match(in) == format.No {
				t.Errorf("%s: no match", name)
				continue
			}
			res := Format.Read(in)
			if n := formattest.Uncovered(res, in.R.Size()); n != int64(len(tail)) && gapRules(res) == "" {
				t.Errorf("%s and %q: %d bytes uncovered", name, tail, n)
			}
			if tail == "tail" && (gapRules(res) != "" || formattest.Uncovered(res, in.R.Size()) != 4) {
				t.Errorf("%s and %q: %d bytes uncovered, gaps %q", name, tail, formattest.Uncovered(res, in.R.Size()), gapRules(res))
			}
		}
	}
}

// TestTruncation cuts every sample everywhere: what is left is never explained
// without a gap.
func TestTruncation(t *testing.T) {
	for name, data := range cleanSamples(t) {
		for n := 1; n < len(data); n += 1 + len(data)/400 {
			in := formattest.Input(name, data[:n], true)
			if Format.Match(in) == format.No {
				continue
			}
			res := Format.Read(in)
			if gapRules(res) == "" && formattest.Uncovered(res, in.R.Size()) == 0 && !wholeMember(name) {
				t.Errorf("%s cut to %d of %d bytes: no gap", name, n, len(data))
			}
		}
	}
}

// wholeMember is for samples of several parts: cut between two, they are whole.
func wholeMember(name string) bool {
	for _, part := range []string{"members", "streams", "padded", "frames"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

func TestBombReachesTheLimit(t *testing.T) {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	block := make([]byte, 1<<20)
	for range 2 * bounded.ExpansionFloor >> 20 {
		_, _ = w.Write(block)
	}
	_ = w.Close()
	in := formattest.Input("bomb.gz", b.Bytes(), false)
	res := Format.Read(in)
	if got := in.R.Budget().Reached(); len(got) != 1 || got[0].Name != "expansion-ratio" {
		t.Errorf("limits %v", got)
	}
	if gapRules(res) != "SP-COV-003" || len(res.Children) != 1 {
		t.Fatalf("gaps %q, %d children", gapRules(res), len(res.Children))
	}
	first := make([]byte, 100)
	if n, err := res.Children[0].R.ReadAt(first, 0); n != 100 || err != nil {
		t.Errorf("what was unpacked cannot be read: %d, %v", n, err)
	}
}

func TestWindowLimit(t *testing.T) {
	blocks := make([]string, 100)
	for i := range blocks {
		blocks[i] = strings.Repeat(fmt.Sprint(i%10), 128<<10)
	}
	in := formattest.Input("x.zst", zstdRaw(0xf8, blocks...), false)
	res := Format.Read(in)
	if got := in.R.Budget().Reached(); len(got) != 1 || got[0].Name != "window" || gapRules(res) != "SP-COV-003" {
		t.Errorf("limits %v, gaps %q", got, gapRules(res))
	}
}

func TestUnsupported(t *testing.T) {
	for name, data := range map[string][]byte{
		"zlib-dictionary": {0x78, 0xbb, 0, 0, 0, 1, 1, 2, 3},
		"gzip-method":     append([]byte{0x1f, 0x8b, 7}, make([]byte, 20)...),
		"lz4-legacy":      {2, 0x21, 0x4c, 0x18, 1, 0, 0, 0, 0},
		"zstd-dictionary": {0x28, 0xb5, 0x2f, 0xfd, 1, 0, 9, 1, 0, 0},
		"xz-filter":       append([]byte(xzMagic), 0, 4, 0xe6, 0xd6, 0xb4, 0x46, 2, 1, 4, 0, 0x21, 1, 0, 0, 0, 0, 0, 0, 0, 0),
	} {
		t.Run(name, func(t *testing.T) {
			in := formattest.Input("x.bin", data, true)
			if Format.Match(in) == format.No {
				t.Fatal("no match")
			}
			if got := gapRules(Format.Read(in)); got != "SP-COV-012" {
				t.Errorf("gaps %q", got)
			}
		})
	}
}

// TestLargePickleIsFollowedOnce checks that the trace made while unpacking goes
// along, but only when the declared size was right.
func TestLargePickleIsFollowedOnce(t *testing.T) {
	pickle := "\x80\x02" + strings.Repeat("N0", 1<<20) + "N."
	right := gzipped(pickle)
	for name, c := range map[string]struct {
		data []byte
		want bool
	}{"right-size": {right, true}, "wrong-size": {damaged(right, -4), false}, "small": {gzipped("\x80\x02N."), false}} {
		res := Format.Read(formattest.Input("x.pkl.gz", c.data, false))
		if len(res.Children) != 1 || (res.Children[0].Parsed != nil) != c.want {
			t.Errorf("%s: %+v", name, res.Children)
		} else if size := res.Children[0].R.Size(); name != "small" && size != int64(len(pickle)) {
			t.Errorf("%s: %d bytes", name, size)
		}
	}
}

func TestTextIsNotCompressed(t *testing.T) {
	for _, text := range []string{"x^2 + y^2 = z^2, and x^n + y^n = z^n has no solution\n", "BZ is not bzip2", "ZF", "ZFoo bar baz and more text than that\n",
		"LZIP", strings.Repeat("]\x00", 40), strings.Repeat("7 ", 300)} {
		in := formattest.Input("a.txt", []byte(text), true)
		if c := Format.Match(in); c == format.Strong {
			t.Errorf("%q is taken for %s", text, func() string { c, _ := which(in); return c.name }())
		}
	}
}

func TestInnerName(t *testing.T) {
	for name, want := range map[string]string{"a.tar.gz": "a.tar", "a.tgz": "a.tar", "A.PKL.GZ": "A.PKL", "model.joblib": "model.joblib", ".gz": ".gz", "": "content", "x.zst": "x"} {
		if got := innerName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
