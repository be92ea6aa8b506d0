package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"syscall"
	"time"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/attest"
	"github.com/sallyport/sallyport/internal/registry"
	"github.com/sallyport/sallyport/internal/registry/layout"
	"github.com/sallyport/sallyport/internal/sbom"
	"github.com/sallyport/sallyport/internal/source"
)

const layoutScheme = "layout:"

const refHint = "a reference looks like this: layout:./registry//team/model:v1-scanned"

// parseRef reads a reference to a repository that this version can open.
func parseRef(s string) (registry.Reference, error) {
	ref, err := registry.ParseReference(s)
	switch {
	case err != nil:
		return ref, usage(refHint, "%w", err)
	case ref.Kind != registry.KindLayout:
		return ref, usage(refHint, "registries with an address are not part of this version: %q", s)
	}
	return ref, nil
}

// openStore opens the repository of a reference. It says when another writer
// must be waited for.
func (a *app) openStore(ref registry.Reference) (registry.Store, error) {
	repo, err := layout.OpenReference(ref, layout.Options{Waiting: func(string) {
		fmt.Fprintln(a.Err, "sallyport: waiting for another writer of this repository")
	}})
	if err != nil {
		return nil, registryError(err)
	}
	return repo, nil
}

// registryError adds what the user can do.
func registryError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, registry.ErrNotFound):
		return failed(err, "check folder, repository and tag; "+refHint)
	case errors.Is(err, registry.ErrTagTaken):
		return failed(err, "choose another tag; a tag never changes its meaning")
	case errors.Is(err, registry.ErrReadOnly):
		return failed(err, "make the registry's folder writable for you, or choose another one")
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		return failed(err, "nothing was admitted; free some space there, then run the same command again")
	case errors.Is(err, registry.ErrCorrupt):
		return failed(err, "nothing was changed; put the named file back from a backup, or admit the model into another folder")
	}
	return failed(err, "")
}

// resolve finds the manifest of a reference: by tag, by digest, or both.
func resolve(ctx context.Context, store registry.Reader, ref registry.Reference) (*registry.Manifest, string, error) {
	digest := ref.Digest
	if ref.Tag != "" {
		d, err := store.Resolve(ctx, ref.Tag)
		if err != nil {
			return nil, "", registryError(err)
		}
		if digest != "" && digest != d.Digest {
			return nil, "", usage("leave out the tag or the digest", "the tag %q names %s", ref.Tag, d.Digest)
		}
		digest = d.Digest
	}
	if digest == "" {
		return nil, "", usage(refHint, "the reference %q has neither tag nor digest", ref.String())
	}
	raw, err := store.FetchManifest(ctx, digest)
	if err != nil {
		return nil, "", registryError(err)
	}
	m, err := registry.ParseManifest(raw)
	return m, digest, registryError(err)
}

// layoutTree lists the files of an admitted model.
func (a *app) layoutTree(name string, filter source.Filter) (*artifact.Tree, []string, error) {
	ref, err := parseRef(name)
	if err != nil {
		return nil, nil, err
	}
	store, err := a.openStore(ref)
	if err != nil {
		return nil, nil, err
	}
	m, _, err := resolve(context.Background(), store, ref)
	if err != nil {
		return nil, nil, err
	}
	t, err := registry.Tree(context.Background(), store, ref, m)
	if err != nil {
		return nil, nil, registryError(err)
	}
	kept := t.Files[:0]
	for _, f := range t.Files {
		f.SHA256 = "" // what the manifest says was not verified here
		if keep, why := filter.Keep(f.Path); keep {
			kept = append(kept, f)
		} else {
			t.Omissions = append(t.Omissions, artifact.Omission{Path: f.Path, Kind: artifact.OmittedExcluded, Detail: why})
		}
	}
	t.Files = kept
	return t, absolute([]string{ref.Registry}), nil
}

// attach adds a signed statement to a manifest.
func (a *app) attach(ctx context.Context, ref registry.Reference, digest, predicate, title string, bundle []byte, on time.Time) error {
	store, err := a.openStore(ref)
	if err != nil {
		return err
	}
	raw, err := store.FetchManifest(ctx, digest)
	if err != nil {
		return registryError(err)
	}
	referrer, err := registry.BuildReferrer(registry.Attachment{
		Subject: registry.NewBlob(registry.TypeManifest, raw).Descriptor, Type: attest.BundleType, Title: title, Data: bundle,
		Annotations: map[string]string{registry.AnnotationBundleContent: "dsse-envelope", registry.AnnotationBundlePredicate: predicate,
			registry.AnnotationCreated: on.UTC().Format(time.RFC3339)}})
	if err != nil {
		return failed(err, "")
	}
	w, err := store.Begin(ctx)
	if err != nil {
		return registryError(err)
	}
	var tx registry.Transaction
	tx.Add(referrer)
	return registryError(errors.Join(w.Commit(ctx, tx), w.Close()))
}

// modelName is the name of a model for people: the last part of its reference or
// of its folder.
func modelName(src string) string {
	if ref, err := registry.ParseReference(src); err == nil {
		return path.Base(ref.Repository)
	}
	return filepath.Base(baseOf(src))
}

func writeCycloneDX(w io.Writer, m sbom.Model) error { return sbom.WriteCycloneDX(w, m, "1.6") }
