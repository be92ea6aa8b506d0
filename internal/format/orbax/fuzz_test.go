package orbax

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

func FuzzRead(f *testing.F) {
	formattest.Seed(f)
	more, _ := filepath.Glob("testdata/checkpoint/*.ocdbt")
	nodes, _ := filepath.Glob("testdata/checkpoint/d/*")
	for _, name := range append(more, nodes...) {
		if data, err := os.ReadFile(name); err == nil {
			f.Add(filepath.Base(name), data)
		}
	}
	f.Add("aa", node("d/bb", "w/0"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		formattest.Invariants(t, []format.Format{Format, Zarr}, name, data)
	})
}
