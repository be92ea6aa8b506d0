// Package rule holds the rule catalogue: what each rule id means, how bad it is,
// and what to do about it. The source of truth is rules/<ID>/rule.yaml in the
// repository; `go generate ./internal/rule` compiles it into catalog_gen.go so
// that starting the program parses no YAML.
//
// Identifiers of other catalogues (CWE, MITRE ATLAS, OWASP) carry the version of
// their framework: both renumbered in 2026.
package rule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/finding"
)

//go:generate go run ./gen

// Rule is one entry of the catalogue. Coverage rules (Kind "coverage") name
// gaps; they have no severity and cannot be raised as findings.
type Rule struct {
	ID          string
	Kind        string // "finding" or "coverage"
	Title       string // under 80 bytes
	Severity    finding.Severity
	Confidence  string   // high, medium, low
	Attack      string   // what an attacker does with it
	Innocent    string   // why it may be a false alarm, and why it mostly is not
	Remediation string   // what to do now
	Formats     []string // format ids that can raise it; empty: any
	References  []string
	CWE         []string // "CWE-502"
	ATLAS       []string // "AML.T0011.000"
	OWASP       []string // "LLM04:2026"
}

// Sequence rises by one with every published change of the catalogue or of its
// lists; gates compare it between scan statements.
const Sequence = 1

// All is the catalogue, sorted by ID. Do not change it.
func All() []Rule { return catalog }

// Lookup finds a rule by ID.
func Lookup(id string) (*Rule, bool) {
	i, ok := slices.BinarySearchFunc(catalog, id, func(r Rule, id string) int { return strings.Compare(r.ID, id) })
	if !ok {
		return nil, false
	}
	return &catalog[i], true
}

// Finding raises a rule of kind finding. Symbol names the thing (an import, a
// key, a member) and keeps fingerprints apart. An unknown ID is a bug in us.
func Finding(id string, at finding.Location, symbol, message string) finding.Finding {
	r, ok := Lookup(id)
	if !ok || r.Kind != "finding" {
		panic(fmt.Sprintf("rule %q is not a finding rule of the catalogue", id))
	}
	return finding.Finding{Rule: id, Severity: r.Severity, Confidence: r.Confidence, Location: at,
		Symbol: Clip(symbol), Message: message}
}

// Gap raises a rule of kind coverage.
func Gap(id string, at finding.Location, reason string) finding.Gap {
	r, ok := Lookup(id)
	if !ok || r.Kind != "coverage" {
		panic(fmt.Sprintf("rule %q is not a coverage rule of the catalogue", id))
	}
	return finding.Gap{Rule: id, Location: at, Reason: reason}
}

// clipped is the longest excerpt kept in a finding, in bytes.
const clipped = 160

// Clip shortens an excerpt of a file for a finding. It does not escape: output
// does, for its own medium.
func Clip(s string) string {
	if len(s) <= clipped {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.ToValidUTF8(s[:clipped], "\uFFFD") + "…"
}
