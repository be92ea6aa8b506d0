package registry

import (
	"encoding/json"
	"fmt"
)

// Manifest is an OCI image manifest or, with MediaType TypeIndex, an image index:
// then Manifests is set instead of Config and Layers.
type Manifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	ArtifactType  string            `json:"artifactType,omitempty"`
	Config        Descriptor        `json:"config,omitzero"`
	Layers        []Descriptor      `json:"layers,omitempty"`
	Manifests     []Descriptor      `json:"manifests,omitempty"`
	Subject       *Descriptor       `json:"subject,omitempty"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

// Kind is the artifact type: the manifest's own, else its config's media type.
func (m *Manifest) Kind() string {
	if m.ArtifactType != "" {
		return m.ArtifactType
	}
	return m.Config.MediaType
}

// ParseManifest reads a manifest or an index. It refuses what two readers could
// understand differently: duplicate members, both forms at once, a media type
// that does not fit, malformed digests, negative sizes, inline data that is not
// what its digest says. Member names count exactly as written. Errors wrap
// ErrCorrupt.
func ParseManifest(raw []byte) (*Manifest, error) {
	o, err := document(raw, MaxManifest)
	if err != nil {
		return nil, err
	}
	var m Manifest
	if _, err := member(o, "schemaVersion", &m.SchemaVersion); err != nil {
		return nil, err
	}
	if m.SchemaVersion != 2 {
		return nil, fmt.Errorf("%w: schemaVersion is %d, want 2", ErrCorrupt, m.SchemaVersion)
	}
	for _, f := range []func(map[string]json.RawMessage) error{m.readTexts, m.readForm, m.readSubject} {
		if err := f(o); err != nil {
			return nil, err
		}
	}
	return &m, nil
}

func (m *Manifest) readTexts(o map[string]json.RawMessage) (err error) {
	if m.MediaType, err = text(o, "mediaType"); err != nil {
		return err
	}
	if m.ArtifactType, err = text(o, "artifactType"); err != nil {
		return err
	}
	m.Annotations, err = annotations(o)
	return err
}

// readForm reads what makes it a manifest or an index. Without a media type the
// members decide; a document with both forms is a confusion attack
// (CVE-2021-41190).
func (m *Manifest) readForm(o map[string]json.RawMessage) (err error) {
	_, config := o["config"]
	_, layers := o["layers"]
	_, manifests := o["manifests"]
	form := TypeManifest
	switch {
	case (config || layers) && manifests:
		return fmt.Errorf("%w: it is a manifest and an index at once", ErrCorrupt)
	case manifests:
		form = TypeIndex
	case !config || !layers:
		return fmt.Errorf("%w: it has neither config and layers nor manifests", ErrCorrupt)
	}
	if m.MediaType == "" {
		m.MediaType = form
	}
	if m.MediaType != form && !foreign[m.MediaType] {
		return fmt.Errorf("%w: its media type is %.100q, its members are those of %s", ErrCorrupt, m.MediaType, form)
	}
	if manifests {
		m.Manifests, err = list(o, "manifests")
		return err
	}
	if m.Config, err = ParseDescriptor(o["config"]); err != nil {
		return fmt.Errorf("config: %w", err)
	}
	m.Layers, err = list(o, "layers")
	return err
}

// foreign are media types of other specifications with the same members.
var foreign = map[string]bool{
	"application/vnd.docker.distribution.manifest.v2+json":      true,
	"application/vnd.docker.distribution.manifest.list.v2+json": true,
}

func (m *Manifest) readSubject(o map[string]json.RawMessage) error {
	raw, ok := o["subject"]
	if !ok || string(raw) == "null" {
		return nil
	}
	d, err := ParseDescriptor(raw)
	if err != nil {
		return fmt.Errorf("subject: %w", err)
	}
	m.Subject = &d
	return nil
}

// ParseDescriptor reads one descriptor as strictly as ParseManifest.
func ParseDescriptor(raw []byte) (Descriptor, error) {
	var d Descriptor
	o, err := Members(raw)
	if err != nil {
		return d, err
	}
	if d.MediaType, err = text(o, "mediaType"); err != nil {
		return d, err
	}
	if d.Digest, err = text(o, "digest"); err != nil {
		return d, err
	}
	if err := CheckDigest(d.Digest); err != nil {
		return d, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	found, err := member(o, "size", &d.Size)
	if err != nil {
		return d, err
	}
	if !found || d.Size < 0 {
		return d, fmt.Errorf("%w: the size of %s is %d", ErrCorrupt, d.Digest, d.Size)
	}
	return d, d.readRest(o)
}

func (d *Descriptor) readRest(o map[string]json.RawMessage) (err error) {
	if d.ArtifactType, err = text(o, "artifactType"); err != nil {
		return err
	}
	if d.Annotations, err = annotations(o); err != nil {
		return err
	}
	if _, err := member(o, "urls", &d.URLs); err != nil {
		return err
	}
	if found, err := member(o, "data", &d.Data); err != nil || !found {
		return err
	}
	if int64(len(d.Data)) != d.Size || DigestOf(d.Data) != d.Digest {
		return fmt.Errorf("%w: the inline data of %s is something else", ErrCorrupt, d.Digest)
	}
	return nil
}
