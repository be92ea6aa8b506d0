package admit

import (
	"context"
	"slices"

	"github.com/sallyport/sallyport/internal/attest"
	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/registry"
)

// Known finds the manifest under which the same files were admitted before; nil
// when there is none. A manifest counts only when a trusted key signed its
// admission: anybody who can write to the registry can put another manifest of
// the same files there, with layers that clients would unpack or a source that
// is not true, and wait for us to sign it.
func Known(ctx context.Context, r registry.Reader, files []evidence.File, trusted []attest.TrustedKey) (*registry.Descriptor, error) {
	d, found, err := registry.FindModel(ctx, r, files, func(digest string, m *registry.Manifest) bool {
		return registry.CheckForm(m) == nil && admitted(ctx, r, attest.Manifest{Digest: digest, Files: files}, trusted)
	})
	if err != nil || !found {
		return nil, err
	}
	return &d, nil
}

func admitted(ctx context.Context, r registry.Reader, about attest.Manifest, trusted []attest.TrustedKey) bool {
	statements, problem := attest.Collect(ctx, r, about, trusted)
	return problem == "" && slices.ContainsFunc(statements, func(s evidence.Statement) bool { return s.Admission != nil && s.Problem == "" })
}
