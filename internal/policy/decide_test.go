package policy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/finding"
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func digest(c string) string { return "sha256:" + strings.Repeat(c, 64) }

const (
	admitKey = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	otherKey = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	stranger = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
)

// testPolicy is the built-in one with two signers.
func testPolicy() *Policy {
	p := Builtin()
	p.Signers = []Signer{
		{Name: "ci", KeyID: admitKey, Roles: []string{evidence.RoleAdmit}},
		{Name: "lab", KeyID: otherKey, Roles: []string{evidence.RoleAdmit}, Environments: []string{evidence.Sandbox}},
	}
	return p
}

func files() []evidence.File {
	return []evidence.File{
		{Path: "README.md", Size: 7, Digest: digest("2")},
		{Path: "config.json", Size: 5, Digest: digest("3")},
		{Path: "model.safetensors", Size: 900, Digest: digest("4")},
	}
}

func scanOf(sequence int, finished time.Time) *evidence.Scan {
	return &evidence.Scan{
		Scanner:   evidence.Scanner{URI: "u", Version: "1", Ruleset: digest("5"), Sequence: sequence},
		StartedOn: finished.Add(-time.Minute), FinishedOn: finished, Result: finding.Clean,
		Files: files(), Findings: []finding.Finding{}, Gaps: []finding.Gap{}, Excluded: []finding.Excluded{},
	}
}

func flaggedOf(sequence int, finished time.Time) *evidence.Scan {
	s := scanOf(sequence, finished)
	s.Findings = []finding.Finding{{Rule: "SP-PICKLE-001", Severity: finding.Critical, Location: finding.Location{Path: "model.safetensors", Offset: 34}, Message: "Loading this file calls os.system('echo') at byte 34."}}
	s.Result = finding.Flagged
	return s
}

func incompleteOf(sequence int, finished time.Time) *evidence.Scan {
	s := scanOf(sequence, finished)
	s.Gaps = []finding.Gap{{Rule: "SP-COV-001", Location: finding.Location{Path: "config.json"}, Reason: "The file could not be read."}}
	s.Result = finding.Incomplete
	return s
}

func statement(s *evidence.Scan) evidence.Statement {
	return evidence.Statement{Referrer: digest("6"), PredicateType: evidence.TypeScan, Subject: digest("1"), KeyID: admitKey, Roles: []string{evidence.RoleAdmit}, Scan: s}
}

func admission() *evidence.Admission {
	return &evidence.Admission{Repository: "team/model", Tag: "v1-scanned", Environments: []string{evidence.Production, evidence.Sandbox, evidence.Staging},
		PolicyDigest: testPolicy().Digest(), Source: "./model", Result: "clean", AdmittedOn: now.Add(-time.Hour)}
}

func admitted(a *evidence.Admission) evidence.Statement {
	return evidence.Statement{Referrer: digest("7"), PredicateType: evidence.TypeAdmission, Subject: digest("1"), KeyID: admitKey, Roles: []string{evidence.RoleAdmit}, Admission: a}
}

func signed(list []evidence.File) evidence.Statement {
	return evidence.Statement{Referrer: digest("8"), PredicateType: evidence.TypeModel, Subject: digest("1"), KeyID: admitKey, Roles: []string{evidence.RoleAdmit},
		Model: &evidence.Model{RootDigest: digest("9"), Files: list}}
}

// good is evidence that every profile allows.
func good() *evidence.Evidence {
	return &evidence.Evidence{
		Reference:    evidence.Reference{Registry: "oci://registry.example", Kind: "oci", Repository: "team/model", Tag: "v1-scanned", Digest: digest("1")},
		ArtifactType: ManifestType,
		Files:        files(),
		Statements:   []evidence.Statement{statement(scanOf(5, now.Add(-24*time.Hour))), admitted(admission()), signed(files())},
	}
}

// Where the statements of good lie.
const (
	scanAt = iota
	admissionAt
	modelAt
)

