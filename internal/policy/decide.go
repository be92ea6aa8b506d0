package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/evidence"
)

// ManifestType is the artifact type of an admitted model.
const ManifestType = "application/vnd.cncf.model.manifest.v1+json"

// Decide is gate 2: may the model behind the evidence be used in env? Every
// reason is returned, denying ones first. It reads no clock, file or network.
func Decide(p *Policy, env string, ev *evidence.Evidence, now time.Time) evidence.Decision {
	d := &decider{reasons: reasons{}, policy: p, env: env, ev: ev, now: now}
	if ev == nil {
		d.ev = &evidence.Evidence{}
	}
	proven := d.decide()
	return d.decision(proven, d.ev.Reference, env, p, now)
}

// reasons collects the lines of a decision.
type reasons struct{ list []evidence.Reason }

func (r *reasons) deny(clause, hint, format string, args ...any) {
	r.list = append(r.list, evidence.Reason{Clause: clause, Deny: true, Text: fmt.Sprintf(format, args...), Hint: hint})
}

func (r *reasons) note(clause, format string, args ...any) {
	r.list = append(r.list, evidence.Reason{Clause: clause, Text: fmt.Sprintf(format, args...)})
}

// decision allows what is proven when nothing stands against it.
func (r *reasons) decision(proven bool, ref evidence.Reference, env string, p *Policy, now time.Time) evidence.Decision {
	slices.SortStableFunc(r.list, func(a, b evidence.Reason) int {
		return order(a) - order(b)
	})
	return evidence.Decision{
		Allow:       proven && len(r.list) > 0 && !r.list[0].Deny,
		Environment: env, Reference: ref, PolicyDigest: p.Digest(), DecidedOn: now.UTC(), Reasons: r.list,
	}
}

func order(r evidence.Reason) int {
	if r.Deny {
		return 0
	}
	return 1
}

// decider is one run of Decide.
type decider struct {
	reasons
	policy  *Policy
	profile *Profile
	env     string
	ev      *evidence.Evidence
	now     time.Time
	files   []evidence.File // of the manifest, sorted by path
}

// decide reports whether a scan and an admission were accepted; the reasons may
// still deny.
func (d *decider) decide() (proven bool) {
	if d.now.IsZero() {
		d.deny(clauseTime, "Set the clock of this machine.", "The time of the decision is not known, so nothing can be checked for its age.")
	}
	profile, err := d.policy.Profile(d.env)
	if err != nil {
		d.deny(clauseEnvironment, "Name an environment of the policy with --env, or add the profile to the policy file.", "The policy has no profile for the environment %q.", d.env)
		return false
	}
	d.profile = profile
	d.listing()
	if !d.manifest() {
		return false // nothing else was read
	}
	trusted := d.trust()
	d.required(trusted)
	clean := d.scans(trusted)
	admitted := d.admissions(trusted)
	d.models(trusted)
	d.content()
	d.annotations(clean)
	return clean && admitted
}

// manifest checks what everything else is about. It is false when there is no
// manifest to speak of.
func (d *decider) manifest() (readable bool) {
	if !isDigest(d.ev.Reference.Digest) {
		d.deny(clauseDigest, "Check that the reference exists: registry, repository and tag.", "The reference was not resolved to a manifest digest.")
	}
	if d.ev.ManifestProblem != "" {
		d.deny(clauseManifest, "Admit the model again with \"sallyport admit\"; if the registry changed it, find out who can write there.", "The manifest cannot be used: %s", period(d.ev.ManifestProblem))
		return false
	}
	if d.ev.ArtifactType != ManifestType {
		d.deny(clauseType, "Only what \"sallyport admit\" has written can pass; admit the model first.", "The manifest is of type %q, not a model as gate 1 writes it.", clip(d.ev.ArtifactType))
	}
	d.files = byPath(d.ev.Files)
	if why := badFiles(d.files); why != "" {
		d.deny(clauseFiles, "Admit the model again with \"sallyport admit\".", "The files of the manifest cannot be trusted: %s", why)
	}
	return true
}

// badFiles says why a list of files is unusable; empty when it is fine.
func badFiles(files []evidence.File) string {
	if len(files) == 0 {
		return "There are none."
	}
	tree := artifact.Tree{}
	for _, f := range files {
		if f.Size < 0 || !isDigest(f.Digest) {
			return fmt.Sprintf("%q has no size or no SHA-256 digest.", clip(f.Path))
		}
		tree.Files = append(tree.Files, artifact.File{Path: f.Path})
	}
	if err := tree.CheckPaths(); err != nil {
		return period(err.Error())
	}
	return ""
}

func (d *decider) listing() {
	if d.ev.ReferrersProblem != "" {
		d.deny(clauseReferrers, "Check the registry and ask again; statements against this model may have been withheld.", "The list of statements is not complete: %s", period(d.ev.ReferrersProblem))
	}
}

func (d *decider) content() {
	for _, problem := range shorten(d.ev.ContentProblems) {
		d.deny(clauseContent, "Do not use these bytes. Admit the model again from its source, and find out who changed the registry.", "The content differs from what was admitted: %s", period(problem))
	}
	switch {
	case d.ev.ContentRead:
	case d.profile.RequireContent:
		d.deny(clauseUnread, "Ask again with --content.", "The content was not read again, and the profile %q demands it.", d.env)
	default:
		d.note(clauseUnread, "The content was not read again; this decision is about the manifest and its signed statements. --content rehashes every layer.")
	}
}

// annotations only compares for the reader; nothing depends on it.
func (d *decider) annotations(clean bool) {
	const key = "security.scan.result"
	if result, ok := d.ev.Annotations[key]; ok && (result == "clean") != clean {
		d.note(clauseAnnotation, "The annotation %s says %q, which the signed statements do not bear out. Anyone who can push can write it; it was ignored.", key, clip(result))
	}
}

// byPath is a copy in the order of the paths.
func byPath(files []evidence.File) []evidence.File {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b evidence.File) int { return strings.Compare(a.Path, b.Path) })
	return files
}

// listed is how many items of one kind a decision names before it counts.
const listed = 20

// shorten keeps the first items and counts the others.
func shorten(items []string) []string {
	if len(items) <= listed {
		return items
	}
	return append(slices.Clone(items[:listed]), fmt.Sprintf("And %d more.", len(items)-listed))
}

// period ends a sentence that others wrote.
func period(s string) string {
	s = clip(s)
	if s == "" || strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}

// clip keeps texts of strangers short; escaping is the output's work.
func clip(s string) string {
	const most = 500
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
