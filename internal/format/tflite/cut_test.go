package tflite

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

// TestDamageIsNeverSilent cuts the producers' files at many places and overwrites
// bytes: what is cut must not pass for whole, and nothing may break the rules that
// hold for any bytes.
func TestDamageIsNeverSilent(t *testing.T) {
	files, err := filepath.Glob("testdata/clean/*")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, ".want") || strings.HasSuffix(name, ".fbspec") {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for n := 9; n < len(data); n += 1 + len(data)/97 {
			formattest.Invariants(t, []format.Format{Format}, name, data[:n])
			in := formattest.Input(name, data[:n], true)
			if res := Format.Read(in); len(res.Findings) == 0 && formattest.Uncovered(res, int64(n)) == 0 && !unread(res) && bytes.ContainsFunc(data[n:], notZero) {
				t.Errorf("%s cut to %d of %d bytes passes for whole", name, n, len(data))
			}
			for _, b := range []byte{0, 0x7f, 0xff} {
				bent := bytes.Clone(data)
				bent[n] = b
				formattest.Invariants(t, []format.Format{Format}, name, bent)
			}
		}
	}
}

func notZero(r rune) bool { return r != 0 }

func unread(res format.Result) bool {
	for _, s := range res.Spans {
		if s.Kind == format.Unread {
			return true
		}
	}
	return false
}
