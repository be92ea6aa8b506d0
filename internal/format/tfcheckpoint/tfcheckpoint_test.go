package tfcheckpoint

import (
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

var all = []format.Format{Format, State}

func TestSamples(t *testing.T) { formattest.Samples(t, all...) }
