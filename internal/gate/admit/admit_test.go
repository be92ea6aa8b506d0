package admit

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/attest"
	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/registry"
	"github.com/sallyport/sallyport/internal/registry/layout"
	"github.com/sallyport/sallyport/internal/rule"
	"github.com/sallyport/sallyport/internal/sign"
)

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

var contents = map[string]string{"a.txt": "first", "b.txt": "second"}

// candidate is a clean one of two files.
func candidate() Candidate {
	c := Candidate{Started: noon.Add(-time.Second), Finished: noon, Source: "model", Environments: []string{evidence.Production}, Policy: policy.Builtin(),
		Reference: evidence.Reference{Registry: "layout:reg", Kind: "layout", Repository: "team/model", Tag: "v1"}}
	c.Report = &finding.Report{Tool: finding.Tool{Name: "sallyport", Version: "1", Ruleset: rule.Digest, Sequence: rule.Sequence}, Limits: map[string]int64{}}
	for _, name := range []string{"a.txt", "b.txt"} {
		text := contents[name]
		f := evidence.File{Path: name, Size: int64(len(text)), Digest: registry.DigestOf([]byte(text))}
		c.Files = append(c.Files, f)
		c.Report.Files = append(c.Report.Files, finding.Node{Name: name, Size: f.Size, SHA256: strings.TrimPrefix(f.Digest, "sha256:"), Formats: []string{"text"}})
	}
	c.Report.Seal()
	return c
}

func TestCleanCandidateIsAllowed(t *testing.T) {
	d, err := Judge(candidate())
	if err != nil || !d.Allow {
		t.Errorf("%+v, %v", d, err)
	}
}

// Trust line 2: what is pushed is what was scanned, or nothing is decided.
func TestReportAboutOtherFiles(t *testing.T) {
	tests := []struct {
		name string
		make func(c *Candidate)
	}{
		{"no_report", func(c *Candidate) { c.Report = nil }},
		{"file_not_scanned", func(c *Candidate) { c.Report.Files = c.Report.Files[:1] }},
		{"file_not_held", func(c *Candidate) { c.Files = c.Files[:1] }},
		{"other_name", func(c *Candidate) { c.Report.Files[1].Name = "c.txt" }},
		{"other_size", func(c *Candidate) { c.Report.Files[1].Size++ }},
		{"other_content", func(c *Candidate) { c.Report.Files[1].SHA256 = c.Report.Files[0].SHA256 }},
		{"other_order", func(c *Candidate) { c.Files[0], c.Files[1] = c.Files[1], c.Files[0] }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := candidate()
			tt.make(&c)
			if d, err := Judge(c); !errors.Is(err, ErrMismatch) || d.Allow {
				t.Errorf("allow %v, error %v", d.Allow, err)
			}
		})
	}
}

func TestUnsafeNamesAreNoDecision(t *testing.T) {
	for _, name := range []string{"../up", "/etc/passwd", "a\nb", `a\b`, "b.TXT"} {
		c := candidate()
		c.Files[0].Path, c.Report.Files[0].Name = name, name
		if d, err := Judge(c); err == nil || d.Allow {
			t.Errorf("%q: allow %v, error %v", name, d.Allow, err)
		}
	}
}

// The verdict of the report is never read alone.
func TestWhatTheReportListsDecides(t *testing.T) {
	tests := []struct {
		name string
		make func(r *finding.Report)
	}{
		{"finding", func(r *finding.Report) {
			r.Findings = append(r.Findings, finding.Finding{Rule: "X", Severity: finding.High})
		}},
		{"gap", func(r *finding.Report) { r.Gaps = append(r.Gaps, finding.Gap{Rule: "Y"}) }},
		{"flagged_without_a_reason", func(r *finding.Report) { r.Verdict = finding.Flagged }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := candidate()
			tt.make(c.Report)
			d, err := Judge(c)
			if err != nil || d.Allow {
				t.Fatalf("allow %v, error %v", d.Allow, err)
			}
			if _, err := Describe(t.Context(), c, d, key(t), nil); err == nil {
				t.Error("a denied candidate was described")
			}
		})
	}
}

