package sign

import (
	"bytes"
	"context"
	"crypto"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

const helloSubject = "a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447"

func helloStatement(t testing.TB) []byte {
	t.Helper()
	st, err := NewStatement("https://example.org/p/v1", []Subject{{"team/model", map[string]string{"sha256": helloSubject}}}, map[string]int{"b": 2, "a": 1})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func sealed(t testing.TB, k *Key) []byte {
	t.Helper()
	b, err := Seal(context.Background(), helloStatement(t), k)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The vector of the DSSE specification, protocol.md.
func TestPAEVector(t *testing.T) {
	got := pae("http://example.com/HelloWorld", []byte("hello world"))
	if want := "DSSEv1 29 http://example.com/HelloWorld 11 hello world"; string(got) != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestStatementGolden(t *testing.T) {
	const want = `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"team/model","digest":{"sha256":"` + helloSubject + `"}}],` +
		`"predicateType":"https://example.org/p/v1","predicate":{"a":1,"b":2}}`
	if got := helloStatement(t); string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// The whole bundle is a golden value: form, hint and deterministic signature.
func TestBundleGolden(t *testing.T) {
	const head = `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"Wnp4zKSg9CDZvGK7Zpw8J1njn3I9OuENy+DwgVoH7NQ="},"tlogEntries":[]},"dsseEnvelope":{"payload":"`
	const tail = `","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"MEQCIFHtI4iNSsISxZASgyK/ccHc/QCfjDjwQUrtenm3otFsAiAXR1ULVgS3Y4ypEoNEy06j0yujw4rik35DYbuPrAKu6Q==","keyid":""}]}}`
	got := sealed(t, rfcKey(t))
	if want := head + base64.StdEncoding.EncodeToString(helloStatement(t)) + tail; string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if again := sealed(t, rfcKey(t)); !bytes.Equal(got, again) {
		t.Error("signing twice gave different bytes")
	}
}

func TestVerifyCurves(t *testing.T) {
	for name, c := range map[string]elliptic.Curve{"p256": elliptic.P256(), "p384": elliptic.P384(), "p521": elliptic.P521()} {
		t.Run(name, func(t *testing.T) {
			k, other := curveKey(t, c), curveKey(t, c)
			b, err := ParseBundle(sealed(t, k))
			if err != nil {
				t.Fatal(err)
			}
			if i, err := b.Verify([]crypto.PublicKey{other.Public(), rfcKey(t).Public(), k.Public()}); err != nil || i != 2 {
				t.Errorf("key %d, %v; want the third", i, err)
			}
			for which, keys := range map[string][]crypto.PublicKey{
				"none": nil, "foreign": {other.Public()}, "not-a-key": {nil, "x"}} {
				if i, err := b.Verify(keys); !errors.Is(err, ErrSignature) || i != -1 {
					t.Errorf("%s: key %d, %v; want ErrSignature", which, i, err)
				}
			}
		})
	}
}

// A bundle that names a trusted key, but was signed by another, proves nothing.
func TestHintAloneIsNotTrusted(t *testing.T) {
	trusted, thief := rfcKey(t), curveKey(t, elliptic.P256())
	hint, _ := cosignHint(trusted.Public())
	stolen, err := seal(context.Background(), helloStatement(t), thief, materialJSON{PublicKey: &publicKeyJSON{hint}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := ParseBundle(stolen)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Verify([]crypto.PublicKey{trusted.Public()}); !errors.Is(err, ErrSignature) {
		t.Errorf("%v, want ErrSignature", err)
	}
}

type lyingSigner struct{ *Key }

func (lyingSigner) Sign(context.Context, []byte) ([]byte, error) { return make([]byte, 64), nil }

func TestSealChecksTheSigner(t *testing.T) {
	if _, err := Seal(context.Background(), helloStatement(t), lyingSigner{rfcKey(t)}); !errors.Is(err, ErrSignature) {
		t.Errorf("%v, want ErrSignature", err)
	}
}

// Every bit of payload and signature counts: flipping any one breaks it.
func TestTamperedBytesDoNotVerify(t *testing.T) {
	k := rfcKey(t)
	b, err := ParseBundle(sealed(t, k))
	if err != nil {
		t.Fatal(err)
	}
	keys := []crypto.PublicKey{k.Public()}
	for name, field := range map[string][]byte{"payload": b.Payload, "signature": b.Signature} {
		for i := range field {
			field[i] ^= 1
			if _, err := b.Verify(keys); err == nil {
				t.Errorf("%s byte %d changed and still verifies", name, i)
			}
			field[i] ^= 1
		}
	}
	if _, err := b.Verify(keys); err != nil {
		t.Errorf("the untouched bundle does not verify: %v", err)
	}
}

func TestParseBundleRefuses(t *testing.T) {
	good := string(sealed(t, rfcKey(t)))
	swap := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in the bundle", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	payload := base64.StdEncoding.EncodeToString(helloStatement(t))
	sigField := good[strings.Index(good, `{"sig"`):strings.LastIndex(good, "]")]
	chain := `"x509CertificateChain":{"certificates":[{"rawBytes":"AAAA"}]}`
	cases := map[string]string{
		"empty":                  "",
		"array":                  "[]",
		"old-media-type":         swap("v0.3+json", "v0.2+json"),
		"no-media-type":          swap(`"mediaType"`, `"media"`),
		"other-payload-type":     swap("vnd.in-toto+json", "json"),
		"no-signature":           swap(sigField, ""),
		"two-signatures":         swap(sigField, sigField+","+sigField),
		"empty-signature":        swap(sigField, `{"sig":"","keyid":""}`),
		"huge-signature":         swap(sigField, `{"sig":"`+strings.Repeat("AAAA", 1000)+`"}`),
		"empty-payload":          swap(payload, ""),
		"payload-newline":        swap(payload, payload[:40]+`\n`+payload[40:]),
		"payload-not-base64":     swap(payload, "!"+payload[1:]),
		"payload-no-padding":     swap(payload, "AA"),
		"payload-stray-bits":     swap(payload, "AB=="),
		"duplicate-payload":      swap(`"payload":`, `"payload":"AAAA","payload":`),
		"case-twin-payload":      swap(`"payload":`, `"Payload":"AAAA","payload":`),
		"trailing":               good + "{}",
		"message-signature":      swap(`"dsseEnvelope"`, `"messageSignature":{},"dsseEnvelope"`),
		"no-material":            swap(`"publicKey"`, `"somethingElse"`),
		"null-material":          swap(good[strings.Index(good, `{"hint"`):strings.Index(good, `,"tlog`)], "null"),
		"key-and-chain":          swap(`"publicKey"`, chain+`,"publicKey"`),
		"key-and-certificate":    swap(`"publicKey"`, `"certificate":{"rawBytes":"AAAA"},"publicKey"`),
		"keyless":                swap(`"publicKey":{`, `"certificate":{`),
		"empty-chain":            swap(`"publicKey":{`, `"x509CertificateChain":{"certificates":[],`),
		"eleven-certificates":    swap(`"publicKey":{`, `"x509CertificateChain":{"certificates":[`+strings.Repeat(`{"rawBytes":"AAAA"},`, 10)+`{"rawBytes":"AAAA"}],`),
		"certificate-not-base64": swap(`"publicKey":{`, `"x509CertificateChain":{"certificates":[{"rawBytes":"A"}],`),
		"oversize":               good + strings.Repeat(" ", MaxBundle),
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := ParseBundle([]byte(text)); !errors.Is(err, ErrBundle) {
				t.Errorf("%v, want ErrBundle", err)
			}
		})
	}
}

// What other producers add and we do not need must not be in the way.
func TestParseBundleAccepts(t *testing.T) {
	good := string(sealed(t, rfcKey(t)))
	cases := map[string]string{
		"as-written":    good,
		"newline":       good + "\n",
		"no-hint":       strings.Replace(good, `{"hint":"Wnp4zKSg9CDZvGK7Zpw8J1njn3I9OuENy+DwgVoH7NQ="}`, "{}", 1),
		"unknown-field": strings.Replace(good, `"publicKey":{`, `"timestampVerificationData":{"a":[]},"publicKey":{"rawBytes":"",`, 1),
		"log-entry":     strings.Replace(good, `"tlogEntries":[]`, `"tlogEntries":[{"logIndex":"1"}]`, 1),
		"no-log":        strings.Replace(good, `,"tlogEntries":[]`, ``, 1),
		"no-keyid":      strings.Replace(good, `,"keyid":""`, ``, 1),
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			b, err := ParseBundle([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.Verify([]crypto.PublicKey{rfcKey(t).Public()}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestParseStatement(t *testing.T) {
	good := string(helloStatement(t))
	subject := good[strings.Index(good, `{"name"`):strings.Index(good, `],"predicateType"`)]
	swap := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	cases := map[string]struct {
		text string
		ok   bool
	}{
		"as-written":      {good, true},
		"v0.1":            {swap("Statement/v1", "Statement/v0.1"), true},
		"two-subjects":    {swap(subject, subject+","+subject), true},
		"no-predicate":    {swap(`,"predicate":{"a":1,"b":2}`, ""), true},
		"v2":              {swap("Statement/v1", "Statement/v2"), false},
		"no-subject":      {swap(subject, ""), false},
		"no-type":         {swap(`"_type"`, `"type"`), false},
		"no-predicate-ty": {swap(`"predicateType":"https://example.org/p/v1"`, `"predicateType":""`), false},
		"upper-digest":    {swap(helloSubject, strings.ToUpper(helloSubject)), false},
		"short-digest":    {swap(helloSubject, helloSubject[2:]), false},
		"sha512-only":     {swap(`"sha256":`, `"sha512":`), false},
		"duplicate":       {swap(`"predicate":`, `"predicate":{},"predicate":`), false},
		"case-twin":       {swap(`"predicate":`, `"Predicate":{},"predicate":`), false},
		"deep-duplicate":  {swap(`{"a":1`, `{"a":2,"a":1`), false},
		"trailing":        {good + good, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := ParseStatement([]byte(c.text)); c.ok != (err == nil) || err != nil && !errors.Is(err, ErrStatement) {
				t.Errorf("accepted should be %v, error %v", c.ok, err)
			}
		})
	}
}

func FuzzParseBundle(f *testing.F) {
	k := rfcKey(f)
	f.Add(sealed(f, k))
	f.Add([]byte(`{"mediaType":"` + BundleMediaType + `","verificationMaterial":{"x509CertificateChain":{"certificates":[{"rawBytes":"MAA="}]}},"dsseEnvelope":{"payload":"e30=","payloadType":"` + payloadInToto + `","signatures":[{"sig":"MAA="}]}}`))
	good := helloStatement(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := ParseBundle(data)
		if err != nil {
			if !errors.Is(err, ErrBundle) {
				t.Fatal(err)
			}
			return
		}
		if len(b.Payload) == 0 || len(b.Signature) == 0 {
			t.Fatal("accepted without payload or signature")
		}
		// Only what the key really signed may verify.
		if _, err := b.Verify([]crypto.PublicKey{k.Public()}); err == nil && !bytes.Equal(b.Payload, good) {
			t.Fatalf("forged: %q", b.Payload)
		}
		if _, err := OpenModel(data, ModelTrust{Keys: []crypto.PublicKey{k.Public()}}); err == nil {
			t.Fatal("a plain statement passed as model signature")
		}
	})
}

func FuzzParseStatement(f *testing.F) {
	f.Add(helloStatement(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		st, err := ParseStatement(data)
		if err != nil {
			return
		}
		again, err := MarshalJSON(st)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseStatement(again)
		if err != nil {
			t.Fatalf("%v\n%s", err, again)
		}
		twice, _ := json.Marshal(back)
		if once, _ := json.Marshal(st); !bytes.Equal(once, twice) {
			t.Fatalf("%s\n%s", once, twice)
		}
	})
}
