// Package attest makes and reads signed statements: evidence goes in, a Sigstore
// bundle with an in-toto statement comes out, and the other way round.
//
// It follows in-toto Attestation v1 (https://github.com/in-toto/attestation)
// and, for a gate's decision, SLSA VSA v1
// (https://slsa.dev/spec/v1.1/verification_summary).
//
// Threat: whoever can push to a registry can attach any bundle to any manifest.
// Read gives back a Problem for whatever does not hold: a signature by no
// trusted key, a key in a role that may not say this, another subject, a
// predicate that is incomplete or contradicts itself. It decides nothing beyond
// that; weighing what holds is package policy's work.
//
// Not covered: the place of a statement in time (policy), whether all
// referrers were listed (registry), keyless signatures.
package attest

import (
	"crypto"

	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/sign"
)

// BundleType is the artifact type and the layer type of the referrer that holds
// a statement.
const BundleType = sign.BundleMediaType

// Subject names the manifest that a statement is about.
type Subject struct {
	Name   string // repository; for people
	Digest string // "sha256:…" of the OCI manifest
}

// Manifest is what a statement must be about to count. Files are the layers;
// they bind a model signature, whose own subject is not the manifest.
type Manifest struct {
	Digest string
	Files  []evidence.File
}

// TrustedKey is a public key that the policy (or a local key pair) trusts. Its
// ID is recomputed from Public when statements are read.
type TrustedKey struct {
	Public crypto.PublicKey
	evidence.Key
}

// roleFor is the role that a key needs to sign a predicate type; ok is false for
// types that no gate weighs.
func roleFor(predicateType string) (role string, ok bool) {
	switch predicateType {
	case evidence.TypeScan, evidence.TypeAdmission, evidence.TypeModel, evidence.TypeCycloneDX:
		return evidence.RoleAdmit, true
	case evidence.TypeWaiver:
		return evidence.RoleWaive, true
	}
	return "", false
}
