package classic

import (
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

var formats = []format.Format{Torch7, CNTK, FastText, SpaCy, POJO, MOJO, Word2Vec}

func TestSamples(t *testing.T) { formattest.Samples(t, formats...) }

func FuzzRead(f *testing.F) {
	formattest.Seed(f)
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		in := formattest.Input(name, data, true)
		for _, x := range formats {
			if x.Match(in) != format.No {
				formattest.Invariants(t, []format.Format{x}, name, data)
			}
		}
	})
}
