// Package registrytest is the conformance suite of registry.Store: every backend
// runs it. It holds what gate 1 and gate 2 rely on, with the attacks that a
// backend can see. Damage inside a backend's own files is tested there.
package registrytest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/registry"
)

// Statement is the artifact type of the referrers that the suite makes.
const Statement = "application/vnd.dev.sigstore.bundle.v0.3+json"

// Sample is a model with its files' content.
type Sample struct {
	registry.Artifact
	Files map[string]string // path to content
}

// Model builds a small model: two weights (one empty), a folder, two files with
// the same content.
func Model(t testing.TB, name string) Sample {
	t.Helper()
	s := Sample{Files: map[string]string{
		"model.safetensors": "weights of " + name, "shards/empty.bin": "", "config.json": "{}", "copy/config.json": "{}",
		"README.md": "# " + name + "\n", "modeling.py": "pass\n", "ünïcode name.txt": "names are UTF-8\n",
	}}
	var m registry.Model
	for path, content := range s.Files {
		m.Files = append(m.Files, registry.ModelFile{Role: registry.RoleOf(path, ""),
			File: evidence.File{Path: path, Size: int64(len(content)), Digest: registry.DigestOf([]byte(content))}})
	}
	m.Facts = registry.Facts{Name: name}
	m.Annotations = map[string]string{registry.AnnotationScanResult: "clean"}
	var err error
	if s.Artifact, err = registry.BuildModel(m); err != nil {
		t.Fatal(err)
	}
	return s
}

