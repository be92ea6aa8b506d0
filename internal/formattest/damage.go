package formattest

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/sample"
)

// Damage cuts the producers' files in testdata/clean at many places and overwrites
// bytes: what is cut must not pass for whole, and nothing may break the rules that
// hold for any bytes. Cut zeros are padding and may be missing.
func Damage(t *testing.T, f format.Format) {
	t.Helper()
	files, err := filepath.Glob("testdata/clean/*")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	tried := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		built, _, err := sample.Build(name, text)
		if err != nil || built != name || filepath.Ext(name) == ".want" {
			continue // a text that describes a sample
		}
		tried++
		for n := 9; n < len(text); n += 1 + len(text)/97 {
			cut(t, f, name, text, n)
		}
	}
	if tried == 0 {
		t.Error("no file was cut: testdata/clean holds descriptions only")
	}
}

func cut(t *testing.T, f format.Format, name string, data []byte, n int) {
	t.Helper()
	Invariants(t, []format.Format{f}, name, data[:n])
	res := f.Read(Input(name, data[:n], true))
	silent := len(res.Findings) == 0 && Uncovered(res, int64(n)) == 0 &&
		!slices.ContainsFunc(res.Spans, func(s format.Span) bool { return s.Kind == format.Unread })
	if silent && bytes.ContainsFunc(data[n:], func(r rune) bool { return r != 0 }) {
		t.Errorf("%s cut to %d of %d bytes passes for whole", name, n, len(data))
	}
	for _, b := range []byte{0, 0x7f, 0xff} {
		bent := bytes.Clone(data)
		bent[n] = b
		Invariants(t, []format.Format{f}, name, bent)
	}
}
