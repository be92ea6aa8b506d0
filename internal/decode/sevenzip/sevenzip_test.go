package sevenzip

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/sample"
)

// storedOnly opens folders that are stored as they are.
func storedOnly(r *bounded.Reader, f *Folder) (*bounded.Reader, error) {
	switch {
	case len(f.Coders) == 1 && f.Coders[0].ID == 0x06f10701:
		return nil, ErrEncrypted
	case len(f.Coders) != 1 || f.Coders[0].ID != 0:
		return nil, ErrUnsupported
	case f.Packs[0].Length < f.Whole.Size:
		return nil, bounded.ErrCorrupt
	}
	return r.Section(f.Packs[0].Offset, f.Whole.Size)
}

func view(data []byte) *bounded.Reader {
	return bounded.NewReader(bytes.NewReader(data), int64(len(data)), bounded.NewBudget(context.Background(), int64(len(data))))
}

func build(t testing.TB, spec string) []byte {
	t.Helper()
	_, data, err := sample.Build("x.7zspec", []byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func describe(a *Archive) string {
	var out strings.Builder
	for _, f := range a.Files {
		fmt.Fprintf(&out, "file %q folder %d stream %d mode %o dir %v anti %v nameless %v\n", f.Name, f.Folder, f.Stream, f.Mode(), f.Dir, f.Anti, f.Nameless)
	}
	for _, f := range a.Folders {
		fmt.Fprintf(&out, "folder %v inputs %v packs %v size %d last %d\n", f.Binds, f.Inputs, f.Packs, f.Whole.Size, f.Last)
	}
	for _, u := range a.Unread {
		fmt.Fprintf(&out, "gap %s %s\n", u.Rule, u.Reason)
	}
	return out.String()
}

func TestRead(t *testing.T) {
	for _, c := range []struct{ name, spec, want string }{
		{"files", "file a \"one\"\nfile d/b \"four\" mode=100644\nfolderless d dir\nfolderless e\nfolderless gone anti", `
file "a" folder 0 stream 0 mode 0 dir false anti false nameless false
file "d/b" folder 0 stream 1 mode 100644 dir false anti false nameless false
file "d" folder -1 stream 0 mode 0 dir true anti false nameless false
file "e" folder -1 stream 0 mode 0 dir false anti false nameless false
file "gone" folder -1 stream 0 mode 0 dir false anti true nameless false
folder [] inputs [0] packs [{32 7}] size 7 last 0
`},
		{"two-folders", "file a \"one\"\nfolder\nfile b \"four\"\nheader packed=2", `
file "a" folder 0 stream 0 mode 0 dir false anti false nameless false
file "b" folder 1 stream 0 mode 0 dir false anti false nameless false
folder [] inputs [0] packs [{32 3}] size 3 last 0
folder [] inputs [0] packs [{35 4}] size 4 last 0
`},
		{"joined-coders", "gap \"0123456789\"\nheader raw=" +
			"0104 06 00 04 09 01020304 00" + // four packed streams
			"07 0b 01 00 02 01 21 14 0303011b 04 01" + // LZMA2 and BCJ2
			"01 00" + // its first input is the output of LZMA2
			"00 02 03 04" + "0c 05 06 00 00" +
			"05 01 11 05 00 6100 0000 00 00", `
file "a" folder 0 stream 0 mode 0 dir false anti false nameless false
folder [{1 0}] inputs [0 2 3 4] packs [{32 1} {33 2} {35 3} {38 4}] size 6 last 1
`},
		{"joined-twice", "header raw=0104 06 00 01 09 01 00 07 0b 01 00 03 01 00 01 00 01 00 00 01 00 02", `
gap SP-COV-004 Two coders of a folder are joined to the same third.
`},
		{"fed-by-itself", "gap \"x\"\nheader raw=0104 06 00 01 09 01 00 07 0b 01 00 02 01 00 01 00 00 00 0c 01 01 00 00 05 00 00 00", `
file "" folder 0 stream 0 mode 0 dir false anti false nameless true
folder [{0 0}] inputs [1] packs [{32 1}] size 1 last 1
`},
		{"too-many-coders", "header raw=0104 06 00 01 09 01 00 07 0b 01 00 7f", `
gap SP-COV-004 A folder of the archive has 127 coders.
`},
		{"two-outputs", "header raw=0104 06 00 01 09 01 00 07 0b 01 00 01 11 00 01 02", `
gap SP-COV-004 A coder of the archive has 2 outputs.
`},
		{"more-packs-than-streams", "header raw=0104 06 00 00 09 00 07 0b 01 00 01 01 00 0c 01 00 00", `
gap SP-COV-004 The folders need more packed streams than there are.
`},
		{"spare-pack", "gap \"abc\"\nheader raw=0104 06 00 01 09 03 00 00 05 00 00 00", `
gap SP-COV-001 The archive has packed data that no file uses.
`},
		{"overflowing-place", "header raw=0104 06 ffffffffffffffffff 01 09 03 00 00", `
gap SP-COV-004 The place of packed data has more than 2^61 bytes.
`},
		{"files-larger-than-folder", "file a \"one\"\nfile b \"two\"\nfolder size=2\nfile c \"three\"\nfile d \"four\"", `
gap SP-COV-004 The files of a folder have more bytes than the folder.
`},
		{"more-files-than-streams", "gap \"abc\"\nheader raw=0104 06 00 01 09 03 00 07 0b 01 00 01 01 00 0c 03 00 00 05 02 11 09 00 6100 0000 6200 0000 00 00", `
file "a" folder 0 stream 0 mode 0 dir false anti false nameless false
file "b" folder -1 stream 0 mode 0 dir false anti false nameless false
folder [] inputs [0] packs [{32 3}] size 3 last 0
gap SP-COV-004 The list has more files than the archive has streams.
`},
		{"short-list-of-names", "header raw=0105 02 0e 01 c0 11 05 00 6100 0000 00 00", `
file "a" folder -1 stream 0 mode 0 dir true anti false nameless false
file "" folder -1 stream 0 mode 0 dir true anti false nameless false
gap SP-COV-004 The list of names ends early.
`},
		{"external-names", "header raw=0105 01 0e 01 80 11 05 01 6100 0000 00 00", `
file "" folder -1 stream 0 mode 0 dir true anti false nameless false
gap SP-COV-004 A property of files lies in additional streams.
`},
		{"unknown-property", "header raw=0105 00 7e 02 aabb 00 00", `
gap SP-COV-012 The list of files has a property that nobody knows.
`},
		{"dummy", "header raw=0105 00 19 02 0000 00 00", "\n"},
		{"dummy-with-data", "header raw=0105 00 19 02 0001 00 00", `
gap SP-COV-001 The padding of the list of files is not zero.
`},
		{"half-a-pair", "header raw=0105 01 0e0180 11 07 00 00d8 6100 0000 00 00", `
file "\xed\xa0\x80a" folder -1 stream 0 mode 0 dir true anti false nameless false
`},
		{"archive-properties", "header raw=0102 01 02 aabb 00 05 00 00 00", `
gap SP-COV-012 The archive has properties of its own, which are not supported.
`},
		{"encrypted-list", "gap \"0123456789abcdef\"\nheader raw=17 06 00 01 09 10 00 07 0b 01 00 01 24 06f10701 02 5307 0c 10 00 00", `
gap SP-COV-010 The list of files is encrypted: not even their names are known.
`},
		{"list-in-itself", "header raw=17 06 00 01 09 17 00 07 0b 01 00 01 01 00 0c 17 00 00", `
gap SP-COV-013 Two headers of the 7z archive claim the same bytes.
gap SP-COV-004 The list of files cannot be unpacked: its data is broken.
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if i := strings.Index(c.spec, "raw="); i >= 0 {
				c.spec = c.spec[:i] + strings.ReplaceAll(c.spec[i:], " ", "")
			}
			got := describe(Read(view(build(t, c.spec)), storedOnly))
			if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), got); diff != "" {
				t.Errorf("it differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNumbers reads numbers of every length.
func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		bytes string
		want  uint64
	}{
		{"\x7f", 0x7f}, {"\x80\x80", 0x80}, {"\xbf\xff", 0x3fff}, {"\xc0\x01\x02", 0x0201}, {"\xe1\x01\x02\x03", 0x1030201},
		{"\xfe\x01\x02\x03\x04\x05\x06\x07", 0x07060504030201}, {"\xff\x01\x02\x03\x04\x05\x06\x07\x08", 0x0807060504030201},
	} {
		p := newParser(&Archive{r: view(nil)}, view([]byte(c.bytes)))
		if got := p.number(); got != c.want || p.err != nil || p.c.Remaining() != 0 {
			t.Errorf("%x: %x, want %x, %v", c.bytes, got, c.want, p.err)
		}
		p = newParser(&Archive{r: view(nil)}, view([]byte(c.bytes[:len(c.bytes)-1])))
		if p.number(); p.err == nil {
			t.Errorf("%x cut: no error", c.bytes)
		}
	}
}

// TestEntriesOfASmallArchive unpacks a list of 300,000 empty names from an
// archive of a hundred bytes: only a limit helps.
func TestEntriesOfASmallArchive(t *testing.T) {
	const n = 300_000
	list := append([]byte{1, 5, 0xc0 | n>>16, n & 0xff, n >> 8 & 0xff, 0x11, 0xff}, binary.LittleEndian.AppendUint64(nil, 2*n+1)...)
	list = append(list, make([]byte, 2*n+3)...)
	unpack := func(r *bounded.Reader, _ *Folder) (*bounded.Reader, error) {
		return bounded.NewBytes(list, r.Budget()), nil
	}
	data := build(t, "gap \"x\"\nheader raw=17060001090100070b010001017d0c010000")
	a := Read(view(data), unpack)
	if len(a.Files) != 0 || len(a.Unread) != 1 || a.Unread[0].Rule != gapLimit {
		t.Errorf("%d files, %+v", len(a.Files), a.Unread)
	}
}

func FuzzRead(f *testing.F) {
	paths, _ := filepath.Glob("../../format/sevenzip/testdata/*/*")
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil || strings.HasSuffix(path, ".want") {
			continue
		}
		if _, data, err := sample.Build(filepath.Base(path), text); err == nil && bytes.HasPrefix(data, []byte(Magic)) {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a := Read(view(data), storedOnly)
		if again := describe(Read(view(data), storedOnly)); again != describe(a) {
			t.Fatal("another result from the same bytes")
		}
		end := int64(0)
		for _, s := range a.Structure {
			if s.Offset < end || s.Length < 0 || s.End() > int64(len(data)) {
				t.Fatalf("structure %v of %d bytes", s, len(data))
			}
			end = s.End()
		}
		for _, u := range a.Unread {
			if u.Offset < 0 || u.Length < 0 || u.End() > int64(len(data)) {
				t.Fatalf("unread %v of %d bytes", u, len(data))
			}
		}
		checkFiles(t, a, int64(len(data)))
	})
}

func checkFiles(t *testing.T, a *Archive, size int64) {
	for i := range a.Folders {
		f := &a.Folders[i]
		if c := f.Claim(); c.Offset < 0 || c.Length < 0 || c.End() > size {
			t.Fatalf("folder %v of %d bytes", c, size)
		}
		if len(f.Coders) != len(f.Binds)+1 || f.Last >= len(f.Coders) || len(f.Packs) != len(f.Inputs) {
			t.Fatalf("folder %+v", f)
		}
		sum := int64(0)
		for _, s := range f.Streams {
			if sum += s.Size; s.Size < 0 {
				t.Fatal("a size below zero")
			}
		}
		if len(f.Streams) > 0 && sum != f.Whole.Size {
			t.Fatalf("files of %d bytes in a folder of %d", sum, f.Whole.Size)
		}
	}
	for _, f := range a.Files {
		if f.Folder >= 0 && int(f.Stream) >= len(a.Folders[f.Folder].Streams) {
			t.Fatalf("file %+v has no stream", f)
		}
	}
}
