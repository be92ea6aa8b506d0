package sign

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Media types of the two layers around a statement.
const (
	BundleMediaType  = "application/vnd.dev.sigstore.bundle.v0.3+json"
	payloadInToto    = "application/vnd.in-toto+json"
	maxSignature     = 1 << 10 // bytes; P-521 needs 139
	maxCertificates  = 10
	maxCertificate   = 64 << 10 // bytes of DER
	dsseMagicVersion = "DSSEv1"
)

// MaxBundle is the size of a bundle that is read, in bytes.
const MaxBundle = 32 << 20

// pae is DSSE's pre-authentication encoding: what is really signed.
func pae(payloadType string, payload []byte) []byte {
	b := make([]byte, 0, len(payload)+len(payloadType)+48)
	b = append(b, dsseMagicVersion+" "...)
	b = strconv.AppendInt(b, int64(len(payloadType)), 10)
	b = append(b, ' ')
	b = append(b, payloadType...)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(len(payload)), 10)
	b = append(b, ' ')
	return append(b, payload...)
}

// Bundle is a Sigstore bundle with one DSSE signature, read but not verified.
type Bundle struct {
	Payload      []byte   // the signed statement
	Signature    []byte   // ECDSA, ASN.1 DER
	Hint         string   // which key the bundle says it needs; proves nothing
	Certificates [][]byte // DER, leaf first; nil for a signature by key
}

// The JSON of a bundle. Only what we read; the rest of the format is ignored.
type bundleJSON struct {
	MediaType string       `json:"mediaType"`
	Material  materialJSON `json:"verificationMaterial"`
	Envelope  envelopeJSON `json:"dsseEnvelope"`
	Message   rawJSON      `json:"messageSignature,omitempty"`
}

type materialJSON struct {
	PublicKey   *publicKeyJSON `json:"publicKey,omitempty"`
	Chain       *chainJSON     `json:"x509CertificateChain,omitempty"`
	Certificate rawJSON        `json:"certificate,omitempty"`
	Log         rawJSON        `json:"tlogEntries"`
}

type publicKeyJSON struct {
	Hint string `json:"hint,omitempty"`
}

type chainJSON struct {
	Certificates []certificateJSON `json:"certificates"`
}

type certificateJSON struct {
	Raw string `json:"rawBytes"`
}

type envelopeJSON struct {
	Payload     string          `json:"payload"`
	PayloadType string          `json:"payloadType"`
	Signatures  []signatureJSON `json:"signatures"`
}

type signatureJSON struct {
	Sig   string `json:"sig"`
	KeyID string `json:"keyid"`
}

type rawJSON = json.RawMessage

// Seal signs a statement and wraps it as our statements are: DSSE in a Sigstore
// bundle whose hint is cosign's (base64 SHA-256 of the SPKI DER).
func Seal(ctx context.Context, statement []byte, s Signer) ([]byte, error) {
	hint, err := cosignHint(s.Public())
	if err != nil {
		return nil, err
	}
	return seal(ctx, statement, s, materialJSON{PublicKey: &publicKeyJSON{hint}})
}

func seal(ctx context.Context, payload []byte, s Signer, m materialJSON) ([]byte, error) {
	digest, err := paeDigest(payload, s.Public())
	if err != nil {
		return nil, err
	}
	sig, err := s.Sign(ctx, digest)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	// A remote signer may answer with another key, or raw r||s: find out now,
	// not at the gate.
	if !verifies(s.Public(), payload, sig) {
		return nil, fmt.Errorf("%w: the signer's answer does not verify with its own public key", ErrSignature)
	}
	m.Log = rawJSON("[]")
	b64 := base64.StdEncoding
	out, err := MarshalJSON(bundleJSON{MediaType: BundleMediaType, Material: m, Envelope: envelopeJSON{
		Payload: b64.EncodeToString(payload), PayloadType: payloadInToto,
		Signatures: []signatureJSON{{Sig: b64.EncodeToString(sig)}}}})
	if err != nil {
		return nil, err
	}
	if len(out) > MaxBundle {
		return nil, fmt.Errorf("%w: %d bytes, no reader takes more than %d", ErrBundle, len(out), MaxBundle)
	}
	return out, nil
}

