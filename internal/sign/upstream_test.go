package sign

import (
	"crypto"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func upstream(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "upstream", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func upstreamKey(t *testing.T, name string) ModelTrust {
	t.Helper()
	pub, err := ParsePublic(upstream(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return ModelTrust{Keys: []crypto.PublicKey{pub}}
}

// Signatures made by the Python client. Upstream itself cannot verify the
// blake2b and shards ones; we can.
func TestUpstreamSignatures(t *testing.T) {
	cases := map[string]struct {
		key      string
		unsigned int // files that the signature does not cover
	}{
		"p256.sig": {"p256.pub", 0}, "p384.sig": {"p384.pub", 0}, "p521.sig": {"p521.pub", 0},
		"inside.sig": {"p256.pub", 0}, "blake2b.sig": {"p256.pub", 0},
		"shards.sig": {"p256.pub", 1}, "shards-blake2b.sig": {"p256.pub", 1}, // the empty file
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			m, match, err := VerifyModel(upstream(t, name), files(upstreamTree()), upstreamKey(t, c.key))
			if err != nil {
				t.Fatal(err)
			}
			if m.Method != "key" || m.Name != "model" || len(match.Unsigned) != c.unsigned || len(match.Signed) != 6-c.unsigned {
				t.Errorf("%+v %+v", m, match)
			}
			for path := range upstreamTree() {
				tree := upstreamTree()
				tree[path] += "x"
				if _, _, err := VerifyModel(upstream(t, name), files(tree), upstreamKey(t, c.key)); !errors.Is(err, ErrModel) {
					t.Errorf("%q changed: %v", path, err)
				}
			}
		})
	}
}

func TestUpstreamBlake3IsRefused(t *testing.T) {
	_, _, err := VerifyModel(upstream(t, "blake3.sig"), files(upstreamTree()), upstreamKey(t, "p256.pub"))
	if !errors.Is(err, ErrModel) {
		t.Errorf("%v, want ErrModel", err)
	}
}

func TestUpstreamIgnorePaths(t *testing.T) {
	_, match, err := VerifyModel(upstream(t, "ignores-a.sig"), files(upstreamTree()), upstreamKey(t, "p256.pub"))
	if !errors.Is(err, ErrModel) || len(match.Extra) != 1 || len(match.RefusedIgnores) != 1 {
		t.Errorf("a wish to ignore was granted: %v %+v", err, match)
	}
	_, match, err = VerifyModel(upstream(t, "ignores-a.sig"), files(upstreamTree()), upstreamKey(t, "p256.pub"), "a")
	if err != nil || len(match.Unsigned) != 1 {
		t.Errorf("allowed: %v %+v", err, match)
	}
}

func TestUpstreamCertificate(t *testing.T) {
	sig, tree := upstream(t, "certificate.sig"), files(upstreamTree())
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(upstream(t, "root.crt")) {
		t.Fatal("no root")
	}
	during := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	m, _, err := VerifyModel(sig, tree, ModelTrust{Roots: roots, At: during})
	if err != nil || m.Method != "certificate" || m.Signer != "CN=leaf" {
		t.Fatalf("%+v, %v", m, err)
	}
	cases := map[string]ModelTrust{
		"expired":      {Roots: roots, At: during.AddDate(1, 0, 0)}, // upstream accepts this
		"too-early":    {Roots: roots, At: during.AddDate(-1, 0, 0)},
		"no-time":      {Roots: roots},
		"other-root":   {Roots: x509.NewCertPool(), At: during},
		"no-roots":     {At: during},
		"keys-instead": upstreamKey(t, "p256.pub"),
	}
	for name, trust := range cases {
		t.Run(name, func(t *testing.T) {
			if _, _, err := VerifyModel(sig, tree, trust); !errors.Is(err, ErrSignature) {
				t.Errorf("%v, want ErrSignature", err)
			}
		})
	}
}
