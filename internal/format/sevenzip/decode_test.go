package sevenzip

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/sevenzip"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
	"github.com/sallyport/sallyport/internal/sample"
)

// archives are the samples by real producers.
func archives(t testing.TB) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("testdata/clean/*.7z")
	if err != nil || len(paths) < 30 {
		t.Fatal("samples are missing")
	}
	out := map[string][]byte{}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(p)] = data
	}
	return out
}

// TestContentIsWhatTheProducerPacked reads every file of every sample: the
// checksums are 7-Zip's and py7zr's, and nothing is left over.
func TestContentIsWhatTheProducerPacked(t *testing.T) {
	for name, data := range archives(t) {
		t.Run(name, func(t *testing.T) {
			in := formattest.Input(name, data, false)
			a := sevenzip.Read(in.R, openHeader)
			sums := map[string]uint32{}
			for _, f := range a.Files {
				if f.Folder >= 0 {
					s := a.Folders[f.Folder].Streams[f.Stream]
					if !s.Summed {
						t.Errorf("%s has no checksum", f.Name)
					}
					sums[f.Name] = s.Sum
				}
			}
			for _, c := range read(in).Children {
				p, err := io.ReadAll(io.NewSectionReader(c.R, 0, c.R.Size()))
				if err != nil || crc32.ChecksumIEEE(p) != sums[c.Name] {
					t.Errorf("%s: %d bytes of %d, checksum %x, want %x, %v", c.Name, len(p), c.R.Size(), crc32.ChecksumIEEE(p), sums[c.Name], err)
				}
				if more, err := c.R.Excess(); more || err != nil {
					t.Errorf("%s: the end does not fit: %v %v", c.Name, more, err)
				}
				delete(sums, c.Name)
			}
			for name, sum := range sums {
				if sum != 0 {
					t.Errorf("%s is no child", name)
				}
			}
		})
	}
}

// trouble says what is wrong with an archive when all of it is read, as the
// engine does; empty when nothing is.
func trouble(in *format.Input) string {
	var out []string
	res := read(in)
	for _, s := range res.Spans {
		if s.Kind == format.Unread {
			out = append(out, s.Rule+" "+s.Reason)
		}
	}
	for _, f := range res.Findings {
		out = append(out, f.Rule)
	}
	for _, c := range res.Children {
		if _, err := io.Copy(io.Discard, io.NewSectionReader(c.R, 0, c.R.Size())); err != nil {
			out = append(out, c.Name+": "+err.Error())
		}
		if more, err := c.R.Excess(); more || err != nil {
			out = append(out, c.Name+" has another end")
		}
	}
	if n := formattest.Uncovered(res, in.R.Size()); n > 0 {
		out = append(out, "uncovered bytes")
	}
	return strings.Join(out, "\n")
}

// TestEveryCutIsNoticed cuts archives at every byte.
func TestEveryCutIsNoticed(t *testing.T) {
	for _, name := range []string{"7zz_bcj2.7z", "7zz_plain_header.7z", "py7zr_empty.7z"} {
		data := archives(t)[name]
		for n := len(sevenzip.Magic); n < len(data); n++ {
			in := formattest.Input(name, data[:n], n%2 == 0)
			if match(in) != format.Strong || trouble(in) == "" {
				t.Errorf("%s cut to %d of %d bytes is no trouble", name, n, len(data))
			}
		}
	}
}

// TestEveryFlippedByteIsNoticed changes one byte at a time behind the version:
// checksums cover the rest of an archive.
func TestEveryFlippedByteIsNoticed(t *testing.T) {
	for _, name := range []string{"7zz_bcj2.7z", "7zz_ppmd.7z", "7zz_plain_header.7z", "7zz_deflate64.7z", "py7zr_zstd.7z", "7zz_bzip2.7z", "py7zr_empty.7z"} {
		data := archives(t)[name]
		if got := trouble(formattest.Input(name, data, true)); got != "" {
			t.Fatalf("%s: %s", name, got)
		}
		for i := 8; i < len(data); i += 1 + i/60 {
			flipped := bytes.Clone(data)
			flipped[i] ^= 0x21
			if trouble(formattest.Input(name, flipped, true)) == "" {
				t.Errorf("%s with another byte at %d is no trouble", name, i)
			}
		}
	}
}

