package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Descriptor points at content: what it is, its digest ("sha256:…") and its size
// in bytes.
type Descriptor struct {
	MediaType    string            `json:"mediaType"`
	Digest       string            `json:"digest"`
	Size         int64             `json:"size"`
	URLs         []string          `json:"urls,omitempty"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	Data         []byte            `json:"data,omitempty"`
	ArtifactType string            `json:"artifactType,omitempty"`
}

// Blob is content in memory with its descriptor.
type Blob struct {
	Descriptor
	Data []byte
}

// NewBlob describes data.
func NewBlob(mediaType string, data []byte) Blob {
	return Blob{Descriptor{MediaType: mediaType, Digest: DigestOf(data), Size: int64(len(data))}, data}
}

// Plain is the descriptor without annotations and artifact type, as a manifest
// names its subject.
func (d Descriptor) Plain() Descriptor {
	return Descriptor{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size}
}

// DigestOf is the digest of data: "sha256:" and lower-case hex.
func DigestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return digestPrefix + hex.EncodeToString(sum[:])
}

const digestPrefix = "sha256:"

// Hex is the hex part of a digest that CheckDigest accepts; anything else is an
// error, so that a digest can never become a path.
func Hex(digest string) (string, error) {
	if err := CheckDigest(digest); err != nil {
		return "", err
	}
	return digest[len(digestPrefix):], nil
}

// CheckDigest accepts "sha256:" and 64 lower-case hex digits, nothing else.
func CheckDigest(digest string) error {
	if len(digest) != len(digestPrefix)+64 || digest[:len(digestPrefix)] != digestPrefix {
		return fmt.Errorf("%w: %.100q is no sha256 digest", ErrReference, digest)
	}
	for _, c := range []byte(digest[len(digestPrefix):]) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return fmt.Errorf("%w: %.100q is no sha256 digest", ErrReference, digest)
		}
	}
	return nil
}
