package registry

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/evidence"
)

func file(path, content string) ModelFile {
	return ModelFile{evidence.File{Path: path, Size: int64(len(content)), Digest: DigestOf([]byte(content))}, RoleOf(path, "")}
}

func sampleModel() Model {
	return Model{
		Files: []ModelFile{file("README.md", "doc"), file("b.bin", "2"), file("code.py", "pass"), file("a.bin", "1"), file("config.json", "{}"), file("sub/empty.bin", "")},
		Facts: Facts{CreatedAt: time.Date(2025, 5, 1, 14, 0, 0, 0, time.FixedZone("", 7200)), Name: "team/<model>", Family: "bert", Licenses: []string{"MIT"},
			Architecture: "transformer", Format: "pytorch", Precision: "fp32"},
		Annotations: map[string]string{AnnotationScanResult: "clean", AnnotationCreated: "2026-01-01T00:00:00Z"},
	}
}

// The bytes are part of the contract: a change makes every admitted model a new one.
func TestBuildModelGolden(t *testing.T) {
	a, err := BuildModel(sampleModel())
	if err != nil {
		t.Fatal(err)
	}
	wantConfig := `{"descriptor":{"createdAt":"2025-05-01T12:00:00Z","family":"bert","name":"team/<model>","licenses":["MIT"]},` +
		`"modelfs":{"type":"layers","diffIds":[` +
		`"sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b",` +
		`"sha256:d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35",` +
		`"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",` +
		`"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",` +
		`"sha256:d74ff0ee8da3b9806b18c877dbf29bbde50b5bd8e4dad7a3a725000feb82e8f1",` +
		`"` + DigestOf([]byte("doc")) + `"]},` +
		`"config":{"architecture":"transformer","format":"pytorch","precision":"fp32"}}`
	if diff := cmp.Diff(wantConfig, string(a.Blobs[0].Data)); diff != "" || len(a.Blobs) != 1 {
		t.Errorf("config (-want +got):\n%s", diff)
	}
	layer := func(kind, path, content string) string {
		b := NewBlob("", []byte(content))
		return `{"mediaType":"application/vnd.cncf.model.` + kind + `.v1.raw","digest":"` + b.Digest + `","size":` + strconv.FormatInt(b.Size, 10) +
			`,"annotations":{"org.cncf.model.filepath":"` + path + `","org.opencontainers.image.title":"` + path + `"}}`
	}
	wantManifest := `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.cncf.model.manifest.v1+json",` +
		`"config":{"mediaType":"application/vnd.cncf.model.config.v1+json","digest":"` + DigestOf([]byte(wantConfig)) + `","size":` + strconv.Itoa(len(wantConfig)) + `},"layers":[` +
		strings.Join([]string{layer("weight", "a.bin", "1"), layer("weight", "b.bin", "2"), layer("weight", "sub/empty.bin", ""),
			layer("weight.config", "config.json", "{}"), layer("code", "code.py", "pass"), layer("doc", "README.md", "doc")}, ",") +
		`],"annotations":{"org.opencontainers.image.created":"2026-01-01T00:00:00Z","security.scan.result":"clean"}}`
	if diff := cmp.Diff(wantManifest, string(a.Manifest.Data)); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
	if a.Manifest.ArtifactType != ArtifactType || a.Manifest.Annotations[AnnotationScanResult] != "clean" || a.Manifest.MediaType != TypeManifest {
		t.Errorf("descriptor %+v", a.Manifest.Descriptor)
	}
}

func TestBuildModelIsDeterministic(t *testing.T) {
	want, err := BuildModel(sampleModel())
	if err != nil {
		t.Fatal(err)
	}
	m := sampleModel()
	slices.Reverse(m.Files)
	got, err := BuildModel(m)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if m.Files[0].Path != "sub/empty.bin" {
		t.Error("the caller's list was sorted")
	}
}

func TestBuildModelRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(m *Model)
	}{
		{"no_files", func(m *Model) { m.Files = nil }},
		{"bad_digest", func(m *Model) { m.Files[0].Digest = "sha256:1" }},
		{"negative_size", func(m *Model) { m.Files[0].Size = -1 }},
		{"escape", func(m *Model) { m.Files[0].Path = "../x" }},
		{"twice", func(m *Model) { m.Files[0].Path = "A.bin" }},
		{"too_many", func(m *Model) {
			for range 20_000 {
				m.Files = append(m.Files, file(strings.Repeat("x", 10)+DigestOf([]byte{byte(len(m.Files)), byte(len(m.Files) >> 8)}), ""))
			}
		}},
	} {
		m := sampleModel()
		c.change(&m)
		if _, err := BuildModel(m); err == nil {
			t.Errorf("%s: built", c.name)
		}
	}
}

func TestBuildReferrerGolden(t *testing.T) {
	subject := Descriptor{MediaType: TypeManifest, Digest: someDigest, Size: 7, Annotations: map[string]string{"not": "this"}, ArtifactType: "nor this"}
	a, err := BuildReferrer(Attachment{Subject: subject, Type: "application/sarif+json", Title: "scan.sarif", Data: []byte("{\"a\":1}"),
		Annotations: map[string]string{AnnotationCreated: "2026-01-01T00:00:00Z"}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/sarif+json",` +
		`"config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},` +
		`"layers":[{"mediaType":"application/sarif+json","digest":"sha256:015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862","size":7,` +
		`"annotations":{"org.opencontainers.image.title":"scan.sarif"}}],` +
		`"subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"` + someDigest + `","size":7},` +
		`"annotations":{"org.opencontainers.image.created":"2026-01-01T00:00:00Z"}}`
	if diff := cmp.Diff(want, string(a.Manifest.Data)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(a.Blobs) != 2 || string(a.Blobs[0].Data) != "{}" || string(a.Blobs[1].Data) != "{\"a\":1}" {
		t.Errorf("blobs %+v", a.Blobs)
	}
	for name, bad := range map[string]Attachment{"no_subject": {Type: "t"}, "title_with_path_trick": {Subject: subject, Title: "../x"}} {
		if _, err := BuildReferrer(bad); err == nil {
			t.Errorf("%s: built", name)
		}
	}
}

func TestRoleOf(t *testing.T) {
	for _, c := range []struct {
		path, format string
		want         Role
	}{
		{"model.safetensors", "", RoleWeight}, {"pytorch_model.bin", "", RoleWeight}, {"a/model.ONNX", "", RoleWeight}, {"x.gguf", "", RoleWeight},
		{"no-extension", "", RoleWeight}, {"config.json", "", RoleWeightConfig}, {"tokenizer.json", "json", RoleWeightConfig}, {"vocab.txt", "", RoleWeightConfig},
		{"weights.json", "pickle", RoleWeight}, {"chat_template.jinja", "", RoleWeightConfig}, {"modeling.py", "", RoleCode}, {"run.ipynb", "", RoleCode},
		{"README.md", "", RoleDoc}, {"readme", "", RoleDoc}, {"LICENSE.txt", "", RoleDoc}, {"a/NOTICE", "", RoleDoc}, {"logo.png", "image", RoleDoc},
		{".gitattributes", "", RoleDoc}, {"model.sig", "", RoleDoc}, {"photo", "image", RoleDoc},
	} {
		if got := RoleOf(c.path, c.format); got != c.want {
			t.Errorf("%s (%s) is %s, want %s", c.path, c.format, got.MediaType(), c.want.MediaType())
		}
	}
}
