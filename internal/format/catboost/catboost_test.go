package catboost

import (
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

func TestSamples(t *testing.T) { formattest.Samples(t, Format, JSON) }

func FuzzRead(f *testing.F) {
	formattest.Seed(f)
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		in := formattest.Input(name, data, true)
		for _, x := range []format.Format{Format, JSON} {
			if x.Match(in) != format.No {
				formattest.Invariants(t, []format.Format{x}, name, data)
			}
		}
	})
}
