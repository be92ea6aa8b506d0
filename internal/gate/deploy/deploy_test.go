package deploy

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/registry"
)

// broken is a registry in which one thing works after the other.
type broken struct {
	registry.Reader
	resolve  error
	digest   string
	manifest []byte
	fetch    error
}

func (b broken) Resolve(context.Context, string) (registry.Descriptor, error) {
	return registry.Descriptor{Digest: b.digest}, b.resolve
}

func (b broken) FetchManifest(context.Context, string) ([]byte, error) { return b.manifest, b.fetch }

func (b broken) Referrers(context.Context, string) ([]registry.Referrer, error) { return nil, nil }

func request(b broken) Request {
	return Request{Registry: b, Env: evidence.Production, Policy: policy.Builtin(), Now: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC), Content: true,
		Reference: evidence.Reference{Registry: "layout:reg", Kind: "layout", Repository: "a/b", Tag: "v1"}}
}

// No trouble with a registry ends in an allowance: it denies, or there is no
// decision.
func TestTrouble(t *testing.T) {
	digest := registry.DigestOf([]byte("m"))
	broke := errors.New("connection lost")
	built, err := registry.BuildReferrer(registry.Attachment{Subject: registry.Descriptor{Digest: digest}, Type: "text/plain", Data: []byte("x")})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		b       broken
		decides bool
	}{
		{"tag_unknown", broken{resolve: registry.ErrNotFound}, false},
		{"tag_unreadable", broken{resolve: broke}, false},
		{"manifest_unreadable", broken{digest: digest, fetch: broke}, true},
		{"manifest_corrupt", broken{digest: digest, fetch: registry.ErrCorrupt}, true},
		{"manifest_malformed", broken{digest: digest, manifest: []byte(`{"schemaVersion":2`)}, true},
		{"manifest_deep", broken{digest: digest, manifest: []byte(strings.Repeat("[", 1<<20))}, true},
		{"not_a_model", broken{digest: digest, manifest: built.Manifest.Data}, true},
		{"empty", broken{digest: digest}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, _, err := Run(t.Context(), request(tt.b))
			if d.Allow || (err == nil) != tt.decides {
				t.Errorf("allow %v, error %v", d.Allow, err)
			}
			if tt.decides && (len(d.Reasons) == 0 || !d.Reasons[0].Deny) {
				t.Errorf("no reason: %+v", d)
			}
		})
	}
}

// A tag and a digest that disagree are no question.
func TestTagAndDigestDisagree(t *testing.T) {
	r := request(broken{digest: registry.DigestOf([]byte("one"))})
	r.Reference.Digest = registry.DigestOf([]byte("two"))
	if d, _, err := Run(t.Context(), r); err == nil || d.Allow {
		t.Errorf("allow %v, error %v", d.Allow, err)
	}
}

func TestContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if d, _, err := Run(ctx, request(broken{digest: registry.DigestOf([]byte("m"))})); !errors.Is(err, context.Canceled) || d.Allow {
		t.Errorf("allow %v, error %v", d.Allow, err)
	}
}
