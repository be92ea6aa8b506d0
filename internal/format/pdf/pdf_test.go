package pdf

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

func TestSamples(t *testing.T) { formattest.Containers(t, Format) }

func TestWhatIsAppendedAndCutIsSeen(t *testing.T) {
	paths, err := filepath.Glob("testdata/clean/*.pdf")
	if err != nil || len(paths) < 5 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, tail := range []string{"PK\x05\x06\x00\x01", "\x7fELF\x02\x01\x01", "12 34", "hello"} {
			res := Format.Read(formattest.Input("x", append(data[:len(data):len(data)], tail...), false))
			if n := formattest.Uncovered(res, int64(len(data)+len(tail))); n < int64(len(tail)) {
				t.Errorf("%s: %q behind the end leaves %d bytes unexplained", path, tail, n)
			}
		}
		for n := 16; n < len(data)-8; n += 1 + n/16 {
			res, gap := Format.Read(formattest.Input("x", data[:n], false)), false
			for _, s := range res.Spans {
				gap = gap || s.Kind == format.Unread
			}
			if !gap && formattest.Uncovered(res, int64(n)) == 0 {
				t.Errorf("%s cut to %d of %d bytes has no gap", path, n, len(data))
			}
		}
	}
}
