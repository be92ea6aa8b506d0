package sbom

import (
	"cmp"
	"io"
	"time"

	"github.com/sallyport/sallyport/internal/finding"
)

type simpleDocument struct {
	SBOMVersion  string             `json:"sbomVersion"`
	ModelName    string             `json:"modelName"`
	GeneratedAt  string             `json:"generatedAt"`
	Provenance   simpleProvenance   `json:"provenance"`
	Artifacts    []simpleArtifact   `json:"artifacts"`
	Dependencies []simpleDependency `json:"dependencies"`
	Security     simpleSecurity     `json:"securityMetadata"`
}

type simpleProvenance struct {
	BaseModel         *string `json:"baseModel"`
	Source            string  `json:"source"`
	CommitHash        *string `json:"commitHash"`
	SignatureVerified *bool   `json:"signatureVerified"`
}

type simpleArtifact struct {
	Filename string  `json:"filename"`
	Size     int64   `json:"size"`
	SHA256   *string `json:"sha256"`
	Format   string  `json:"format"`
}

type simpleDependency struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

type simpleSecurity struct {
	ScanTool      string          `json:"scanTool"`
	ScanDate      *string         `json:"scanDate"`
	ScanResult    finding.Verdict `json:"scanResult"`
	Format        string          `json:"format"`
	PicklePresent bool            `json:"picklePresent"`
}

// WriteSimple writes the form of docs/schema/sbom-simple.schema.json. What nobody
// states is null.
func WriteSimple(w io.Writer, m Model) error {
	d := simpleDocument{
		SBOMVersion: "1.0", ModelName: m.name, GeneratedAt: stamp(m.written),
		Provenance: simpleProvenance{BaseModel: orNull(m.facts.one("card.base_model")), Source: m.source.reference,
			CommitHash: orNull(m.source.commit()), SignatureVerified: m.signed},
		Artifacts: []simpleArtifact{}, Dependencies: []simpleDependency{},
		Security: simpleSecurity{ScanTool: m.tool(), ScanDate: orNull(stamp(m.scanned)), ScanResult: m.report.Verdict,
			Format: cmp.Or(m.weights, "unknown"), PicklePresent: m.pickle},
	}
	for _, f := range m.files {
		d.Artifacts = append(d.Artifacts, simpleArtifact{f.path, f.size, orNull(f.sha256), f.format})
	}
	for _, l := range m.libraries() {
		d.Dependencies = append(d.Dependencies, simpleDependency{l.name, l.version})
	}
	return writeASCII(w, &d)
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func stamp(t time.Time) string { return t.Format(time.RFC3339) }

// tool is the scanner as the registry's annotations name it.
func (m *Model) tool() string { return m.report.Tool.Name + "/" + m.report.Tool.Version }

type library struct{ name, version, purl string }

// libraries are what the model says it is loaded with.
func (m *Model) libraries() []library {
	var out []library
	if v := m.facts.one("config.transformers_version"); v != "" {
		l := library{name: "transformers", version: v}
		if plain(v) {
			l.purl = "pkg:pypi/transformers@" + v
		}
		out = append(out, l)
	}
	if name := m.facts.one("card.library_name"); name != "" && (len(out) == 0 || name != out[0].name) {
		out = append(out, library{name: name})
	}
	return out
}
