package policy

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/evidence"
)

// Attackers, each with what they would gain.
func TestAttacks(t *testing.T) {
	tests := []struct {
		name   string
		env    string
		attack func(p *Policy, ev *evidence.Evidence)
		deny   []string
	}{
		{"annotation-says-clean", evidence.Production, func(_ *Policy, ev *evidence.Evidence) {
			ev.Annotations = map[string]string{"security.scan.result": "clean", "security.scan.tool": "sallyport"}
			ev.Statements = nil
		}, []string{clauseMissing}},
		{"tag-moved-to-another-admitted-model", evidence.Production, func(_ *Policy, ev *evidence.Evidence) {
			ev.Statements[admissionAt].Admission.Tag = "experiment-scanned"
		}, []string{clauseAdmTag}},
		{"copied-into-another-repository", evidence.Production, func(_ *Policy, ev *evidence.Evidence) {
			ev.Reference.Repository = "prod/model"
		}, []string{clauseAdmRepo}},
		{"statements-of-another-model", evidence.Production, func(_ *Policy, ev *evidence.Evidence) {
			for i := range ev.Statements {
				ev.Statements[i].Subject = digest("e")
			}
		}, []string{clauseMissing}},
		{"scan-of-another-model-with-forged-subject", evidence.Production, func(_ *Policy, ev *evidence.Evidence) {
			ev.Statements[scanAt].Scan.Files = []evidence.File{{Path: "model.safetensors", Size: 1, Digest: digest("e")}}
		}, []string{clauseScanFiles}},
		{"foreign-key", evidence.Production, func(_ *Policy, ev *evidence.Evidence) {
			for i := range ev.Statements {
				ev.Statements[i].KeyID = stranger // with the roles that its owner would like
			}
		}, []string{clauseMissing}},
		{"foreign-key-beside-good-ones", evidence.Production, func(_ *Policy, ev *evidence.Evidence) {
			s := statement(flaggedOf(99, now))
			s.KeyID = stranger
			ev.Statements = append(ev.Statements, s)
		}, nil},
		{"no-key", evidence.Production, func(_ *Policy, ev *evidence.Evidence) {
			for i := range ev.Statements {
				ev.Statements[i].KeyID = ""
			}
		}, []string{clauseMissing}},
		{"no-key-beside-a-signer-without-key", evidence.Production, func(p *Policy, ev *evidence.Evidence) {
			p.Signers = []Signer{{Name: "broken", Roles: []string{evidence.RoleAdmit}}}
			for i := range ev.Statements {
				ev.Statements[i].KeyID = ""
			}
		}, []string{clauseMissing}},
		{"problem-with-a-predicate", evidence.Production, func(_ *Policy, ev *evidence.Evidence) {
			ev.Statements[scanAt].Problem = "No trusted key made this signature"
		}, []string{clauseMissing}},
		{"type-says-scan-content-is-missing", evidence.Production, func(_ *Policy, ev *evidence.Evidence) {
			ev.Statements[scanAt].Scan = nil
		}, []string{clauseMissing}},
		{"type-says-model-content-is-scan", evidence.Production, func(_ *Policy, ev *evidence.Evidence) {
			ev.Statements[scanAt].PredicateType = evidence.TypeModel
		}, []string{clauseMissing}},
		{"role-is-claimed-not-given", evidence.Production, func(p *Policy, ev *evidence.Evidence) {
			p.Signers[0].Roles = []string{evidence.RoleLog}
		}, []string{clauseMissing}},
		{"type-is-not-given", evidence.Production, func(p *Policy, ev *evidence.Evidence) {
			p.Signers[0].PredicateTypes = []string{evidence.TypeScan, evidence.TypeModel}
		}, []string{clauseMissing}},
		{"sandbox-signer-in-production", evidence.Production, func(_ *Policy, ev *evidence.Evidence) {
			for i := range ev.Statements {
				ev.Statements[i].KeyID = otherKey
			}
		}, []string{clauseMissing}},
		{"sandbox-signer-in-the-sandbox", evidence.Sandbox, func(_ *Policy, ev *evidence.Evidence) {
			for i := range ev.Statements {
				ev.Statements[i].KeyID = otherKey
			}
		}, nil},
		{"laundered-through-the-sandbox", evidence.Production, func(_ *Policy, ev *evidence.Evidence) {
			ev.Statements[admissionAt].Admission.Environments = []string{evidence.Sandbox}
			ev.Statements[scanAt].Scan = scanOf(5, now.Add(-60*day)) // fresh enough for the sandbox
		}, []string{clauseAdmEnv, clauseScanAge}},
		{"sandbox-signer-clears-flagged", evidence.Production, func(_ *Policy, ev *evidence.Evidence) {
			ev.Statements[scanAt].Scan = flaggedOf(5, now.Add(-day))
			clear := statement(scanOf(9, now.Add(-time.Hour)))
			clear.KeyID = otherKey
			ev.Statements = append(ev.Statements, clear)
		}, []string{clauseScanFinding}},
		{"replayed-clean-after-flagged", evidence.Production, func(_ *Policy, ev *evidence.Evidence) {
			ev.Statements = append(ev.Statements, statement(flaggedOf(5, now.Add(-time.Hour))), statement(scanOf(5, now.Add(-24*time.Hour))))
		}, []string{clauseScanFinding}},
		{"clean-from-the-future-clears-flagged", evidence.Production, func(_ *Policy, ev *evidence.Evidence) {
			ev.Statements[scanAt].Scan = flaggedOf(5, now.Add(-time.Hour))
			ev.Statements = append(ev.Statements, statement(scanOf(5, now.Add(day))))
		}, []string{clauseScanFinding, clauseScanTime}},
		{"statement-from-the-future-beside-a-good-one", evidence.Production, func(_ *Policy, ev *evidence.Evidence) {
			ev.Statements = append(ev.Statements, statement(scanOf(5, now.Add(365*day))))
		}, []string{clauseScanTime}},
		{"list-of-referrers-cut-off", evidence.Production, func(_ *Policy, ev *evidence.Evidence) {
			ev.ReferrersProblem = "more than 1000 referrers" // the flagged one is behind the cut
		}, []string{clauseReferrers}},
		{"one-key-in-two-roles", evidence.Production, func(p *Policy, _ *evidence.Evidence) {
			p.Signers[0].Roles = []string{evidence.RoleAdmit, evidence.RoleWaive}
		}, []string{clauseRoles}},
		{"one-key-in-two-entries", evidence.Production, func(p *Policy, _ *evidence.Evidence) {
			p.Signers = append(p.Signers, Signer{Name: "same", KeyID: admitKey, Roles: []string{evidence.RoleWaive}})
		}, []string{clauseRoles}},
		{"one-key-in-two-roles-in-the-sandbox", evidence.Sandbox, func(p *Policy, _ *evidence.Evidence) {
			p.Signers[0].Roles = []string{evidence.RoleAdmit, evidence.RoleWaive}
		}, nil},
		{"second-role-in-another-environment", evidence.Production, func(p *Policy, _ *evidence.Evidence) {
			p.Signers = append(p.Signers, Signer{Name: "same", KeyID: admitKey, Roles: []string{evidence.RoleWaive}, Environments: []string{evidence.Sandbox}})
		}, nil},
		{"local-key-in-a-remote-registry", evidence.Production, func(p *Policy, _ *evidence.Evidence) {
			p.Signers = nil // good() is in an OCI registry, statements claim the role
		}, []string{clauseMissing}},
		{"flagged-admission-of-the-same-model-elsewhere", evidence.Production, func(_ *Policy, ev *evidence.Evidence) {
			other := admission()
			other.Repository, other.Tag = "x/y", "z"
			ev.Statements = append(ev.Statements, admitted(other))
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, ev := testPolicy(), good()
			tt.attack(p, ev)
			d := Decide(p, tt.env, ev, now)
			if diff := cmp.Diff(tt.deny, clauses(d, true)); diff != "" || d.Allow != (tt.deny == nil) {
				t.Errorf("allow = %v\n%s%s", d.Allow, diff, explain(d))
			}
			checkReasons(t, d)
		})
	}
}