func build(t testing.TB, spec string) []byte {
	t.Helper()
	_, data, err := sample.Build("x.7zspec", []byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestFilesReachTheEngine hides a stream in many places: the engine must get it
// as a child each time.
func TestFilesReachTheEngine(t *testing.T) {
	const payload = "@asm\nGLOBAL os system\nSTOP\n@end"
	at := func(opt string) string { return strings.Replace(payload, "@asm", "@asm "+opt, 1) }
	for _, c := range []struct{ name, spec string }{
		{"plain", "file x " + payload},
		{"second-in-folder", "file a \"text\"\nfile x " + payload},
		{"second-folder", "file a \"text\"\nfolder\nfile x " + payload},
		{"same-name", "file x \"text\"\nfile x " + payload},
		{"empty-name", "file \"\" " + payload},
		{"link", "file x " + at("mode=120777")},
		{"named-as-folder", "file x/ " + at("attributes=0x10")},
		{"packed-list", "file x " + payload + "\nheader packed=4"},
		{"without-a-name", "file a \"text\"\nfile x " + payload + "\nheader files=1"},
		{"no-names-at-all", "file a \"text\"\nfile x " + payload + "\nheader files=0"},
		{"wrong-sums", "file x " + at("sum=5") + "\nheader wrong start-wrong"},
		{"list-too-long", "file x " + payload + "\nheader tail=01020304"},
		{"behind-a-program", "prefix \"MZ and so on\"\nfile x " + payload},
		{"behind-empty-folders", "folder\nfolder\nfolder\nfile x " + payload},
		{"size-too-large", "folder size=100000\nfile x " + payload},
		{"under-anti", "folderless x anti\nfile x " + payload},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := formattest.Input("m.7z", build(t, c.spec), false)
			for _, ch := range read(in).Children {
				p := make([]byte, min(ch.R.Size(), 12))
				if _, err := ch.R.ReadAt(p, 0); err == nil && bytes.Equal(p, []byte("cos\nsystem\n.")) {
					return
				}
			}
			t.Error("no child holds the payload")
		})
	}
}

// fetched counts what is read from an archive.
type fetched struct {
	io.ReaderAt
	n int64
}

func (f *fetched) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.ReaderAt.ReadAt(p, off)
	f.n += int64(n)
	return n, err
}

// TestFolderIsDecodedOnce reads the files of a solid folder one after the other,
// each from its beginning twice: the packed bytes are fetched once.
func TestFolderIsDecodedOnce(t *testing.T) {
	var spec strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&spec, "file f%d fill 1000 %d\n", i, i%256)
	}
	for range 3 { // larger than the window that stays in memory
		spec.WriteString("file large fill 3000000 7\nfile small \"text\"\n")
	}
	data := build(t, spec.String())
	src := &fetched{ReaderAt: bytes.NewReader(data)}
	in := &format.Input{Name: "x.7z", R: bounded.NewReader(src, int64(len(data)), bounded.NewBudget(context.Background(), int64(len(data))))}
	for _, c := range read(in).Children {
		for range 2 {
			if _, err := io.Copy(io.Discard, io.NewSectionReader(c.R, 0, c.R.Size())); err != nil {
				t.Fatal(err)
			}
		}
		if more, err := c.R.Excess(); more || err != nil {
			t.Fatal(c.Name, more, err)
		}
	}
	if most := int64(len(data)) * 11 / 10; src.n > most {
		t.Errorf("%d bytes were fetched of an archive of %d", src.n, len(data))
	}
}

