package sign

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

var certTime = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// issue makes a certificate valid for a month around certTime.
func issue(t *testing.T, name string, k *Key, parent *x509.Certificate, by *Key, usage x509.KeyUsage) *x509.Certificate {
	t.Helper()
	ca := usage&x509.KeyUsageCertSign != 0
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(int64(len(name)) + 1), Subject: pkix.Name{CommonName: name},
		NotBefore: certTime.AddDate(0, 0, -15), NotAfter: certTime.AddDate(0, 0, 15),
		KeyUsage: usage, BasicConstraintsValid: true, IsCA: ca}
	if parent == nil {
		parent = tmpl
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, k.Public(), by.private)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type authority struct {
	leafKey                  *Key
	root, intermediate, leaf *x509.Certificate
	roots                    *x509.CertPool
}

func newAuthority(t *testing.T, leafUsage x509.KeyUsage) authority {
	t.Helper()
	rootKey, midKey, leafKey := mustKey(t), mustKey(t), mustKey(t)
	a := authority{leafKey: leafKey, roots: x509.NewCertPool()}
	a.root = issue(t, "root", rootKey, nil, rootKey, x509.KeyUsageCertSign)
	a.intermediate = issue(t, "intermediate", midKey, a.root, rootKey, x509.KeyUsageCertSign)
	a.leaf = issue(t, "leaf", leafKey, a.intermediate, midKey, leafUsage)
	a.roots.AddCert(a.root)
	return a
}

func (a authority) sign(t *testing.T, content map[string]string, chain ...*x509.Certificate) ([]byte, error) {
	t.Helper()
	return SignModel(context.Background(), a.leafKey, ModelInput{Name: "model", Files: files(content), Certificates: chain})
}

func TestCertificateMethod(t *testing.T) {
	a := newAuthority(t, x509.KeyUsageDigitalSignature)
	tree := upstreamTree()
	sig, err := a.sign(t, tree, a.leaf, a.intermediate)
	if err != nil {
		t.Fatal(err)
	}
	good := ModelTrust{Roots: a.roots, At: certTime}
	m, _, err := VerifyModel(sig, files(tree), good)
	if err != nil || m.Signer != "CN=leaf" || m.Key != -1 {
		t.Fatalf("%+v, %v", m, err)
	}
	otherLeaf, err := a.sign(t, tree, a.leaf)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		sig []byte
		in  ModelTrust
	}{
		"expired":         {sig, ModelTrust{Roots: a.roots, At: certTime.AddDate(0, 1, 0)}},
		"not-yet":         {sig, ModelTrust{Roots: a.roots, At: certTime.AddDate(0, -1, 0)}},
		"no-intermediate": {otherLeaf, good},
		"foreign-root":    {sig, ModelTrust{Roots: newAuthority(t, x509.KeyUsageDigitalSignature).roots, At: certTime}},
		"key-not-trusted": {sig, ModelTrust{Keys: []crypto.PublicKey{a.leafKey.Public()}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if _, _, err := VerifyModel(c.sig, files(tree), c.in); !errors.Is(err, ErrSignature) {
				t.Errorf("%v, want ErrSignature", err)
			}
		})
	}
}

func TestCertificateMustBeForSigning(t *testing.T) {
	a := newAuthority(t, x509.KeyUsageKeyAgreement)
	sig, err := a.sign(t, upstreamTree(), a.leaf, a.intermediate)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenModel(sig, ModelTrust{Roots: a.roots, At: certTime}); !errors.Is(err, ErrSignature) {
		t.Errorf("%v, want ErrSignature", err)
	}
}

// The certificate is genuine, but the signature below it is somebody else's.
func TestCertificateOfAnotherKey(t *testing.T) {
	a, thief := newAuthority(t, x509.KeyUsageDigitalSignature), mustKey(t)
	m, err := modelMaterial(a.leafKey, []*x509.Certificate{a.leaf, a.intermediate})
	if err != nil {
		t.Fatal(err)
	}
	b, err := ParseBundle(signTree(t, thief, upstreamTree()))
	if err != nil {
		t.Fatal(err)
	}
	stolen, err := seal(context.Background(), b.Payload, thief, m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenModel(stolen, ModelTrust{Roots: a.roots, At: certTime, Keys: []crypto.PublicKey{thief.Public()}}); !errors.Is(err, ErrSignature) {
		t.Errorf("%v, want ErrSignature", err)
	}
}

func TestSignWithWrongCertificates(t *testing.T) {
	a := newAuthority(t, x509.KeyUsageDigitalSignature)
	for name, chain := range map[string][]*x509.Certificate{
		"not-the-key": {a.intermediate}, "root-in-chain": {a.leaf, a.intermediate, a.root}} {
		t.Run(name, func(t *testing.T) {
			if _, err := a.sign(t, upstreamTree(), chain...); !errors.Is(err, ErrKey) {
				t.Errorf("%v, want ErrKey", err)
			}
		})
	}
}

// Before 1.0 the subjects were the files, and there was no predicate to speak of.
func TestModelV01(t *testing.T) {
	k := rfcKey(t)
	sig := resign(t, k, func(p *modelPredicate, st *Statement) {
		st.PredicateType, st.Subject = modelV01, nil
		for _, r := range p.Resources {
			st.Subject = append(st.Subject, Subject{r.Name, map[string]string{"sha256": r.Digest}})
		}
	})
	in := trust(k)
	if _, err := OpenModel(sig, in); !errors.Is(err, ErrModel) {
		t.Errorf("v0.1 without asking: %v, want ErrModel", err)
	}
	in.AllowV01 = true
	m, match, err := VerifyModel(sig, files(map[string]string{"a": "a", "b": "b"}), in)
	if err != nil || !m.V01 || len(match.Signed) != 2 {
		t.Errorf("%+v, %v", match, err)
	}
	if _, _, err := VerifyModel(sig, files(map[string]string{"a": "a", "b": "c"}), in); !errors.Is(err, ErrModel) {
		t.Errorf("changed: %v, want ErrModel", err)
	}
}

// The encoding that model_signing 0.2 signed by mistake is never accepted.
func TestCompatPAEIsRefused(t *testing.T) {
	k := rfcKey(t)
	good, err := ParseBundle(signTree(t, k, upstreamTree()))
	if err != nil {
		t.Fatal(err)
	}
	wrong := bytes.Replace(pae(payloadInToto, good.Payload), []byte("DSSEv1"), []byte("DSSEV1"), 1)
	h := crypto.SHA256.New()
	h.Write(wrong)
	if good.Signature, err = k.Sign(context.Background(), h.Sum(nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := good.Verify([]crypto.PublicKey{k.Public()}); !errors.Is(err, ErrSignature) {
		t.Errorf("%v, want ErrSignature", err)
	}
}

func TestInteropCertificate(t *testing.T) {
	program := client(t, "model_signing")
	a := newAuthority(t, x509.KeyUsageDigitalSignature)
	model, dir := filepath.Join(t.TempDir(), "model"), t.TempDir()
	onDisk(t, model, upstreamTree())
	sig, err := a.sign(t, upstreamTree(), a.leaf, a.intermediate)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	other := newAuthority(t, x509.KeyUsageDigitalSignature)
	for name, root := range map[string]*x509.Certificate{"trusted": a.root, "foreign": other.root} {
		t.Run(name, func(t *testing.T) {
			chain := write(name+".crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}))
			out, err := exec.Command(program, "verify", "certificate", model, "--signature", write(name+".sig", sig), "--certificate_chain", chain).CombinedOutput()
			if (err == nil) != (name == "trusted") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
