package attest

import (
	"crypto"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/sign"
)

// Read verifies one bundle against the trusted keys and the manifest. Whatever
// does not hold ends up in Problem, as one sentence, and then no predicate is
// decoded. Subject is the manifest digest in every statement without a Problem,
// also for a model signature, whose own subject is a root digest. The caller
// fills in Referrer. A type that no gate weighs is a Problem too:
// it counts for nothing, and says so.
func Read(bundle []byte, about Manifest, trusted []TrustedKey) evidence.Statement {
	var out evidence.Statement
	if err := read(&out, bundle, about, trusted); err != nil {
		out.Scan, out.Admission, out.Model = nil, nil, nil
		out.Problem = sentence(err)
	}
	return out
}

func read(out *evidence.Statement, bundle []byte, about Manifest, trusted []TrustedKey) error {
	b, err := sign.ParseBundle(bundle)
	if err != nil {
		return err
	}
	if b.Certificates != nil {
		return fmt.Errorf("%w: statements are signed with keys, this one with a certificate", sign.ErrSignature)
	}
	if err := authenticate(out, b, trusted); err != nil {
		return err
	}
	st, err := sign.ParseStatement(b.Payload)
	if err != nil {
		return err
	}
	out.PredicateType = st.PredicateType
	out.Subject = "sha256:" + st.Subject[0].Digest["sha256"]
	if err := checkRole(out); err != nil {
		return err
	}
	if st.PredicateType == evidence.TypeModel {
		return readModel(out, bundle, about, trusted)
	}
	if err := bind(out, st, about); err != nil {
		return err
	}
	return decode(out, st)
}

// authenticate finds the key that signed and collects the roles of every entry
// that trusts this same key.
func authenticate(out *evidence.Statement, b *sign.Bundle, trusted []TrustedKey) error {
	i, err := b.Verify(publicKeys(trusted))
	if err != nil {
		return err
	}
	id, err := sign.KeyID(trusted[i].Public)
	if err != nil {
		return err
	}
	out.KeyID = id
	for _, k := range trusted {
		other, err := sign.KeyID(k.Public)
		if err != nil || other != id {
			continue
		}
		for _, r := range k.Roles {
			if !slices.Contains(out.Roles, r) {
				out.Roles = append(out.Roles, r)
			}
		}
	}
	slices.Sort(out.Roles)
	return nil
}

func publicKeys(trusted []TrustedKey) []crypto.PublicKey {
	keys := make([]crypto.PublicKey, len(trusted))
	for i, k := range trusted {
		keys[i] = k.Public
	}
	return keys
}

func checkRole(out *evidence.Statement) error {
	role, ok := roleFor(out.PredicateType)
	switch {
	case !ok:
		return fmt.Errorf("no gate weighs statements of type %q", clip(out.PredicateType))
	case !slices.Contains(out.Roles, role):
		return fmt.Errorf("key %s signed a statement of type %s, for which it needs the role %q; it has %q",
			short(out.KeyID), out.PredicateType, role, out.Roles)
	}
	return nil
}

// bind wants exactly one subject: a statement about several manifests could be
// true of only one of them.
func bind(out *evidence.Statement, st *sign.Statement, about Manifest) error {
	switch {
	case !isDigest(about.Digest):
		return fmt.Errorf("the manifest has no digest")
	case len(st.Subject) != 1:
		return fmt.Errorf("the statement has %d subjects, want one", len(st.Subject))
	case len(st.Subject[0].Digest) != 1:
		return fmt.Errorf("the subject has %d digests, want one", len(st.Subject[0].Digest))
	case out.Subject != about.Digest:
		return fmt.Errorf("the statement is about another subject, %s", out.Subject)
	}
	return nil
}

func decode(out *evidence.Statement, st *sign.Statement) error {
	if len(st.Predicate) == 0 {
		return lacks("predicate")
	}
	switch st.PredicateType {
	case evidence.TypeScan:
		s := new(evidence.Scan)
		if err := sign.DecodeClosed(st.Predicate, s); err != nil {
			return err
		}
		out.Scan = s
		return checkScan(s)
	case evidence.TypeAdmission:
		a := new(evidence.Admission)
		if err := sign.DecodeClosed(st.Predicate, a); err != nil {
			return err
		}
		out.Admission = a
		return checkAdmission(a)
	case evidence.TypeCycloneDX:
		return checkCycloneDX(st.Predicate)
	}
	return nil
}

// readModel binds a model signature to the manifest: the files it lists must be
// the layers, by path and digest, apart from those that every model signature
// leaves out. No wish of the signer to ignore more is granted.
func readModel(out *evidence.Statement, bundle []byte, about Manifest, trusted []TrustedKey) error {
	m, err := sign.OpenModel(bundle, sign.ModelTrust{Keys: publicKeys(trusted)})
	if err != nil {
		return err
	}
	if !isDigest(about.Digest) {
		return fmt.Errorf("the manifest has no digest")
	}
	paths, digests, ok := m.Files()
	if !ok {
		return fmt.Errorf("%w: it does not sign whole files with SHA-256", sign.ErrModel)
	}
	match, err := m.Match(layers(about.Files))
	if err != nil {
		return err
	}
	if err := match.Err(); err != nil {
		return err
	}
	if len(match.RefusedIgnores) > 0 {
		return fmt.Errorf("%w: it asks to ignore %q", sign.ErrModel, match.RefusedIgnores)
	}
	model := &evidence.Model{RootDigest: "sha256:" + m.RootDigest, IgnorePaths: m.IgnorePaths}
	size := make(map[string]int64, len(about.Files))
	for _, f := range about.Files {
		size[f.Path] = f.Size
	}
	for i, p := range paths {
		model.Files = append(model.Files, evidence.File{Path: p, Size: size[p], Digest: digests[i]})
	}
	slices.SortFunc(model.Files, func(a, b evidence.File) int { return strings.Compare(a.Path, b.Path) })
	out.Model, out.Subject = model, about.Digest
	return nil
}

// layers are the files of the manifest without content: their digests are known.
func layers(files []evidence.File) []artifact.File {
	out := make([]artifact.File, 0, len(files))
	for _, f := range files {
		out = append(out, artifact.File{Path: f.Path, Size: f.Size, SHA256: strings.TrimPrefix(f.Digest, "sha256:")})
	}
	return out
}

// sentence turns an error into the form of Problem.
func sentence(err error) string {
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	if len(text) > 2000 {
		text = strings.ToValidUTF8(text[:2000], "") + "…"
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

func clip(s string) string {
	if len(s) > 120 {
		return strings.ToValidUTF8(s[:120], "") + "…"
	}
	return s
}

func short(id string) string { return id[:min(12, len(id))] }
