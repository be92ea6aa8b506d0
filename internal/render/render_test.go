package render

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/rule"
)

var update = flag.Bool("update", false, "rewrite the .golden files of testdata")

// output is one thing that the package writes, by the name of its golden file.
type output struct {
	name  string
	write func(io.Writer) error
}

var coverageRule = rule.Rule{ID: "SP-COV-901", Kind: "coverage", Title: "A gap for this test", Confidence: "high", Attack: "Hides | something.", Innocent: "It happens.",
	Remediation: "Look.", CWE: []string{"CWE-20"}, ATLAS: []string{"AML.T0076"}, OWASP: []string{"LLM04:2026"}, References: []string{"https://example.org/a", "A book."}}

var findingRule = rule.Rule{ID: "SP-TEST-901", Kind: "finding", Title: "Loading calls <something>", Severity: finding.Critical, Confidence: "high", Formats: []string{"pickle", "torch"},
	Attack:   "A pickle names a function and its arguments; the loader calls it before the caller sees the object, with the rights of whoever loads.",
	Innocent: "Hardly ever.", Remediation: "Do not load it. Ask for safetensors.", CWE: []string{"CWE-502"}, ATLAS: []string{"AML.T0011.000"}, OWASP: []string{"LLM04:2026"}}

func outputs() []output {
	wide := Options{Width: 80}
	var out []output
	for name, make := range reports {
		r := make()
		out = append(out,
			output{"report-" + name + ".txt", func(w io.Writer) error { return Text(w, r, wide) }},
			output{"report-" + name + ".json", func(w io.Writer) error { return JSON(w, r) }},
			output{"report-" + name + ".sarif", func(w io.Writer) error { return SARIF(w, r) }},
			output{"report-" + name + ".md", func(w io.Writer) error { return Markdown(w, r) }})
	}
	for name, d := range map[string]*evidence.Decision{"allowed": allowed(), "denied": denied(), "hostile": hostileDecision()} {
		a := admission(d)
		out = append(out,
			output{"decision-" + name + ".txt", func(w io.Writer) error { return Decision(w, d, wide) }},
			output{"decision-" + name + ".json", func(w io.Writer) error { return DecisionJSON(w, d, nil) }},
			output{"decision-" + name + ".md", func(w io.Writer) error { return DecisionMarkdown(w, d) }},
			output{"admission-" + name + ".txt", func(w io.Writer) error { return AdmissionText(w, a, wide) }},
			output{"admission-" + name + ".json", func(w io.Writer) error { return AdmissionJSON(w, a) }},
			output{"admission-" + name + ".md", func(w io.Writer) error { return AdmissionMarkdown(w, a) }})
	}
	for name, make := range explanations {
		e := make()
		out = append(out,
			output{"explain-" + name + ".txt", func(w io.Writer) error { return Explain(w, e, wide) }},
			output{"explain-" + name + ".json", func(w io.Writer) error { return ExplainJSON(w, e) }},
			output{"explain-" + name + ".html", func(w io.Writer) error { return ExplainHTML(w, e) }})
	}
	two := []rule.Rule{coverageRule, findingRule}
	return append(out,
		output{"colour.txt", func(w io.Writer) error { return Text(w, flaggedReport(), Options{Width: 80, Color: true}) }},
		output{"rules.txt", func(w io.Writer) error { return Rules(w, two, wide) }},
		output{"rules.md", func(w io.Writer) error { return RulesMarkdown(w, two) }},
		output{"rule-coverage.txt", func(w io.Writer) error { return Rule(w, &coverageRule, wide) }},
		output{"rule-finding.txt", func(w io.Writer) error { return Rule(w, &findingRule, wide) }},
		output{"rule-coverage.md", func(w io.Writer) error { return RuleMarkdown(w, &coverageRule) }},
		output{"rule-finding.md", func(w io.Writer) error { return RuleMarkdown(w, &findingRule) }})
}

func TestGolden(t *testing.T) {
	for _, o := range outputs() {
		t.Run(o.name, func(t *testing.T) {
			var got bytes.Buffer
			if err := o.write(&got); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", o.name+".golden")
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
