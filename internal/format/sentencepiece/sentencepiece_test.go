package sentencepiece

import (
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

func TestSamples(t *testing.T) { formattest.Samples(t, Format) }

func FuzzRead(f *testing.F) {
	formattest.Seed(f)
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		formattest.Invariants(t, []format.Format{Format}, name, data)
	})
}
