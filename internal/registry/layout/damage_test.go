package layout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/durable"
	"github.com/sallyport/sallyport/internal/registry"
	"github.com/sallyport/sallyport/internal/registry/registrytest"
)

// filled is a repository with a model and a statement.
func filled(t *testing.T) (*Repo, registrytest.Sample) {
	t.Helper()
	r := open(t, t.TempDir(), "team/model")
	m := registrytest.Model(t, "one")
	registrytest.Push(t, r, m, "v1", registrytest.About(t, m.Manifest.Descriptor, "scan"))
	return r, m
}

// snapshot is every file below dir by name, with its content or link target.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.Type()&os.ModeSymlink != 0:
			all[path], err = os.Readlink(path)
			return err
		case d.Type().IsRegular():
			data, err := os.ReadFile(path)
			all[path] = string(data)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// readAll asks every question and returns the first error.
func readAll(ctx context.Context, r *Repo, m registrytest.Sample) error {
	if _, err := r.Tags(ctx); err != nil {
		return err
	}
	d, err := r.Resolve(ctx, "v1")
	if err != nil {
		return err
	}
	if _, err := r.FetchManifest(ctx, d.Digest); err != nil {
		return err
	}
	all, err := r.Referrers(ctx, m.Manifest.Digest)
	if err != nil {
		return err
	}
	for _, ref := range all {
		if ref.Err != nil {
			return ref.Err
		}
	}
	_, err = registrytest.Intact(ctx, r)
	return err
}

func TestDamageIsNamedAndLeftAlone(t *testing.T) {
	replace := func(old, new string) func(string) string {
		return func(text string) string { return strings.Replace(text, old, new, 1) }
	}
	becomes := func(text string) func(string) string { return func(string) string { return text } }
	for _, c := range []struct {
		name   string
		file   string // relative to the layout; "MANIFEST" and "STATEMENT" stand for blobs
		change func(string) string
		want   string // in the message, beside the name of the file
	}{
		{"no_version", layoutFile, nil, "missing"},
		{"empty_version", layoutFile, becomes(""), "JSON object"},
		{"other_version", layoutFile, becomes(`{"imageLayoutVersion":"2.0.0"}`), "imageLayoutVersion"},
		{"version_twice", layoutFile, becomes(`{"imageLayoutVersion":"2.0.0","imageLayoutVersion":"1.0.0"}`), "twice"},
		{"huge_version", layoutFile, becomes(strings.Repeat(" ", maxVersion+1)), "more than"},
		{"no_index", indexFile, nil, "missing"},
		{"empty_index", indexFile, becomes(""), "JSON object"},
		{"half_index", indexFile, func(s string) string { return s[:len(s)/2] }, "unexpected"},
		{"two_indexes", indexFile, func(s string) string { return s + s }, "after the end"},
		{"binary_index", indexFile, becomes("\xff\xfe\x00"), "UTF-8"},
		{"index_of_other_schema", indexFile, replace(`"schemaVersion":2`, `"schemaVersion":1`), "schemaVersion"},
		{"index_without_manifests", indexFile, becomes(`{"schemaVersion":2}`), "manifests"},
		{"index_with_manifests_twice", indexFile, replace(`"manifests":`, `"manifests":[],"manifests":`), "twice"},
		{"tag_on_two_manifests", indexFile, func(s string) string {
			return strings.Replace(s, `"dev.sigstore.bundle.content"`, `"org.opencontainers.image.ref.name":"v1","x"`, 1)
		}, `the tag "v1" is given to`},
		{"path_as_digest", indexFile, replace(`"digest":"sha256:`, `"digest":"sha256:../../`), "digest"},
		{"negative_size", indexFile, replace(`"size":`, `"size":-`), "size"},
		{"absurd_size", indexFile, replace(`"size":`, `"size":99999999999999999999`), "size"},
		{"no_size", indexFile, replace(`"size":`, `"Size":`), "size"},
		{"manifest_gone", "MANIFEST", nil, "no blob"},
		{"manifest_changed", "MANIFEST", replace("clean", "CLEAN"), "has the digest"},
		{"manifest_cut", "MANIFEST", func(s string) string { return s[:20] }, "has the digest"},
		{"manifest_huge", "MANIFEST", becomes(strings.Repeat(" ", registry.MaxManifest+1)), "more than"},
		{"statement_gone", "STATEMENT", nil, "no blob"},
		{"statement_changed", "STATEMENT", replace("{", " {"), "has the digest"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, m := filled(t)
			name := r.file(c.file)
			if c.file == "MANIFEST" || c.file == "STATEMENT" {
				digest := m.Manifest.Digest
				if c.file == "STATEMENT" {
					digest = registrytest.About(t, m.Manifest.Descriptor, "scan").Manifest.Digest
				}
				name, _ = r.blob(digest)
			}
			if c.change == nil {
				if err := os.Remove(name); err != nil {
					t.Fatal(err)
				}
			} else {
				old, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				changed := c.change(string(old))
				if changed == string(old) {
					t.Fatal("nothing changed")
				}
				write(t, name, changed)
			}
			before := snapshot(t, r.root)
			err := readAll(t.Context(), r, m)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), filepath.Base(name)) {
				t.Errorf("reading: got %v; want %q and the name of %s", err, c.want, name)
			}
			if !errors.Is(err, registry.ErrCorrupt) && !errors.Is(err, registry.ErrNotFound) {
				t.Errorf("reading: %v is no known error", err)
			}
			if w, err := r.Begin(t.Context()); err == nil {
				w.Close()
			}
			if diff := cmp.Diff(before, snapshot(t, r.root)); diff != "" {
				t.Errorf("something was changed (-before +after):\n%s", diff)
			}
		})
	}
}

