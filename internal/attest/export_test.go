package attest

import (
	"crypto"
	"os"
	"path/filepath"
	"testing"

	"github.com/sallyport/sallyport/internal/sign"
)

// One good bundle of each kind and the public key are written to
// SALLYPORT_BUNDLES, for the foreign verifiers in the nested module interop;
// without it to a folder that goes away. What is on disk must verify.
func TestExportBundles(t *testing.T) {
	dir := os.Getenv("SALLYPORT_BUNDLES")
	if dir == "" {
		dir = t.TempDir()
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
	checkExported(t, dir, k)
}

func checkExported(t *testing.T, dir string, k *sign.Key) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.sigstore.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no bundle was written: %v", err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b, err := sign.ParseBundle(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := b.Verify([]crypto.PublicKey{k.Public()}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
