package layout

import (
	"testing"

	"github.com/sallyport/sallyport/internal/registry"
	"github.com/sallyport/sallyport/internal/registry/registrytest"
)

func open(t testing.TB, dir, name string) *Repo {
	t.Helper()
	r, err := Open(dir, name, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestConformance(t *testing.T) {
	registrytest.Run(t, func(t *testing.T) registry.Store { return open(t, t.TempDir(), "team/model") })
}