func clauses(d evidence.Decision, deny bool) []string {
	var out []string
	for _, r := range d.Reasons {
		if r.Deny == deny && !slices.Contains(out, r.Clause) {
			out = append(out, r.Clause)
		}
	}
	slices.Sort(out)
	return out
}

func explain(d evidence.Decision) string {
	var b strings.Builder
	for _, r := range d.Reasons {
		fmt.Fprintf(&b, "  deny=%v %s: %s (%s)\n", r.Deny, r.Clause, r.Text, r.Hint)
	}
	return b.String()
}

func TestDecideAllows(t *testing.T) {
	for _, env := range environments {
		t.Run(env, func(t *testing.T) {
			d := Decide(testPolicy(), env, good(), now)
			if !d.Allow || d.Environment != env || d.PolicyDigest != testPolicy().Digest() || !d.DecidedOn.Equal(now) || d.Reference != good().Reference {
				t.Errorf("%+v", d)
			}
			want := []string{clauseAdmitted, clauseUnread, clauseScanOK}
			slices.Sort(want)
			if diff := cmp.Diff(want, clauses(d, false)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Each case changes one thing of what passes. A clause that denies has one case
// that just fails and one that just passes.
func TestDecideClauses(t *testing.T) {
	type edit func(p *Policy, ev *evidence.Evidence)
	prod := func(p *Policy) *Profile { return p.Profiles[evidence.Production] }
	tests := []struct {
		name string
		edit edit
		deny []string // the clauses that deny; none: allowed
		note string   // a clause that must be told
	}{
		{"nothing-changed", func(*Policy, *evidence.Evidence) {}, nil, clauseScanOK},
		{"no-profile", func(p *Policy, _ *evidence.Evidence) { delete(p.Profiles, evidence.Production) }, []string{clauseEnvironment}, ""},
		{"no-digest", func(_ *Policy, ev *evidence.Evidence) { ev.Reference.Digest = "" }, []string{clauseDigest, clauseMissing}, ""},
		{"short-digest", func(_ *Policy, ev *evidence.Evidence) {
			ev.Reference.Digest = "sha256:abc"
			for i := range ev.Statements {
				ev.Statements[i].Subject = "sha256:abc"
			}
		}, []string{clauseDigest}, ""},
		{"manifest-problem", func(_ *Policy, ev *evidence.Evidence) { ev.ManifestProblem = "The manifest has another digest." }, []string{clauseManifest}, ""},
		{"manifest-type", func(_ *Policy, ev *evidence.Evidence) { ev.ArtifactType = "application/vnd.oci.image.manifest.v1+json" }, []string{clauseType}, ""},
		{"no-files", func(_ *Policy, ev *evidence.Evidence) { ev.Files = nil }, []string{clauseFiles, clauseModel, clauseScanFiles}, ""},
		{"path-that-escapes", withFiles(evidence.File{Path: "../evil", Size: 1, Digest: digest("a")}), []string{clauseFiles}, ""},
		{"paths-that-collide", withFiles(evidence.File{Path: "Config.json", Size: 1, Digest: digest("a")}), []string{clauseFiles}, ""},
		{"path-twice", withFiles(files()[0]), []string{clauseFiles}, ""},
		{"file-without-digest", withFiles(evidence.File{Path: "z", Size: 1}), []string{clauseFiles}, ""},
		{"one-more-file-everywhere", withFiles(evidence.File{Path: "z", Size: 1, Digest: digest("a")}), nil, clauseScanOK},
		{"referrers-problem", func(_ *Policy, ev *evidence.Evidence) { ev.ReferrersProblem = "The list was cut off" }, []string{clauseReferrers}, ""},

		{"no-scan", without(scanAt), []string{clauseMissing}, ""},
		{"no-admission", without(admissionAt), []string{clauseMissing}, ""},
		{"no-model-signature", without(modelAt), []string{clauseMissing}, ""},
		{"model-signature-not-required", func(p *Policy, ev *evidence.Evidence) {
			prod(p).RequiredStatements = []string{StatementScan, StatementAdmission}
			without(modelAt)(p, ev)
		}, nil, ""},
		{"empty-list-still-needs-scan", func(p *Policy, ev *evidence.Evidence) {
			prod(p).RequiredStatements = nil
			without(scanAt)(p, ev)
		}, []string{clauseMissing}, ""},
		{"empty-list-still-needs-admission", func(p *Policy, ev *evidence.Evidence) {
			prod(p).RequiredStatements = nil
			without(admissionAt)(p, ev)
		}, []string{clauseMissing}, ""},
		{"sbom-required-and-missing", func(p *Policy, _ *evidence.Evidence) {
			prod(p).RequiredStatements = append(prod(p).RequiredStatements, StatementSBOM)
		}, []string{clauseMissing}, ""},
		{"sbom-required-and-there", func(p *Policy, ev *evidence.Evidence) {
			prod(p).RequiredStatements = append(prod(p).RequiredStatements, StatementSBOM)
			ev.Statements = append(ev.Statements, evidence.Statement{PredicateType: evidence.TypeCycloneDX, Subject: digest("1"), KeyID: admitKey})
		}, nil, ""},
		{"unknown-required-statement", func(p *Policy, _ *evidence.Evidence) {
			prod(p).RequiredStatements = append(prod(p).RequiredStatements, "blessing")
		}, []string{clauseMissing}, ""},

		{"scan-of-fewer-files", func(_ *Policy, ev *evidence.Evidence) {
			ev.Statements[scanAt].Scan.Files = files()[1:]
		}, []string{clauseScanFiles}, ""},
		{"scan-of-more-files", func(_ *Policy, ev *evidence.Evidence) {
			s := ev.Statements[scanAt].Scan
			s.Files = append(s.Files, evidence.File{Path: "z", Size: 1, Digest: digest("a")})
		}, []string{clauseScanFiles}, ""},
		{"scan-of-other-bytes", func(_ *Policy, ev *evidence.Evidence) { ev.Statements[scanAt].Scan.Files[2].Digest = digest("f") }, []string{clauseScanFiles}, ""},
		{"scan-of-other-size", func(_ *Policy, ev *evidence.Evidence) { ev.Statements[scanAt].Scan.Files[2].Size++ }, []string{clauseScanFiles}, ""},
		{"scan-in-other-order", func(_ *Policy, ev *evidence.Evidence) { slices.Reverse(ev.Statements[scanAt].Scan.Files) }, nil, ""},
		{"critical-finding", replaceScan(flaggedOf(5, now.Add(-time.Hour))), []string{clauseScanFinding}, ""},
		{"high-finding", withFinding(finding.High, finding.Flagged), []string{clauseScanFinding}, ""},
		{"medium-finding", withFinding(finding.Medium, finding.Clean), nil, ""},
		{"medium-finding-blocks", func(p *Policy, ev *evidence.Evidence) {
			prod(p).BlockSeverity = finding.Medium
			withFinding(finding.Medium, finding.Clean)(p, ev)
		}, []string{clauseScanFinding}, ""},
		{"low-finding-below-medium", func(p *Policy, ev *evidence.Evidence) {
			prod(p).BlockSeverity = finding.Medium
			withFinding(finding.Low, finding.Clean)(p, ev)
		}, nil, ""},
		{"severity-that-does-not-exist", withFinding(finding.Severity(-1), finding.Clean), []string{clauseScanFinding}, ""},
		{"gap", replaceScan(incompleteOf(5, now.Add(-time.Hour))), []string{clauseScanGap}, ""},
		{"result-hides-finding", withFinding(finding.High, finding.Clean), []string{clauseScanFinding, clauseScanResult}, ""},
		{"result-hides-gap", func(_ *Policy, ev *evidence.Evidence) {
			s := incompleteOf(5, now.Add(-time.Hour))
			s.Result = finding.Clean
			ev.Statements[scanAt].Scan = s
		}, []string{clauseScanGap, clauseScanResult}, ""},
		{"result-worse-than-content", func(_ *Policy, ev *evidence.Evidence) { ev.Statements[scanAt].Scan.Result = finding.Flagged }, []string{clauseScanResult}, ""},
		{"result-empty", func(_ *Policy, ev *evidence.Evidence) { ev.Statements[scanAt].Scan.Result = "" }, []string{clauseScanResult}, ""},
		{"scan-waived", func(_ *Policy, ev *evidence.Evidence) { ev.Statements[scanAt].Scan.Result = waived }, []string{clauseScanWaived}, ""},
		{"waived-even-when-allowed", func(p *Policy, ev *evidence.Evidence) {
			prod(p).AllowWaived = true
			ev.Statements[scanAt].Scan.Result = waived
		}, []string{clauseScanWaived}, ""},
		{"excluded-and-shipped", func(_ *Policy, ev *evidence.Evidence) {
			ev.Statements[scanAt].Scan.Excluded = []finding.Excluded{{Path: "config.json", Reason: "By wish."}}
		}, []string{clauseScanLeft}, ""},
		{"excluded-and-not-shipped", func(_ *Policy, ev *evidence.Evidence) {
			ev.Statements[scanAt].Scan.Excluded = []finding.Excluded{{Path: "model.onnx", Reason: "By wish."}}
		}, nil, clauseScanLeft},

		{"scan-as-old-as-allowed", replaceScan(scanOf(5, now.Add(-7*day))), nil, ""},
		{"scan-too-old", replaceScan(scanOf(5, now.Add(-7*day-time.Second))), []string{clauseScanAge}, ""},
		{"scan-just-ahead", replaceScan(scanOf(5, now.Add(5*time.Minute))), nil, ""},
		{"scan-from-the-future", replaceScan(scanOf(5, now.Add(5*time.Minute+time.Second))), []string{clauseScanTime}, ""},
		{"scan-began-in-the-future", func(_ *Policy, ev *evidence.Evidence) {
			ev.Statements[scanAt].Scan.StartedOn = now.Add(time.Hour)
		}, []string{clauseScanTime}, ""},
		{"scan-ends-before-it-begins", func(_ *Policy, ev *evidence.Evidence) {
			s := ev.Statements[scanAt].Scan
			s.StartedOn, s.FinishedOn = s.FinishedOn, s.StartedOn
		}, []string{clauseScanTime}, ""},
		{"scan-without-time", func(_ *Policy, ev *evidence.Evidence) {
			s := ev.Statements[scanAt].Scan
			s.StartedOn, s.FinishedOn = time.Time{}, time.Time{}
		}, []string{clauseScanTime}, ""},
		{"ruleset-just-enough", func(p *Policy, _ *evidence.Evidence) { prod(p).MinRuleset = 5 }, nil, ""},
		{"ruleset-too-old", func(p *Policy, _ *evidence.Evidence) { prod(p).MinRuleset = 6 }, []string{clauseScanRuleset}, ""},

		{"other-repository", editAdmission(func(a *evidence.Admission) { a.Repository = "team/other" }), []string{clauseAdmRepo}, ""},
		{"repository-in-other-case", editAdmission(func(a *evidence.Admission) { a.Repository = "Team/model" }), []string{clauseAdmRepo}, ""},
		{"no-repository-anywhere", func(_ *Policy, ev *evidence.Evidence) {
			ev.Reference.Repository, ev.Statements[admissionAt].Admission.Repository = "", ""
		}, []string{clauseAdmRepo}, ""},
		{"other-tag", editAdmission(func(a *evidence.Admission) { a.Tag = "v2-scanned" }), []string{clauseAdmTag}, ""},
		{"digest-only", func(_ *Policy, ev *evidence.Evidence) { ev.Reference.Tag = "" }, nil, clauseAdmTag},
		{"other-environment", editAdmission(func(a *evidence.Admission) { a.Environments = []string{evidence.Sandbox} }), []string{clauseAdmEnv}, ""},
		{"no-environment", editAdmission(func(a *evidence.Admission) { a.Environments = nil }), []string{clauseAdmEnv}, ""},
		{"this-environment-alone", editAdmission(func(a *evidence.Admission) { a.Environments = []string{evidence.Production} }), nil, ""},
		{"pinned-policy", func(p *Policy, ev *evidence.Evidence) {
			prod(p).PinnedPolicyDigests = []string{digest("d"), ev.Statements[admissionAt].Admission.PolicyDigest}
		}, nil, ""},
		{"pinned-to-itself", func(p *Policy, ev *evidence.Evidence) {
			prod(p).PinnedPolicyDigests = []string{Self}
			ev.Statements[admissionAt].Admission.PolicyDigest = p.Digest()
		}, nil, ""},
		{"pinned-to-another-policy", func(p *Policy, _ *evidence.Evidence) {
			prod(p).PinnedPolicyDigests = []string{digest("d")}
		}, []string{clauseAdmPolicy}, ""},
		{"other-policy-not-pinned", editAdmission(func(a *evidence.Admission) { a.PolicyDigest = digest("d") }), nil, clauseAdmPolicy},
		{"admission-waived", editAdmission(func(a *evidence.Admission) { a.Result = waived }), []string{clauseAdmResult}, ""},
		{"admission-without-result", editAdmission(func(a *evidence.Admission) { a.Result = "" }), []string{clauseAdmResult}, ""},
		{"admission-just-ahead", editAdmission(func(a *evidence.Admission) { a.AdmittedOn = now.Add(5 * time.Minute) }), nil, ""},
		{"admission-from-the-future", editAdmission(func(a *evidence.Admission) { a.AdmittedOn = now.Add(time.Hour) }), []string{clauseAdmTime}, ""},
		{"admission-without-time", editAdmission(func(a *evidence.Admission) { a.AdmittedOn = time.Time{} }), []string{clauseAdmTime}, ""},

		{"model-of-other-bytes", func(_ *Policy, ev *evidence.Evidence) { ev.Statements[modelAt].Model.Files[0].Digest = digest("f") }, []string{clauseModel}, ""},
		{"model-of-fewer-files", func(_ *Policy, ev *evidence.Evidence) { ev.Statements[modelAt].Model.Files = files()[1:] }, []string{clauseModel}, ""},
		{"model-of-more-files", func(_ *Policy, ev *evidence.Evidence) {
			m := ev.Statements[modelAt].Model
			m.Files = append(m.Files, evidence.File{Path: "z", Digest: digest("a")})
		}, []string{clauseModel}, ""},
		{"model-without-sizes", func(_ *Policy, ev *evidence.Evidence) {
			for i := range ev.Statements[modelAt].Model.Files {
				ev.Statements[modelAt].Model.Files[i].Size = 0
			}
		}, nil, ""},
		{"model-leaves-out-by-convention", func(_ *Policy, ev *evidence.Evidence) {
			for _, name := range []string{"model.sig", ".gitattributes", ".github/workflows/ci.yml"} {
				add := evidence.File{Path: name, Size: 3, Digest: digest("a")}
				ev.Files = append(ev.Files, add)
				ev.Statements[scanAt].Scan.Files = append(ev.Statements[scanAt].Scan.Files, add)
			}
		}, nil, ""},
		{"model-signs-model-sig-with-other-bytes", func(_ *Policy, ev *evidence.Evidence) {
			add := evidence.File{Path: "model.sig", Size: 3, Digest: digest("a")}
			ev.Files = append(ev.Files, add)
			ev.Statements[scanAt].Scan.Files = append(ev.Statements[scanAt].Scan.Files, add)
			ev.Statements[modelAt].Model.Files = append(ev.Statements[modelAt].Model.Files, evidence.File{Path: "model.sig", Digest: digest("b")})
		}, []string{clauseModel}, ""},
		{"scan-leaves-out-model-sig", func(_ *Policy, ev *evidence.Evidence) {
			ev.Files = append(ev.Files, evidence.File{Path: "model.sig", Size: 3, Digest: digest("a")})
		}, []string{clauseScanFiles}, ""},

		{"content-problem", func(_ *Policy, ev *evidence.Evidence) {
			ev.ContentRead, ev.ContentProblems = true, []string{"model.safetensors has another digest"}
		}, []string{clauseContent}, ""},
		{"content-read", func(p *Policy, ev *evidence.Evidence) {
			prod(p).RequireContent, ev.ContentRead = true, true
		}, nil, ""},
		{"deep-scan-required-and-done", func(p *Policy, ev *evidence.Evidence) {
			prod(p).RequireDeepScan = true
			for i := range ev.Statements {
				if scan := ev.Statements[i].Scan; scan != nil {
					scan.Deep = true
				}
			}
		}, nil, ""},
		{"deep-scan-required-and-not-done", func(p *Policy, _ *evidence.Evidence) { prod(p).RequireDeepScan = true }, []string{clauseScanDeep}, ""},
		{"content-required-and-not-read", func(p *Policy, _ *evidence.Evidence) { prod(p).RequireContent = true }, []string{clauseUnread}, ""},
		{"content-not-read", func(*Policy, *evidence.Evidence) {}, nil, clauseUnread},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, ev := testPolicy(), good()
			tt.edit(p, ev)
			d := Decide(p, evidence.Production, ev, now)
			if diff := cmp.Diff(tt.deny, clauses(d, true)); diff != "" {
				t.Errorf("denying clauses:\n%s%s", diff, explain(d))
			}
			if d.Allow != (tt.deny == nil) {
				t.Errorf("allow = %v\n%s", d.Allow, explain(d))
			}
			if tt.note != "" && !slices.Contains(clauses(d, false), tt.note) {
				t.Errorf("nothing told about %s\n%s", tt.note, explain(d))
			}
			checkReasons(t, d)
		})
	}
}

func withFiles(add evidence.File) func(*Policy, *evidence.Evidence) {
	return func(_ *Policy, ev *evidence.Evidence) {
		ev.Files = append(ev.Files, add)
		s, m := ev.Statements[scanAt].Scan, ev.Statements[modelAt].Model
		s.Files, m.Files = append(s.Files, add), append(m.Files, add)
	}
}

func without(at int) func(*Policy, *evidence.Evidence) {
	return func(_ *Policy, ev *evidence.Evidence) { ev.Statements = slices.Delete(ev.Statements, at, at+1) }
}

func replaceScan(s *evidence.Scan) func(*Policy, *evidence.Evidence) {
	return func(_ *Policy, ev *evidence.Evidence) { ev.Statements[scanAt].Scan = s }
}

func withFinding(severity finding.Severity, result finding.Verdict) func(*Policy, *evidence.Evidence) {
	return func(_ *Policy, ev *evidence.Evidence) {
		s := flaggedOf(5, now.Add(-time.Hour))
		s.Findings[0].Severity, s.Result = severity, result
		ev.Statements[scanAt].Scan = s
	}
}

func editAdmission(edit func(*evidence.Admission)) func(*Policy, *evidence.Evidence) {
	return func(_ *Policy, ev *evidence.Evidence) { edit(ev.Statements[admissionAt].Admission) }
}

// checkReasons holds what every decision promises: known clauses, sentences,
// hints with denials, denials first.
func checkReasons(t *testing.T, d evidence.Decision) {
	t.Helper()
	noted := false
	for _, r := range d.Reasons {
		told[r.Clause] = true
		if !slices.ContainsFunc(Clauses(), func(c Clause) bool { return c.ID == r.Clause }) {
			t.Errorf("clause %q is not in the list", r.Clause)
		}
		if r.Deny && noted {
			t.Errorf("%q denies after a note", r.Clause)
		}
		if r.Deny && r.Hint == "" {
			t.Errorf("%q denies without a hint", r.Clause)
		}
		if last := r.Text[len(r.Text)-1]; last != '.' || strings.HasSuffix(r.Text, "..") || r.Text[0] == ' ' {
			t.Errorf("%q is no sentence: %q", r.Clause, r.Text)
		}
		noted = noted || !r.Deny
	}
	if d.Allow && slices.ContainsFunc(d.Reasons, func(r evidence.Reason) bool { return r.Deny }) {
		t.Error("allowed against a denying reason")
	}
}

func TestDecideNothing(t *testing.T) {
	tests := map[string]struct {
		p    *Policy
		env  string
		ev   *evidence.Evidence
		now  time.Time
		want string
	}{
		"nil-evidence":        {testPolicy(), evidence.Sandbox, nil, now, clauseDigest},
		"empty-evidence":      {testPolicy(), evidence.Sandbox, &evidence.Evidence{}, now, clauseDigest},
		"nil-policy":          {nil, evidence.Sandbox, good(), now, clauseEnvironment},
		"empty-policy":        {&Policy{}, evidence.Sandbox, good(), now, clauseEnvironment},
		"empty-environment":   {testPolicy(), "", good(), now, clauseEnvironment},
		"unknown-environment": {testPolicy(), "dev", good(), now, clauseEnvironment},
		"other-case":          {testPolicy(), "Production", good(), now, clauseEnvironment},
		"no-time":             {testPolicy(), evidence.Sandbox, good(), time.Time{}, clauseTime},
		"zero-profile":        {&Policy{Profiles: map[string]*Profile{"production": {}}}, "production", good(), now, clauseMissing},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := Decide(tt.p, tt.env, tt.ev, tt.now)
			if d.Allow || !slices.Contains(clauses(d, true), tt.want) {
				t.Errorf("allow = %v\n%s", d.Allow, explain(d))
			}
			checkReasons(t, d)
		})
	}
}

// A local key counts beside a layout, with what the statement's reader says of
// its roles, and the decision says so once.
func TestLocalKeys(t *testing.T) {
	tests := []struct {
		name string
		edit func(p *Policy, ev *evidence.Evidence)
		deny []string
	}{
		{"layout", func(*Policy, *evidence.Evidence) {}, nil},
		{"refused-by-the-profile", func(p *Policy, _ *evidence.Evidence) {
			p.Profiles[evidence.Production].LocalKeys = LocalRefuse
		}, []string{clauseMissing}},
		{"oci", func(_ *Policy, ev *evidence.Evidence) { ev.Reference.Kind = "oci" }, []string{clauseMissing}},
		{"kind-unknown", func(_ *Policy, ev *evidence.Evidence) { ev.Reference.Kind = "" }, []string{clauseMissing}},
		{"key-in-two-roles", func(_ *Policy, ev *evidence.Evidence) {
			for i := range ev.Statements {
				ev.Statements[i].Roles = []string{evidence.RoleAdmit, evidence.RoleWaive}
			}
		}, []string{clauseRoles}},
		{"key-in-the-wrong-role", func(_ *Policy, ev *evidence.Evidence) {
			for i := range ev.Statements {
				ev.Statements[i].Roles = []string{evidence.RoleLog}
			}
		}, []string{clauseMissing}},
		{"no-key", func(_ *Policy, ev *evidence.Evidence) {
			for i := range ev.Statements {
				ev.Statements[i].KeyID = ""
			}
		}, []string{clauseMissing}},
		{"policy-limits-the-same-key", func(p *Policy, _ *evidence.Evidence) {
			p.Signers = []Signer{{Name: "lab", KeyID: stranger, Roles: []string{evidence.RoleAdmit}, Environments: []string{evidence.Sandbox}}}
		}, []string{clauseMissing}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, ev := testPolicy(), good()
			ev.Reference.Kind = "layout"
			for i := range ev.Statements {
				ev.Statements[i].KeyID = stranger
			}
			tt.edit(p, ev)
			d := Decide(p, evidence.Production, ev, now)
			if diff := cmp.Diff(tt.deny, clauses(d, true)); diff != "" || d.Allow != (tt.deny == nil) {
				t.Errorf("allow = %v\n%s%s", d.Allow, diff, explain(d))
			}
			told := 0
			for _, r := range d.Reasons {
				if r.Clause == clauseLocal {
					told++
				}
			}
			if d.Allow && told != 1 {
				t.Errorf("local key told %d times", told)
			}
			checkReasons(t, d)
		})
	}
}

