package finding

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestJudge(t *testing.T) {
	gap := []Gap{{Rule: "SP-COV-001"}}
	of := func(s ...Severity) (fs []Finding) {
		for _, v := range s {
			fs = append(fs, Finding{Severity: v})
		}
		return fs
	}
	for _, tt := range []struct {
		name     string
		files    int
		findings []Finding
		gaps     []Gap
		want     Verdict
	}{
		{"nothing", 0, nil, nil, Nothing},
		{"clean", 1, nil, nil, Clean},
		{"medium_is_clean", 1, of(Info, Low, Medium), nil, Clean},
		{"high_flags", 1, of(Low, High), nil, Flagged},
		{"critical_flags", 1, of(Critical), nil, Flagged},
		{"gap_is_incomplete", 1, of(Medium), gap, Incomplete},
		{"finding_wins_over_gap", 1, of(High), gap, Flagged},
		{"gap_without_files", 0, nil, gap, Incomplete},
		{"unknown_severity_flags", 1, of(Severity(9)), nil, Flagged},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Judge(tt.files, tt.findings, tt.gaps); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestSeverityText(t *testing.T) {
	for s := Info; s <= Critical; s++ {
		b, _ := s.MarshalText()
		var back Severity
		if err := back.UnmarshalText(b); err != nil || back != s {
			t.Errorf("%s came back as %s, %v", s, back, err)
		}
	}
	for name, want := range map[string]Severity{"high": High, "Critical": Critical} {
		if got, err := ParseSeverity(name); got != want || err != nil {
			t.Errorf("ParseSeverity(%q) = %s, %v", name, got, err)
		}
	}
	for _, name := range []string{"", "hig", "highh", "SEVERE"} {
		if _, err := ParseSeverity(name); err == nil {
			t.Errorf("ParseSeverity(%q) was accepted", name)
		}
	}
	if got := Severity(-1).String(); got != "CRITICAL" {
		t.Errorf("an unknown severity prints as %s", got)
	}
}

func TestSealSortsAndFingerprints(t *testing.T) {
	at := func(p string, off int64, inside ...string) Location {
		return Location{Path: p, Offset: off, Inside: inside}
	}
	r := Report{
		Files: []Node{{Name: "b"}, {Name: "a"}},
		Findings: []Finding{
			{Rule: "SP-B-001", Severity: Low, Location: at("a", 1), Symbol: "x"},
			{Rule: "SP-A-001", Severity: High, Location: at("b", 7), Symbol: "x"},
			{Rule: "SP-A-001", Severity: High, Location: at("a", 9, "in"), Symbol: "x"},
			{Rule: "SP-A-001", Severity: High, Location: at("a", 9), Symbol: "x"},
		},
	}
	r.Seal()
	var order []string
	for _, f := range r.Findings {
		order = append(order, f.Severity.String()+" "+f.Location.String())
	}
	if diff := cmp.Diff([]string{"HIGH a", "HIGH a!in", "HIGH b", "LOW a"}, order); diff != "" {
		t.Error(diff)
	}
	if r.Verdict != Flagged || r.Files[0].Name != "a" {
		t.Errorf("verdict %s, first file %s", r.Verdict, r.Files[0].Name)
	}
	seen := map[string]bool{}
	for _, f := range r.Findings {
		if seen[f.Fingerprint] {
			t.Errorf("fingerprint %s is used twice", f.Fingerprint)
		}
		seen[f.Fingerprint] = true
	}
	moved := Finding{Rule: "SP-A-001", Location: at("b", 99), Symbol: "x"}
	if moved.fingerprint() != r.Findings[2].Fingerprint {
		t.Error("the fingerprint depends on the offset")
	}
}

func TestEmptyReportHasListsInJSON(t *testing.T) {
	var r Report
	r.Seal()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"files", "findings", "gaps"} {
		if _, ok := m[key].([]any); !ok {
			t.Errorf("%s is %v, want a list", key, m[key])
		}
	}
}
