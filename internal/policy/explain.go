package policy

import (
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/internal/finding"
)

// Explain says in sentences what the profile of an environment demands.
func (p *Policy) Explain(env string) ([]string, error) {
	prof, err := p.Profile(env)
	if err != nil {
		return nil, err
	}
	return append(prof.explainScan(), append(prof.explainTrust(p, env), append(p.explainNames(), prof.explainIntake()...)...)...), nil
}

func (p *Profile) explainScan() []string {
	out := []string{
		"The manifest must carry, signed: " + strings.Join(p.RequiredStatements, ", ") + ".",
		fmt.Sprintf("A finding at %s or above denies, and so does anything that was not read or not understood.", p.BlockSeverity),
		fmt.Sprintf("The scan must not be older than %s; clocks may differ by %s.", p.MaxScanAge, p.MaxClockSkew),
	}
	if p.MinRuleset > 0 {
		out = append(out, fmt.Sprintf("The scan must have used ruleset %d or newer.", p.MinRuleset))
	}
	if p.RequireDeepScan {
		out = append(out, "The scan must have looked into tensor and media data too (--deep); admit does it by itself.")
	}
	if p.RequireContent {
		return append(out, "Every layer must be read and rehashed (--content).")
	}
	return append(out, "Layers need not be read again; --content does it.")
}

func (p *Profile) explainTrust(all *Policy, env string) (out []string) {
	for i := range all.Signers {
		if s := &all.Signers[i]; s.counts(env) {
			out = append(out, fmt.Sprintf("The signer %q (key %s) counts in the role %s.", s.Name, shortID(s.KeyID), strings.Join(s.Roles, ", ")))
		}
	}
	if p.LocalKeys == LocalTrust {
		out = append(out, "Keys of this user count too, but only in a layout: registry.")
	}
	if len(out) == 0 {
		out = append(out, "No key counts, so every decision is deny; add signers to the policy.")
	}
	if p.SeparateRoles {
		out = append(out, "A key that holds two roles denies.")
	}
	if len(p.PinnedPolicyDigests) > 0 {
		out = append(out, "The model must have been admitted under one of these policies: "+strings.Join(all.pins(p), ", ")+".")
	}
	return out
}

func (p *Profile) explainIntake() []string {
	out := []string{"Gate 1 takes models from: " + strings.Join(p.Sources, ", ") + "."}
	switch p.Convert {
	case ConvertRequire:
		out = append(out, "Gate 1 refuses weights that are stored as pickle.")
	case ConvertPrefer:
		out = append(out, "Gate 1 takes weights that are stored as pickle when their scan is clean.")
	}
	if p.BlockSeverity < finding.High {
		out = append(out, fmt.Sprintf("This is stricter than the verdict of a scan, which is computed at %s.", finding.High))
	}
	return out
}