func TestForgedAnnotationIsTold(t *testing.T) {
	for name, annotation := range map[string]string{"says-flagged": "flagged", "says-clean": "clean"} {
		t.Run(name, func(t *testing.T) {
			ev := good()
			ev.Annotations = map[string]string{"security.scan.result": annotation}
			d := Decide(testPolicy(), evidence.Production, ev, now)
			said := slices.Contains(clauses(d, false), clauseAnnotation)
			if !d.Allow || said != (annotation == "flagged") {
				t.Errorf("allow = %v, said = %v\n%s", d.Allow, said, explain(d))
			}
		})
	}
}

func TestIgnoredIsTold(t *testing.T) {
	ev := good()
	ev.Statements = append(ev.Statements,
		evidence.Statement{Referrer: digest("a"), Problem: "Unreadable signature bundle"},
		evidence.Statement{Referrer: digest("b"), PredicateType: evidence.TypeVSA, Subject: digest("1"), KeyID: admitKey})
	d := Decide(testPolicy(), evidence.Production, ev, now)
	if n := strings.Count(explain(d), "was ignored"); !d.Allow || n != 2 {
		t.Errorf("%d lines\n%s", n, explain(d))
	}
}

// A thousand useless statements do not bury the decision.
func TestIgnoredIsCounted(t *testing.T) {
	ev := good()
	for range 990 {
		ev.Statements = append(ev.Statements, evidence.Statement{Problem: "No trusted key made this signature"})
	}
	d := Decide(testPolicy(), evidence.Production, ev, now)
	if !d.Allow || len(d.Reasons) > 30 || !strings.Contains(explain(d), "And 970 more.") {
		t.Errorf("%d reasons", len(d.Reasons))
	}
}
