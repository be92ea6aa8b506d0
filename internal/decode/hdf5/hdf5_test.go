package hdf5

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/sample"
)

// list is a visitor that writes down what it is told.
type list struct{ lines []string }

func (l *list) Object(o *Object) {
	line := o.Path
	if d := o.Data; d != nil {
		line += fmt.Sprintf(" %s %v layout %d stored %d", d.Type.Name(), d.Dims, d.Layout, d.Stored)
		for _, f := range d.Filters {
			line += fmt.Sprintf(" filter %d", f.ID)
		}
		for _, e := range d.External {
			line += " in " + e.Name
		}
		for _, v := range d.Virtual {
			line += " from " + v.File + ":" + v.Dataset
		}
	}
	l.lines = append(l.lines, line)
}

func (l *list) Attribute(o *Object, a *Attribute) {
	texts, _ := a.Texts(3)
	l.lines = append(l.lines, fmt.Sprintf("%s@%s %s %q", o.Path, a.Name, a.Type.Name(), texts))
}

func (l *list) Link(k *Link) {
	l.lines = append(l.lines, fmt.Sprintf("%s link %d to %s %s", k.Path, k.Kind, k.File, k.Target))
}

func view(data []byte) *bounded.Reader {
	return bounded.NewReader(strings.NewReader(string(data)), int64(len(data)), bounded.NewBudget(context.Background(), int64(len(data))))
}

func build(t testing.TB, spec string) []byte {
	t.Helper()
	_, data, err := sample.Build("x.h5spec", []byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestRead(t *testing.T) {
	data := build(t, `
group /a
attr /a title "hello"
vlattr /a body "a longer text"
dataset /a/floats f4 2x3 fill 24 1
dataset /packed u1 8 fill 5 7 chunk=8 filter=1
dataset /none f8 3
dataset /lists vlen 1 "some bytes"
dataset /raw u1 4 external=raw.bin size=4
dataset /view f4 3 virtual=other.h5 source=/x
hard /a/up /
soft /soft /a/floats
external /ext other.h5 /y
user /odd 200 "data"
`)
	var l list
	f := Read(view(data), &l)
	want := []string{
		"/", "/soft link 0 to  /a/floats", "/ext link 1 to other.h5 /y", "/odd link 2 to  data",
		"/a", `/a@title S5 ["hello"]`, `/a@body str ["a longer text"]`,
		"/packed uint8 [8] layout 2 stored 5 filter 1",
		"/none float64 [3] layout 1 stored 0",
		"/lists list of uint8 [1] layout 1 stored 16",
		"/raw uint8 [4] layout 1 stored 0 in raw.bin",
		"/view float32 [3] layout 3 stored 0 from other.h5:/x",
		"/a/floats float32 [2 3] layout 1 stored 24",
	}
	if diff := cmp.Diff(want, l.lines); diff != "" {
		t.Error(diff)
	}
	if len(f.Unread) > 0 || !f.Complete || len(f.Heaps) != 3 {
		t.Errorf("%+v, complete %v, heaps %v", f.Unread, f.Complete, f.Heaps)
	}
}

// TestProducers reads the files of real producers: nothing is left unread, and
// what no structure claims is only what the library gave up.
func TestProducers(t *testing.T) {
	paths, err := filepath.Glob("../../format/hdf5/testdata/clean/*.h*5")
	if err != nil || len(paths) < 12 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var l list
		f := Read(view(data), &l)
		if len(f.Unread) > 0 || !f.Complete || f.Objects < 2 || f.End() != int64(len(data)) {
			t.Errorf("%s: %d objects, %+v", path, f.Objects, f.Unread)
		}
		if sumUp(t, f, int64(len(data))); t.Failed() {
			t.Fatal(path)
		}
	}
}

// sumUp checks that all ranges together are the file, each byte once.
func sumUp(t *testing.T, f *File, size int64) {
	t.Helper()
	all := slices.Concat(f.Structure, f.Heaps, f.Gaps)
	for _, p := range f.Payload {
		all = append(all, p.Range)
	}
	slices.SortFunc(all, func(a, b Range) int { return int(a.Offset - b.Offset) })
	pos := int64(0)
	for _, r := range all {
		if r.Offset != pos || r.Length <= 0 {
			t.Errorf("range [%d+%d] at %d", r.Offset, r.Length, pos)
			return
		}
		pos = r.End()
	}
	if pos != size {
		t.Errorf("ranges end at %d of %d", pos, size)
	}
	for _, r := range f.Free {
		if r.Offset < 0 || r.Length <= 0 || r.End() > size {
			t.Errorf("free range [%d+%d] of %d", r.Offset, r.Length, size)
		}
	}
}

// TestLimits has files that lead a careless reader astray.
func TestLimits(t *testing.T) {
	deep := ""
	for i, path := 0, ""; i < 140; i++ {
		path += "/g"
		deep += "group " + path + "\n"
	}
	for name, c := range map[string]struct{ spec, limit string }{
		"deep":         {deep, "recursion"},
		"loop":         {"group /a\nhard /a/b /a\nhard /a/c /\n", ""},
		"long_rank":    {"group /a\nmessage /a 1 @hex\n02 ff 00 01\n@end\n", ""},
		"huge_members": {"group /a\nmessage /a 3 @hex\n36 ff ff 00 08 00 00 00\n@end\n", ""},
		"type_in_type": {"group /a\nmessage /a 3 @hex\n" + strings.Repeat("39 00 00 00 10 00 00 00\n", 60) + "@end\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := view(build(t, c.spec))
			f := Read(r, &list{})
			sumUp(t, f, r.Size())
			reached := r.Budget().Reached()
			if c.limit == "" && len(reached) != 0 || c.limit != "" && (len(reached) != 1 || reached[0].Name != c.limit || f.Complete) {
				t.Errorf("limits %v, complete %v", reached, f.Complete)
			}
		})
	}
}

// TestSum has vectors of the hash itself.
func TestSum(t *testing.T) {
	for text, want := range map[string]uint32{"": 0xdeadbeef, "Four score and seven years ago": 0x17770551} {
		if got := sum([]byte(text)); got != want {
			t.Errorf("%q: %08x", text, got)
		}
	}
}

func TestUnshuffle(t *testing.T) {
	if got := unshuffle([]byte("acebdfx"), 2); string(got) != "abcdefx" {
		t.Errorf("%q", got)
	}
	if got := unshuffle([]byte("acbd"), 2); string(got) != "abcd" {
		t.Errorf("%q", got)
	}
}

func FuzzRead(f *testing.F) {
	paths, _ := filepath.Glob("../../format/hdf5/testdata/*/*.h*5*")
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil || strings.HasSuffix(path, ".want") {
			continue
		}
		_, data, err := sample.Build(filepath.Base(path), text)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var l, again list
		file := Read(view(data), &l)
		sumUp(t, file, int64(len(data)))
		Read(view(data), &again)
		if diff := cmp.Diff(l.lines, again.lines); diff != "" {
			t.Error(diff)
		}
		for _, h := range file.Heaps {
			file.HeapObjects(h, func(r Range) bool { return r.Offset >= h.Offset && r.End() <= h.End() })
		}
	})
}
