package sign

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
)

// Encrypted PKCS#8 (RFC 5958) with PBES2 (RFC 8018): PBKDF2 with HMAC-SHA-256,
// then AES-256-CBC. The standard library reads none of it, openssl writes it.

const (
	writtenIterations = 600_000    // about a fifth of a second; OWASP's figure for SHA-256
	maxIterations     = 10_000_000 // what a key file may ask us to compute
	saltBytes         = 16
	keyBytes          = 32
)

var (
	oidPBES2      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidHMACSHA256 = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}
	oidAES256CBC  = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
)

type encryptedKey struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

type pbes2Params struct {
	KDF, Cipher pkix.AlgorithmIdentifier
}

type pbkdf2Params struct {
	Salt       []byte
	Iterations int
	KeyLength  int                      `asn1:"optional"`
	PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
}

func encryptPKCS8(der, passphrase []byte, iterations int) ([]byte, error) {
	random := make([]byte, saltBytes+aes.BlockSize)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	salt, iv := random[:saltBytes], random[saltBytes:]
	kdf, err := algorithm(oidPBKDF2, pbkdf2Params{Salt: salt, Iterations: iterations,
		PRF: pkix.AlgorithmIdentifier{Algorithm: oidHMACSHA256, Parameters: asn1.NullRawValue}})
	if err != nil {
		return nil, err
	}
	enc, err := algorithm(oidAES256CBC, iv)
	if err != nil {
		return nil, err
	}
	scheme, err := algorithm(oidPBES2, pbes2Params{kdf, enc})
	if err != nil {
		return nil, err
	}
	block, err := cipherFor(passphrase, salt, iterations)
	if err != nil {
		return nil, err
	}
	pad := aes.BlockSize - len(der)%aes.BlockSize
	padded := append(bytes.Clone(der), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(padded, padded)
	return asn1.Marshal(encryptedKey{scheme, padded})
}

func algorithm(oid asn1.ObjectIdentifier, params any) (pkix.AlgorithmIdentifier, error) {
	raw, err := asn1.Marshal(params)
	return pkix.AlgorithmIdentifier{Algorithm: oid, Parameters: asn1.RawValue{FullBytes: raw}}, err
}

func cipherFor(passphrase, salt []byte, iterations int) (cipher.Block, error) {
	key, err := pbkdf2.Key(sha256.New, string(passphrase), salt, iterations, keyBytes)
	if err != nil {
		return nil, err
	}
	return aes.NewCipher(key)
}

func decryptPKCS8(der, passphrase []byte) ([]byte, error) {
	var sealed encryptedKey
	if err := unmarshalAll(der, &sealed); err != nil {
		return nil, err
	}
	kdf, iv, err := readScheme(sealed.Algorithm)
	if err != nil {
		return nil, err
	}
	if len(sealed.Data) == 0 || len(sealed.Data)%aes.BlockSize != 0 {
		return nil, fmt.Errorf("%w: encrypted key has %d bytes, not a whole number of blocks", ErrKey, len(sealed.Data))
	}
	block, err := cipherFor(passphrase, kdf.Salt, kdf.Iterations)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	plain := make([]byte, len(sealed.Data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, sealed.Data)
	pad := int(plain[len(plain)-1])
	if pad == 0 || pad > aes.BlockSize || !bytes.Equal(plain[len(plain)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, fmt.Errorf("%w: the private key does not open", ErrPassphrase)
	}
	return plain[:len(plain)-pad], nil
}

func readScheme(alg pkix.AlgorithmIdentifier) (kdf pbkdf2Params, iv []byte, err error) {
	var scheme pbes2Params
	if err := readAlgorithm(alg, oidPBES2, "encryption scheme", &scheme); err != nil {
		return kdf, nil, err
	}
	if err := readAlgorithm(scheme.KDF, oidPBKDF2, "key derivation", &kdf); err != nil {
		return kdf, nil, err
	}
	if err := readAlgorithm(scheme.Cipher, oidAES256CBC, "cipher", &iv); err != nil {
		return kdf, nil, err
	}
	switch {
	case !kdf.PRF.Algorithm.Equal(oidHMACSHA256):
		return kdf, nil, unsupported("key derivation hash", kdf.PRF.Algorithm)
	case kdf.Iterations < 1 || kdf.Iterations > maxIterations:
		return kdf, nil, fmt.Errorf("%w: %d key derivation rounds; 1 to %d are allowed", ErrKey, kdf.Iterations, maxIterations)
	case kdf.KeyLength != 0 && kdf.KeyLength != keyBytes:
		return kdf, nil, fmt.Errorf("%w: derived key of %d bytes, want %d", ErrKey, kdf.KeyLength, keyBytes)
	case len(iv) != aes.BlockSize:
		return kdf, nil, fmt.Errorf("%w: initialisation vector of %d bytes, want %d", ErrKey, len(iv), aes.BlockSize)
	}
	return kdf, iv, nil
}

func readAlgorithm(alg pkix.AlgorithmIdentifier, want asn1.ObjectIdentifier, what string, params any) error {
	if !alg.Algorithm.Equal(want) {
		return unsupported(what, alg.Algorithm)
	}
	return unmarshalAll(alg.Parameters.FullBytes, params)
}

func unsupported(what string, oid asn1.ObjectIdentifier) error {
	return fmt.Errorf("%w: %s %s is not supported; rewrite the key with: openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256", ErrKey, what, oid)
}

func unmarshalAll(der []byte, v any) error {
	rest, err := asn1.Unmarshal(der, v)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrKey, err)
	}
	if len(rest) > 0 {
		return fmt.Errorf("%w: %d bytes follow the key", ErrKey, len(rest))
	}
	return nil
}
