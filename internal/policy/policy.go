// Package policy weighs evidence. Decide answers for gate 2 whether a model may
// be used in an environment, DecideAdmission for gate 1 whether it may enter.
// Both are pure: the same policy, evidence and time give the same decision, with
// every reason and not the first one only.
//
// The policy is typed YAML (docs/policy.md), one profile for each environment.
// What a file leaves out has the built-in value of that environment.
//
// Threat: everything in the evidence. Annotations, tags, statements of other
// models, old statements and foreign keys are put there by attackers. What is
// missing, unreadable, unknown or from the future denies. The roles that a
// statement claims for its key are not believed: they are taken from the policy
// again, except for local keys beside a layout on disk.
// Not covered: whether signatures hold (attest), whether all referrers were
// listed (registry says so in ReferrersProblem), and statements that a registry
// withholds: only a maximum age and a minimum ruleset bound that.
package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/finding"
)

// APIVersion is the version of the policy file.
const APIVersion = "sallyport/v1"

// Values of Profile.Convert: what gate 1 does with weights that are stored as
// pickle. Prefer converts where it can, Require refuses what is left as pickle,
// Never leaves files as they are.
const (
	ConvertPrefer  = "prefer"
	ConvertRequire = "require"
	ConvertNever   = "never"
)

// Values of Profile.LocalKeys: whether the key pairs of this user count in a
// layout: registry. In any other registry they never count.
const (
	LocalTrust  = "trust"
	LocalRefuse = "refuse"
)

// Self in PinnedPolicyDigests stands for the digest of the policy itself.
const Self = "self"

// Policy is a whole policy: who signs, and a profile for each environment.
// Parse and Builtin make one; do not change it afterwards.
type Policy struct {
	APIVersion string              `json:"apiVersion"`
	Signers    []Signer            `json:"signers"`
	Profiles   map[string]*Profile `json:"profiles"` // by environment
	// Names are additions to the list of inert Python names, sorted.
	Names []finding.Name `json:"names,omitempty"`
}

// Profile holds the conditions of one environment.
type Profile struct {
	// BlockSeverity is the lowest severity that blocks. HIGH or below: nothing can
	// let a HIGH finding pass.
	BlockSeverity finding.Severity `json:"blockSeverity"`
	// MaxScanAge is how old the deciding scan may be, by the signed time of its end.
	MaxScanAge Age `json:"maxScanAge"`
	// MaxClockSkew is how far ahead of our clock the signer's clock may be.
	MaxClockSkew Age `json:"maxClockSkew"`
	// MinRuleset is the lowest sequence of the ruleset that a scan may have used.
	MinRuleset int `json:"minRuleset"`
	// RequiredStatements lists what must be there, signed: scan and admission
	// always, model and sbom as wanted.
	RequiredStatements []string `json:"requiredStatements"`
	// RequireContent denies unless every layer was read and rehashed.
	RequireContent bool `json:"requireContent"`
	// RequireDeepScan denies unless the scan looked into declared payload too.
	RequireDeepScan bool `json:"requireDeepScan,omitempty"`
	// AllowWaived would admit findings under a waiver. Waivers are not part of
	// this version: Parse refuses true.
	AllowWaived bool `json:"allowWaived"`
	// PinnedPolicyDigests lists the policies under which a model may have been
	// admitted; empty: any.
	PinnedPolicyDigests []string `json:"pinnedPolicyDigests"`
	// SeparateRoles refuses a key that holds two roles.
	SeparateRoles bool `json:"separateRoles"`
	// LocalKeys is LocalTrust or LocalRefuse.
	LocalKeys string `json:"localKeys"`
	// Convert is ConvertPrefer, ConvertRequire or ConvertNever.
	Convert string `json:"convert"`
	// Sources lists patterns of the sources that gate 1 takes; see matchSource.
	Sources []string `json:"sources"`
}

// Builtin is the policy in force when the user names no file.
func Builtin() *Policy {
	p := &Policy{APIVersion: APIVersion, Signers: []Signer{}, Profiles: map[string]*Profile{}}
	for _, env := range environments {
		p.Profiles[env] = builtinProfile(env)
	}
	return p
}

var environments = []string{evidence.Sandbox, evidence.Staging, evidence.Production}

func builtinProfile(env string) *Profile {
	p := &Profile{
		BlockSeverity:       finding.High,
		MaxScanAge:          days(7),
		MaxClockSkew:        Age(5 * time.Minute),
		RequiredStatements:  []string{StatementAdmission, StatementModel, StatementScan},
		PinnedPolicyDigests: []string{},
		LocalKeys:           LocalTrust,
		Convert:             ConvertPrefer,
		Sources:             []string{"*"},
	}
	switch env {
	case evidence.Sandbox:
		p.MaxScanAge = days(90)
	case evidence.Staging:
		p.MaxScanAge = days(30)
	case evidence.Production:
		p.SeparateRoles = true
	}
	return p
}

// Profile finds the profile of an environment.
func (p *Policy) Profile(env string) (*Profile, error) {
	if p != nil {
		if prof := p.Profiles[env]; prof != nil {
			return prof, nil
		}
	}
	return nil, fmt.Errorf("the policy has no profile for the environment %q", env)
}

// Digest is "sha256:…" of what the policy means: its effective values with the
// defaults filled in and public keys as fingerprints. Comments, order of keys
// and whether a key was inline or in a file make no difference.
func (p *Policy) Digest() string {
	if p == nil {
		return ""
	}
	text, err := json.Marshal(p)
	if err != nil {
		panic("policy: a policy is plain data, but: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// pins lists the accepted policy digests with Self resolved; empty: any.
func (p *Policy) pins(prof *Profile) []string {
	pins := slices.Clone(prof.PinnedPolicyDigests)
	for i, pin := range pins {
		if pin == Self {
			pins[i] = p.Digest()
		}
	}
	return pins
}
