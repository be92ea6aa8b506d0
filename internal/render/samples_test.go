package render

import (
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/finding"
)

// hostile does what a name can do on a terminal, in a page and in a URI.
const hostile = "a\x1b[31mb\u202egnp.\u200b/../<script>alert(1)</script>|`x`\n@octocat #1 https://evil.example \xff"

// sealed is a report as the engine makes it.
func sealed(r finding.Report) *finding.Report {
	r.Tool = finding.Tool{Name: "sallyport", Version: "0.1.0", Ruleset: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", Sequence: 1}
	r.Limits = map[string]int64{"nesting": 5, "files": 1_000_000}
	for _, f := range r.Files {
		r.Size += f.Size
	}
	r.BytesRead = r.Size / 10
	r.Seal()
	return &r
}

func weights(name string) finding.Node {
	return finding.Node{Name: name, Size: 90_000_000, Formats: []string{"safetensors"},
		SHA256:   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		Coverage: finding.Coverage{Structure: 1000, Payload: 89_999_000},
		Facts:    []finding.Fact{{Key: "tensor.parameters", Value: "22500000"}}}
}

func config(name string) finding.Node {
	return finding.Node{Name: name, Size: 668, Formats: []string{"json"}, Coverage: finding.Coverage{Structure: 668}}
}

func clean() *finding.Report {
	return sealed(finding.Report{Source: "./model", Files: []finding.Node{weights("model.safetensors"), config("config.json")}})
}

func flaggedReport() *finding.Report {
	bin := finding.Node{Name: "pytorch_model.bin", Size: 1_600_000, Formats: []string{"torch"},
		Coverage: finding.Coverage{Structure: 2000, Child: 1_598_000},
		Children: []finding.Node{
			{Name: "archive/data.pkl", Size: 8000, Formats: []string{"pickle"}, Coverage: finding.Coverage{Structure: 8000}},
			{Name: "archive/data/0", Size: 1_590_000, Formats: []string{}, Coverage: finding.Coverage{Payload: 1_590_000}},
		}}
	at := finding.Location{Path: "pytorch_model.bin", Inside: []string{"archive/data.pkl"}, Offset: 34, Length: 12}
	return sealed(finding.Report{Source: "./model",
		Files: []finding.Node{weights("model.safetensors"), config("config.json"), bin, {Name: "notes.xyz", Size: 100, Formats: []string{}, Coverage: finding.Coverage{Unexplained: 100}}},
		Findings: []finding.Finding{
			{Rule: "SP-NAME-002", Severity: finding.Critical, Confidence: "high", Location: at, Symbol: "os.system",
				Message: "Loading this file calls os.system('echo') at byte 34.", Evidence: "cposix\nsystem\n(S'echo'\ntR."},
			{Rule: "SP-NAME-001", Severity: finding.Medium, Confidence: "high", Location: finding.Location{Path: "config.json", Line: 7}, Symbol: "yaml",
				Message: "Its name says YAML, its content is JSON."},
			{Rule: "SP-NAME-001", Severity: finding.Info, Location: finding.Location{Path: "config.json", Line: 9}, Symbol: "x", Message: "Only recorded."},
		},
		Gaps:     []finding.Gap{{Rule: "SP-COV-002", Location: finding.Location{Path: "notes.xyz", Length: 100}, Reason: "No reader recognises its content."}},
		Excluded: []finding.Excluded{{Path: "training.log", Reason: "excluded by pattern *.log"}},
	})
}

func incompleteReport() *finding.Report {
	return sealed(finding.Report{Source: "big model", Files: []finding.Node{weights("a.safetensors"), {Name: "b.bin", Size: 1000, Formats: []string{},
		Coverage: finding.Coverage{Unexplained: 1000}}},
		Gaps: []finding.Gap{
			{Rule: "SP-COV-002", Location: finding.Location{Path: "b.bin", Length: 1000}, Reason: "No reader recognises its content."},
			{Rule: "SP-COV-003", Location: finding.Location{Path: "a.safetensors"}, Limit: "items", Reason: `Reading stopped at the limit "items" (200000000).`},
		}})
}

func nothing() *finding.Report {
	return sealed(finding.Report{Source: "./empty", Excluded: []finding.Excluded{{Path: "a.log", Reason: "excluded by pattern *.log"}}})
}

// hostileReport has the hostile string wherever a stranger's string can be.
func hostileReport() *finding.Report {
	at := finding.Location{Path: hostile, Inside: []string{hostile, "inner"}, Offset: 5}
	return sealed(finding.Report{Source: hostile,
		Files: []finding.Node{{Name: hostile, Size: 10, Formats: []string{hostile}, Coverage: finding.Coverage{Child: 10},
			Children: []finding.Node{{Name: hostile, Size: 10, Formats: []string{}, Coverage: finding.Coverage{Unexplained: 10}}},
			Facts:    []finding.Fact{{Key: "card.license", Value: hostile}}}},
		Findings: []finding.Finding{
			{Rule: "SP-NAME-002", Severity: finding.High, Location: at, Symbol: hostile, Message: "This file says " + hostile, Evidence: hostile},
			{Rule: hostile, Severity: finding.Low, Location: finding.Location{Path: hostile, Line: 3}, Symbol: hostile, Message: hostile, Confidence: hostile},
		},
		Gaps:     []finding.Gap{{Rule: "SP-COV-001", Location: at, Reason: hostile, Limit: hostile}},
		Excluded: []finding.Excluded{{Path: hostile, Reason: hostile}},
	})
}

// longReport has many findings in one file, many files with gaps, long words.
func longReport() *finding.Report {
	var r finding.Report
	r.Source = "./long"
	for i := range 40 {
		name := fmt.Sprintf("folder/with/a/path/that/is/longer/than/any/terminal/is/wide/%s/file-%02d.bin", "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz", i)
		r.Files = append(r.Files, finding.Node{Name: name, Size: 1, Formats: []string{}, Coverage: finding.Coverage{Unexplained: 1}})
		r.Gaps = append(r.Gaps, finding.Gap{Rule: "SP-COV-002", Location: finding.Location{Path: name}, Reason: "No reader recognises its content."})
		r.Findings = append(r.Findings, finding.Finding{Rule: "SP-NAME-001", Severity: finding.Medium, Symbol: fmt.Sprint(i),
			Location: finding.Location{Path: "one.pkl", Offset: int64(i * 10)}, Message: "Its name says Safetensors, its content is a pickle: 模型文件 " + fmt.Sprint(i) + "."})
	}
	r.Files = append(r.Files, finding.Node{Name: "one.pkl", Size: 400, Formats: []string{"pickle"}, Coverage: finding.Coverage{Structure: 400}})
	return sealed(r)
}

var reports = map[string]func() *finding.Report{
	"clean": clean, "flagged": flaggedReport, "incomplete": incompleteReport, "nothing": nothing, "hostile": hostileReport, "long": longReport,
}

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func denied() *evidence.Decision {
	return &evidence.Decision{
		Environment: evidence.Production, PolicyDigest: "sha256:" + digits('a'), DecidedOn: noon,
		Reference: evidence.Reference{Registry: "layout:/srv/models", Kind: "layout", Repository: "team/bert", Tag: "1.0-scanned", Digest: "sha256:" + digits('b')},
		Reasons: []evidence.Reason{
			{Clause: "scan.age", Deny: true, Text: "The newest scan is 45 days old; production allows 30.", Hint: "Scan it again: sallyport rescan team/bert:1.0-scanned"},
			{Clause: "scan.findings", Deny: true, Text: "SP-NAME-002 in pytorch_model.bin is HIGH and no waiver covers it."},
			{Clause: "signature.admission", Text: "The admission statement is signed by key 1234 (role admit)."},
		},
	}
}

func allowed() *evidence.Decision {
	d := denied()
	d.Allow, d.Reasons = true, d.Reasons[2:]
	return d
}

func hostileDecision() *evidence.Decision {
	return &evidence.Decision{Environment: hostile, PolicyDigest: hostile, DecidedOn: noon,
		Reference: evidence.Reference{Registry: hostile, Kind: hostile, Repository: hostile, Tag: hostile, Digest: hostile},
		Reasons:   []evidence.Reason{{Clause: hostile, Deny: true, Text: hostile, Hint: hostile}}}
}

func digits(c byte) string {
	b := make([]byte, 64)
	for i := range b {
		b[i] = c
	}
	return string(b)
}

func admission(d *evidence.Decision) *Admission {
	a := &Admission{Decision: d, Source: "./model", Verdict: finding.Clean, Files: 7, Size: 265_000}
	if d.Allow {
		a.Written = []Written{{"model", "sha256:" + digits('b')}, {"model signature", "sha256:" + digits('c')}, {"scan statement", "sha256:" + digits('d')}}
	} else {
		a.Verdict, a.Quarantine = finding.Flagged, "q-20261120-bbbbbbbbbbbb"
	}
	return a
}