// Several admissions: one that fits is enough; without one, all say why.
func TestSeveralAdmissions(t *testing.T) {
	sandbox, other, fits := admission(), admission(), admission()
	sandbox.Environments = []string{evidence.Sandbox}
	other.Tag = "v0"
	tests := []struct {
		name string
		list []*evidence.Admission
		deny []string
	}{
		{"first-fits", []*evidence.Admission{fits, sandbox}, nil},
		{"last-fits", []*evidence.Admission{sandbox, other, fits}, nil},
		{"none-fits", []*evidence.Admission{sandbox, other}, []string{clauseAdmEnv, clauseAdmTag}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ev := good()
			ev.Statements = slices.Delete(ev.Statements, admissionAt, admissionAt+1)
			for _, a := range tt.list {
				ev.Statements = append(ev.Statements, admitted(a))
			}
			d := Decide(testPolicy(), evidence.Production, ev, now)
			if diff := cmp.Diff(tt.deny, clauses(d, true)); diff != "" {
				t.Errorf("%s%s", diff, explain(d))
			}
		})
	}
}

// No two admissions add up: the tag of one and the environment of the other.
func TestAdmissionsDoNotAddUp(t *testing.T) {
	ev := good()
	ev.Statements[admissionAt].Admission.Environments = []string{evidence.Sandbox}
	other := admission()
	other.Tag = "v0"
	ev.Statements = append(ev.Statements, admitted(other))
	if d := Decide(testPolicy(), evidence.Production, ev, now); d.Allow {
		t.Error(explain(d))
	}
}

