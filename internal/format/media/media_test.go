package media

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

func TestSamples(t *testing.T) { formattest.Containers(t, Format, Font) }

// clean calls check with every clean file and the format that reads it.
func clean(t *testing.T, check func(t *testing.T, name string, data []byte, f format.Format)) {
	t.Helper()
	paths, err := filepath.Glob("testdata/clean/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, ".want") {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f := Format
		if Font.Match(formattest.Input(path, data, true)) == format.Strong {
			f = Font
		}
		t.Run(filepath.Base(path), func(t *testing.T) { check(t, filepath.Base(path), data, f) })
	}
}

// trouble is how many bytes of a result nobody explained, and whether a gap says so.
func trouble(f format.Format, data []byte) (uncovered int64, gap bool) {
	res := f.Read(formattest.Input("x", data, false))
	for _, s := range res.Spans {
		gap = gap || s.Kind == format.Unread
	}
	return formattest.Uncovered(res, int64(len(data))), gap
}

func TestWhatIsAppendedStaysUnexplained(t *testing.T) {
	const tail = "PK\x05\x06 another file that follows the medium"
	clean(t, func(t *testing.T, _ string, data []byte, f format.Format) {
		uncovered, gap := trouble(f, append(data[:len(data):len(data)], tail...))
		if uncovered < int64(len(tail)) && !gap {
			t.Errorf("%d bytes unexplained and no gap, want %d", uncovered, len(tail))
		}
	})
}

// streams are media that may end behind any of their parts.
var streams = []string{".mp3", ".aac", ".ogg", ".opus", ".mp4", ".m4a", ".avif", ".heic", ".mov", "live.mkv"}

func TestCutsAreSeen(t *testing.T) {
	clean(t, func(t *testing.T, name string, data []byte, f format.Format) {
		missed := 0
		for n := 64; n < len(data); n += 1 + n/16 {
			if uncovered, gap := trouble(f, data[:n]); uncovered == 0 && !gap && f.Match(formattest.Input("x", data[:n], true)) == format.Strong {
				missed++
			}
		}
		stream := false
		for _, ending := range streams {
			stream = stream || strings.HasSuffix(name, ending)
		}
		if missed > 0 && !stream || missed > 3 {
			t.Errorf("%d cuts are not seen", missed)
		}
	})
}

// TestWhatIsInsertedIsSeen puts bytes in front of every part in turn, which
// leaves the lengths of the others as they are.
func TestWhatIsInsertedIsSeen(t *testing.T) {
	const extra = "MZ\x00\x00hidden\x00 inside"
	clean(t, func(t *testing.T, name string, data []byte, f format.Format) {
		res := f.Read(formattest.Input(name, data, true))
		for _, s := range res.Spans {
			if s.Offset < 64 || strings.HasSuffix(name, ".ogg") && s.Kind != format.Structure {
				continue
			}
			changed := string(data[:s.Offset]) + extra + string(data[s.Offset:])
			if uncovered, gap := trouble(f, []byte(changed)); uncovered == 0 && !gap {
				t.Errorf("bytes in front of byte %d are not seen", s.Offset)
			}
		}
	})
}
