package policy

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"github.com/sallyport/sallyport/internal/evidence"
)

// Names of statements in policy files.
const (
	StatementScan      = "scan"
	StatementAdmission = "admission"
	StatementModel     = "model"
	StatementSBOM      = "sbom"
)

// statementTypes are the names with their predicate types and with the role
// that may sign them.
var statementTypes = []struct{ name, predicateType, role, title string }{
	{StatementScan, evidence.TypeScan, evidence.RoleAdmit, "scan statement"},
	{StatementAdmission, evidence.TypeAdmission, evidence.RoleAdmit, "admission statement"},
	{StatementModel, evidence.TypeModel, evidence.RoleAdmit, "model signature"},
	{StatementSBOM, evidence.TypeCycloneDX, evidence.RoleAdmit, "CycloneDX SBOM"},
	{"waiver", evidence.TypeWaiver, evidence.RoleWaive, "waiver"},
}

func predicateTypeOf(name string) string {
	for _, t := range statementTypes {
		if t.name == name {
			return t.predicateType
		}
	}
	return ""
}

func roleFor(predicateType string) string {
	for _, t := range statementTypes {
		if t.predicateType == predicateType {
			return t.role
		}
	}
	return ""
}

// title names a type of statement for a person.
func title(predicateType string) string {
	for _, t := range statementTypes {
		if t.predicateType == predicateType {
			return t.title
		}
	}
	return "statement of another type"
}

// Signer is a public key and what it may say. The same key may stand in several
// entries; its roles add up.
type Signer struct {
	Name           string           `json:"name"`
	Public         crypto.PublicKey `json:"-"`
	KeyID          string           `json:"keyId"`          // SHA-256 of the SPKI DER, lower-case hex
	Roles          []string         `json:"roles"`          // sorted
	Environments   []string         `json:"environments"`   // sorted; empty: all
	PredicateTypes []string         `json:"predicateTypes"` // sorted; empty: all that the roles may sign
}

// may reports whether this entry lets its key sign a type for an environment.
func (s *Signer) may(env, predicateType string) bool {
	return slices.Contains(s.Roles, roleFor(predicateType)) && s.counts(env) &&
		(len(s.PredicateTypes) == 0 || slices.Contains(s.PredicateTypes, predicateType))
}

func (s *Signer) counts(env string) bool {
	return len(s.Environments) == 0 || slices.Contains(s.Environments, env)
}

// Key is the entry in the form that statements are verified with.
func (s *Signer) Key() evidence.Key {
	return evidence.Key{ID: s.KeyID, Roles: s.Roles, Environments: s.Environments, Origin: "policy: signer " + s.Name}
}

// TrustsLocalKeys reports whether the user's own key pairs count for an
// environment and a kind of registry ("layout", "oci").
func (p *Policy) TrustsLocalKeys(env, kind string) bool {
	prof, err := p.Profile(env)
	return err == nil && prof.trustsLocal(kind)
}

func (p *Profile) trustsLocal(kind string) bool { return kind == "layout" && p.LocalKeys == LocalTrust }

// entries lists the signers with a key.
func (p *Policy) entries(keyID string) (found []*Signer) {
	for i := range p.Signers {
		if p.Signers[i].KeyID == keyID && keyID != "" {
			found = append(found, &p.Signers[i])
		}
	}
	return found
}

// rolesOf adds up the roles of all entries with a key.
func rolesOf(entries []*Signer) (roles []string) {
	for _, s := range entries {
		roles = append(roles, s.Roles...)
	}
	slices.Sort(roles)
	return slices.Compact(roles)
}

// maxKeyText is the longest PEM text of a public key, in bytes.
const maxKeyText = 64 << 10

// parsePublicKey reads exactly one public key from PEM. Package sign has the
// same rules; policy stays beside it and decides on fingerprints only.
func parsePublicKey(text []byte) (crypto.PublicKey, string, error) {
	if len(text) > maxKeyText {
		return nil, "", errors.New("the file is too long to be a public key")
	}
	block, rest := pem.Decode(text)
	switch {
	case block == nil:
		return nil, "", errors.New("there is no PEM block in it; write the content of a .pub file, or its path")
	case len(bytes.TrimSpace(rest)) > 0:
		return nil, "", errors.New("something follows the first PEM block; one entry holds one key")
	case block.Type != "PUBLIC KEY":
		return nil, "", fmt.Errorf("it is a PEM block of type %q, not a public key; name the .pub file", block.Type)
	}
	pub, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, "", err
	}
	key, ok := pub.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() && key.Curve != elliptic.P384() && key.Curve != elliptic.P521() {
		return nil, "", errors.New("the key must be an elliptic curve key on P-256, P-384 or P-521")
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(der)
	return key, hex.EncodeToString(sum[:]), nil
}
