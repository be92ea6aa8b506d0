package attest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/sign"
)

// A predicate that lacks a field decodes to an innocent value: no findings, no
// gaps. These checks make that a Problem instead. They run on both sides.

var errPredicate = errors.New("incomplete or contradictory predicate")

func lacks(what string) error { return fmt.Errorf("%w: no %s", errPredicate, what) }

func checkScan(s *evidence.Scan) error {
	switch {
	case s.StartedOn.IsZero() || s.FinishedOn.IsZero():
		return lacks("times")
	case s.FinishedOn.Before(s.StartedOn):
		return fmt.Errorf("%w: the scan finished before it started", errPredicate)
	case len(s.Files) == 0:
		return lacks("files")
	case s.Findings == nil:
		return lacks("list of findings")
	case s.Gaps == nil:
		return lacks("list of gaps")
	case s.Excluded == nil:
		return lacks("list of excluded files")
	case s.Limits == nil:
		return lacks("limits")
	}
	if err := checkScanner(s.Scanner); err != nil {
		return err
	}
	if err := checkFiles(s.Files); err != nil {
		return err
	}
	if err := checkRules(s); err != nil {
		return err
	}
	for _, n := range s.Names {
		if n.Module == "" || n.Name == "" || n.Tier != "A" && n.Tier != "B" || n.Reason == "" || n.Expires == "" {
			return fmt.Errorf("%w: the addition %q lacks its tier, reason or last day", errPredicate, n.Module+"."+n.Name)
		}
	}
	if want := finding.Judge(len(s.Files), s.Findings, s.Gaps); s.Result != want {
		return fmt.Errorf("%w: it says %q, but its findings and gaps make it %q", errPredicate, s.Result, want)
	}
	return nil
}

func checkScanner(s evidence.Scanner) error {
	switch {
	case s.URI == "" || s.Version == "":
		return lacks("scanner")
	case !isDigest(s.Ruleset):
		return lacks("ruleset digest")
	case s.Sequence < 0:
		return fmt.Errorf("%w: negative ruleset sequence", errPredicate)
	}
	return nil
}

func checkFiles(files []evidence.File) error {
	for i, f := range files {
		if err := artifact.CheckPath(f.Path); err != nil {
			return fmt.Errorf("%w: %w", errPredicate, err)
		}
		switch {
		case f.Size < 0 || !isDigest(f.Digest):
			return fmt.Errorf("%w: %q has no size or digest", errPredicate, f.Path)
		case i > 0 && files[i-1].Path >= f.Path:
			return fmt.Errorf("%w: files are not sorted, or %q is listed twice", errPredicate, f.Path)
		}
	}
	return nil
}

// checkRules wants a rule at every finding and gap, since the policy waives by rule.
func checkRules(s *evidence.Scan) error {
	for _, f := range s.Findings {
		if f.Rule == "" || f.Severity < finding.Info || f.Severity > finding.Critical {
			return fmt.Errorf("%w: a finding in %q has no rule or severity", errPredicate, f.Location.Path)
		}
	}
	for _, g := range s.Gaps {
		if g.Rule == "" {
			return fmt.Errorf("%w: a gap in %q has no rule", errPredicate, g.Location.Path)
		}
	}
	return nil
}

func checkAdmission(a *evidence.Admission) error {
	known := []string{evidence.Sandbox, evidence.Staging, evidence.Production}
	switch {
	case a.Repository == "":
		return lacks("repository")
	case a.Tag == "":
		return lacks("tag")
	case len(a.Environments) == 0:
		return lacks("environments")
	case slices.ContainsFunc(a.Environments, func(e string) bool { return !slices.Contains(known, e) }):
		return fmt.Errorf("%w: environments %q, known are %q", errPredicate, a.Environments, known)
	case !isDigest(a.PolicyDigest):
		return lacks("policy digest")
	case a.Source == "":
		return lacks("source")
	case a.Result != "clean" && a.Result != "waived":
		return fmt.Errorf("%w: result %q, want clean or waived", errPredicate, a.Result)
	case a.AdmittedOn.IsZero():
		return lacks("time")
	}
	return checkScanner(a.Tool)
}

func checkCycloneDX(document []byte) error {
	var head struct {
		Format  string          `json:"bomFormat"`
		Version string          `json:"specVersion"`
		Parts   json.RawMessage `json:"components"`
	}
	if err := sign.DecodeStrict(document, &head); err != nil {
		return err
	}
	if head.Format != "CycloneDX" || head.Version == "" {
		return fmt.Errorf("%w: not a CycloneDX document", errPredicate)
	}
	return nil
}

// isDigest accepts "sha256:" and 64 lower-case hex digits.
func isDigest(s string) bool {
	hex, ok := strings.CutPrefix(s, "sha256:")
	return ok && len(hex) == 64 && strings.Trim(hex, "0123456789abcdef") == ""
}
