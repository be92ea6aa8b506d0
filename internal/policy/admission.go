package policy

import (
	"slices"

	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/finding"
)

// admissions looks for one admission of this manifest into this repository,
// under this tag, for this environment. A model may have been admitted several
// times; any that fits will do. When none fits, all say why.
func (d *decider) admissions(trusted []*evidence.Statement) (accepted bool) {
	var against []evidence.Reason
	for _, s := range trusted {
		if s.Admission == nil {
			continue
		}
		if d.ahead(s.Admission.AdmittedOn) {
			d.deny(clauseAdmTime, "Set the clock of the machine that admitted, and admit again; or wait.", "An admission of %s is from the future: by this clock it is %s.", clock(s.Admission.AdmittedOn), clock(d.now))
			continue
		}
		why := d.misfit(s.Admission)
		if len(why) > 0 {
			against = append(against, why...)
			continue
		}
		if !accepted {
			d.admitted(s)
		}
		accepted = true
	}
	if !accepted {
		d.list = append(d.list, against...)
	}
	return accepted
}

// misfit lists what an admission does not cover.
func (d *decider) misfit(a *evidence.Admission) []evidence.Reason {
	var r reasons
	ref := d.ev.Reference
	if a.Repository != ref.Repository || ref.Repository == "" {
		r.deny(clauseAdmRepo, "Admit the model into this repository, or use the one it was admitted into.", "It was admitted into %q, not into %q.", clip(a.Repository), clip(ref.Repository))
	}
	if ref.Tag != "" && a.Tag != ref.Tag {
		r.deny(clauseAdmTag, "If the tag was moved, find out who moved it. Otherwise use the tag of the admission, or admit the model under this one.", "It was admitted as %q, not as %q; the tag may have been moved.", clip(a.Tag), clip(ref.Tag))
	}
	if !slices.Contains(a.Environments, d.env) {
		r.deny(clauseAdmEnv, "Admit the model for this environment: the policy for it is stricter than the one it passed.", "It was admitted for %q, not for %q.", a.Environments, d.env)
	}
	if pins := d.policy.pins(d.profile); len(pins) > 0 && !slices.Contains(pins, a.PolicyDigest) {
		r.deny(clauseAdmPolicy, "Admit the model again under a policy that pinnedPolicyDigests lists.", "It was admitted under the policy %s, which %s does not accept.", shortDigest(a.PolicyDigest), d.env)
	}
	if a.AdmittedOn.IsZero() {
		r.deny(clauseAdmTime, "Admit the model again.", "The admission has no date.")
	}
	switch a.Result {
	case string(finding.Clean):
	case waived:
		r.deny(clauseAdmResult, "Remove what was found, or wait for a version with waivers.", "It was admitted under a waiver, and waivers are not part of this version.")
	default:
		r.deny(clauseAdmResult, "Admit the model again.", "It was admitted with the result %q; only clean models enter.", clip(a.Result))
	}
	return r.list
}

// admitted tells which admission decided and what a reader should know of it.
func (d *decider) admitted(s *evidence.Statement) {
	a := s.Admission
	d.note(clauseAdmitted, "Admitted into %q as %q on %s from %q, signed by key %s.", clip(a.Repository), clip(a.Tag), clock(a.AdmittedOn), clip(a.Source), shortID(s.KeyID))
	if d.ev.Reference.Tag == "" {
		d.note(clauseAdmTag, "The reference names a digest and no tag, so there was no tag to compare.")
	}
	if len(d.profile.PinnedPolicyDigests) == 0 && a.PolicyDigest != d.policy.Digest() {
		d.note(clauseAdmPolicy, "It was admitted under another policy, %s; the profile pins none, so that is accepted.", shortDigest(a.PolicyDigest))
	}
}