func TestSeveralModelSignatures(t *testing.T) {
	ev := good()
	wrong := signed(files()[:1])
	ev.Statements = append([]evidence.Statement{wrong}, ev.Statements...)
	if d := Decide(testPolicy(), evidence.Production, ev, now); !d.Allow {
		t.Error(explain(d))
	}
}

// Long lists are cut in the decision, not in what is compared.
func TestLongListsAreCounted(t *testing.T) {
	ev := good()
	s := flaggedOf(5, now.Add(-time.Hour))
	for range 99 {
		s.Findings = append(s.Findings, s.Findings[0])
		s.Gaps = append(s.Gaps, finding.Gap{Rule: "SP-COV-001", Reason: "Not read."})
		s.Files = append(s.Files, evidence.File{Path: fmt.Sprintf("z%03d", len(s.Files)), Digest: digest("a")})
	}
	ev.Statements[scanAt].Scan = s
	d := Decide(testPolicy(), evidence.Production, ev, now)
	for _, want := range []string{"80 findings more at HIGH or above.", "79 gaps more.", "And 79 differences more."} {
		if !strings.Contains(explain(d), want) {
			t.Errorf("no %q in\n%s", want, explain(d))
		}
	}
	if len(d.Reasons) > 70 {
		t.Errorf("%d reasons", len(d.Reasons))
	}
	checkReasons(t, d)
}

// The evidence is read, never changed, and the decision survives JSON.
func TestDecideIsPure(t *testing.T) {
	ev := good()
	slices.Reverse(ev.Statements[0].Scan.Files)
	slices.Reverse(ev.Files)
	before, err := json.Marshal(ev)
	if err != nil {
		t.Fatal(err)
	}
	one, two := Decide(testPolicy(), evidence.Production, ev, now), Decide(testPolicy(), evidence.Production, ev, now)
	after, err := json.Marshal(ev)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("the evidence was changed")
	}
	if diff := cmp.Diff(one, two); diff != "" {
		t.Error(diff)
	}
	text, err := json.Marshal(one)
	if err != nil {
		t.Fatal(err)
	}
	var back evidence.Decision
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(one, back); diff != "" {
		t.Error(diff)
	}
}
