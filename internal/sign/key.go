package sign

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// Key is a private key in memory. It is a Signer; signatures are deterministic
// (RFC 6979), so the same statement gives the same bytes. Safe for concurrent use.
type Key struct {
	private *ecdsa.PrivateKey
	hash    crypto.Hash
}

// Generate makes a new P-256 key.
func Generate() (*Key, error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generating a key: %w", err)
	}
	return newKey(k)
}

func newKey(k any) (*Key, error) {
	private, ok := k.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%w: %T is not an elliptic curve private key", ErrKey, k)
	}
	_, hash, err := curveOf(&private.PublicKey)
	if err != nil {
		return nil, err
	}
	return &Key{private, hash}, nil
}

// Public implements Signer.
func (k *Key) Public() crypto.PublicKey { return &k.private.PublicKey }

// Sign implements Signer.
func (k *Key) Sign(_ context.Context, digest []byte) ([]byte, error) {
	// No random source: that is what makes the signature deterministic.
	return k.private.Sign(nil, digest, k.hash)
}

// MarshalPrivate writes the key as PKCS#8 PEM, encrypted (PBES2 with
// PBKDF2-SHA256 and AES-256-CBC, as openssl does) unless passphrase is empty.
func (k *Key) MarshalPrivate(passphrase []byte) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	if len(passphrase) == 0 {
		return pem.EncodeToMemory(&pem.Block{Type: pemPrivate, Bytes: der}), nil
	}
	sealed, err := encryptPKCS8(der, passphrase, writtenIterations)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemEncrypted, Bytes: sealed}), nil
}

const (
	pemPrivate   = "PRIVATE KEY"
	pemEncrypted = "ENCRYPTED PRIVATE KEY"
	pemSEC1      = "EC PRIVATE KEY"
	pemSEC1Curve = "EC PARAMETERS" // openssl ecparam -genkey puts the curve before the key
	pemPublic    = "PUBLIC KEY"
)

// ParsePrivate reads one private key from PEM: PKCS#8, encrypted PKCS#8 or
// SEC 1. The passphrase is used only when the key is encrypted; then a missing
// or wrong one is ErrPassphrase.
func ParsePrivate(text, passphrase []byte) (*Key, error) {
	block, err := onlyBlock(text)
	if err != nil {
		return nil, err
	}
	var k any
	switch block.Type {
	case pemPrivate:
		k, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case pemSEC1:
		if block.Headers["DEK-Info"] != "" {
			return nil, fmt.Errorf("%w: old OpenSSL encryption; rewrite the key with: openssl pkcs8 -topk8 -v2 aes-256-cbc", ErrKey)
		}
		k, err = x509.ParseECPrivateKey(block.Bytes)
	case pemEncrypted:
		return parseEncrypted(block.Bytes, passphrase)
	case pemPublic:
		return nil, fmt.Errorf("%w: this is a public key, a private key is needed", ErrKey)
	default:
		return nil, fmt.Errorf("%w: PEM type %q is not a private key", ErrKey, block.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return newKey(k)
}

func parseEncrypted(der, passphrase []byte) (*Key, error) {
	if len(passphrase) == 0 {
		return nil, fmt.Errorf("%w: the private key is encrypted", ErrPassphrase)
	}
	plain, err := decryptPKCS8(der, passphrase)
	if err != nil {
		return nil, err
	}
	k, err := x509.ParsePKCS8PrivateKey(plain)
	if err != nil { // one wrong passphrase in 256 gives valid padding
		return nil, fmt.Errorf("%w: the private key does not open", ErrPassphrase)
	}
	return newKey(k)
}

// ParsePublic reads one public key from SPKI PEM. A private key is refused, so
// that nobody hands one to a gate by mistake.
func ParsePublic(text []byte) (crypto.PublicKey, error) {
	block, err := onlyBlock(text)
	if err != nil {
		return nil, err
	}
	if block.Type != pemPublic {
		return nil, fmt.Errorf("%w: PEM type %q is not a public key", ErrKey, block.Type)
	}
	pub, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	if _, _, err := curveOf(pub); err != nil {
		return nil, err
	}
	return pub, nil
}

// onlyBlock finds the one PEM block of a key file. A second block would make it
// a matter of taste which key is meant.
func onlyBlock(text []byte) (*pem.Block, error) {
	if len(text) > MaxKeyFile {
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrKey, MaxKeyFile)
	}
	block, rest := pem.Decode(text)
	if block != nil && block.Type == pemSEC1Curve {
		block, rest = pem.Decode(rest)
	}
	if block == nil {
		return nil, fmt.Errorf("%w: no PEM block found", ErrKey)
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("%w: something follows the first PEM block", ErrKey)
	}
	return block, nil
}
