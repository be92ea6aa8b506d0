package registry

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/evidence"
)

// Artifact is a manifest with the small blobs that belong to it. The layers of a
// model are not among them: they are files.
type Artifact struct {
	Manifest Blob
	Blobs    []Blob
}

// Model is what goes into the manifest of an admitted model.
type Model struct {
	Files       []ModelFile
	Facts       Facts
	Annotations map[string]string // of the manifest; the only place for a wall clock
}

// ModelFile is one file of the model and the role it plays.
type ModelFile struct {
	evidence.File
	Role Role
}

// Facts is what the ModelPack configuration says. Every field may be empty.
type Facts struct {
	CreatedAt    time.Time // of the upstream commit; zero: unknown
	Authors      []string
	Family       string // "llama3"
	Name         string // "team/model"
	DocURL       string
	SourceURL    string
	Version      string
	Revision     string
	Vendor       string
	Licenses     []string // SPDX expressions
	Title        string
	Description  string
	Architecture string // "transformer"
	Format       string // "safetensors"
	ParamSize    string // "8b"
	Precision    string // "bf16"
	Quantization string // "awq"
}

// modelConfig is the configuration of model-spec v0.0.7.
type modelConfig struct {
	Descriptor modelDescriptor `json:"descriptor"`
	ModelFS    modelFS         `json:"modelfs"`
	Config     modelRuntime    `json:"config"`
}

type modelDescriptor struct {
	CreatedAt   *time.Time `json:"createdAt,omitempty"`
	Authors     []string   `json:"authors,omitempty"`
	Family      string     `json:"family,omitempty"`
	Name        string     `json:"name,omitempty"`
	DocURL      string     `json:"docURL,omitempty"`
	SourceURL   string     `json:"sourceURL,omitempty"`
	Version     string     `json:"version,omitempty"`
	Revision    string     `json:"revision,omitempty"`
	Vendor      string     `json:"vendor,omitempty"`
	Licenses    []string   `json:"licenses,omitempty"`
	Title       string     `json:"title,omitempty"`
	Description string     `json:"description,omitempty"`
}

type modelFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diffIds"` // raw layers: the layers' own digests
}

type modelRuntime struct {
	Architecture string `json:"architecture,omitempty"`
	Format       string `json:"format,omitempty"`
	ParamSize    string `json:"paramSize,omitempty"`
	Precision    string `json:"precision,omitempty"`
	Quantization string `json:"quantization,omitempty"`
}

// BuildModel makes the manifest and the configuration of an admitted model. The
// same model gives the same bytes, in whatever order its files come: weights
// first, then their configuration, code and documentation, each sorted by path.
// Paths that a puller would refuse are refused here.
func BuildModel(m Model) (Artifact, error) {
	files := slices.Clone(m.Files)
	slices.SortFunc(files, func(a, b ModelFile) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Path, b.Path))
	})
	if err := checkFiles(files); err != nil {
		return Artifact{}, err
	}
	conf, err := buildConfig(m.Facts, files)
	if err != nil {
		return Artifact{}, err
	}
	layers := make([]Descriptor, len(files))
	for i, f := range files {
		layers[i] = Descriptor{MediaType: f.Role.MediaType(), Digest: f.Digest, Size: f.Size,
			Annotations: map[string]string{AnnotationPath: f.Path, AnnotationTitle: f.Path}}
	}
	return seal(Manifest{ArtifactType: ArtifactType, Config: conf.Descriptor, Layers: layers, Annotations: m.Annotations}, conf)
}

func checkFiles(files []ModelFile) error {
	if len(files) == 0 {
		return fmt.Errorf("a model without files has no manifest")
	}
	var tree artifact.Tree
	for _, f := range files {
		if err := CheckDigest(f.Digest); err != nil {
			return fmt.Errorf("file %q: %w", f.Path, err)
		}
		if f.Size < 0 {
			return fmt.Errorf("file %q has the size %d", f.Path, f.Size)
		}
		tree.Files = append(tree.Files, artifact.File{Path: f.Path})
	}
	return tree.CheckPaths()
}

func buildConfig(f Facts, files []ModelFile) (Blob, error) {
	c := modelConfig{
		Descriptor: modelDescriptor{Authors: f.Authors, Family: f.Family, Name: f.Name, DocURL: f.DocURL, SourceURL: f.SourceURL,
			Version: f.Version, Revision: f.Revision, Vendor: f.Vendor, Licenses: f.Licenses, Title: f.Title, Description: f.Description},
		ModelFS: modelFS{Type: "layers", DiffIDs: make([]string, len(files))},
		Config: modelRuntime{Architecture: f.Architecture, Format: f.Format, ParamSize: f.ParamSize, Precision: f.Precision,
			Quantization: f.Quantization},
	}
	if !f.CreatedAt.IsZero() {
		utc := f.CreatedAt.UTC()
		c.Descriptor.CreatedAt = &utc
	}
	for i, file := range files {
		c.ModelFS.DiffIDs[i] = file.Digest
	}
	data, err := encode(c)
	return NewBlob(TypeModelConfig, data), err
}

// Attachment is something about a manifest: a statement, a bill of materials, a
// report.
type Attachment struct {
	Subject     Descriptor        // the manifest it is about
	Type        string            // artifact type, and media type of the one layer
	Title       string            // file name under which clients save it; may be empty
	Data        []byte            // the layer
	Annotations map[string]string // of the manifest
}

// BuildReferrer makes the manifest that attaches something to its subject.
func BuildReferrer(a Attachment) (Artifact, error) {
	if err := CheckDigest(a.Subject.Digest); err != nil {
		return Artifact{}, fmt.Errorf("subject: %w", err)
	}
	layer := NewBlob(a.Type, a.Data)
	if a.Title != "" {
		if err := artifact.CheckPath(a.Title); err != nil {
			return Artifact{}, err
		}
		layer.Annotations = map[string]string{AnnotationTitle: a.Title}
	}
	subject, empty := a.Subject.Plain(), Empty()
	return seal(Manifest{ArtifactType: a.Type, Config: empty.Descriptor, Layers: []Descriptor{layer.Descriptor},
		Subject: &subject, Annotations: a.Annotations}, empty, layer)
}

// Empty is the configuration of an artifact that has none.
func Empty() Blob { return NewBlob(TypeEmpty, []byte("{}")) }

// seal writes the manifest. Its descriptor carries artifact type and annotations,
// as the index of a layout lists them.
func seal(m Manifest, blobs ...Blob) (Artifact, error) {
	m.SchemaVersion, m.MediaType = 2, TypeManifest
	data, err := encode(m)
	if err != nil {
		return Artifact{}, err
	}
	if len(data) > MaxManifest {
		return Artifact{}, fmt.Errorf("the manifest of %d files has %d bytes; registries take %d", len(m.Layers), len(data), MaxManifest)
	}
	manifest := NewBlob(TypeManifest, data)
	manifest.ArtifactType, manifest.Annotations = m.ArtifactType, maps.Clone(m.Annotations)
	return Artifact{Manifest: manifest, Blobs: blobs}, nil
}
