package sign

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/evidence"
)

// ModelTrust says whose model signatures count. With Keys the "key" method is
// accepted, with Roots the "certificate" method; with neither, nothing is.
type ModelTrust struct {
	Keys []crypto.PublicKey
	// Roots are the certificate authorities, At the time at which the whole chain
	// must be valid. Upstream takes the leaf's own first day, at which an expired
	// certificate is valid again; we take the time that the caller names.
	Roots *x509.CertPool
	At    time.Time
	// AllowV01 accepts the predicate of model_signing before 1.0. It has no root
	// digest and no list of ignored paths.
	AllowV01 bool
}

// Model is a model signature whose signature has been verified. It says nothing
// about any files until Match has compared them.
type Model struct {
	Name        string   // informative, from the signer
	Method      string   // "key" or "certificate"
	KeyID       string   // fingerprint of the key that signed
	Key         int      // index in ModelTrust.Keys; -1 for a certificate
	Signer      string   // subject of the leaf certificate, or empty
	RootDigest  string   // lower-case hex; empty for v0.1
	IgnorePaths []string // as signed; a wish of the signer, not a fact
	V01         bool

	hash  string
	parts []part // sorted as listed
}

// part is one listed resource: a whole file, or with end > 0 a byte range of it.
type part struct {
	path       string
	start, end int64
	digest     string
}

// OpenModel reads model.sig, verifies its signature and its inner consistency.
// Errors wrap ErrBundle, ErrStatement, ErrSignature or ErrModel.
func OpenModel(bundle []byte, trust ModelTrust) (*Model, error) {
	b, err := ParseBundle(bundle)
	if err != nil {
		return nil, err
	}
	m := &Model{}
	if err := m.authenticate(b, trust); err != nil {
		return nil, err
	}
	if err := m.open(b.Payload, trust.AllowV01); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Model) open(payload []byte, allowV01 bool) error {
	st, err := ParseStatement(payload)
	switch {
	case err != nil:
		return err
	case st.PredicateType == evidence.TypeModel:
		return m.read(st)
	case st.PredicateType == modelV01 && allowV01:
		return m.readV01(st)
	case st.PredicateType == modelV01:
		return badModel("it has the old form v0.1, which must be allowed explicitly")
	}
	return badModel("predicate type %q is not a model signature", clip(st.PredicateType))
}

func (m *Model) authenticate(b *Bundle, trust ModelTrust) error {
	if b.Certificates != nil {
		return m.authenticateChain(b, trust)
	}
	i, err := b.Verify(trust.Keys)
	if err != nil {
		return err
	}
	if err := checkModelHint(b.Hint, trust.Keys[i]); err != nil {
		return err
	}
	m.Method, m.Key = "key", i
	m.KeyID, err = KeyID(trust.Keys[i])
	return err
}

// checkModelHint refuses, as upstream does, a hint that names another key than
// the one that verified. None is fine; cosign's form is accepted too.
func checkModelHint(hint string, pub crypto.PublicKey) error {
	byPEM, err := modelHint(pub)
	if err != nil {
		return err
	}
	byDER, err := cosignHint(pub)
	if err != nil {
		return err
	}
	if hint != "" && hint != byPEM && hint != byDER {
		return fmt.Errorf("%w: the key hint names another key than the one that signed", ErrSignature)
	}
	return nil
}

