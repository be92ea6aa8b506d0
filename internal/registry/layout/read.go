package layout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/durable"
	"github.com/sallyport/sallyport/internal/registry"
)

// Resolve implements registry.Reader. The descriptor is what index.json says.
func (r *Repo) Resolve(_ context.Context, tag string) (registry.Descriptor, error) {
	if err := registry.CheckTag(tag); err != nil {
		return registry.Descriptor{}, err
	}
	idx, err := r.load()
	if err != nil {
		return registry.Descriptor{}, err
	}
	i := idx.tagged(tag)
	if i < 0 {
		return registry.Descriptor{}, fmt.Errorf("%w: %q in %q has no tag %q", registry.ErrNotFound, r.name, r.root, tag)
	}
	return idx.entries[i].plain(), nil
}

// plain is the descriptor without the tag.
func (e *entry) plain() registry.Descriptor {
	d := e.Plain()
	d.ArtifactType = e.ArtifactType
	for k, v := range e.Annotations {
		if k != refName {
			if d.Annotations == nil {
				d.Annotations = map[string]string{}
			}
			d.Annotations[k] = v
		}
	}
	return d
}

// Tags implements registry.Reader.
func (r *Repo) Tags(context.Context) ([]string, error) {
	idx, err := r.load()
	if err != nil {
		return nil, err
	}
	tags := []string{}
	for i := range idx.entries {
		if tag := idx.entries[i].tag(); tag != "" {
			tags = append(tags, tag)
		}
	}
	slices.Sort(tags)
	return slices.Compact(tags), nil
}

// Manifests implements registry.Reader, in the order of index.json.
func (r *Repo) Manifests(context.Context) ([]registry.Descriptor, error) {
	idx, err := r.load()
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var all []registry.Descriptor
	for i := range idx.entries {
		if e := &idx.entries[i]; !seen[e.Digest] {
			seen[e.Digest] = true
			all = append(all, e.plain())
		}
	}
	return all, nil
}

// FetchManifest implements registry.Reader.
func (r *Repo) FetchManifest(_ context.Context, digest string) ([]byte, error) {
	if err := r.checkPath(); err != nil {
		return nil, err
	}
	name, err := r.blob(digest)
	if err != nil {
		return nil, err
	}
	data, err := durable.Read(name, registry.MaxManifest)
	if err != nil {
		return nil, r.blobError(digest, err)
	}
	if got := registry.DigestOf(data); got != digest {
		return nil, fmt.Errorf("%w: the content of %q has the digest %s", registry.ErrCorrupt, name, got)
	}
	return data, nil
}

func (r *Repo) blobError(digest string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %q has no blob %s", registry.ErrNotFound, r.dir, digest)
	}
	return fileError(err)
}

// OpenBlob implements registry.Reader.
func (r *Repo) OpenBlob(_ context.Context, digest string, size int64) (artifact.Content, error) {
	if err := r.checkPath(); err != nil {
		return nil, err
	}
	name, err := r.blob(digest)
	if err != nil {
		return nil, err
	}
	f, err := durable.Open(name)
	if err != nil {
		return nil, r.blobError(digest, err)
	}
	if size != registry.AnySize && f.Size() != size {
		f.Close()
		return nil, fmt.Errorf("%w: %q has %d bytes, not %d", registry.ErrCorrupt, name, f.Size(), size)
	}
	return f, nil
}

// BlobPath is the file that holds a blob, whether it exists or not.
func (r *Repo) BlobPath(digest string) (string, error) { return r.blob(digest) }

// maxListed bounds the manifests that one question reads, with those that
// indexes name.
const maxListed = 200_000

// maxListedBytes bounds what one question reads of them together: honest
// manifests have a few kilobytes, hostile ones the four megabytes that are read.
const maxListedBytes = 4 << 30

// Referrers implements registry.Reader: it reads every manifest that index.json
// names, and those that image indexes among them name, as the fallback tags of
// other clients do.
func (r *Repo) Referrers(ctx context.Context, digest string) ([]registry.Referrer, error) {
	if err := registry.CheckDigest(digest); err != nil {
		return nil, err
	}
	queue, err := r.Manifests(ctx)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{digest: true}
	left := int64(maxListedBytes)
	var found []registry.Referrer
	for i := 0; i < len(queue); i++ {
		d := queue[i]
		if seen[d.Digest] {
			continue
		}
		seen[d.Digest] = true
		left -= r.weight(d.Digest)
		ref, children := r.examine(ctx, d, digest)
		if ref != nil {
			found = append(found, *ref)
		}
		queue = append(queue, children...)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case len(found) >= registry.MaxReferrers, len(queue) > maxListed:
			return nil, fmt.Errorf("%w: %s in %q has %d or more", registry.ErrTooMany, digest, r.dir, registry.MaxReferrers)
		case left < 0:
			return nil, fmt.Errorf("%w: the manifests in %q have more than the %d bytes that are read", registry.ErrTooMany, r.dir, int64(maxListedBytes))
		}
	}
	slices.SortFunc(found, func(a, b registry.Referrer) int { return strings.Compare(a.Digest, b.Digest) })
	return found, nil
}

// weight is the number of bytes that reading a manifest takes.
func (r *Repo) weight(digest string) int64 {
	name, err := r.blob(digest)
	if err != nil {
		return 0
	}
	info, err := os.Lstat(name)
	if err != nil {
		return 0
	}
	return min(info.Size(), registry.MaxManifest)
}

// examine reads one listed manifest: is it about the subject, and what does it
// list itself? Something that is neither called a manifest nor is one is passed
// over, whatever else cannot be read is a referrer with an error.
func (r *Repo) examine(ctx context.Context, d registry.Descriptor, subject string) (*registry.Referrer, []registry.Descriptor) {
	raw, err := r.FetchManifest(ctx, d.Digest)
	var m *registry.Manifest
	if err == nil {
		m, err = registry.ParseManifest(raw)
	}
	switch {
	case err != nil && !strings.Contains(d.MediaType, "manifest") && !strings.Contains(d.MediaType, "index") && d.MediaType != "":
		return nil, nil
	case err != nil:
		return &registry.Referrer{Descriptor: registry.Descriptor{Digest: d.Digest}, Err: err}, nil
	case m.Subject == nil || m.Subject.Digest != subject:
		return nil, m.Manifests
	}
	return &registry.Referrer{Descriptor: registry.Descriptor{MediaType: m.MediaType, Digest: d.Digest, Size: int64(len(raw)),
		ArtifactType: m.Kind(), Annotations: m.Annotations}}, m.Manifests
}
