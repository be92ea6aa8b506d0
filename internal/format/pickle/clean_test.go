package pickle

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/formattest"
)

// TestProducers reads what the libraries write: nothing above INFO, no gap.
func TestProducers(t *testing.T) {
	files, err := filepath.Glob("testdata/producers/*.pkl")
	if err != nil || len(files) < 35 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := ""
			if strings.Contains(file, "torch-inline") {
				want = "child(uncovered)" // a torch stream of its own, with raw storages that package torch reads
			}
			if got := verdict(t, "model.pkl", data); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestSamples(t *testing.T) { formattest.Samples(t, Format) }