// About builds a statement about a manifest.
func About(t testing.TB, subject registry.Descriptor, text string) registry.Artifact {
	t.Helper()
	a, err := registry.BuildReferrer(registry.Attachment{Subject: subject, Type: Statement, Data: []byte(text),
		Annotations: map[string]string{registry.AnnotationBundleContent: "dsse-envelope"}})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Push stores a model and statements and gives it a tag, as gate 1 does.
func Push(t testing.TB, s registry.Store, m Sample, tag string, statements ...registry.Artifact) {
	t.Helper()
	w := Begin(t, s)
	defer Close(t, w)
	PushFiles(t, w, m)
	tx := registry.Transaction{Tags: []registry.Tagging{{Tag: tag, Digest: m.Manifest.Digest}}}
	tx.Add(m.Artifact)
	tx.Add(statements...)
	if err := w.Commit(context.Background(), tx); err != nil {
		t.Fatal(err)
	}
}

// PushFiles stores the files of a model as blobs.
func PushFiles(t testing.TB, w registry.Writer, m Sample) {
	t.Helper()
	for path, content := range m.Files {
		if err := w.PushBlob(context.Background(), describe(content), strings.NewReader(content)); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
}

func describe(content string) registry.Descriptor {
	return registry.NewBlob("application/octet-stream", []byte(content)).Descriptor
}

// Begin starts writing or fails the test.
func Begin(t testing.TB, s registry.Store) registry.Writer {
	t.Helper()
	w, err := s.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// Close ends writing or fails the test.
func Close(t testing.TB, w registry.Writer) {
	t.Helper()
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

// Intact reads everything that the repository lists: every manifest, every blob
// that one names. It returns the number of manifests.
func Intact(ctx context.Context, r registry.Reader) (int, error) {
	all, err := r.Manifests(ctx)
	if err != nil {
		return 0, err
	}
	for _, d := range all {
		raw, err := r.FetchManifest(ctx, d.Digest)
		if err != nil {
			return 0, err
		}
		m, err := registry.ParseManifest(raw)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", d.Digest, err)
		}
		for _, part := range append(m.Layers, m.Config) {
			if err := registry.Rehash(ctx, r, part); err != nil {
				return 0, fmt.Errorf("%s: %w", d.Digest, err)
			}
		}
	}
	return len(all), nil
}

// Run runs the suite. open makes a new, empty repository each time.
func Run(t *testing.T, open func(t *testing.T) registry.Store) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, s registry.Store)
	}{
		{"nothing_there", nothingThere},
		{"push_and_read", pushAndRead},
		{"push_again_changes_nothing", pushAgain},
		{"reader_sees_whole_commits", wholeCommits},
		{"tags", tags},
		{"two_tags_one_manifest", twoTags},
		{"untag", untag},
		{"referrers", referrers},
		{"referrers_at_the_cap", referrersCap},
		{"blob_with_wrong_digest", wrongBlob},
		{"blob_file", blobFile},
		{"manifest_without_its_blobs", incompleteManifest},
		{"hostile_manifests", hostileManifests},
		{"bad_digests_and_tags", badNames},
		{"find_model", findModel},
		{"writers_take_turns", turns},
		{"cancelled", cancelled},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

func nothingThere(t *testing.T, s registry.Store) {
	ctx := t.Context()
	_, err := s.Resolve(ctx, "v1")
	wantErr(t, err, registry.ErrNotFound)
	_, err = s.FetchManifest(ctx, registry.DigestOf([]byte("x")))
	wantErr(t, err, registry.ErrNotFound)
	_, err = s.OpenBlob(ctx, registry.DigestOf([]byte("x")), 1)
	wantErr(t, err, registry.ErrNotFound)
	w := Begin(t, s)
	Close(t, w)
	if tags, err := s.Tags(ctx); err != nil || len(tags) != 0 {
		t.Errorf("after an empty turn: %q, %v", tags, err)
	}
	_, err = s.Resolve(ctx, "v1")
	wantErr(t, err, registry.ErrNotFound)
}

func pushAndRead(t *testing.T, s registry.Store) {
	ctx := t.Context()
	m := Model(t, "one")
	Push(t, s, m, "v1")
	d, err := s.Resolve(ctx, "v1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m.Manifest.Descriptor, d); diff != "" {
		t.Errorf("descriptor (-want +got):\n%s", diff)
	}
	raw, err := s.FetchManifest(ctx, d.Digest)
	if err != nil || !bytes.Equal(raw, m.Manifest.Data) {
		t.Fatalf("manifest differs: %v", err)
	}
	parsed, err := registry.ParseManifest(raw)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := registry.Tree(ctx, s, registry.Reference{Kind: registry.KindOCI, Registry: "r", Repository: "x"}, parsed)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range tree.Files {
		c, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
		if err != nil || c.Close() != nil {
			t.Fatal(err)
		}
		got[f.Path] = string(data)
	}
	if diff := cmp.Diff(m.Files, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if _, err := Intact(ctx, s); err != nil {
		t.Error(err)
	}
}

func pushAgain(t *testing.T, s registry.Store) {
	m := Model(t, "one")
	for range 2 {
		Push(t, s, m, "v1", About(t, m.Manifest.Descriptor, "scan"))
	}
	if n, err := Intact(t.Context(), s); n != 2 || err != nil {
		t.Errorf("%d manifests, %v", n, err)
	}
}

func wholeCommits(t *testing.T, s registry.Store) {
	ctx := t.Context()
	one, two := Model(t, "one"), Model(t, "two")
	Push(t, s, one, "v1")
	w := Begin(t, s)
	defer Close(t, w)
	PushFiles(t, w, two)
	tx := registry.Transaction{Tags: []registry.Tagging{{Tag: "v2", Digest: two.Manifest.Digest}, {Tag: "v1", Digest: two.Manifest.Digest}}}
	tx.Add(two.Artifact)
	wantErr(t, w.Commit(ctx, tx), registry.ErrTagTaken)
	if tags, err := s.Tags(ctx); err != nil || len(tags) != 1 {
		t.Errorf("after a refused commit: %q, %v", tags, err)
	}
	if n, err := Intact(ctx, s); n != 1 || err != nil {
		t.Errorf("after a refused commit: %d manifests, %v", n, err)
	}
}

func tags(t *testing.T, s registry.Store) {
	ctx := t.Context()
	one, two := Model(t, "one"), Model(t, "two")
	Push(t, s, one, "v1")
	Push(t, s, two, "v2")
	set := func(g registry.Tagging) error {
		w := Begin(t, s)
		defer Close(t, w)
		return w.Commit(ctx, registry.Transaction{Tags: []registry.Tagging{g}})
	}
	names := func(tag string, want registry.Artifact) {
		t.Helper()
		if d, err := s.Resolve(ctx, tag); err != nil || d.Digest != want.Manifest.Digest {
			t.Errorf("%s names %s, %v; want %s", tag, d.Digest, err, want.Manifest.Digest)
		}
	}
	wantErr(t, set(registry.Tagging{Tag: "v1", Digest: two.Manifest.Digest}), registry.ErrTagTaken)
	names("v1", one.Artifact)
	wantErr(t, set(registry.Tagging{Tag: "v1", Digest: two.Manifest.Digest, Expect: two.Manifest.Digest}), registry.ErrTagTaken)
	wantErr(t, set(registry.Tagging{Tag: "new", Digest: two.Manifest.Digest, Expect: one.Manifest.Digest}), registry.ErrTagTaken)
	wantErr(t, set(registry.Tagging{Tag: "v1", Digest: registry.DigestOf([]byte("absent")), Force: true}), registry.ErrNotFound)
	names("v1", one.Artifact)
	wantErr(t, set(registry.Tagging{Tag: "v1", Digest: one.Manifest.Digest}), nil)
	wantErr(t, set(registry.Tagging{Tag: "v1", Digest: two.Manifest.Digest, Expect: one.Manifest.Digest}), nil)
	names("v1", two.Artifact)
	wantErr(t, set(registry.Tagging{Tag: "v1", Digest: one.Manifest.Digest, Force: true}), nil)
	names("v1", one.Artifact)
	names("v2", two.Artifact)
	if n, err := Intact(ctx, s); n != 2 || err != nil {
		t.Errorf("%d manifests, %v", n, err)
	}
}

func twoTags(t *testing.T, s registry.Store) {
	m := Model(t, "one")
	Push(t, s, m, "v1")
	Push(t, s, m, "latest")
	got, err := s.Tags(t.Context())
	if diff := cmp.Diff([]string{"latest", "v1"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if all, err := s.Manifests(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("%d manifests, %v", len(all), err)
	}
}

func untag(t *testing.T, s registry.Store) {
	ctx := t.Context()
	m := Model(t, "one")
	Push(t, s, m, "v1", About(t, m.Manifest.Descriptor, "scan"))
	w := Begin(t, s)
	defer Close(t, w)
	r, ok := w.(registry.Remover)
	if !ok {
		return // a backend need not be able to
	}
	wantErr(t, r.Untag(ctx, "v1"), nil)
	wantErr(t, r.Untag(ctx, "v1"), registry.ErrNotFound)
	_, err := s.Resolve(ctx, "v1")
	wantErr(t, err, registry.ErrNotFound)
	if n, err := Intact(ctx, s); n != 2 || err != nil {
		t.Errorf("%d manifests, %v", n, err)
	}
}

func referrers(t *testing.T, s registry.Store) {
	ctx := t.Context()
	one, two := Model(t, "one"), Model(t, "two")
	scan, admission := About(t, one.Manifest.Descriptor, "scan"), About(t, one.Manifest.Descriptor, "admission")
	Push(t, s, one, "v1", scan, admission)
	Push(t, s, two, "v2", About(t, two.Manifest.Descriptor, "scan of two"))

	// One that says its type in the config only, as older clients write it.
	old := registry.NewBlob("application/example.config", []byte("{}"))
	manifest := registry.NewBlob(registry.TypeManifest, []byte(fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":%q,"digest":%q,"size":2},"layers":[],"subject":{"mediaType":%q,"digest":%q,"size":%d}}`,
		registry.TypeManifest, old.MediaType, old.Digest, registry.TypeManifest, one.Manifest.Digest, one.Manifest.Size)))
	manifest.ArtifactType = "application/a.lie" // in the list, not in the manifest
	w := Begin(t, s)
	wantErr(t, w.Commit(ctx, registry.Transaction{Blobs: []registry.Blob{old}, Manifests: []registry.Blob{manifest}}), nil)
	Close(t, w)

	found, err := s.Referrers(ctx, one.Manifest.Digest)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for i, r := range found {
		if r.Err != nil || r.Size == 0 {
			t.Errorf("referrer %+v", r)
		}
		if i > 0 && r.Digest <= found[i-1].Digest {
			t.Error("not in the order of the digests")
		}
		got[r.Digest] = r.ArtifactType + " " + r.Annotations[registry.AnnotationBundleContent]
	}
	want := map[string]string{scan.Manifest.Digest: Statement + " dsse-envelope", admission.Manifest.Digest: Statement + " dsse-envelope",
		manifest.Digest: "application/example.config "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("referrers (-want +got):\n%s", diff)
	}
	if none, err := s.Referrers(ctx, scan.Manifest.Digest); err != nil || len(none) != 0 {
		t.Errorf("a statement has referrers %v, %v", none, err)
	}
}

func referrersCap(t *testing.T, s registry.Store) {
	m := Model(t, "one")
	Push(t, s, m, "v1")
	add := func(from, to int) {
		w := Begin(t, s)
		defer Close(t, w)
		var tx registry.Transaction
		for i := from; i < to; i++ {
			tx.Add(About(t, m.Manifest.Descriptor, fmt.Sprint("statement ", i)))
		}
		wantErr(t, w.Commit(t.Context(), tx), nil)
	}
	add(0, registry.MaxReferrers-1)
	if all, err := s.Referrers(t.Context(), m.Manifest.Digest); err != nil || len(all) != registry.MaxReferrers-1 {
		t.Errorf("below the cap: %d, %v", len(all), err)
	}
	add(registry.MaxReferrers-1, registry.MaxReferrers)
	_, err := s.Referrers(t.Context(), m.Manifest.Digest)
	wantErr(t, err, registry.ErrTooMany)
}

func wrongBlob(t *testing.T, s registry.Store) {
	ctx := t.Context()
	w := Begin(t, s)
	defer Close(t, w)
	d := describe("expected")
	for name, content := range map[string]string{"other": "EXPECTED", "short": "expect", "long": "expected!", "empty": ""} {
		if err := w.PushBlob(ctx, d, strings.NewReader(content)); !errors.Is(err, registry.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
		_, err := s.OpenBlob(ctx, d.Digest, registry.AnySize)
		wantErr(t, err, registry.ErrNotFound)
	}
	broken := errors.New("connection lost")
	wantErr(t, w.PushBlob(ctx, d, io.MultiReader(strings.NewReader("exp"), failing{broken})), broken)
	wantErr(t, w.PushBlob(ctx, d, strings.NewReader("expected")), nil)
	wantErr(t, w.PushBlob(ctx, d, failing{errors.New("read although the blob is there")}), nil)
	_, err := s.OpenBlob(ctx, d.Digest, d.Size+1)
	wantErr(t, err, registry.ErrCorrupt)
	_, err = registry.ReadBlob(ctx, s, d, 7)
	wantErr(t, err, registry.ErrCorrupt)
	if got, err := registry.ReadBlob(ctx, s, d, 8); string(got) != "expected" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func blobFile(t *testing.T, s registry.Store) {
	ctx := t.Context()
	w := Begin(t, s)
	defer Close(t, w)
	name := filepath.Join(t.TempDir(), "held")
	if err := os.WriteFile(name, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	bad := describe("content")
	bad.Size++
	wantErr(t, w.PushBlobFile(ctx, bad, name), registry.ErrCorrupt)
	if _, err := os.Lstat(name); err != nil {
		t.Errorf("a refused file is gone: %v", err)
	}
	wantErr(t, w.PushBlobFile(ctx, describe("content"), name), nil)
	if got, err := registry.ReadBlob(ctx, s, describe("content"), 100); string(got) != "content" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if err := w.PushBlobFile(ctx, describe("absent"), filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Error("a file that is not there was pushed")
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.WriteFile(link+".target", []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	if os.Symlink(link+".target", link) == nil && w.PushBlobFile(ctx, describe("content"), link) == nil {
		t.Error("a link was pushed")
	}
}

func incompleteManifest(t *testing.T, s registry.Store) {
	ctx := t.Context()
	m := Model(t, "one")
	w := Begin(t, s)
	defer Close(t, w)
	tx := registry.Transaction{Manifests: []registry.Blob{m.Manifest}}
	wantErr(t, w.Commit(ctx, tx), registry.ErrNotFound)
	tx.Add(m.Artifact)
	wantErr(t, w.Commit(ctx, tx), registry.ErrNotFound)
	PushFiles(t, w, m)
	wantErr(t, w.Commit(ctx, tx), nil)

	lies := bytes.Replace(m.Manifest.Data, []byte(`"size":2,`), []byte(`"size":3,`), 1)
	wantErr(t, w.Commit(ctx, registry.Transaction{Manifests: []registry.Blob{registry.NewBlob(registry.TypeManifest, lies)}}), registry.ErrCorrupt)
	m.Manifest.Data = append(m.Manifest.Data, ' ')
	wantErr(t, w.Commit(ctx, registry.Transaction{Manifests: []registry.Blob{m.Manifest}}), registry.ErrCorrupt)
}

func hostileManifests(t *testing.T, s registry.Store) {
	w := Begin(t, s)
	defer Close(t, w)
	for _, text := range []string{
		``, `null`, `[]`, `{}`, `{"schemaVersion":1}`, `{"schemaVersion":2,"manifests":[],"layers":[],"config":{}}`,
		`{"schemaVersion":2,"schemaVersion":2,"manifests":[]}`, `{"schemaVersion":2,"manifests":[]} {}`,
	} {
		err := w.Commit(t.Context(), registry.Transaction{Manifests: []registry.Blob{registry.NewBlob(registry.TypeManifest, []byte(text))}})
		if !errors.Is(err, registry.ErrCorrupt) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if all, err := s.Manifests(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("listed: %v, %v", all, err)
	}
}

func badNames(t *testing.T, s registry.Store) {
	ctx := t.Context()
	m := Model(t, "one")
	Push(t, s, m, "v1")
	w := Begin(t, s)
	defer Close(t, w)
	for _, digest := range []string{"", "sha256:", "sha256:../../index.json", "sha512:" + strings.Repeat("a", 128), "sha256:" + strings.Repeat("A", 64)} {
		_, err := s.FetchManifest(ctx, digest)
		wantErr(t, err, registry.ErrReference)
		_, err = s.OpenBlob(ctx, digest, 1)
		wantErr(t, err, registry.ErrReference)
		_, err = s.Referrers(ctx, digest)
		wantErr(t, err, registry.ErrReference)
		wantErr(t, w.PushBlob(ctx, registry.Descriptor{Digest: digest}, strings.NewReader("")), registry.ErrReference)
	}
	for _, tag := range []string{"", ".", "..", "a/b", "-a", strings.Repeat("a", 129), "a b", "a\n"} {
		_, err := s.Resolve(ctx, tag)
		wantErr(t, err, registry.ErrReference)
		wantErr(t, w.Commit(ctx, registry.Transaction{Tags: []registry.Tagging{{Tag: tag, Digest: m.Manifest.Digest}}}), registry.ErrReference)
	}
}

func findModel(t *testing.T, s registry.Store) {
	ctx := t.Context()
	one, two := Model(t, "one"), Model(t, "two")
	Push(t, s, one, "v1", About(t, one.Manifest.Descriptor, "scan"))
	files := func(m Sample) []evidence.File {
		parsed, err := registry.ParseManifest(m.Manifest.Data)
		if err != nil {
			t.Fatal(err)
		}
		list, err := registry.Files(parsed)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	list := files(one)
	list[0], list[len(list)-1] = list[len(list)-1], list[0] // the order does not matter
	d, found, err := registry.FindModel(ctx, s, list)
	if !found || err != nil || d.Digest != one.Manifest.Digest || d.Size != one.Manifest.Size {
		t.Errorf("%v, %v, %v", d, found, err)
	}
	for name, list := range map[string][]evidence.File{"other": files(two), "fewer": list[1:], "none": nil} {
		if _, found, err := registry.FindModel(ctx, s, list); found || err != nil {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
}

func turns(t *testing.T, s registry.Store) {
	const writers = 8
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			m := Model(t, fmt.Sprint("model ", i))
			w, err := s.Begin(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			defer w.Close()
			for _, content := range m.Files {
				if err := w.PushBlob(t.Context(), describe(content), strings.NewReader(content)); err != nil {
					t.Error(err)
				}
			}
			tx := registry.Transaction{Tags: []registry.Tagging{{Tag: fmt.Sprint("v", i), Digest: m.Manifest.Digest}}}
			tx.Add(m.Artifact)
			if err := w.Commit(t.Context(), tx); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if tags, err := s.Tags(t.Context()); err != nil || len(tags) != writers {
		t.Errorf("%q, %v", tags, err)
	}
	if n, err := Intact(t.Context(), s); n != writers || err != nil {
		t.Errorf("%d manifests, %v", n, err)
	}
}

func cancelled(t *testing.T, s registry.Store) {
	m := Model(t, "one")
	Push(t, s, m, "v1")
	ctx, cancel := context.WithCancel(t.Context())
	w, err := s.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer Close(t, w)
	cancel()
	if err := w.PushBlob(ctx, describe("x"), strings.NewReader("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("push: %v", err)
	}
	two := About(t, m.Manifest.Descriptor, "late")
	tx := registry.Transaction{}
	tx.Add(two)
	wantErr(t, w.Commit(ctx, tx), context.Canceled)
	if n, err := Intact(t.Context(), s); n != 1 || err != nil {
		t.Errorf("%d manifests, %v", n, err)
	}
}
