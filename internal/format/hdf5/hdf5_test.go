package hdf5

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
	"github.com/sallyport/sallyport/internal/sample"
)

func TestSamples(t *testing.T) { formattest.Containers(t, Format) }

// TestStreams has a stream in every place that can hold one: it must come back as
// a child, whole and without what stands around it.
func TestStreams(t *testing.T) {
	paths, err := filepath.Glob("testdata/streams/*")
	if err != nil || len(paths) < 10 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			name, data, err := sample.Build(filepath.Base(path), text)
			if err != nil {
				t.Fatal(err)
			}
			for _, inMemory := range []bool{true, false} {
				res := Format.Read(formattest.Input(name, data, inMemory))
				if n := formattest.Uncovered(res, int64(len(data))); n > 0 || len(res.Children) != 1 {
					t.Fatalf("%d children, %d bytes not covered", len(res.Children), n)
				}
				checkStream(t, res.Children[0])
			}
		})
	}
}

func checkStream(t *testing.T, c format.Child) {
	t.Helper()
	p, err := c.R.Bytes(0, c.R.Size())
	if err != nil {
		t.Fatal(err)
	}
	if c.As == configFormat {
		if p[0] != '{' {
			t.Errorf("%q", p)
		}
		return
	}
	for _, begin := range []string{"\x80\x02cos\nsystem\n", "cos\nsystem\n", "\x7fELF", "PK\x03\x04"} {
		if bytes.HasPrefix(p, []byte(begin)) {
			return
		}
	}
	t.Errorf("the child is %q", p)
}

func TestMatch(t *testing.T) {
	build := func(spec string) []byte {
		_, data, err := sample.Build("x.h5spec", []byte(spec))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	plain, late := build("group /a"), build(`userblock fill 9000 1`)
	for _, c := range []struct {
		name   string
		data   []byte
		inside []string
		want   format.Confidence
	}{
		{"model.h5", plain, nil, format.Strong},
		{"model.bin", plain, []string{"a.zip"}, format.Strong},
		{"late.bin", late, nil, format.Strong},
		{"late.h5", late, []string{"a.zip"}, format.Strong},
		{"late.bin", late, []string{"a.zip"}, format.No}, // looking would unpack the member
		{"odd_place.h5", append(make([]byte, 100), plain...), nil, format.No},
		{"empty.h5", nil, nil, format.No},
	} {
		in := formattest.Input(c.name, c.data, false)
		in.Inside = c.inside
		if got := Format.Match(in); got != c.want {
			t.Errorf("%s %v: %v", c.name, c.inside, got)
		}
	}
}

// TestOutside has names that lead out of the folder, and their neighbours.
func TestOutside(t *testing.T) {
	for name, want := range map[string]bool{
		"raw.bin": false, "data/raw.bin": false, "./raw.bin": false, "a/../raw.bin": false,
		"/etc/hostname": true, "../raw.bin": true, "a/../../raw.bin": true, `C:\x`: true, `..\x`: true, "c:x": true,
		"http://example.invalid/x": true, "s3://bucket/x": true, "~/x": true, "${ORIGIN}/x": true, "x%d.h5": true, "": true,
	} {
		if got := outside(name) != ""; got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}
