package keras

import (
	"testing"

	"github.com/sallyport/sallyport/internal/formattest"
)

func TestSamples(t *testing.T) { formattest.Containers(t, Format, TFJS, Metadata, Config) }
