package interop

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/format/sevenzip"
	"github.com/sallyport/sallyport/internal/formattest"
)

// packedFile is a file of an archive: its size in bytes and its CRC-32.
type packedFile struct {
	Size int64
	CRC  uint32
}

// TestSevenzipAgainstItsProducers lists and unpacks the same archives with
// py7zr, with 7-Zip and with our own reader.
func TestSevenzipAgainstItsProducers(t *testing.T) {
	python, seven := client(t, "python/bin/python3"), sevenZip(t)
	paths, err := filepath.Glob(filepath.Join(root, "internal", "format", "sevenzip", "testdata", "clean", "*.7z"))
	if err != nil || len(paths) < 30 {
		t.Fatal("the archives are missing")
	}
	compared := 0
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			ours := unpacked(t, path)
			if diff := cmp.Diff(listedBy7zip(t, seven, path), ours); diff != "" {
				t.Errorf("7-Zip and Sallyport differ (-7-Zip +Sallyport):\n%s", diff)
			}
			theirs, ok := unpackedByPy7zr(t, python, path)
			if !ok {
				return // a method or a combination that py7zr does not have
			}
			compared++
			if diff := cmp.Diff(theirs, ours); diff != "" {
				t.Errorf("py7zr and Sallyport differ (-py7zr +Sallyport):\n%s", diff)
			}
		})
	}
	if compared < 25 {
		t.Errorf("py7zr has opened only %d of %d archives", compared, len(paths))
	}
}

func sevenZip(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"7zz", "7z"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("7zz is missing: run scripts/setup-interop.sh")
	}
	t.Skip("7zz is missing: run scripts/setup-interop.sh")
	return ""
}

// unpacked reads every file that has content.
func unpacked(t *testing.T, path string) map[string]packedFile {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	res := sevenzip.Format.Read(formattest.Input(filepath.Base(path), data, false))
	for _, s := range res.Spans {
		if s.Kind == format.Unread {
			t.Errorf("%s: %s", s.Rule, s.Reason)
		}
	}
	out := map[string]packedFile{}
	for _, c := range res.Children {
		sum := crc32.NewIEEE()
		n, err := io.Copy(sum, io.NewSectionReader(c.R, 0, c.R.Size()))
		if err != nil {
			t.Error(c.Name, err)
		}
		out[c.Name] = packedFile{n, sum.Sum32()}
	}
	return out
}

// listedBy7zip is what 7-Zip lists, checksums as stored: it has no Zstandard to
// test them with.
func listedBy7zip(t *testing.T, seven, path string) map[string]packedFile {
	t.Helper()
	_, list, _ := strings.Cut(foreign(t, seven, "l", "-slt", path), "----------")
	out := map[string]packedFile{}
	for entry := range strings.SplitSeq(strings.ReplaceAll(list, "\r", ""), "\n\n") {
		var name string
		var f packedFile
		for line := range strings.Lines(entry) {
			key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " = ")
			switch key {
			case "Path":
				name = value
			case "Size":
				_, _ = fmt.Sscan(value, &f.Size)
			case "CRC":
				_, _ = fmt.Sscanf(value, "%X", &f.CRC)
			}
		}
		out[name] = f
	}
	maps.DeleteFunc(out, func(_ string, f packedFile) bool { return f.Size == 0 })
	return out
}

const py7zrScript = `
import json, lzma, sys, tempfile, pathlib, zlib
import py7zr
from py7zr.exceptions import UnsupportedCompressionMethodError
try:
    with tempfile.TemporaryDirectory() as folder:
        with py7zr.SevenZipFile(sys.argv[1]) as z:
            z.extractall(folder)
        files = [p for p in pathlib.Path(folder).rglob("*") if p.is_file() and p.stat().st_size]
        print(json.dumps({p.relative_to(folder).as_posix(): {"Size": p.stat().st_size, "CRC": zlib.crc32(p.read_bytes())} for p in files}))
except (UnsupportedCompressionMethodError, lzma.LZMAError):
    print("null")
`

// unpackedByPy7zr is what py7zr writes to a disk; ok is false for a method that
// it does not have.
func unpackedByPy7zr(t *testing.T, python, path string) (out map[string]packedFile, ok bool) {
	t.Helper()
	if err := json.Unmarshal([]byte(foreign(t, python, "-c", py7zrScript, path)), &out); err != nil {
		t.Fatal(err)
	}
	return out, out != nil
}
