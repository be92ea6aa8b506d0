package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/evidence"
)

// Files lists the layers of a model's manifest as files, sorted by path. Both
// path annotations must agree, since clients differ in which one they read, and
// the paths together must be safe to write out.
func Files(m *Manifest) ([]evidence.File, error) {
	if m.ArtifactType != ArtifactType {
		return nil, fmt.Errorf("%w: its artifact type is %.100q, not that of a model", ErrCorrupt, m.ArtifactType)
	}
	var tree artifact.Tree
	files := make([]evidence.File, 0, len(m.Layers))
	for i, l := range m.Layers {
		name := l.Annotations[AnnotationPath]
		if title := l.Annotations[AnnotationTitle]; name != title {
			return nil, fmt.Errorf("%w: layer %d has two names, %.200q and %.200q", ErrCorrupt, i, name, title)
		}
		if len(l.Data) > 0 || len(l.URLs) > 0 {
			return nil, fmt.Errorf("%w: layer %d has inline data or foreign addresses", ErrCorrupt, i)
		}
		files = append(files, evidence.File{Path: name, Size: l.Size, Digest: l.Digest})
		tree.Files = append(tree.Files, artifact.File{Path: name})
	}
	if err := tree.CheckPaths(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	slices.SortFunc(files, byPath)
	return files, nil
}

func byPath(a, b evidence.File) int { return strings.Compare(a.Path, b.Path) }

// Tree is the model of a manifest as an artifact whose files are read from the
// registry. Their bytes are not verified: SHA256 is what the manifest says.
func Tree(ctx context.Context, r Reader, ref Reference, m *Manifest) (*artifact.Tree, error) {
	files, err := Files(m)
	if err != nil {
		return nil, err
	}
	t := &artifact.Tree{Source: ref.String()}
	for _, f := range files {
		t.Files = append(t.Files, artifact.File{Path: f.Path, Size: f.Size, SHA256: strings.TrimPrefix(f.Digest, digestPrefix),
			Open: func() (artifact.Content, error) { return r.OpenBlob(ctx, f.Digest, f.Size) }})
	}
	return t, nil
}

// CheckForm refuses a manifest that a client could unpack into other files than
// those that were scanned: every layer must be a raw file and carry its path and
// nothing else. A layer that calls itself an archive, or that asks to be unpacked
// by an annotation, would be written out as what is inside of it.
func CheckForm(m *Manifest) error {
	if m.Config.MediaType != TypeModelConfig {
		return fmt.Errorf("%w: its configuration is %.100q, not that of a model", ErrCorrupt, m.Config.MediaType)
	}
	for i, l := range m.Layers {
		switch l.MediaType {
		case TypeWeight, TypeWeightConfig, TypeCode, TypeDoc:
		default:
			return fmt.Errorf("%w: layer %d is of type %.100q, not a raw file", ErrCorrupt, i, l.MediaType)
		}
		for name := range l.Annotations {
			if name != AnnotationPath && name != AnnotationTitle {
				return fmt.Errorf("%w: layer %d has the annotation %.100q, which gate 1 does not write", ErrCorrupt, i, name)
			}
		}
	}
	return nil
}

// FindModel looks for an admitted model with exactly these files, in any order.
// Of several it takes the one with the smallest digest that every accept, if
// given, agrees to: whoever can write to the registry can put a manifest there.
// Manifests that cannot be read are passed over: they cannot be reused.
func FindModel(ctx context.Context, r Reader, files []evidence.File, accept ...func(digest string, m *Manifest) bool) (d Descriptor, found bool, err error) {
	want := slices.SortedFunc(slices.Values(files), byPath)
	all, err := r.Manifests(ctx)
	if err != nil {
		return d, false, err
	}
	slices.SortFunc(all, func(a, b Descriptor) int { return strings.Compare(a.Digest, b.Digest) })
	for _, candidate := range all {
		if err := ctx.Err(); err != nil {
			return d, false, err
		}
		if candidate.ArtifactType != "" && candidate.ArtifactType != ArtifactType {
			continue
		}
		raw, m := holds(ctx, r, candidate.Digest, want)
		if m == nil || slices.ContainsFunc(accept, func(agree func(string, *Manifest) bool) bool { return !agree(candidate.Digest, m) }) {
			continue
		}
		known := NewBlob(TypeManifest, raw)
		known.ArtifactType = ArtifactType
		return known.Descriptor, true, nil
	}
	return d, false, nil
}

// holds returns a manifest that is a model of exactly these files, or nil.
func holds(ctx context.Context, r Reader, digest string, want []evidence.File) ([]byte, *Manifest) {
	raw, err := r.FetchManifest(ctx, digest)
	if err != nil {
		return nil, nil
	}
	m, err := ParseManifest(raw)
	if err != nil || m.Subject != nil {
		return nil, nil
	}
	if have, err := Files(m); err != nil || !slices.Equal(have, want) {
		return nil, nil
	}
	return raw, m
}
