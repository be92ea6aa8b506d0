package policy

import (
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/finding"
)

// DecideAdmission is gate 1: may what this report is about enter the registry,
// to be eligible for the environments? The report must be of the final files.
// source is the reference that the user gave. Only a clean scan enters.
func DecideAdmission(p *Policy, environments []string, report *finding.Report, source string, now time.Time) evidence.Decision {
	in := &intake{policy: p, report: report, source: source}
	clean := in.decide(environments, now)
	return in.decision(clean, evidence.Reference{}, strings.Join(environments, ","), p, now)
}

type intake struct {
	reasons
	policy *Policy
	report *finding.Report
	source string
}

// decide reports whether the scan is clean; the reasons may still deny.
func (in *intake) decide(environments []string, now time.Time) (clean bool) {
	if now.IsZero() {
		in.deny(clauseTime, "Set the clock of this machine.", "The time of the decision is not known, so the admission could not be dated.")
	}
	profiles := in.profiles(environments)
	if in.report == nil {
		in.deny(clauseIntakeVerdict, "Scan the model first.", "There is no scan.")
		return false
	}
	// The strictest profile decides on findings; they are told once.
	block := finding.High
	for _, p := range profiles {
		block = min(block, p.BlockSeverity)
	}
	findings(&in.reasons, clauseIntakeFinding, in.report.Findings, block)
	gaps(&in.reasons, clauseIntakeGap, in.report.Gaps)
	if !in.report.Deep && slices.ContainsFunc(profiles, func(p *Profile) bool { return p.RequireDeepScan }) {
		in.deny(clauseIntakeDeep, "Scan with --deep.", "The scan did not look into tensor and media data, which the policy wants.")
	}
	in.leftOut()
	in.reliesOn(now)
	in.pickles(profiles)
	return in.verdict()
}

// profiles finds the profiles and compares the source with their allow-lists.
func (in *intake) profiles(environments []string) (found []*Profile) {
	if len(environments) == 0 {
		in.deny(clauseEnvironment, "Name one with --env.", "No environment was named.")
	}
	for _, env := range environments {
		p, err := in.policy.Profile(env)
		if err != nil {
			in.deny(clauseEnvironment, "Name an environment of the policy with --env, or add the profile to the policy file.", "The policy has no profile for the environment %q.", clip(env))
			continue
		}
		found = append(found, p)
		allowed := slices.ContainsFunc(p.Sources, func(pattern string) bool { return matchSource(pattern, in.source) })
		if !allowed {
			in.deny(clauseIntakeSource, "Take the model from a source on the list, or add a pattern to \"sources\" in the policy file.", "The source %q is not on the list of %s, which allows %s.", clip(in.source), env, strings.Join(p.Sources, ", "))
		}
	}
	return found
}

// verdict recomputes what the report says of itself.
func (in *intake) verdict() (clean bool) {
	r := in.report
	want := finding.Judge(len(r.Files), r.Findings, r.Gaps)
	switch {
	case want == finding.Nothing:
		in.deny(clauseIntakeEmpty, "Check the path, and --include and --exclude.", "There is no file to admit.")
	case r.Verdict != want:
		in.deny(clauseIntakeVerdict, "This is a mistake in sallyport; please report it.", "The report says %q, but what it lists makes it %q.", clip(string(r.Verdict)), want)
	case want == finding.Clean:
		in.note(clauseIntakeClean, "The scan with ruleset %d is clean: %s, nothing left unread.", r.Tool.Sequence, count(len(r.Files), "file"))
		return true
	}
	return false
}

func (in *intake) leftOut() {
	list := in.report.Excluded
	for _, e := range list[:min(len(list), listed)] {
		in.note(clauseIntakeLeft, "%q was left out; it is neither scanned nor shipped: %s", clip(e.Path), period(e.Reason))
	}
	if more := len(list) - listed; more > 0 {
		in.note(clauseIntakeLeft, "%d more files were left out.", more)
	}
}

// pickles refuses weights in pickle where a profile wants them converted.
func (in *intake) pickles(profiles []*Profile) {
	if !slices.ContainsFunc(profiles, func(p *Profile) bool { return p.Convert == ConvertRequire }) {
		return
	}
	var left []string
	for i := range in.report.Files {
		if n := &in.report.Files[i]; holdsPickle(n) {
			left = append(left, n.Name)
		}
	}
	for _, name := range left[:min(len(left), listed)] {
		in.deny(clauseIntakeConvert, "Save the weights as safetensors and leave the pickle out.", "%q is stored as pickle, and the policy says convert: require.", clip(name))
	}
	if more := len(left) - listed; more > 0 {
		in.deny(clauseIntakeConvert, "Save the weights as safetensors and leave the pickles out.", "%s more are stored as pickle.", count(more, "file"))
	}
}

// holdsPickle looks into nested members; the scan limits how deep they go.
func holdsPickle(n *finding.Node) bool {
	if slices.Contains(n.Formats, "pickle") {
		return true
	}
	for i := range n.Children {
		if holdsPickle(&n.Children[i]) {
			return true
		}
	}
	return false
}

// WantsDeepScan reports whether one of the environments asks for a deep scan.
func (p *Policy) WantsDeepScan(environments []string) bool {
	return slices.ContainsFunc(environments, func(env string) bool {
		prof, err := p.Profile(env)
		return err == nil && prof.RequireDeepScan
	})
}
