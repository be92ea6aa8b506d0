package engine

import (
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

// formats are all of the package, in the order of the list.
var formats = []format.Format{Paddle, PaddleParams, PaddleJSON, MNN, MXNetParams, MXNet, NCNN, NCNNBinary, NCNNWeights, Caffe, CaffeText, Compiled}

func TestSamples(t *testing.T) { formattest.Containers(t, formats...) }
