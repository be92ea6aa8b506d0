// Package deploy is gate 2: it reads the evidence about one manifest from a
// registry, verifies it, and lets the policy decide.
//
// It reads manifests and statements, JSON both, with a size limit on each. It
// links no reader of model formats: whatever is inside a layer cannot reach the
// process that guards production. With content asked for, layers are hashed,
// not parsed.
//
// Threat: whoever can write to the registry. Tags move, annotations lie,
// referrers are withheld, copied from another model, edited, or made with a
// foreign key. The tag is resolved once; everything after that goes by digest;
// what cannot be listed or read completely is said in the evidence, and the
// policy denies.
//
// Not covered: an old registry put back as a whole. Only the maximum age of a
// scan and the minimum ruleset of the policy bound that.
package deploy

import (
	"context"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/attest"
	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/registry"
)

// Request is one question to the gate.
type Request struct {
	Registry  registry.Reader
	Reference evidence.Reference // Digest is filled in when the reference has a tag only
	Env       string
	Policy    *policy.Policy
	Keys      []attest.TrustedKey // whose statements count
	Now       time.Time
	Content   bool // rehash every layer
}

// Run answers the question. The error is for a decision that was not possible:
// the reference cannot be resolved or the context ended.
func Run(ctx context.Context, r Request) (evidence.Decision, *evidence.Evidence, error) {
	ev, err := collect(ctx, r)
	if err != nil {
		return evidence.Decision{}, nil, err
	}
	return policy.Decide(r.Policy, r.Env, ev, r.Now), ev, nil
}

// collect resolves the reference once and reads everything about its digest.
func collect(ctx context.Context, r Request) (*evidence.Evidence, error) {
	ev := &evidence.Evidence{Reference: r.Reference, Annotations: map[string]string{}, Files: []evidence.File{}, Statements: []evidence.Statement{}}
	ref := &ev.Reference
	if ref.Tag != "" {
		d, err := r.Registry.Resolve(ctx, ref.Tag)
		if err != nil {
			return nil, err
		}
		if ref.Digest != "" && ref.Digest != d.Digest {
			return nil, fmt.Errorf("the tag %q names %s, not %s as the reference says", ref.Tag, d.Digest, ref.Digest)
		}
		ref.Digest = d.Digest
	}
	readManifest(ctx, r.Registry, ev)
	if ev.ManifestProblem == "" {
		ev.Statements, ev.ReferrersProblem = attest.Collect(ctx, r.Registry, attest.Manifest{Digest: ref.Digest, Files: ev.Files}, r.Keys)
	}
	if r.Content && ev.ManifestProblem == "" {
		rehash(ctx, r.Registry, ev)
	}
	return ev, ctx.Err()
}

// readManifest fills in what the manifest says. What is wrong with it becomes
// ManifestProblem, which denies.
func readManifest(ctx context.Context, reg registry.Reader, ev *evidence.Evidence) {
	raw, err := reg.FetchManifest(ctx, ev.Reference.Digest)
	if err != nil {
		ev.ManifestProblem = "The manifest cannot be read: " + err.Error() + "."
		return
	}
	m, err := registry.ParseManifest(raw)
	if err != nil {
		ev.ManifestProblem = "The manifest is malformed: " + err.Error() + "."
		return
	}
	ev.ArtifactType = m.ArtifactType
	for k, v := range m.Annotations {
		ev.Annotations[k] = v
	}
	files, err := registry.Files(m)
	if err == nil {
		err = registry.CheckForm(m)
	}
	if err != nil {
		ev.ManifestProblem = "The manifest does not describe an admitted model: " + err.Error() + "."
		return
	}
	ev.Files = files
}

func rehash(ctx context.Context, reg registry.Reader, ev *evidence.Evidence) {
	for _, f := range ev.Files {
		if err := registry.Rehash(ctx, reg, registry.Descriptor{Digest: f.Digest, Size: f.Size}); err != nil {
			ev.ContentProblems = append(ev.ContentProblems, fmt.Sprintf("%s: %v", f.Path, err))
		}
	}
	ev.ContentRead = ctx.Err() == nil
}
