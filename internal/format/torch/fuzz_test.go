package torch

import (
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

func FuzzRead(f *testing.F) {
	formattest.Seed(f)
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		formattest.Invariants(t, []format.Format{Series, Format}, name, data)
	})
}
