package attest

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/registry"
)

// hostile is a registry that answers what the test says.
type hostile struct {
	registry.Reader
	referrers []registry.Referrer
	err       error
	manifests map[string][]byte
	blobs     map[string][]byte
}

func (h *hostile) Referrers(context.Context, string) ([]registry.Referrer, error) {
	return h.referrers, h.err
}

func (h *hostile) FetchManifest(_ context.Context, digest string) ([]byte, error) {
	if m, ok := h.manifests[digest]; ok {
		return m, nil
	}
	return nil, registry.ErrNotFound
}

func (h *hostile) OpenBlob(_ context.Context, digest string, _ int64) (artifact.Content, error) {
	if b, ok := h.blobs[digest]; ok {
		return memory{bytes.NewReader(b)}, nil
	}
	return nil, registry.ErrNotFound
}

type memory struct{ *bytes.Reader }

func (m memory) Size() int64  { return m.Reader.Size() }
func (m memory) Close() error { return nil }

// attach adds a referrer of subject with the given layers.
func (h *hostile) attach(t *testing.T, subject registry.Descriptor, kind string, data []byte) {
	t.Helper()
	a, err := registry.BuildReferrer(registry.Attachment{Subject: subject, Type: kind, Data: data})
	if err != nil {
		t.Fatal(err)
	}
	if h.manifests == nil {
		h.manifests, h.blobs = map[string][]byte{}, map[string][]byte{}
	}
	h.manifests[a.Manifest.Digest] = a.Manifest.Data
	for _, b := range a.Blobs {
		h.blobs[b.Digest] = b.Data
	}
	h.referrers = append(h.referrers, registry.Referrer{Descriptor: a.Manifest.Descriptor})
}

// Trust line 5: what cannot be read completely is a problem, never a shorter list.
func TestIncompleteListsAreAProblem(t *testing.T) {
	model := registry.NewBlob(registry.TypeManifest, []byte("{}"))
	other := registry.NewBlob(registry.TypeManifest, []byte("{} "))
	tests := []struct {
		name string
		make func(h *hostile)
		ok   bool
	}{
		{"empty", func(*hostile) {}, true},
		{"report_rides_along", func(h *hostile) { h.attach(t, model.Descriptor, "application/sarif+json", []byte("{}")) }, true},
		{"rubbish_is_ignored", func(h *hostile) { h.attach(t, model.Descriptor, BundleType, []byte("rubbish")) }, true},
		{"list_fails", func(h *hostile) { h.err = errors.New("connection lost") }, false},
		{"capped", func(h *hostile) { h.err = registry.ErrTooMany }, false},
		{"one_unreadable", func(h *hostile) { h.referrers = []registry.Referrer{{Err: registry.ErrCorrupt}} }, false},
		{"manifest_gone", func(h *hostile) {
			h.attach(t, model.Descriptor, BundleType, []byte("x"))
			h.manifests = nil
		}, false},
		{"statement_gone", func(h *hostile) {
			h.attach(t, model.Descriptor, BundleType, []byte("x"))
			h.blobs = nil
		}, false},
		{"other_bytes", func(h *hostile) {
			h.attach(t, model.Descriptor, BundleType, []byte("x"))
			h.blobs[registry.DigestOf([]byte("x"))] = []byte("y")
		}, false},
		{"manifest_cut_off", func(h *hostile) {
			h.attach(t, model.Descriptor, BundleType, []byte("x"))
			h.manifests[h.referrers[0].Digest] = []byte("{")
		}, false},
		{"other_subject", func(h *hostile) { h.attach(t, other.Descriptor, BundleType, []byte("x")) }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := &hostile{}
			tt.make(h)
			list, problem := Collect(t.Context(), h, Manifest{Digest: model.Digest}, nil)
			if (problem == "") != tt.ok || list == nil {
				t.Errorf("problem %q, list %v", problem, list)
			}
			for _, s := range list {
				if s.Problem == "" {
					t.Errorf("%+v counts", s)
				}
			}
		})
	}
}
