package pickle

import (
	"testing"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/formattest"
)

func FuzzRead(f *testing.F) {
	formattest.Seed(f)
	for _, a := range attacks {
		f.Add("model.pkl", assemble(f, a.code))
	}
	for _, a := range lookAlikes {
		f.Add(a.file, []byte(a.text))
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		formattest.Invariants(t, []format.Format{Format}, name, data)
		checkAccounts(t, name, data)
	})
}