func paeDigest(payload []byte, pub crypto.PublicKey) ([]byte, error) {
	hash, err := HashOf(pub)
	if err != nil {
		return nil, err
	}
	h := hash.New()
	h.Write(pae(payloadInToto, payload))
	return h.Sum(nil), nil
}

func verifies(pub crypto.PublicKey, payload, sig []byte) bool {
	key, _, err := curveOf(pub)
	if err != nil {
		return false
	}
	digest, err := paeDigest(payload, pub)
	return err == nil && ecdsa.VerifyASN1(key, digest, sig)
}

// Verify tries exactly the keys given, in order, and returns the index of the
// one that made the signature. The hint of the bundle plays no part. It does not
// verify certificates. Errors wrap ErrSignature.
func (b *Bundle) Verify(keys []crypto.PublicKey) (int, error) {
	if len(keys) == 0 {
		return -1, fmt.Errorf("%w: no key is trusted", ErrSignature)
	}
	for i, k := range keys {
		if verifies(k, b.Payload, b.Signature) {
			return i, nil
		}
	}
	return -1, fmt.Errorf("%w: %d tried", ErrSignature, len(keys))
}

// ParseBundle reads a Sigstore bundle v0.3 with a DSSE envelope around an
// in-toto statement and exactly one signature. Nothing is verified. Errors wrap
// ErrBundle.
func ParseBundle(data []byte) (*Bundle, error) {
	if len(data) > MaxBundle {
		return nil, badBundle("longer than %d bytes", MaxBundle)
	}
	var j bundleJSON
	if err := DecodeStrict(data, &j); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBundle, err)
	}
	switch {
	case j.MediaType != BundleMediaType:
		return nil, badBundle("media type %q, want %q", clip(j.MediaType), BundleMediaType)
	case len(j.Message) > 0:
		return nil, badBundle("signs a message, not a statement")
	case j.Envelope.PayloadType != payloadInToto:
		return nil, badBundle("payload type %q, want %q", clip(j.Envelope.PayloadType), payloadInToto)
	case len(j.Envelope.Signatures) != 1:
		return nil, badBundle("%d signatures, want exactly one", len(j.Envelope.Signatures))
	}
	b, err := readMaterial(j.Material)
	if err != nil {
		return nil, err
	}
	if b.Payload, err = strict64("payload", j.Envelope.Payload, MaxBundle); err != nil {
		return nil, err
	}
	b.Signature, err = strict64("signature", j.Envelope.Signatures[0].Sig, maxSignature)
	return b, err
}

func readMaterial(m materialJSON) (*Bundle, error) {
	switch {
	case len(m.Certificate) > 0 && m.Chain == nil && m.PublicKey == nil:
		return nil, badBundle("keyless (Sigstore) signatures are not read here")
	case m.PublicKey != nil && m.Chain == nil && len(m.Certificate) == 0:
		return &Bundle{Hint: m.PublicKey.Hint}, nil
	case m.Chain == nil || m.PublicKey != nil || len(m.Certificate) > 0:
		return nil, badBundle("verification material must be one of publicKey, x509CertificateChain, certificate")
	case len(m.Chain.Certificates) == 0 || len(m.Chain.Certificates) > maxCertificates:
		return nil, badBundle("%d certificates, want 1 to %d", len(m.Chain.Certificates), maxCertificates)
	}
	b := &Bundle{}
	for _, c := range m.Chain.Certificates {
		der, err := strict64("certificate", c.Raw, maxCertificate)
		if err != nil {
			return nil, err
		}
		b.Certificates = append(b.Certificates, der)
	}
	return b, nil
}

func (b *Bundle) chain() ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for i, der := range b.Certificates {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("%w: certificate %d: %w", ErrBundle, i+1, err)
		}
		chain = append(chain, c)
	}
	return chain, nil
}

// strict64 decodes standard base64 in its one form: padded, no line breaks, no
// stray bits.
func strict64(what, s string, limit int) ([]byte, error) {
	if s == "" {
		return nil, badBundle("%s is missing", what)
	}
	if base64.StdEncoding.DecodedLen(len(s)) > limit+2 {
		return nil, badBundle("%s is longer than %d bytes", what, limit)
	}
	if strings.ContainsAny(s, "\r\n") {
		return nil, badBundle("%s has line breaks inside base64", what)
	}
	out, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, badBundle("%s: %v", what, err)
	}
	return out, nil
}

func badBundle(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrBundle}, args...)...)
}
