package attest

import (
	"context"
	"errors"
	"fmt"

	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/registry"
	"github.com/sallyport/sallyport/internal/sign"
)

// maxStatements bounds what a hostile registry can make us read, in bytes of all
// statements about one manifest together. Reaching it is a problem.
const maxStatements = 256 << 20

// Collect lists the referrers of a manifest and verifies every statement among
// them. problem is a sentence when the list is incomplete: statements may have
// been withheld, and whoever decides must deny. The list is never nil.
func Collect(ctx context.Context, r registry.Reader, about Manifest, trusted []TrustedKey) (list []evidence.Statement, problem string) {
	list = []evidence.Statement{}
	referrers, err := r.Referrers(ctx, about.Digest)
	if err != nil {
		return list, "The list of statements cannot be read completely: " + err.Error() + "."
	}
	c := collector{r, about, trusted, maxStatements}
	for _, ref := range referrers {
		st, err := c.statement(ctx, ref)
		switch {
		case err != nil:
			problem = fmt.Sprintf("The referrer %s cannot be read: %v.", ref.Digest, err)
		case st != nil:
			list = append(list, *st)
		}
	}
	return list, problem
}

type collector struct {
	registry registry.Reader
	about    Manifest
	trusted  []TrustedKey
	left     int64 // bytes of statements that may still be read
}

// statement reads one referrer; nil for one that holds no statement, such as a
// plain report that rides along.
func (c *collector) statement(ctx context.Context, ref registry.Referrer) (*evidence.Statement, error) {
	if ref.Err != nil {
		return nil, ref.Err
	}
	raw, err := c.registry.FetchManifest(ctx, ref.Digest)
	if err != nil {
		return nil, err
	}
	m, err := registry.ParseManifest(raw)
	switch {
	case err != nil:
		return nil, err
	case m.Subject == nil || m.Subject.Digest != c.about.Digest:
		return nil, errors.New("its subject is another manifest")
	case m.Kind() != BundleType:
		return nil, nil
	case len(m.Layers) != 1:
		return &evidence.Statement{Referrer: ref.Digest, Problem: fmt.Sprintf("It has %d layers, want one.", len(m.Layers))}, nil
	}
	bundle, err := c.bundle(ctx, m.Layers[0])
	if err != nil {
		return nil, err
	}
	st := Read(bundle, c.about, c.trusted)
	st.Referrer = ref.Digest
	return &st, nil
}

func (c *collector) bundle(ctx context.Context, layer registry.Descriptor) ([]byte, error) {
	if layer.Size < 0 || layer.Size > sign.MaxBundle || layer.Size > c.left {
		return nil, fmt.Errorf("its statement has %d bytes, more than is read", layer.Size)
	}
	c.left -= layer.Size
	return registry.ReadBlob(ctx, c.registry, registry.Descriptor{Digest: layer.Digest, Size: layer.Size}, sign.MaxBundle)
}
