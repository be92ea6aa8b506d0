package registry

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const zeros = `"digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":1`

func TestParseManifest(t *testing.T) {
	raw := `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"c",` + zeros + `},
	"layers":[{"mediaType":"l",` + zeros + `,"annotations":{"k":"v","K":"V"},"urls":["u"],"future":{"x":1}}],
	"subject":{"mediaType":"s",` + zeros + `},"annotations":{"a":"b"},"artifactType":null,"Subject":17}`
	m, err := ParseManifest([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	d := func(mediaType string) Descriptor {
		return Descriptor{MediaType: mediaType, Digest: "sha256:" + strings.Repeat("0", 64), Size: 1}
	}
	layer, subject := d("l"), d("s")
	layer.Annotations, layer.URLs = map[string]string{"k": "v", "K": "V"}, []string{"u"}
	want := &Manifest{SchemaVersion: 2, MediaType: TypeManifest, Config: d("c"), Layers: []Descriptor{layer}, Subject: &subject, Annotations: map[string]string{"a": "b"}}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if m.Kind() != "c" {
		t.Errorf("kind %q", m.Kind())
	}
	m.ArtifactType = "a"
	if m.Kind() != "a" {
		t.Errorf("kind %q", m.Kind())
	}
}

func TestParseManifestRefuses(t *testing.T) {
	config := `"config":{"mediaType":"c",` + zeros + `}`
	good := `"schemaVersion":2,` + config + `,"layers":[]`
	if _, err := ParseManifest([]byte("{" + good + "}")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, raw, want string }{
		{"empty", ``, "JSON object"},
		{"array", `[]`, "JSON object"},
		{"cut", `{` + good, "EOF"},
		{"tail", `{` + good + `}x`, "after the end"},
		{"second_value", `{` + good + `}{}`, "after the end"},
		{"not_utf8", "{" + good + ",\"x\":\"\xff\"}", "UTF-8"},
		{"too_large", `{` + good + strings.Repeat(" ", MaxManifest) + `}`, "more than"},
		{"schema_1", `{"schemaVersion":1,` + config + `,"layers":[]}`, "schemaVersion"},
		{"schema_other_case", `{"SchemaVersion":2,` + config + `,"layers":[]}`, "schemaVersion"},
		{"schema_text", `{"schemaVersion":"2",` + config + `,"layers":[]}`, "schemaVersion"},
		{"config_twice", `{` + good + `,` + config + `}`, "twice"},
		{"subject_twice", `{` + good + `,"subject":null,"subject":{"mediaType":"s",` + zeros + `}}`, "twice"},
		{"annotation_twice", `{` + good + `,"annotations":{"a":"1","a":"2"}}`, "twice"},
		{"annotation_number", `{` + good + `,"annotations":{"a":1}}`, "annotations"},
		{"both_forms", `{` + good + `,"manifests":[]}`, "at once"},
		{"no_layers", `{"schemaVersion":2,` + config + `}`, "neither"},
		{"index_called_manifest", `{"schemaVersion":2,"mediaType":"` + TypeManifest + `","manifests":[]}`, "media type"},
		{"manifest_called_index", `{` + good + `,"mediaType":"` + TypeIndex + `"}`, "media type"},
		{"other_media_type", `{` + good + `,"mediaType":"text/html"}`, "media type"},
		{"null_config", `{"schemaVersion":2,"config":null,"layers":[]}`, "config"},
		{"layer_text", `{"schemaVersion":2,` + config + `,"layers":["x"]}`, "layers[0]"},
		{"layers_object", `{"schemaVersion":2,` + config + `,"layers":{}}`, "layers"},
		{"digest_path", `{` + strings.Replace(good, "sha256:0", "sha256:/", 1) + `}`, "digest"},
		{"digest_short", `{` + strings.Replace(good, "sha256:0", "sha256:", 1) + `}`, "digest"},
		{"size_negative", `{` + strings.Replace(good, `"size":1`, `"size":-1`, 1) + `}`, "size"},
		{"size_float", `{` + strings.Replace(good, `"size":1`, `"size":1.5`, 1) + `}`, "size"},
		{"size_absent", `{` + strings.Replace(good, `,"size":1`, ``, 1) + `}`, "size"},
		{"size_twice", `{` + strings.Replace(good, `"size":1`, `"size":1,"size":2`, 1) + `}`, "twice"},
		{"data_differs", `{` + strings.Replace(good, `"size":1`, `"size":1,"data":"eA=="`, 1) + `}`, "inline data"},
		{"subject_text", `{` + good + `,"subject":"sha256:0"}`, "subject"},
		{"deep", `{` + good + `,"x":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`, "depth"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := ParseManifest([]byte(c.raw)); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestFilesRefuses(t *testing.T) {
	layer := func(path, title string) Descriptor {
		return Descriptor{Annotations: map[string]string{AnnotationPath: path, AnnotationTitle: title}}
	}
	remote, inline := layer("a", "a"), layer("a", "a")
	remote.URLs, inline.Data = []string{"u"}, []byte("x")
	for _, c := range []struct {
		name   string
		kind   string
		layers []Descriptor
		ok     bool
	}{
		{"good", ArtifactType, []Descriptor{layer("b", "b"), layer("a/c", "a/c")}, true},
		{"other_kind", "x", []Descriptor{layer("a", "a")}, false},
		{"two_names", ArtifactType, []Descriptor{layer("a", "b")}, false},
		{"no_title", ArtifactType, []Descriptor{{Annotations: map[string]string{AnnotationPath: "a"}}}, false},
		{"no_name", ArtifactType, []Descriptor{{}}, false},
		{"escape", ArtifactType, []Descriptor{layer("../a", "../a")}, false},
		{"absolute", ArtifactType, []Descriptor{layer("/a", "/a")}, false},
		{"same_path", ArtifactType, []Descriptor{layer("a", "a"), layer("a", "a")}, false},
		{"same_but_case", ArtifactType, []Descriptor{layer("a", "a"), layer("A", "A")}, false},
		{"file_and_folder", ArtifactType, []Descriptor{layer("a", "a"), layer("a/b", "a/b")}, false},
		{"foreign", ArtifactType, []Descriptor{remote}, false},
		{"inline", ArtifactType, []Descriptor{inline}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			files, err := Files(&Manifest{ArtifactType: c.kind, Layers: c.layers})
			if c.ok && (err != nil || len(files) != 2 || files[0].Path != "a/c") || !c.ok && !errors.Is(err, ErrCorrupt) {
				t.Errorf("%v, %v", files, err)
			}
		})
	}
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"schemaVersion":2,"config":{"mediaType":"c",` + zeros + `},"layers":[{"mediaType":"c",` + zeros + `}],"subject":{` + zeros + `}}`))
	f.Add([]byte(`{"schemaVersion":2,"mediaType":"` + TypeIndex + `","manifests":[{` + zeros + `,"annotations":{"a":"b"}}]}`))
	f.Add([]byte(`{"schemaVersion":2,"manifests":[],"manifests":[]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := ParseManifest(raw)
		again, err2 := ParseManifest(raw)
		if diff := cmp.Diff(m, again); diff != "" || fmt.Sprint(err) != fmt.Sprint(err2) {
			t.Fatalf("two readings differ: %v, %v\n%s", err, err2, diff)
		}
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("%v does not wrap ErrCorrupt", err)
			}
			return
		}
		all := append(append([]Descriptor{}, m.Layers...), m.Manifests...)
		if m.Subject != nil {
			all = append(all, *m.Subject)
		}
		for _, d := range all {
			if CheckDigest(d.Digest) != nil || d.Size < 0 {
				t.Fatalf("descriptor %+v", d)
			}
		}
		if files, err := Files(m); err == nil && len(files) != len(m.Layers) {
			t.Fatal("a layer is no file")
		}
	})
}
