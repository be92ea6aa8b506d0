package sign

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/evidence"
)

// OpenSSF Model Signing. The statement lists every file with its digest; its
// subject is the root digest, SHA-256 over the raw digests in the order of the
// list. The root does not bind file names: use it as a checksum, never as a key.

// ModelFile is the usual name of the signature inside a model directory.
const ModelFile = "model.sig"

const (
	modelV01    = "https://model_signing/Digests/v0.1"
	methodFiles = "files"
	methodShard = "shards"
	hashSHA256  = "sha256"
	hashBLAKE2b = "blake2b"
)

// DefaultIgnored lists the paths that every signer and verifier of models
// leaves out, the signature itself included.
func DefaultIgnored() []string {
	return []string{".git", ".gitattributes", ".github", ".gitignore", ModelFile}
}

type modelPredicate struct {
	Serialization serialization `json:"serialization"`
	Resources     []resource    `json:"resources"`
}

type serialization struct {
	Method        string   `json:"method"`
	HashType      string   `json:"hash_type"`
	AllowSymlinks bool     `json:"allow_symlinks"`
	IgnorePaths   []string `json:"ignore_paths,omitempty"`
	ShardSize     float64  `json:"shard_size,omitempty"` // upstream writes 1000000.0
}

type resource struct {
	Name      string `json:"name"`
	Algorithm string `json:"algorithm"`
	Digest    string `json:"digest"`
}

// ModelInput is what SignModel signs.
type ModelInput struct {
	Name  string          // base name of the model directory; for people
	Files []artifact.File // hashed through Open where SHA256 is empty
	// IgnorePaths are left out in addition to DefaultIgnored, each with all that
	// lies below it. They are written into the signature.
	IgnorePaths []string
	// Certificates sign with the "certificate" method: leaf first, then
	// intermediates, without the root. Empty: the "key" method.
	Certificates []*x509.Certificate
}

// SignModel returns the content of model.sig: method files, SHA-256, in the
// form that the Python client model_signing verifies. Same input and a
// deterministic signer give the same bytes.
func SignModel(ctx context.Context, s Signer, in ModelInput) ([]byte, error) {
	tree := artifact.Tree{Files: in.Files}
	if err := tree.CheckPaths(); err != nil {
		return nil, err
	}
	ignore := append(DefaultIgnored(), in.IgnorePaths...)
	for _, p := range in.IgnorePaths {
		if err := artifact.CheckPath(p); err != nil {
			return nil, fmt.Errorf("path to ignore: %w", err)
		}
	}
	slices.Sort(ignore)
	p := modelPredicate{Serialization: serialization{
		Method: methodFiles, HashType: hashSHA256, IgnorePaths: slices.Compact(ignore)}}
	for _, f := range in.Files {
		if under(f.Path, ignore) {
			continue
		}
		sum, err := fileSHA256(f)
		if err != nil {
			return nil, err
		}
		p.Resources = append(p.Resources, resource{f.Path, hashSHA256, sum})
	}
	if len(p.Resources) == 0 {
		return nil, fmt.Errorf("%w: no file is left to sign", ErrModel)
	}
	slices.SortFunc(p.Resources, func(a, b resource) int { return comparePaths(a.Name, b.Name) })
	return sealModel(ctx, s, in, p)
}

func sealModel(ctx context.Context, s Signer, in ModelInput, p modelPredicate) ([]byte, error) {
	root, err := rootDigest(p.Resources)
	if err != nil {
		return nil, err
	}
	payload, err := NewStatement(evidence.TypeModel,
		[]Subject{{in.Name, map[string]string{hashSHA256: root}}}, p)
	if err != nil {
		return nil, err
	}
	m, err := modelMaterial(s, in.Certificates)
	if err != nil {
		return nil, err
	}
	return seal(ctx, payload, s, m)
}

func modelMaterial(s Signer, certificates []*x509.Certificate) (materialJSON, error) {
	if len(certificates) == 0 {
		hint, err := modelHint(s.Public())
		return materialJSON{PublicKey: &publicKeyJSON{hint}}, err
	}
	want, err := KeyID(s.Public())
	if err != nil {
		return materialJSON{}, err
	}
	if got, err := KeyID(certificates[0].PublicKey); err != nil || got != want {
		return materialJSON{}, fmt.Errorf("%w: the first certificate does not belong to the signing key", ErrKey)
	}
	chain := &chainJSON{}
	for i, c := range certificates {
		if i > 0 && selfSigned(c) {
			return materialJSON{}, fmt.Errorf("%w: leave the root certificate out of the chain; the verifier brings its own", ErrKey)
		}
		chain.Certificates = append(chain.Certificates, certificateJSON{base64.StdEncoding.EncodeToString(c.Raw)})
	}
	return materialJSON{Chain: chain}, nil
}

func selfSigned(c *x509.Certificate) bool {
	return slices.Equal(c.RawSubject, c.RawIssuer) && c.CheckSignatureFrom(c) == nil
}

// comparePaths orders as upstream does: component by component, so that "a/z"
// comes before "a.bin".
func comparePaths(a, b string) int {
	for {
		x, restA, moreA := strings.Cut(a, "/")
		y, restB, moreB := strings.Cut(b, "/")
		if c := cmp.Compare(x, y); c != 0 {
			return c
		}
		if !moreA || !moreB {
			return cmp.Compare(len(restA), len(restB))
		}
		a, b = restA, restB
	}
}

// under reports whether path is one of the roots or lies below one.
func under(path string, roots []string) bool {
	return slices.ContainsFunc(roots, func(r string) bool {
		return path == r || strings.HasPrefix(path, r+"/")
	})
}

func rootDigest(resources []resource) (string, error) {
	h := sha256.New()
	for _, r := range resources {
		raw, err := hex.DecodeString(r.Digest)
		if err != nil {
			return "", fmt.Errorf("%w: digest of %q is not hex", ErrModel, clip(r.Name))
		}
		h.Write(raw)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
