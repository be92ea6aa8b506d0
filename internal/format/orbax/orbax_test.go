package orbax

import (
	"encoding/binary"
	"hash/crc32"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

func TestSamples(t *testing.T) { formattest.Containers(t, Format, Zarr) }

// A checkpoint of Orbax is understood to its last byte.
func TestCheckpoint(t *testing.T) {
	dir := os.DirFS("testdata/checkpoint")
	var files []string
	err := fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, name)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	nodes, metadata := 0, 0
	for _, name := range files {
		data, err := fs.ReadFile(dir, name)
		if err != nil {
			t.Fatal(err)
		}
		in := formattest.Input(name, data, true, files...)
		if Format.Match(in) == format.No {
			continue
		}
		nodes++
		res := read(in)
		if n := formattest.Uncovered(res, in.R.Size()); n > 0 || len(res.Findings) > 0 {
			t.Errorf("%s: %d bytes uncovered, %+v", name, n, res.Findings)
		}
		for _, s := range res.Spans {
			if s.Kind == format.Unread {
				t.Errorf("%s: %s", name, s.Reason)
			}
		}
		for _, c := range res.Children {
			if !isMetadata(path.Base(c.Name)) {
				t.Errorf("%s: the value %q is not explained", name, c.Name)
			}
			metadata++
		}
	}
	if nodes < 3 || metadata < 3 {
		t.Errorf("%d files with nodes, %d values", nodes, metadata)
	}
}

// Metadata that TensorStore writes names no codec but known ones.
func TestZarrFiles(t *testing.T) {
	for _, name := range []string{".zarray", "zarr.json"} {
		data, err := os.ReadFile("testdata/zarr/" + name)
		if err != nil {
			t.Fatal(err)
		}
		in := formattest.Input("w/"+name, data, true)
		res := readZarr(in)
		if Zarr.Match(in) != format.Strong || len(res.Findings) > 0 || len(res.Facts) == 0 {
			t.Errorf("%s: %+v", name, res)
		}
	}
}

// node is a leaf with one value of 100 bytes in another file.
func node(file, key string) []byte {
	body := []byte{0, 1, byte(len(file)), 0}
	body = append(body, file...)
	body = append(body, 1, byte(len(key)))
	body = append(body, key...)
	body = append(body, 100, 1, 0, 5)
	p := binary.BigEndian.AppendUint32(nil, magicNode)
	p = binary.LittleEndian.AppendUint64(p, uint64(14+len(body)+4))
	p = append(append(p, 0, 0), body...)
	return binary.LittleEndian.AppendUint32(p, crc32.Checksum(p, crc32.MakeTable(crc32.Castagnoli)))
}

func TestValuesElsewhere(t *testing.T) {
	for _, c := range []struct {
		name, file, key string
		claims, gaps    int
		findings        int
	}{
		{"chunk", "d/bb", "w/0.0", 1, 0, 0},
		{"metadata", "d/bb", "w/.zarray", 0, 0, 0},
		{"missing", "d/cc", "w/0.0", 0, 1, 0},
		{"up", "../x", "w/0.0", 0, 0, 1},
		{"absolute", "/x", "w/0.0", 0, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := node(c.file, c.key)
			res := read(formattest.Input("ckpt/d/aa", data, true, "ckpt/d/aa", "ckpt/d/bb"))
			gaps := 0
			for _, s := range res.Spans {
				if s.Kind == format.Unread {
					gaps++
				}
			}
			if len(res.Claims) != c.claims || gaps != c.gaps || len(res.Findings) != c.findings {
				t.Errorf("%+v", res)
			}
			if c.claims == 1 && (res.Claims[0].Path != "ckpt/d/bb" || res.Claims[0].Offset != 5 || res.Claims[0].Length != 100) {
				t.Errorf("%+v", res.Claims)
			}
		})
	}
}

func TestCodecs(t *testing.T) {
	for text, want := range map[string]string{
		`{"compressor": {"id": "zstd"}, "filters": [{"id": "delta"}]}`:                                                               "",
		`{"filters": [{"id": "delta"}, {"id": "pickle"}]}`:                                                                           rulePickle,
		`{"metadata": {"w/.zarray": {"filters": [{"id": "pickle"}]}}}`:                                                               rulePickle,
		`{"compressor": {"id": "acme"}}`:                                                                                             ruleCodec,
		`{"codecs": [{"name": "bytes"}, {"name": "sharding_indexed", "configuration": {"codecs": [{"name": "numcodecs.pickle"}]}}]}`: rulePickle,
		`{"codecs": ["bytes", "acme"]}`:                                                                                              ruleCodec,
		`{"attributes": {"codecs": [{"name": "acme"}]}, "codecs": [{"name": "bytes", "configuration": {"name": "x"}}]}`:              "",
	} {
		res := readZarr(formattest.Input("w/zarr.json", []byte(text), true))
		got := ""
		for _, f := range res.Findings {
			got += f.Rule
		}
		if got != want {
			t.Errorf("%s: %q", text, got)
		}
	}
}

func TestMatch(t *testing.T) {
	for name, want := range map[string]format.Confidence{"a/.zarray": format.Strong, "a/zarr.json": format.Strong, "a/config.json": format.No} {
		if got := Zarr.Match(formattest.Input(name, []byte(" {}"), true)); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := Format.Match(formattest.Input("x", []byte(strings.Repeat("x", 40)), true)); got != format.No {
		t.Error(got)
	}
}
