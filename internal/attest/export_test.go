package attest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sallyport/sallyport/internal/sign"
)

// With SALLYPORT_BUNDLES set, one good bundle of each kind and the public key
// are written there, for the foreign verifiers in the nested module interop.
func TestExportBundles(t *testing.T) {
	dir := os.Getenv("SALLYPORT_BUNDLES")
	if dir == "" {
		t.Skip("SALLYPORT_BUNDLES is not set: nothing to write")
	}
	k := newKey(t)
	public, err := sign.MarshalPublic(k.Public())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{"key.pub": public}
	for name, b := range bundles(t, k) {
		out[name+".sigstore.json"] = b
	}
	for name, b := range out {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
