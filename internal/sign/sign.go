// Package sign holds keys, signers, Sigstore bundles and OpenSSF model
// signatures.
//
// It writes and reads: PKCS#8 and SPKI PEM keys on the NIST curves; DSSE v1
// envelopes (https://github.com/secure-systems-lab/dsse) in Sigstore bundles
// v0.3; in-toto Statement v1; and the "key" and "certificate" methods of OpenSSF
// Model Signing v1.0 (https://github.com/sigstore/model-transparency).
//
// Threat: bundles, statements, certificates and key files come from strangers
// or through their hands. Sizes are limited before anything is read; JSON that
// two readers could understand differently is refused (duplicate or
// case-varied keys, trailing data, loose base64); a signature counts only when
// one of the keys that the caller trusts verifies it, whatever the bundle says
// about itself.
//
// Not covered: keyless signatures (Fulcio, Rekor), timestamps, PKCS#11 and
// revocation lists. Private keys in memory are not protected from whoever can
// read this process; keep parsing of models out of it.
package sign

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	_ "crypto/sha512" // registers SHA-384 and SHA-512 for crypto.Hash
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
)

// Errors that callers tell apart. Each refusal of this package wraps one.
var (
	ErrKey        = errors.New("unusable key")
	ErrPassphrase = errors.New("passphrase needed or wrong")
	ErrKeyMode    = errors.New("private key readable by others")
	ErrKeyExists  = errors.New("key file exists")
	ErrJSON       = errors.New("ambiguous or malformed JSON")
	ErrBundle     = errors.New("unreadable signature bundle")
	ErrStatement  = errors.New("unreadable in-toto statement")
	ErrSignature  = errors.New("no trusted key made this signature")
	ErrModel      = errors.New("model signature does not hold")
)

// Signer makes ECDSA signatures. An implementation may be a key in memory, a
// remote key vault or an external command; it sees digests only.
type Signer interface {
	// Public is the key that verifies, an *ecdsa.PublicKey on P-256, P-384 or P-521.
	Public() crypto.PublicKey
	// Sign signs a digest made with the hash of the key's curve (HashOf) and
	// returns the signature as ASN.1 DER.
	Sign(ctx context.Context, digest []byte) ([]byte, error)
}

// HashOf is the hash that goes with the key's curve: SHA-256 for P-256, SHA-384
// for P-384, SHA-512 for P-521. Any other key is ErrKey.
func HashOf(pub crypto.PublicKey) (crypto.Hash, error) {
	_, h, err := curveOf(pub)
	return h, err
}

func curveOf(pub crypto.PublicKey) (*ecdsa.PublicKey, crypto.Hash, error) {
	k, ok := pub.(*ecdsa.PublicKey)
	if !ok || k == nil {
		return nil, 0, fmt.Errorf("%w: %T is not an elliptic curve key", ErrKey, pub)
	}
	switch k.Curve {
	case elliptic.P256():
		return k, crypto.SHA256, nil
	case elliptic.P384():
		return k, crypto.SHA384, nil
	case elliptic.P521():
		return k, crypto.SHA512, nil
	}
	return nil, 0, fmt.Errorf("%w: the curve must be P-256, P-384 or P-521", ErrKey)
}

// KeyID is the fingerprint of a public key: SHA-256 of its SPKI DER, in
// lower-case hex.
func KeyID(pub crypto.PublicKey) (string, error) {
	der, err := spki(pub)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:]), nil
}

func spki(pub crypto.PublicKey) ([]byte, error) {
	if _, _, err := curveOf(pub); err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return der, nil
}

// cosignHint is the key hint of our own statements, as cosign writes it.
func cosignHint(pub crypto.PublicKey) (string, error) {
	der, err := spki(pub)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(der)
	return base64.StdEncoding.EncodeToString(sum[:]), nil
}

// modelHint is the key hint of model signatures: SHA-256 of the PEM text.
func modelHint(pub crypto.PublicKey) (string, error) {
	text, err := MarshalPublic(pub)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// MarshalPublic writes a public key as SPKI PEM.
func MarshalPublic(pub crypto.PublicKey) ([]byte, error) {
	der, err := spki(pub)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}
