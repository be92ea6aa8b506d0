package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/evidence"
)

// trust sorts out which statements count. What does not is told and ignored: a
// stranger must not be able to block a model by attaching rubbish to it.
func (d *decider) trust() (trusted []*evidence.Statement) {
	local := map[string]bool{}
	var ignored []string
	for i := range d.ev.Statements {
		s := &d.ev.Statements[i]
		switch roles, isLocal, why := d.standing(s); {
		case why != "":
			ignored = append(ignored, describe(s)+" was ignored: "+period(why))
		default:
			d.checkRoles(s, roles)
			if isLocal && !local[s.KeyID] {
				local[s.KeyID] = true
				d.note(clauseLocal, "Key %s is a key of this user. It counts because the registry is a layout on disk; in a registry on the network it would not.", shortID(s.KeyID))
			}
			trusted = append(trusted, s)
		}
	}
	for _, text := range shorten(ignored) {
		d.note(clauseIgnored, "%s", text)
	}
	return trusted
}

// standing decides whether a statement counts: its roles come from the policy,
// or from the statement when the key is a local one beside a layout. why is
// empty for a statement that counts.
func (d *decider) standing(s *evidence.Statement) (roles []string, local bool, why string) {
	role := roleFor(s.PredicateType)
	switch {
	case s.Problem != "":
		return nil, false, s.Problem
	case role == "":
		return nil, false, "no gate weighs statements of this type"
	case s.Subject != d.ev.Reference.Digest:
		return nil, false, fmt.Sprintf("it is about %s and not about this manifest", clip(s.Subject))
	case undecoded(s):
		return nil, false, "its content was not read"
	}
	if entries := d.policy.entries(s.KeyID); len(entries) > 0 {
		allowed := slices.ContainsFunc(entries, func(e *Signer) bool { return e.may(d.env, s.PredicateType) })
		if !allowed {
			return nil, false, fmt.Sprintf("the policy does not let %s sign this for %s", names(entries), d.env)
		}
		return rolesOf(d.policy.entriesFor(s.KeyID, d.env)), false, ""
	}
	switch {
	case !d.profile.trustsLocal(d.ev.Reference.Kind):
		return nil, false, fmt.Sprintf("key %s is not a signer of the policy", shortID(s.KeyID))
	case s.KeyID == "" || !slices.Contains(s.Roles, role):
		return nil, false, fmt.Sprintf("key %s does not have the role %q", shortID(s.KeyID), role)
	}
	return s.Roles, true, ""
}

// undecoded is true for a statement that lacks the predicate that its type has.
func undecoded(s *evidence.Statement) bool {
	switch s.PredicateType {
	case evidence.TypeScan:
		return s.Scan == nil
	case evidence.TypeAdmission:
		return s.Admission == nil
	case evidence.TypeModel:
		return s.Model == nil
	}
	return false
}

// checkRoles refuses a key that could both admit and excuse what it admits.
func (d *decider) checkRoles(s *evidence.Statement, roles []string) {
	roles = sorted(roles)
	if d.profile.SeparateRoles && len(roles) > 1 {
		d.deny(clauseRoles, "Make a key for each role with \"sallyport keys init\", and sign again.",
			"Key %s signed the %s and holds the roles %s; in %s one key has one role.", shortID(s.KeyID), title(s.PredicateType), strings.Join(roles, " and "), d.env)
	}
}

// required demands at least one trusted statement of each required type.
func (d *decider) required(trusted []*evidence.Statement) {
	always := []string{StatementScan, StatementAdmission} // whatever the profile lists
	for _, name := range sorted(append(always, d.profile.RequiredStatements...)) {
		want := predicateTypeOf(name)
		there := func(s *evidence.Statement) bool { return s.PredicateType == want }
		if want == "" || !slices.ContainsFunc(trusted, there) {
			d.deny(clauseMissing, missingHint(d.ev.Statements, want), "There is no trusted %s for this manifest.", title(want))
		}
	}
}

// missingHint tells apart what was never signed from what was signed by somebody else.
func missingHint(all []evidence.Statement, want string) string {
	for i := range all {
		if all[i].PredicateType == want {
			return "One was there and did not count: see the lines about ignored statements. If its signer is right, add the public key to the signers of the policy."
		}
	}
	return "Admit the model with \"sallyport admit\"; it writes all statements."
}

func describe(s *evidence.Statement) string {
	name := strings.ToUpper(title(s.PredicateType)[:1]) + title(s.PredicateType)[1:]
	if s.Scan != nil {
		name += fmt.Sprintf(" with the result %q", clip(string(s.Scan.Result)))
	}
	if s.Referrer != "" {
		name += " in " + shortDigest(s.Referrer)
	}
	return name
}

func names(entries []*Signer) string {
	var list []string
	for _, s := range entries {
		list = append(list, fmt.Sprintf("%q", s.Name))
	}
	return strings.Join(list, " or ")
}

// shortDigest is enough of a digest for a person to find it in a list.
func shortDigest(digest string) string {
	if isDigest(digest) {
		return digest[:len("sha256:")+12] + "…"
	}
	return clip(digest)
}
