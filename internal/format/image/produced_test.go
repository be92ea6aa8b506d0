package image

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

// TestBitmapsIconsAndTIFF cuts the files of testdata and appends to them.
func TestBitmapsIconsAndTIFF(t *testing.T) {
	seen := 0
	for _, pattern := range []string{"*.bmp", "*.ico", "*.tif", "*.tiff"} {
		paths, err := filepath.Glob(filepath.Join("testdata/clean", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			seen++
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			tail := "PK\x05\x06 something that follows the picture"
			if n := formattest.Uncovered(readPicture(t, append(data[:len(data):len(data)], tail...)), int64(len(data)+len(tail))); n < int64(len(tail)) || n > int64(len(tail))+15 {
				t.Errorf("%s: %d bytes unexplained behind the end", path, n)
			}
			for n := 40; n < len(data)-16; n += 1 + n/8 {
				in := formattest.Input("x", data[:n], false)
				if Format.Match(in) == format.No {
					continue
				}
				res, gap := Format.Read(in), false
				for _, s := range res.Spans {
					gap = gap || s.Kind == format.Unread
				}
				if !gap {
					t.Errorf("%s cut to %d of %d bytes has no gap", path, n, len(data))
				}
			}
		}
	}
	if seen < 10 {
		t.Errorf("%d pictures", seen)
	}
}
