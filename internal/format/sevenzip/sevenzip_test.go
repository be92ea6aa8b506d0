package sevenzip

import (
	"testing"

	"github.com/sallyport/sallyport/internal/formattest"
)

func TestSamples(t *testing.T) { formattest.Containers(t, Format) }

func TestFindingOnlyUnderTheNameOfAModel(t *testing.T) {
	for name, want := range map[string]int{"model.PT": 1, "pytorch_model.bin": 1, "backup.7z": 0, "backup": 0} {
		in := formattest.Input(name, []byte("Rar!\x1a\x07\x01\x00rest"), true)
		if got := len(Format.Read(in).Findings); got != want {
			t.Errorf("%s: %d findings, want %d", name, got, want)
		}
	}
}