// An unreadable manifest might be a statement about any model.
func TestUnreadableManifestIsAReferrerOfAll(t *testing.T) {
	r, m := filled(t)
	two := registrytest.Model(t, "two")
	registrytest.Push(t, r, two, "v2")
	name, _ := r.blob(registrytest.About(t, m.Manifest.Descriptor, "scan").Manifest.Digest)
	write(t, name, "{}")
	all, err := r.Referrers(t.Context(), two.Manifest.Digest)
	if err != nil || len(all) != 1 || !errors.Is(all[0].Err, registry.ErrCorrupt) {
		t.Errorf("%+v, %v", all, err)
	}
}

// Other clients list referrers in an index under a fallback tag, and put what
// they like into index.json.
func TestReferrersInNestedIndex(t *testing.T) {
	r, m := filled(t)
	st := registrytest.About(t, m.Manifest.Descriptor, "only in the fallback index")
	fallback := []byte(fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"manifests":[{"mediaType":"application/lies","digest":%q,"size":%d}]}`,
		registry.TypeIndex, st.Manifest.Digest, st.Manifest.Size))
	other := registry.NewBlob("application/octet-stream", bytes.Repeat([]byte{0xff}, 100))
	for _, b := range append(st.Blobs, st.Manifest, registry.NewBlob(registry.TypeIndex, fallback), other) {
		name, _ := r.blob(b.Digest)
		write(t, name, string(b.Data))
	}
	index, err := os.ReadFile(r.file(indexFile))
	if err != nil {
		t.Fatal(err)
	}
	write(t, r.file(indexFile), strings.Replace(string(index), `"manifests":[`, fmt.Sprintf(`"manifests":[{"mediaType":"application/x","digest":%q,"size":1},{"mediaType":%q,"digest":%q,"size":100},`,
		registry.DigestOf(fallback), other.MediaType, other.Digest), 1))
	all, err := r.Referrers(t.Context(), m.Manifest.Digest)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, ref := range all {
		got[ref.Digest] = ref.Err == nil
	}
	want := map[string]bool{st.Manifest.Digest: true, registrytest.About(t, m.Manifest.Descriptor, "scan").Manifest.Digest: true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPoisonedBlob(t *testing.T) {
	ctx := t.Context()
	content := "weights of one"
	d := registry.NewBlob("x", []byte(content)).Descriptor
	for _, c := range []struct {
		name   string
		poison string
	}{{"same_size", "WEIGHTS OF ONE"}, {"empty", ""}, {"longer", content + "!"}} {
		t.Run(c.name, func(t *testing.T) {
			r, m := filled(t)
			name, _ := r.blob(d.Digest)
			write(t, name, c.poison)
			if err := registry.Rehash(ctx, r, d); !errors.Is(err, registry.ErrCorrupt) {
				t.Errorf("rehash: %v", err)
			}

			// A manifest that names it is refused while nobody has the good bytes.
			other := registry.Model{Annotations: map[string]string{"x": "y"}}
			parsed, err := registry.ParseManifest(m.Manifest.Data)
			if err != nil {
				t.Fatal(err)
			}
			files, err := registry.Files(parsed)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				other.Files = append(other.Files, registry.ModelFile{File: f})
			}
			a, err := registry.BuildModel(other)
			if err != nil {
				t.Fatal(err)
			}
			w := registrytest.Begin(t, r)
			defer registrytest.Close(t, w)
			tx := registry.Transaction{}
			tx.Add(a)
			if err := w.Commit(ctx, tx); !errors.Is(err, registry.ErrCorrupt) {
				t.Errorf("commit: %v", err)
			}
			// With them it is replaced.
			if err := w.PushBlob(ctx, d, strings.NewReader(content)); err != nil {
				t.Error(err)
			}
			if err := w.Commit(ctx, tx); err != nil {
				t.Error(err)
			}
			write(t, name, c.poison)
			held := filepath.Join(r.root, "held")
			write(t, held, content)
			if err := w.PushBlobFile(ctx, d, held); err != nil {
				t.Error(err)
			}
			if _, err := registrytest.Intact(ctx, r); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestLinksAreRefused(t *testing.T) {
	for _, part := range []string{"team", "team/model", "team/model/blobs", "team/model/blobs/sha256", "team/model/index.json",
		"team/model/oci-layout", "team/model/blobs/sha256/MANIFEST"} {
		t.Run(strings.ReplaceAll(part, "/", "_"), func(t *testing.T) {
			r, m := filled(t)
			part := strings.ReplaceAll(part, "MANIFEST", strings.TrimPrefix(m.Manifest.Digest, "sha256:"))
			name := filepath.Join(r.root, filepath.FromSlash(part))
			elsewhere := filepath.Join(t.TempDir(), "elsewhere")
			if err := os.Rename(name, elsewhere); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(elsewhere, name); err != nil {
				t.Fatal(err)
			}
			before := snapshot(t, elsewhere)
			if err := readAll(t.Context(), r, m); !errors.Is(err, registry.ErrCorrupt) {
				t.Errorf("reading: %v", err)
			}
			if w, err := r.Begin(t.Context()); err == nil {
				if !strings.Contains(part, "sha256/") {
					t.Error("writing began")
				}
				w.Close()
			} else if !errors.Is(err, registry.ErrCorrupt) {
				t.Errorf("writing: %v", err)
			}
			if _, err := Open(r.root, r.name, Options{}); err == nil && strings.Count(part, "/") < 4 && filepath.Ext(part) == "" && !strings.HasSuffix(part, layoutFile) {
				t.Error("opened")
			}
			if diff := cmp.Diff(before, snapshot(t, elsewhere)); diff != "" {
				t.Errorf("the link's target was changed:\n%s", diff)
			}
		})
	}
}

func TestOpenRefusesPathTricks(t *testing.T) {
	for _, name := range []string{"", ".", "..", "../x", "a/../b", "/a", "a/", "a//b", `a\b`, "A", "a/blobs", "blobs", "a/blobs/sha256", "index.json",
		"x/oci-layout", ".sallyport", "a\x00b", "a:b", "a@b", strings.Repeat("a", 256)} {
		if _, err := Open(t.TempDir(), name, Options{}); !errors.Is(err, registry.ErrReference) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := OpenReference(registry.Reference{Kind: registry.KindOCI, Registry: "h", Repository: "a"}, Options{}); !errors.Is(err, registry.ErrReference) {
		t.Errorf("a remote reference: %v", err)
	}
}

func TestUnknownMembersSurvive(t *testing.T) {
	r, m := filled(t)
	index, err := os.ReadFile(r.file(indexFile))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(index), `{"manifests":[{`, `{"future":[1],"annotations":{"a":"b"},"manifests":[{"platform":{"os":"linux"},"new":null,`, 1)
	write(t, r.file(indexFile), text)
	two := registrytest.Model(t, "two")
	registrytest.Push(t, r, two, "v2")
	w := registrytest.Begin(t, r)
	if err := w.Commit(t.Context(), registry.Transaction{Tags: []registry.Tagging{{Tag: "v1", Digest: two.Manifest.Digest, Force: true}}}); err != nil {
		t.Fatal(err)
	}
	registrytest.Close(t, w)
	after, err := os.ReadFile(r.file(indexFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"future":[1]`, `"annotations":{"a":"b"}`, `"platform":{"os":"linux"}`, `"new":null`, m.Manifest.Digest} {
		if !strings.Contains(string(after), want) {
			t.Errorf("%s is gone from %s", want, after)
		}
	}
}

// A quarantine on another file system costs a copy, and the bytes are hashed on
// the way.
func TestBlobFileFromAnotherFileSystem(t *testing.T) {
	r, _ := filled(t)
	renames := 0
	r.fail = func(step string) error {
		if step == "rename blob" {
			if renames++; renames%2 == 1 { // the temporary file is renamed by the second
				return &os.LinkError{Op: "rename", Err: errors.New("invalid cross-device link")}
			}
		}
		return nil
	}
	w := registrytest.Begin(t, r)
	defer registrytest.Close(t, w)
	held := filepath.Join(t.TempDir(), "held")
	write(t, held, "content")
	d := registry.NewBlob("x", []byte("content")).Descriptor
	if err := w.PushBlobFile(t.Context(), d, held); err != nil || renames != 2 {
		t.Fatalf("%v after %d renames", err, renames)
	}
	if err := registry.Rehash(t.Context(), r, d); err != nil {
		t.Error(err)
	}
	write(t, held, "CONTENT")
	d = registry.NewBlob("x", []byte("Content")).Descriptor
	if err := w.PushBlobFile(t.Context(), d, held); !errors.Is(err, registry.ErrCorrupt) {
		t.Errorf("other content: %v", err)
	}
}

// What a crash left is swept by the next writer; files of others stay.
func TestSweep(t *testing.T) {
	r, m := filled(t)
	temps := []string{filepath.Join(r.blobs(), durable.TempPrefix+"x"), filepath.Join(r.dir, durable.TempPrefix+"y")}
	other := filepath.Join(r.dir, "notes.txt")
	for _, name := range append(temps, other) {
		write(t, name, "left over")
	}
	if err := readAll(t.Context(), r, m); err != nil {
		t.Errorf("reading beside left-overs: %v", err)
	}
	registrytest.Close(t, registrytest.Begin(t, r))
	for _, name := range temps {
		if _, err := os.Lstat(name); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
	if _, err := os.Lstat(other); err != nil {
		t.Error(err)
	}
}

func TestRepositories(t *testing.T) {
	dir := t.TempDir()
	if _, err := Repositories(filepath.Join(dir, "absent")); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("absent folder: %v", err)
	}
	for _, name := range []string{"team/model", "team", "other-team/b"} {
		registrytest.Push(t, open(t, dir, name), registrytest.Model(t, name), "v1")
	}
	if err := os.MkdirAll(filepath.Join(dir, "Not A Repository"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "Not A Repository", layoutFile), layoutText)
	got, err := Repositories(dir)
	if diff := cmp.Diff([]string{"other-team/b", "team", "team/model"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestWaitingForAnotherWriter(t *testing.T) {
	r, _ := filled(t)
	w := registrytest.Begin(t, r)
	told := make(chan string, 1)
	second, err := Open(r.root, r.name, Options{Waiting: func(lock string) { told <- lock }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := second.Begin(ctx)
		done <- err
	}()
	if lock := <-told; filepath.Base(lock) != "team%2Fmodel.lock" {
		t.Errorf("waiting for %q", lock)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	registrytest.Close(t, w)
	registrytest.Close(t, registrytest.Begin(t, second))
}

func TestGoldenFiles(t *testing.T) {
	r := open(t, t.TempDir(), "m")
	blob := registry.NewBlob("application/x", []byte("<&>"))
	a, err := registry.BuildReferrer(registry.Attachment{Subject: blob.Descriptor, Type: "application/x+json", Data: []byte("<&>"), Title: "x.json",
		Annotations: map[string]string{"b": "<&>", "a": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	w := registrytest.Begin(t, r)
	tx := registry.Transaction{Tags: []registry.Tagging{{Tag: "v1", Digest: a.Manifest.Digest}}}
	tx.Add(a)
	if err := w.Commit(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	registrytest.Close(t, w)
	got := snapshot(t, r.dir)
	want := map[string]string{
		r.file(layoutFile): `{"imageLayoutVersion":"1.0.0"}`,
		r.file(indexFile): `{"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"` + a.Manifest.Digest + `","size":` + fmt.Sprint(a.Manifest.Size) +
			`,"annotations":{"a":"1","b":"<&>","org.opencontainers.image.ref.name":"v1"},"artifactType":"application/x+json"}],` +
			`"mediaType":"application/vnd.oci.image.index.v1+json","schemaVersion":2}`,
	}
	for _, b := range append(a.Blobs, a.Manifest) {
		name, _ := r.blob(b.Digest)
		want[name] = string(b.Data)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if info, err := os.Stat(r.file(indexFile)); err != nil || info.Mode().Perm()&0o111 != 0 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{"schemaVersion":2,"manifests":[]}`))
	f.Add([]byte(`{"schemaVersion":2,"mediaType":"x","manifests":[{"mediaType":"m","digest":"sha256:` + strings.Repeat("0", 64) +
		`","size":1,"annotations":{"org.opencontainers.image.ref.name":"v1"}}]}`))
	f.Add([]byte(`{"schemaVersion":2,"manifests":[{"digest":"sha256:` + strings.Repeat("a", 64) + `","size":1,"data":"eA=="}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		idx, err := parseIndex(data)
		if err != nil {
			if !errors.Is(err, registry.ErrCorrupt) {
				t.Fatalf("%v does not wrap ErrCorrupt", err)
			}
			return
		}
		text, err := idx.encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseIndex(text)
		if err != nil {
			t.Fatalf("our own form is refused: %v", err)
		}
		for i := range idx.entries {
			if diff := cmp.Diff(idx.entries[i].Descriptor, again.entries[i].Descriptor); diff != "" {
				t.Fatalf("entry %d:\n%s", i, diff)
			}
			digest := idx.entries[i].Digest
			if err := idx.set(registry.Tagging{Tag: "fuzz", Digest: digest, Force: true}); err != nil {
				t.Fatal(err)
			}
			if at := idx.tagged("fuzz"); at < 0 || idx.entries[at].Digest != digest {
				t.Fatal("the tag names something else")
			}
		}
	})
}
