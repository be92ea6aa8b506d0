package render

import (
	"bytes"
	"encoding/json"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/finding"
)

func compileSchema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(filepath.Join("..", "..", "docs", "schema", name))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// decoded is what write wrote, as plain values.
func decoded(t *testing.T, write func(io.Writer) error) any {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(&b)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestReportsFollowTheSchema(t *testing.T) {
	s := compileSchema(t, "scan-report.schema.json")
	for name, make := range reports {
		t.Run(name, func(t *testing.T) {
			if err := s.Validate(decoded(t, func(w io.Writer) error { return JSON(w, make()) })); err != nil {
				t.Error(err)
			}
		})
	}
}

// A schema that accepts everything would pass the test above.
func TestSchemaRefuses(t *testing.T) {
	s := compileSchema(t, "scan-report.schema.json")
	for name, change := range map[string]func(map[string]any){
		"unknown_field":    func(m map[string]any) { m["extra"] = 1 },
		"missing_verdict":  func(m map[string]any) { delete(m, "verdict") },
		"unknown_verdict":  func(m map[string]any) { m["verdict"] = "fine" },
		"unknown_severity": func(m map[string]any) { m["findings"].([]any)[0].(map[string]any)["severity"] = "BAD" },
		"node_field":       func(m map[string]any) { m["files"].([]any)[0].(map[string]any)["extra"] = true },
		"negative_size":    func(m map[string]any) { m["size"] = json.Number("-1") },
	} {
		t.Run(name, func(t *testing.T) {
			v := decoded(t, func(w io.Writer) error { return JSON(w, flaggedReport()) })
			change(v.(map[string]any))
			if s.Validate(v) == nil {
				t.Error("the schema accepts it")
			}
		})
	}
}

func fullEvidence() *evidence.Evidence {
	r := flaggedReport()
	file := evidence.File{Path: "a", Size: 1, Digest: "sha256:" + digits('a')}
	scanner := evidence.Scanner{URI: homepage, Version: "0.1.0", Ruleset: "sha256:" + digits('b'), Sequence: 1}
	return &evidence.Evidence{
		Reference: denied().Reference, ArtifactType: "application/vnd.cncf.model.manifest.v1+json", Annotations: map[string]string{"security.scan.result": "clean"},
		Files: []evidence.File{file}, ContentRead: true, ContentProblems: []string{"a differs"}, ManifestProblem: "x", ReferrersProblem: "y",
		Statements: []evidence.Statement{
			{Referrer: "sha256:" + digits('c'), Problem: "unknown key"},
			{Referrer: "sha256:" + digits('d'), PredicateType: evidence.TypeScan, Subject: "sha256:" + digits('b'), KeyID: "k", Roles: []string{evidence.RoleAdmit},
				Scan: &evidence.Scan{Scanner: scanner, StartedOn: noon, FinishedOn: noon.Add(time.Second), Result: r.Verdict, Files: []evidence.File{file},
					Findings: r.Findings, Gaps: r.Gaps, Excluded: r.Excluded, Limits: r.Limits}},
			{Referrer: "sha256:" + digits('e'), Admission: &evidence.Admission{Repository: "r", Tag: "t", Environments: []string{"production"}, AdmittedOn: noon, Tool: scanner}},
			{Referrer: "sha256:" + digits('f'), Model: &evidence.Model{RootDigest: "sha256:" + digits('a'), Files: []evidence.File{file}}},
		},
	}
}

func TestDecisionsFollowTheSchema(t *testing.T) {
	s := compileSchema(t, "decision.schema.json")
	for name, test := range map[string]struct {
		d  *evidence.Decision
		ev *evidence.Evidence
	}{
		"denied": {denied(), nil}, "allowed": {allowed(), nil}, "hostile": {hostileDecision(), nil}, "no_reasons": {&evidence.Decision{}, nil},
		"explained": {denied(), fullEvidence()}, "empty_evidence": {denied(), &evidence.Evidence{}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := s.Validate(decoded(t, func(w io.Writer) error { return DecisionJSON(w, test.d, test.ev) })); err != nil {
				t.Error(err)
			}
		})
	}
	v := decoded(t, func(w io.Writer) error { return DecisionJSON(w, denied(), fullEvidence()) }).(map[string]any)
	v["evidence"].(map[string]any)["extra"] = true
	if s.Validate(v) == nil {
		t.Error("the schema accepts an unknown field of the evidence")
	}
}

// The two schemas repeat what they have in common, so that each can be used alone.
func TestSchemasAgree(t *testing.T) {
	defs := func(name string) map[string]any {
		v := decoded(t, func(w io.Writer) error { return copyFile(w, filepath.Join("..", "..", "docs", "schema", name)) })
		return v.(map[string]any)["$defs"].(map[string]any)
	}
	report, decision := defs("scan-report.schema.json"), defs("decision.schema.json")
	for _, name := range []string{"severity", "location", "finding", "gap", "excluded", "limits", "verdict"} {
		if diff := cmp.Diff(report[name], decision[name]); diff != "" || report[name] == nil {
			t.Errorf("%s differs:\n%s", name, diff)
		}
	}
}

// What is written piece by piece is what the encoder would write at once.
func TestJSONIsTheReport(t *testing.T) {
	for name, make := range reports {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := JSON(&got, make()); err != nil {
				t.Fatal(err)
			}
			whole, err := json.MarshalIndent(make(), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(visible(whole))+"\n", got.String()); diff != "" {
				t.Error(diff)
			}
			var back finding.Report
			if err := json.Unmarshal(got.Bytes(), &back); err != nil {
				t.Fatal(err)
			}
			want := finding.Report{}
			if err := json.Unmarshal(whole, &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, back); diff != "" {
				t.Error(diff)
			}
		})
	}
}
