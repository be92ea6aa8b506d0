// Package evidence is what gate 1 writes and gate 2 reads: the predicates of the
// signed statements, and the collection of everything a gate knows about one
// manifest when it decides.
//
// Threat: a statement is only as good as the check of its signature, its
// subject, and its place in time. This package carries the results of those
// checks; package attest makes them, package policy weighs them. Nothing here is
// trusted by being present.
package evidence

import (
	"time"

	"github.com/sallyport/sallyport/internal/finding"
)

// Predicate types of the statements.
const (
	TypePrefix    = "https://github.com/sallyport/sallyport/attestation/"
	TypeScan      = TypePrefix + "scan/v0.1"
	TypeAdmission = TypePrefix + "admission/v0.1"
	TypeWaiver    = TypePrefix + "waiver/v0.1"
	TypeModel     = "https://model_signing/signature/v1.0" // OpenSSF Model Signing
	TypeCycloneDX = "https://cyclonedx.org/bom"
	TypeVSA       = "https://slsa.dev/verification_summary/v1"
)

// Roles of keys. A key is trusted for a role, a role for predicate types.
const (
	RoleAdmit = "admit"
	RoleWaive = "waive"
	RoleLog   = "log"
)

// Environments that a gate decides for.
const (
	Sandbox    = "sandbox"
	Staging    = "staging"
	Production = "production"
)

// File is one file of an admitted artifact; Digest is "sha256:…", equal to the
// digest of its layer.
type File struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	Digest string `json:"digest"`
}

// Scan is the predicate of the scan statement: the whole result, so that a gate
// can recompute the verdict instead of believing Result.
type Scan struct {
	Scanner    Scanner            `json:"scanner"`
	StartedOn  time.Time          `json:"startedOn"`
	FinishedOn time.Time          `json:"finishedOn"`
	Result     finding.Verdict    `json:"result"`
	Files      []File             `json:"files"` // every file of the manifest, sorted by path
	Findings   []finding.Finding  `json:"findings"`
	Gaps       []finding.Gap      `json:"gaps"`
	Excluded   []finding.Excluded `json:"excluded"`        // left out of the scan and not shipped
	Deep       bool               `json:"deep,omitempty"`  // declared payload was looked into
	Names      []finding.Name     `json:"names,omitempty"` // additions of the scanner's policy to the list of inert names
	Limits     map[string]int64   `json:"limits"`
}

// Scanner identifies program and rules.
type Scanner struct {
	URI      string `json:"uri"`
	Version  string `json:"version"`
	Ruleset  string `json:"rulesetDigest"`
	Sequence int    `json:"rulesetSequence"`
}

// Admission is the predicate of the admission statement: where the artifact may
// be used, under which policy it came in, and from where.
type Admission struct {
	Repository   string    `json:"repository"`   // as in the reference, without the registry's own location
	Tag          string    `json:"tag"`          // the one tag it was admitted under
	Environments []string  `json:"environments"` // eligible environments
	PolicyDigest string    `json:"policyDigest"` // "sha256:…" of the policy in force
	Source       string    `json:"source"`       // reference given to admit
	Result       string    `json:"result"`       // "clean" or "waived"
	AdmittedOn   time.Time `json:"admittedOn"`
	Tool         Scanner   `json:"tool"`
}

// Model is what the OMS model signature says: file names and digests.
type Model struct {
	RootDigest  string   `json:"rootDigest"`
	Files       []File   `json:"files"`
	IgnorePaths []string `json:"ignorePaths"`
}

// Statement is one referrer, read and checked. Problem says why it does not
// count (bad signature, unknown key, wrong subject, unreadable); a statement
// with a Problem has no decoded predicate.
type Statement struct {
	Referrer      string     `json:"referrer"` // digest of the referrer's manifest
	PredicateType string     `json:"predicateType,omitempty"`
	Subject       string     `json:"subject,omitempty"` // "sha256:…" the statement is about
	KeyID         string     `json:"keyId,omitempty"`   // fingerprint of the key that verified it
	Roles         []string   `json:"roles,omitempty"`   // roles the policy gives that key
	Problem       string     `json:"problem,omitempty"`
	Scan          *Scan      `json:"scan,omitempty"`
	Admission     *Admission `json:"admission,omitempty"`
	Model         *Model     `json:"model,omitempty"`
}

// Reference says what was asked for and what it resolved to.
type Reference struct {
	Registry   string `json:"registry"`   // location as given: "layout:DIR"
	Kind       string `json:"kind"`       // "layout" or "oci"
	Repository string `json:"repository"` // "team/model"
	Tag        string `json:"tag,omitempty"`
	Digest     string `json:"digest"` // manifest digest, resolved once
}

// Evidence is everything a gate knows when it decides: the whole input of
// policy.Decide beside the policy and the time.
type Evidence struct {
	Reference    Reference         `json:"reference"`
	ArtifactType string            `json:"artifactType"`
	Annotations  map[string]string `json:"annotations"` // hints for people; never trusted
	Files        []File            `json:"files"`       // layers of the manifest
	Statements   []Statement       `json:"statements"`
	// ReferrersProblem is set when the list of referrers is missing, unreadable
	// or capped: then statements may have been withheld, and the gate denies.
	ReferrersProblem string `json:"referrersProblem,omitempty"`
	// ManifestProblem is set when the manifest is unreadable, has another digest
	// than its name, or is not an admitted model.
	ManifestProblem string `json:"manifestProblem,omitempty"`
	// ContentRead is true when every layer was read and rehashed;
	// ContentProblems lists those that differ.
	ContentRead     bool     `json:"contentRead"`
	ContentProblems []string `json:"contentProblems,omitempty"`
}

// Key is a trusted public key with its roles.
type Key struct {
	ID           string   `json:"id"`                     // SHA-256 of the SPKI DER, lower-case hex
	Roles        []string `json:"roles"`                  // what it may sign
	Environments []string `json:"environments,omitempty"` // empty: all
	Origin       string   `json:"origin"`                 // policy file, or "local key (trusted because the registry is a layout)"
}

// Reason is one line of a decision. Deny lines decide; the others explain.
type Reason struct {
	Clause string `json:"clause"` // stable id: "scan.age"
	Deny   bool   `json:"deny"`
	Text   string `json:"text"`           // a sentence for a person
	Hint   string `json:"hint,omitempty"` // what to do next
}

// Decision is the answer of a gate.
type Decision struct {
	Allow        bool      `json:"allow"`
	Environment  string    `json:"environment"`
	Reference    Reference `json:"reference"`
	PolicyDigest string    `json:"policyDigest"`
	DecidedOn    time.Time `json:"decidedOn"`
	Reasons      []Reason  `json:"reasons"` // every one, denying first
}
