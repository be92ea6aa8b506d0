// Package interop lets sigstore-go and in-toto's own types judge the bundles of
// package attest. It is a module of its own, so that sigstore-go's dependencies
// stay out of the program's go.sum.
//
// The bundles lie in $SALLYPORT_BUNDLES; without it, TestExportBundles of
// package attest makes fresh ones. Run with -count=1: the test cache does not
// see changes in the other module.
package interop

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	vsa "github.com/in-toto/attestation/go/predicates/vsa/v1"
	"github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	"google.golang.org/protobuf/encoding/protojson"
)

func directory(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("SALLYPORT_BUNDLES"); dir != "" {
		return dir
	}
	dir := t.TempDir()
	cmd := exec.Command("go", "test", "-count=1", "-run", "^TestExportBundles$", ".")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "SALLYPORT_BUNDLES="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("making the bundles: %v\n%s", err, out)
	}
	return dir
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// check verifies one bundle with one key, as a user of sigstore-go would.
func check(text []byte, pub crypto.PublicKey) (*verify.VerificationResult, error) {
	var pb v1.Bundle
	if err := protojson.Unmarshal(text, &pb); err != nil {
		return nil, err
	}
	b, err := bundle.NewBundle(&pb)
	if err != nil {
		return nil, err
	}
	key, err := signature.LoadVerifier(pub, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	material := root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) {
		return root.NewExpiringKey(key, time.Time{}, time.Time{}), nil
	})
	v, err := verify.NewVerifier(material, verify.WithNoObserverTimestamps())
	if err != nil {
		return nil, err
	}
	return v.Verify(b, verify.NewPolicy(verify.WithoutArtifactUnsafe(), verify.WithKey()))
}

func TestSigstoreGoAccepts(t *testing.T) {
	dir := directory(t)
	pub, err := cryptoutils.UnmarshalPEMToPublicKey(read(t, filepath.Join(dir, "key.pub")))
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	paths, _ := filepath.Glob(filepath.Join(dir, "*.sigstore.json"))
	if len(paths) < 6 {
		t.Fatalf("%d bundles in %s, want one of each kind", len(paths), dir)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".sigstore.json"), func(t *testing.T) {
			text := read(t, path)
			result, err := check(text, pub)
			if err != nil {
				t.Fatal(err)
			}
			if result.Statement.GetPredicateType() == "" || len(result.Statement.GetSubject()) != 1 {
				t.Errorf("statement %v", result.Statement)
			}
			if err := result.Statement.Validate(); err != nil {
				t.Errorf("in-toto's own check: %v", err)
			}
			if _, err := check(text, &other.PublicKey); err == nil {
				t.Error("another key verifies")
			}
			if _, err := check(tamper(t, text), pub); err == nil {
				t.Error("a changed payload verifies")
			}
		})
	}
}

func envelope(t *testing.T, text []byte) (encoded string, payload []byte) {
	t.Helper()
	var b struct {
		Envelope struct {
			Payload string `json:"payload"`
		} `json:"dsseEnvelope"`
	}
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	payload, err := base64.StdEncoding.DecodeString(b.Envelope.Payload)
	if err != nil {
		t.Fatal(err)
	}
	return b.Envelope.Payload, payload
}

func tamper(t *testing.T, text []byte) []byte {
	t.Helper()
	old, payload := envelope(t, text)
	changed := bytes.Replace(payload, []byte(`"sha256":"`), []byte(`"sha256":"0`), 1)
	if bytes.Equal(changed, payload) {
		t.Fatal("nothing changed")
	}
	return bytes.Replace(text, []byte(old), []byte(base64.StdEncoding.EncodeToString(changed)), 1)
}

// The decision of a gate must be readable with in-toto's generated type.
func TestVSAIsReadable(t *testing.T) {
	_, payload := envelope(t, read(t, filepath.Join(directory(t), "vsa.sigstore.json")))
	var st struct {
		Predicate json.RawMessage `json:"predicate"`
	}
	if err := json.Unmarshal(payload, &st); err != nil {
		t.Fatal(err)
	}
	var v vsa.VerificationSummary
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(st.Predicate, &v); err != nil {
		t.Fatal(err)
	}
	if v.GetVerificationResult() != "PASSED" || v.GetVerifier().GetId() == "" || v.GetResourceUri() == "" || v.GetTimeVerified() == nil || len(v.GetInputAttestations()) != 1 {
		t.Errorf("%v", &v)
	}
	if v.GetPolicy().GetDigest()["sha256"] == "" {
		t.Error("no policy digest")
	}
}
