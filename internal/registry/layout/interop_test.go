package layout

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/registry"
	"github.com/sallyport/sallyport/internal/registry/registrytest"
)

// oras runs the client that `make test` installs under $SALLYPORT_INTEROP/bin, in
// a folder. Without it the test is skipped, in CI it fails.
func oras(t *testing.T, dir string, args ...string) string {
	t.Helper()
	tools := os.Getenv("SALLYPORT_INTEROP")
	if tools == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("SALLYPORT_INTEROP must be set in CI")
		}
		t.Skip("SKIPPED: SALLYPORT_INTEROP is not set, no check against oras")
	}
	cmd := exec.Command(filepath.Join(tools, "bin", "oras"), args...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("oras %q: %v\n%s%s", args, err, out, stderr.String())
	}
	return string(out)
}

// tree is every file below dir by its relative name.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for name, text := range snapshot(t, dir) {
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.ToSlash(rel)] = text
	}
	return files
}

func TestOrasReadsUs(t *testing.T) {
	r := open(t, t.TempDir(), "team/model")
	m := registrytest.Model(t, "one")
	scan, admission := registrytest.About(t, m.Manifest.Descriptor, "scan"), registrytest.About(t, m.Manifest.Descriptor, "admission")
	registrytest.Push(t, r, registrytest.Model(t, "other"), "v0")
	registrytest.Push(t, r, m, "v1-scanned", scan, admission)

	for _, ref := range []string{":v1-scanned", "@" + m.Manifest.Digest} {
		out := t.TempDir()
		oras(t, out, "pull", "--oci-layout", r.Dir()+ref)
		if diff := cmp.Diff(m.Files, tree(t, out)); diff != "" {
			t.Errorf("oras pull %s (-admitted +pulled):\n%s", ref, diff)
		}
	}
	if tags := strings.Fields(oras(t, t.TempDir(), "repo", "tags", "--oci-layout", r.Dir())); !slices.Equal(tags, []string{"v0", "v1-scanned"}) {
		t.Errorf("oras sees the tags %q", tags)
	}
	var found struct {
		Referrers []struct {
			Digest       string            `json:"digest"`
			ArtifactType string            `json:"artifactType"`
			Annotations  map[string]string `json:"annotations"`
		} `json:"referrers"`
	}
	text := oras(t, t.TempDir(), "discover", "--oci-layout", "--format", "json", r.Dir()+":v1-scanned")
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, ref := range found.Referrers {
		got = append(got, ref.Digest+" "+ref.ArtifactType+" "+ref.Annotations[registry.AnnotationBundleContent])
	}
	want := []string{}
	for _, a := range []registry.Artifact{scan, admission} {
		want = append(want, a.Manifest.Digest+" "+registrytest.Statement+" dsse-envelope")
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("oras discover (-want +got):\n%s\n%s", diff, text)
	}
	if fetched := oras(t, t.TempDir(), "manifest", "fetch", "--oci-layout", r.Dir()+":v1-scanned"); fetched != string(m.Manifest.Data) {
		t.Errorf("oras fetched %s", fetched)
	}
}

// Others may write to the layout too: what they do must stay readable, and our
// next commit must keep it.
func TestWeReadOras(t *testing.T) {
	r := open(t, t.TempDir(), "team/model")
	m := registrytest.Model(t, "one")
	registrytest.Push(t, r, m, "v1", registrytest.About(t, m.Manifest.Descriptor, "scan"))

	files := t.TempDir()
	write(t, filepath.Join(files, "report.sarif"), "{}")
	oras(t, files, "attach", "--oci-layout", "--artifact-type", "application/sarif+json", r.Dir()+":v1", "report.sarif:application/sarif+json")
	kinds := func(r *Repo) []string {
		all, err := r.Referrers(t.Context(), m.Manifest.Digest)
		if err != nil {
			t.Fatal(err)
		}
		var kinds []string
		for _, ref := range all {
			if ref.Err != nil {
				t.Error(ref.Err)
			}
			kinds = append(kinds, ref.ArtifactType)
		}
		slices.Sort(kinds)
		return kinds
	}
	want := []string{"application/sarif+json", registrytest.Statement}
	if diff := cmp.Diff(want, kinds(r)); diff != "" {
		t.Errorf("after oras attach (-want +got):\n%s", diff)
	}
	oras(t, files, "tag", "--oci-layout", r.Dir()+":v1", "latest")
	registrytest.Push(t, r, registrytest.Model(t, "two"), "v2")
	if tags, err := r.Tags(t.Context()); err != nil || !slices.Equal(tags, []string{"latest", "v1", "v2"}) {
		t.Errorf("%q, %v", tags, err)
	}
	if n, err := registrytest.Intact(t.Context(), r); n != 4 || err != nil {
		t.Errorf("%d manifests, %v", n, err)
	}

	copied := open(t, t.TempDir(), "copied")
	oras(t, files, "copy", "-r", "--from-oci-layout", "--to-oci-layout", r.Dir()+":v1", copied.Dir()+":v1")
	if diff := cmp.Diff(want, kinds(copied)); diff != "" {
		t.Errorf("after oras copy (-want +got):\n%s", diff)
	}
	if d, err := copied.Resolve(t.Context(), "v1"); err != nil || d.Digest != m.Manifest.Digest {
		t.Errorf("%s, %v", d.Digest, err)
	}
}