func (m *Model) authenticateChain(b *Bundle, trust ModelTrust) error {
	if trust.Roots == nil || trust.At.IsZero() {
		return fmt.Errorf("%w: signed with a certificate, but no certificate authority is trusted", ErrSignature)
	}
	chain, err := b.chain()
	if err != nil {
		return err
	}
	leaf := chain[0]
	intermediates := x509.NewCertPool()
	for _, c := range chain[1:] {
		intermediates.AddCert(c)
	}
	_, err = leaf.Verify(x509.VerifyOptions{Roots: trust.Roots, Intermediates: intermediates,
		CurrentTime: trust.At, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err != nil {
		return fmt.Errorf("%w: certificate of %q: %w", ErrSignature, clip(leaf.Subject.String()), err)
	}
	if leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 && !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageCodeSigning) {
		return fmt.Errorf("%w: certificate of %q is not made for signing", ErrSignature, clip(leaf.Subject.String()))
	}
	if _, err := b.Verify([]crypto.PublicKey{leaf.PublicKey}); err != nil {
		return err
	}
	m.Method, m.Key, m.Signer = "certificate", -1, leaf.Subject.String()
	m.KeyID, err = KeyID(leaf.PublicKey)
	return err
}

func (m *Model) read(st *Statement) error {
	var p modelPredicate
	if err := DecodeStrict(st.Predicate, &p); err != nil {
		return fmt.Errorf("%w: %w", ErrStatement, err)
	}
	if len(st.Subject) != 1 {
		return badModel("%d subjects, want one", len(st.Subject))
	}
	if len(p.Resources) == 0 || len(p.Resources) > maxResources {
		return badModel("it lists %d files, want 1 to %d", len(p.Resources), maxResources)
	}
	root, err := rootDigest(p.Resources)
	if err != nil {
		return err
	}
	if root != st.Subject[0].Digest[hashSHA256] {
		return badModel("the root digest does not follow from the listed files")
	}
	m.Name, m.RootDigest, m.IgnorePaths = st.Subject[0].Name, root, p.Serialization.IgnorePaths
	return m.addParts(p)
}

// readV01 takes the files from the subjects, which is all that v0.1 has.
func (m *Model) readV01(st *Statement) error {
	m.V01 = true
	p := modelPredicate{Serialization: serialization{Method: methodFiles, HashType: hashSHA256}}
	for _, s := range st.Subject {
		p.Resources = append(p.Resources, resource{s.Name, hashSHA256, s.Digest[hashSHA256]})
	}
	return m.addParts(p)
}

const maxResources = 1_000_000

func (m *Model) addParts(p modelPredicate) error {
	s := p.Serialization
	digestLen, ok := map[string]int{hashSHA256: 64, hashBLAKE2b: 128}[s.HashType]
	if !ok {
		return badModel("hash %q is not supported; sign again with sha256", clip(s.HashType))
	}
	m.hash = s.HashType
	algorithm := s.HashType
	var shard int64
	switch s.Method {
	case methodFiles:
	case methodShard:
		shard = int64(s.ShardSize)
		if float64(shard) != s.ShardSize || shard < 1 {
			return badModel("shard size %v is not a whole number of bytes", s.ShardSize)
		}
		algorithm += "-sharded-" + strconv.FormatInt(shard, 10)
	default:
		return badModel("serialization method %q is not known", clip(s.Method))
	}
	for _, r := range p.Resources {
		if r.Algorithm != algorithm || len(r.Digest) != digestLen || strings.ToLower(r.Digest) != r.Digest {
			return badModel("%q: digest is not %s in lower-case hex", clip(r.Name), algorithm)
		}
		pt := part{path: r.Name, digest: r.Digest}
		if shard > 0 {
			if pt, ok = shardOf(r); !ok || pt.end-pt.start > shard {
				return badModel("%q is not the name of a shard", clip(r.Name))
			}
		}
		if err := artifact.CheckPath(pt.path); err != nil {
			return fmt.Errorf("%w: %w", ErrModel, err)
		}
		m.parts = append(m.parts, pt)
	}
	return m.checkParts(shard > 0)
}

// shardOf reads "path:start:end". The path may contain colons.
func shardOf(r resource) (part, bool) {
	rest, last, ok1 := cutLast(r.Name)
	path, first, ok2 := cutLast(rest)
	start, err1 := strconv.ParseInt(first, 10, 64)
	end, err2 := strconv.ParseInt(last, 10, 64)
	ok := ok1 && ok2 && err1 == nil && err2 == nil && start >= 0 && end > start
	return part{path, start, end, r.Digest}, ok
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// checkParts refuses a list in which one name has two meanings: a file listed
// twice, shards that overlap or leave a hole.
func (m *Model) checkParts(shards bool) error {
	next := make(map[string]int64, len(m.parts))
	for _, p := range m.parts {
		at, seen := next[p.path]
		if !shards && seen {
			return badModel("%q is listed twice", clip(p.path))
		}
		if shards && p.start != at {
			return badModel("shards of %q do not follow one another", clip(p.path))
		}
		next[p.path] = p.end
	}
	return nil
}

func badModel(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrModel}, args...)...)
}