func key(t *testing.T) *sign.Key {
	t.Helper()
	k, err := sign.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func trusting(t *testing.T, k *sign.Key) []attest.TrustedKey {
	t.Helper()
	id, err := sign.KeyID(k.Public())
	if err != nil {
		t.Fatal(err)
	}
	return []attest.TrustedKey{{Public: k.Public(), Key: evidence.Key{ID: id, Roles: []string{evidence.RoleAdmit}}}}
}

func describe(t *testing.T, c Candidate, k *sign.Key, known *registry.Descriptor) *Package {
	t.Helper()
	d, err := Judge(c)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Describe(t.Context(), c, d, k, known)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSameInputSamePackage(t *testing.T) {
	k := key(t)
	one, two := describe(t, candidate(), k, nil), describe(t, candidate(), k, nil)
	if diff := cmp.Diff(one, two); diff != "" {
		t.Error(diff)
	}
}

// store is a new layout with the files of the candidate in it.
func store(t *testing.T) (registry.Store, registry.Writer) {
	t.Helper()
	repo, err := layout.Open(t.TempDir(), "team/model", layout.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w, err := repo.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	for _, text := range contents {
		b := registry.NewBlob("", []byte(text))
		if err := w.PushBlob(t.Context(), b.Descriptor, bytes.NewReader(b.Data)); err != nil {
			t.Fatal(err)
		}
	}
	return repo, w
}

func commit(t *testing.T, w registry.Writer, tx registry.Transaction) {
	t.Helper()
	if err := w.Commit(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
}

func TestAdmittedModelIsKnown(t *testing.T) {
	repo, w := store(t)
	c, k := candidate(), key(t)
	if d, err := Known(t.Context(), repo, c.Files, trusting(t, k)); d != nil || err != nil {
		t.Fatalf("known before it was admitted: %v, %v", d, err)
	}
	p := describe(t, c, k, nil)
	commit(t, w, p.Transaction)
	d, err := Known(t.Context(), repo, c.Files, trusting(t, k))
	if err != nil || d == nil || d.Digest != p.Digest {
		t.Fatalf("%v, %v, want %s", d, err, p.Digest)
	}
	again := describe(t, c, k, d)
	if !again.Reused || again.Digest != p.Digest {
		t.Errorf("reused %v, digest %s", again.Reused, again.Digest)
	}
	if d, err := Known(t.Context(), repo, c.Files[:1], trusting(t, k)); d != nil || err != nil {
		t.Errorf("other files are known: %v, %v", d, err)
	}
}

// Whoever can write to the registry plants a manifest of the same files. Signing
// statements about it would make it ours.
func TestPlantedManifestIsNotKnown(t *testing.T) {
	c, k := candidate(), key(t)
	t.Run("without_statements", func(t *testing.T) {
		repo, w := store(t)
		p := describe(t, c, k, nil)
		p.Transaction.Manifests = p.Transaction.Manifests[:1]
		commit(t, w, p.Transaction)
		if d, err := Known(t.Context(), repo, c.Files, trusting(t, k)); d != nil || err != nil {
			t.Errorf("%v, %v", d, err)
		}
	})
	t.Run("admitted_by_a_stranger", func(t *testing.T) {
		repo, w := store(t)
		commit(t, w, describe(t, c, key(t), nil).Transaction)
		if d, err := Known(t.Context(), repo, c.Files, trusting(t, k)); d != nil || err != nil {
			t.Errorf("%v, %v", d, err)
		}
	})
	t.Run("statements_of_another_manifest", func(t *testing.T) {
		repo, w := store(t)
		ours := describe(t, c, k, nil)
		other := c
		other.Source = "hf://our-org/model"
		planted := describe(t, other, key(t), nil)
		tx := registry.Transaction{Blobs: append(ours.Transaction.Blobs, planted.Transaction.Blobs...), Manifests: planted.Transaction.Manifests[:1]}
		for _, m := range ours.Transaction.Manifests[1:] { // the attacker points them at his own
			data := bytes.ReplaceAll(m.Data, []byte(ours.Digest), []byte(planted.Digest))
			tx.Manifests = append(tx.Manifests, registry.NewBlob(registry.TypeManifest, data))
		}
		commit(t, w, tx)
		if d, err := Known(t.Context(), repo, c.Files, trusting(t, k)); d != nil || err != nil {
			t.Errorf("%v, %v", d, err)
		}
	})
}