// TestLyingSizesCostNothing opens archives that ask for much: the budget of work
// is not what stops them.
func TestLyingSizesCostNothing(t *testing.T) {
	list := func(raw string) string { return "header raw=" + raw }
	for name, spec := range map[string]string{
		"files":            list("0105ff0000000000000010"),
		"streams":          list("0104060001090400070b010001000c0400080dff00000000000000100000"),
		"names":            list("0105" + "81ff" + "11ff0000000000000010"),
		"stored-exabyte":   "folder size=0x1000000000000000 stored=0x1000000000000000\nfile a \"x\"",
		"lzma-dictionary":  "folder method=030101 props=5dffffffff size=0x1000000000000000\nfile a @hex\n00 00 00 00 00 00 00 00\n@end",
		"ppmd-memory":      "folder method=030401 props=40ffffffff size=0x1000000000000000\nfile a @hex\n00 00 00 00 00 00 00 00\n@end",
		"lzma2-dictionary": "folder method=21 props=28 size=0x1000000000000000\nfile a @hex\n01 00 00 61 01 00 00 61\n@end",
		"zstd-window":      "folder method=04f71101 size=0x1000000000000000\nfile a @hex\n28 b5 2f fd 00 f8 01 00 00\n@end",
	} {
		t.Run(name, func(t *testing.T) {
			data := build(t, spec)
			before := allocated()
			if got := trouble(formattest.Input("x.7z", data, false)); got == "" {
				t.Error("it is no trouble")
			}
			if got := allocated() - before; got > 48<<20 {
				t.Errorf("%d bytes were allocated for an archive of %d", got, len(data))
			}
		})
	}
}

// TestCircleStaysClosed has two coders that feed each other.
func TestCircleStaysClosed(t *testing.T) {
	list := "0104 06 00 01 09 01 00 07 0b 01 00 03 01 00 01 00 01 00 00 01 01 00 0c 01 01 01 00 00 05 00 00 00"
	in := formattest.Input("x.7z", build(t, "gap \"x\"\nheader raw="+strings.ReplaceAll(list, " ", "")), true)
	if got := trouble(in); !strings.Contains(got, "circle") {
		t.Error(got)
	}
}

// TestForgettingIsWork decodes the same files with much and with little memory
// for the PPMd model: the budget counts each time that it is forgotten.
func TestForgettingIsWork(t *testing.T) {
	left := func(name string) (n int64) {
		in := formattest.Input(name, archives(t)[name], true)
		if got := trouble(in); got != "" {
			t.Fatal(got)
		}
		for in.R.Budget().Items(100) == nil {
			n += 100
		}
		return n
	}
	if much, little := left("7zz_ppmd.7z"), left("7zz_ppmd_small_memory.7z"); little > much-someItems {
		t.Errorf("%d items are left with much memory, %d with little", much, little)
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// TestArchiveInAFolderIsReadInFewPasses looks at the parts of a large file as
// the readers of an archive in the archive do: the end, a row of headers, then
// each part's beginning several times, and its end.
func TestArchiveInAFolderIsReadInFewPasses(t *testing.T) {
	const parts, step = 30, 1 << 20
	data := build(t, fmt.Sprintf("file before fill 3000000 1\nfile large fill %d 7\n", parts*step))
	src := &fetched{ReaderAt: bytes.NewReader(data)}
	in := &format.Input{Name: "x.7z", R: bounded.NewReader(src, int64(len(data)), bounded.NewBudget(context.Background(), int64(len(data))))}
	r := read(in).Children[1].R
	look := func(off int64, n int) {
		p := make([]byte, min(int64(n), r.Size()-off))
		if _, err := r.ReadAt(p, off); err != nil || len(p) > 0 && (p[0] != '7' || p[len(p)-1] != '7') {
			t.Fatal(off, n, err)
		}
	}
	look(r.Size()-65557, 65557)
	for i := range int64(parts) {
		look(i*step, 126)
	}
	for i := range int64(parts) {
		look(i*step+87, 4096)
		look((i+1)*step-65557, 65557)
		look(i*step+87, 12)
		look(i*step+87, 64<<10)
	}
	if passes := src.n / int64(len(data)); passes > 3 {
		t.Errorf("the folder was decoded %d times", passes)
	}
}
