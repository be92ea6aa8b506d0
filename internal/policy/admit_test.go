package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/finding"
)

func report() *finding.Report {
	r := &finding.Report{Tool: finding.Tool{Sequence: 5}, Files: []finding.Node{{Name: "model.safetensors", Formats: []string{"safetensors"}}}}
	r.Seal()
	return r
}

func TestDecideAdmission(t *testing.T) {
	tests := []struct {
		name   string
		envs   []string
		source string
		edit   func(p *Policy, r *finding.Report)
		deny   []string
		note   string
	}{
		{"clean", []string{"production"}, "./model", nil, nil, clauseIntakeClean},
		{"clean-for-all", environments, "hf://org/model@0123", nil, nil, clauseIntakeClean},
		{"no-environment", nil, "./model", nil, []string{clauseEnvironment}, ""},
		{"unknown-environment", []string{"production", "dev"}, "./model", nil, []string{clauseEnvironment}, ""},
		{"finding", []string{"production"}, "./model", func(_ *Policy, r *finding.Report) {
			r.Findings = append(r.Findings, finding.Finding{Rule: "SP-PICKLE-001", Severity: finding.High, Message: "Bad."})
			r.Seal()
		}, []string{clauseIntakeFinding}, ""},
		{"medium-finding", []string{"production"}, "./model", func(_ *Policy, r *finding.Report) {
			r.Findings = append(r.Findings, finding.Finding{Rule: "SP-PICKLE-001", Severity: finding.Medium, Message: "So-so."})
			r.Seal()
		}, nil, clauseIntakeClean},
		{"medium-finding-strictest-profile-decides", []string{"sandbox", "production"}, "./model", func(p *Policy, r *finding.Report) {
			p.Profiles["production"].BlockSeverity = finding.Medium
			r.Findings = append(r.Findings, finding.Finding{Rule: "SP-PICKLE-001", Severity: finding.Medium, Message: "So-so."})
			r.Seal()
		}, []string{clauseIntakeFinding}, ""},
		{"gap", []string{"production"}, "./model", func(_ *Policy, r *finding.Report) {
			r.Gaps = append(r.Gaps, finding.Gap{Rule: "SP-COV-001", Reason: "Not read"})
			r.Seal()
		}, []string{clauseIntakeGap}, ""},
		{"verdict-hides-finding", []string{"production"}, "./model", func(_ *Policy, r *finding.Report) {
			r.Findings = append(r.Findings, finding.Finding{Rule: "SP-PICKLE-001", Severity: finding.High, Message: "Bad."})
		}, []string{clauseIntakeFinding, clauseIntakeVerdict}, ""},
		{"no-files", []string{"production"}, "./model", func(_ *Policy, r *finding.Report) {
			r.Files = nil
			r.Seal()
		}, []string{clauseIntakeEmpty}, ""},
		{"source-not-listed", []string{"sandbox", "production"}, "hf://evil/model", func(p *Policy, _ *finding.Report) {
			p.Profiles["production"].Sources = []string{"local", "hf://good/*"}
		}, []string{clauseIntakeSource}, ""},
		{"source-listed", []string{"sandbox", "production"}, "hf://good/model@main", func(p *Policy, _ *finding.Report) {
			p.Profiles["production"].Sources = []string{"local", "hf://good/*"}
		}, nil, ""},
		{"no-source", []string{"sandbox"}, "", nil, []string{clauseIntakeSource}, ""},
		{"excluded-is-told", []string{"sandbox"}, "./model", func(_ *Policy, r *finding.Report) {
			r.Excluded = []finding.Excluded{{Path: "a.onnx", Reason: "By wish."}}
		}, nil, clauseIntakeLeft},
		{"pickle-where-conversion-is-required", []string{"sandbox", "production"}, "./model", func(p *Policy, r *finding.Report) {
			p.Profiles["production"].Convert = ConvertRequire
			r.Files = append(r.Files, nestedPickle())
		}, []string{clauseIntakeConvert}, ""},
		{"shallow-where-deep-is-required", []string{"sandbox", "production"}, "./model", func(p *Policy, _ *finding.Report) {
			p.Profiles["production"].RequireDeepScan = true
		}, []string{clauseIntakeDeep}, ""},
		{"deep-where-deep-is-required", []string{"production"}, "./model", func(p *Policy, r *finding.Report) {
			p.Profiles["production"].RequireDeepScan, r.Deep = true, true
		}, nil, ""},
		{"pickle-where-conversion-is-preferred", []string{"sandbox"}, "./model", func(_ *Policy, r *finding.Report) {
			r.Files = append(r.Files, nestedPickle())
		}, nil, ""},
		{"no-pickle-where-conversion-is-required", []string{"sandbox"}, "./model", func(p *Policy, _ *finding.Report) {
			p.Profiles["sandbox"].Convert = ConvertRequire
		}, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, r := Builtin(), report()
			if tt.edit != nil {
				tt.edit(p, r)
			}
			d := DecideAdmission(p, tt.envs, r, tt.source, now)
			if diff := cmp.Diff(tt.deny, clauses(d, true)); diff != "" || d.Allow != (tt.deny == nil) {
				t.Errorf("allow = %v\n%s%s", d.Allow, diff, explain(d))
			}
			if tt.note != "" && !slices.Contains(clauses(d, false), tt.note) {
				t.Errorf("nothing told about %s\n%s", tt.note, explain(d))
			}
			if d.Environment != strings.Join(tt.envs, ",") || d.PolicyDigest != p.Digest() {
				t.Errorf("%+v", d)
			}
			checkReasons(t, d)
		})
	}
}

func nestedPickle() finding.Node {
	return finding.Node{Name: "model.bin", Formats: []string{"torch"}, Children: []finding.Node{{Name: "data.pkl", Formats: []string{"pickle"}}}}
}

func TestDecideAdmissionWithoutAnything(t *testing.T) {
	for name, d := range map[string]evidence.Decision{
		"no-report": DecideAdmission(Builtin(), []string{"sandbox"}, nil, "./m", now),
		"no-policy": DecideAdmission(nil, []string{"sandbox"}, report(), "./m", now),
		"no-time":   DecideAdmission(Builtin(), []string{"sandbox"}, report(), "./m", time.Time{}),
	} {
		t.Run(name, func(t *testing.T) {
			if d.Allow || len(clauses(d, true)) == 0 {
				t.Error(explain(d))
			}
			checkReasons(t, d)
		})
	}
}

func TestDecideAdmissionCounts(t *testing.T) {
	p, r := Builtin(), report()
	p.Profiles["sandbox"].Convert = ConvertRequire
	for i := range 100 {
		n := nestedPickle()
		n.Name = fmt.Sprintf("%03d.bin", i)
		r.Files = append(r.Files, n)
		r.Findings = append(r.Findings, finding.Finding{Rule: "SP-PICKLE-001", Severity: finding.High, Message: "Bad."})
		r.Gaps = append(r.Gaps, finding.Gap{Rule: "SP-COV-001", Reason: "Not read."})
		r.Excluded = append(r.Excluded, finding.Excluded{Path: n.Name, Reason: "By wish."})
	}
	r.Seal()
	d := DecideAdmission(p, []string{"sandbox"}, r, "./m", now)
	if len(d.Reasons) > 4*(listed+1) {
		t.Errorf("%d reasons", len(d.Reasons))
	}
	for _, want := range []string{"80 findings more", "80 gaps more", "80 files more", "80 more files were left out"} {
		if !strings.Contains(explain(d), want) {
			t.Errorf("no %q", want)
		}
	}
	checkReasons(t, d)
}
