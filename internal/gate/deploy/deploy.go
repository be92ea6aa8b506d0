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
	"errors"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/attest"
	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/registry"
	"github.com/sallyport/sallyport/internal/sign"
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
		readStatements(ctx, r, ev)
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
	if err != nil {
		ev.ManifestProblem = "The manifest does not describe an admitted model: " + err.Error() + "."
		return
	}
	ev.Files = files
}

// maxStatements bounds what a hostile registry can make the gate read, in bytes
// of all statements together. Reaching it denies.
const maxStatements = 256 << 20

// readStatements lists the referrers and verifies every statement among them.
func readStatements(ctx context.Context, r Request, ev *evidence.Evidence) {
	referrers, err := r.Registry.Referrers(ctx, ev.Reference.Digest)
	if err != nil {
		ev.ReferrersProblem = "The list of statements cannot be read completely: " + err.Error() + "."
		return
	}
	budget := int64(maxStatements)
	about := attest.Manifest{Digest: ev.Reference.Digest, Files: ev.Files}
	for _, ref := range referrers {
		st, ok, err := readStatement(ctx, r, ref, about, &budget)
		if err != nil {
			ev.ReferrersProblem = fmt.Sprintf("The referrer %s cannot be read: %v.", ref.Digest, err)
			continue
		}
		if ok {
			ev.Statements = append(ev.Statements, st)
		}
	}
}

// readStatement reads one referrer; ok is false for one that holds no statement,
// such as a plain report that rides along.
func readStatement(ctx context.Context, r Request, ref registry.Referrer, about attest.Manifest, budget *int64) (st evidence.Statement, ok bool, err error) {
	if ref.Err != nil {
		return st, false, ref.Err
	}
	raw, err := r.Registry.FetchManifest(ctx, ref.Digest)
	if err != nil {
		return st, false, err
	}
	m, err := registry.ParseManifest(raw)
	if err != nil {
		return st, false, err
	}
	if m.Subject == nil || m.Subject.Digest != about.Digest {
		return st, false, errors.New("its subject is another manifest")
	}
	if m.Kind() != attest.BundleType {
		return st, false, nil
	}
	st = evidence.Statement{Referrer: ref.Digest}
	if len(m.Layers) != 1 {
		st.Problem = fmt.Sprintf("It has %d layers, want one.", len(m.Layers))
		return st, true, nil
	}
	layer := m.Layers[0]
	if *budget -= layer.Size; layer.Size < 0 || layer.Size > sign.MaxBundle || *budget < 0 {
		return st, false, fmt.Errorf("its statement has %d bytes, more than is read", layer.Size)
	}
	bundle, err := registry.ReadBlob(ctx, r.Registry, registry.Descriptor{Digest: layer.Digest, Size: layer.Size}, sign.MaxBundle)
	if err != nil {
		return st, false, err
	}
	st = attest.Read(bundle, about, r.Keys)
	st.Referrer = ref.Digest
	return st, true, nil
}

func rehash(ctx context.Context, reg registry.Reader, ev *evidence.Evidence) {
	for _, f := range ev.Files {
		if err := registry.Rehash(ctx, reg, registry.Descriptor{Digest: f.Digest, Size: f.Size}); err != nil {
			ev.ContentProblems = append(ev.ContentProblems, fmt.Sprintf("%s: %v", f.Path, err))
		}
	}
	ev.ContentRead = ctx.Err() == nil
}
