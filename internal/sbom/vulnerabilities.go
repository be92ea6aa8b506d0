package sbom

import (
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/rule"
)

// listed is how many messages of one rule the detail of an entry repeats.
const listed = 5

// vulnerabilities are the findings at MEDIUM and above, one entry per rule. A
// clean scan states instead that the weakness which matters most for models,
// code that runs on loading, is not there.
func (m *Model) vulnerabilities() []cdxVulnerability {
	if m.report.Verdict == finding.Clean && m.worst() < finding.Medium {
		return []cdxVulnerability{m.notAffected()}
	}
	var order []string
	byRule := map[string][]finding.Finding{}
	for _, f := range m.report.Findings { // the worst first
		if f.Severity < finding.Medium {
			continue
		}
		if byRule[f.Rule] == nil {
			order = append(order, f.Rule)
		}
		byRule[f.Rule] = append(byRule[f.Rule], f)
	}
	var out []cdxVulnerability
	for _, id := range order {
		out = append(out, vulnerability(id, byRule[id]))
	}
	return out
}

func (m *Model) worst() finding.Severity {
	worst, _ := m.report.Worst()
	return worst
}

func vulnerability(id string, findings []finding.Finding) cdxVulnerability {
	v := cdxVulnerability{Ref: "finding:" + id, ID: id, Source: ruleSource(id), Description: findings[0].Message,
		Ratings:  []cdxRating{{ruleSource(id), strings.ToLower(findings[0].Severity.String()), "other"}},
		Analysis: cdxAnalysis{State: state(findings[0].Severity)}}
	if r, ok := rule.Lookup(id); ok {
		v.Description, v.Recommendation = r.Title+".", r.Remediation
		v.CWEs = weaknesses(r.CWE)
	}
	var detail []string
	seen := map[string]bool{}
	for i, f := range findings {
		if path := f.Location.Path; !seen[path] {
			seen[path] = true
			v.Affects = append(v.Affects, cdxDataset{fileRef(path)})
		}
		if i < listed {
			detail = append(detail, f.Location.String()+": "+f.Message)
		}
	}
	if n := len(findings) - listed; n > 0 {
		detail = append(detail, strconv.Itoa(n)+" more in the scan report.")
	}
	v.Detail = strings.Join(detail, "\n")
	return v
}

// state: what runs on loading is exploitable by being loaded; anything below is
// not decided by the scan.
func state(s finding.Severity) string {
	if s >= finding.Critical {
		return "exploitable"
	}
	return "in_triage"
}

func weaknesses(ids []string) []int {
	var out []int
	for _, id := range ids {
		if n, err := strconv.Atoi(strings.TrimPrefix(id, "CWE-")); err == nil && n > 0 {
			out = append(out, n)
		}
	}
	return out
}

func ruleSource(id string) cdxSource {
	return cdxSource{Name: "Sallyport rules", URL: homepage + "/blob/main/docs/rules/" + id + ".md"}
}

func (m *Model) notAffected() cdxVulnerability {
	return cdxVulnerability{Ref: "finding:CWE-502", ID: "CWE-502",
		Source: cdxSource{Name: "CWE", URL: "https://cwe.mitre.org/data/definitions/502.html"}, CWEs: []int{502},
		Description: "Deserialization of untrusted data.",
		Analysis: cdxAnalysis{State: "not_affected", Justification: "code_not_present",
			Detail: "The scan read every file, found nothing that runs on loading and left no gap (" + m.tool() + ", ruleset " + m.report.Tool.Ruleset + ")."},
		Affects: []cdxDataset{{refModel}}}
}
