package sbom

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

// SpecVersions are the versions of CycloneDX that can be written, the default
// first. The document is the same but for the number.
var SpecVersions = []string{"1.6", "1.7"}

// References within a document. Those of files and data sets end in the
// percent-encoded name.
const (
	refPackage = "package"
	refModel   = "model"
	homepage   = "https://github.com/sallyport/sallyport"
)

// WriteCycloneDX writes the model as a CycloneDX document. The package is the
// subject of the document, the model its first component; data sets, files and
// libraries follow.
func WriteCycloneDX(w io.Writer, m Model, specVersion string) error {
	if !slices.Contains(SpecVersions, specVersion) {
		return fmt.Errorf("cyclonedx: unknown version %q (want %s)", specVersion, strings.Join(SpecVersions, " or "))
	}
	d := cdxDocument{
		Schema: "http://cyclonedx.org/schema/bom-" + specVersion + ".schema.json", Format: "CycloneDX", SpecVersion: specVersion,
		SerialNumber: "urn:uuid:" + m.serial(), Version: 1,
		Metadata: cdxMetadata{
			Timestamp: stamp(m.written), Tools: cdxTools{[]cdxComponent{m.scanner()}},
			Component:  cdxComponent{Type: "application", Ref: refPackage, Group: m.source.owner, Name: m.name, Version: m.version, Licenses: m.licenses()},
			Properties: m.properties(),
		},
	}
	d.Components = append(d.Components, m.model())
	d.Components = append(d.Components, m.datasets()...)
	d.Components = append(d.Components, m.fileComponents()...)
	d.Components = append(d.Components, m.libraryComponents()...)
	d.Dependencies = dependencies(d.Components)
	d.Vulnerabilities = m.vulnerabilities()
	return writeASCII(w, &d)
}

func (m *Model) scanner() cdxComponent {
	return cdxComponent{Type: "application", Name: m.report.Tool.Name, Version: m.report.Tool.Version,
		References: []cdxReference{{Type: "website", URL: homepage}},
		Properties: []cdxProperty{{"sallyport:ruleset:digest", m.report.Tool.Ruleset}, {"sallyport:ruleset:sequence", strconv.Itoa(m.report.Tool.Sequence)}}}
}

// model is the machine learning model. Its hash is the manifest digest of the
// admitted artifact, before the push the digest over all files; a property says
// which.
func (m *Model) model() cdxComponent {
	c := cdxComponent{Type: "machine-learning-model", Ref: refModel, Group: m.source.owner, Name: m.name, Version: m.version,
		Licenses: m.licenses(), Purl: m.source.purl(), References: m.references(), ModelCard: m.card(), Tags: m.facts.all("card.tags")}
	if m.source.hub && m.source.owner != "" {
		c.Supplier = &cdxSupplier{Name: m.source.owner}
	}
	if hash, of := m.hash(); hash != "" {
		c.Hashes = sha256Hash(hash)
		c.Properties = append(c.Properties, cdxProperty{"sallyport:hash:of", of})
	}
	if n := parameters(m.report.Files, m.weights); n > 0 {
		c.Properties = append(c.Properties, cdxProperty{"sallyport:parameters", strconv.FormatInt(n, 10)})
	}
	if m.weights != "" {
		c.Properties = append(c.Properties, cdxProperty{"sallyport:weights:format", m.weights})
	}
	for _, base := range m.facts.all("card.base_model") {
		if c.Pedigree == nil {
			c.Pedigree = &cdxPedigree{}
		}
		c.Pedigree.Ancestors = append(c.Pedigree.Ancestors, ancestor(base))
	}
	return c
}

func (m *Model) hash() (hash, of string) {
	if hex, ok := strings.CutPrefix(m.digest, "sha256:"); ok && len(hex) == 64 {
		return hex, "OCI manifest"
	}
	return m.content, "list of all files: SHA-256, size and path, one line each, sorted by path"
}

// ancestor is a base model by the name that the card gives; one of the form
// owner/name is a name on the hub.
func ancestor(base string) cdxComponent {
	c := cdxComponent{Type: "machine-learning-model", Name: base}
	if owner, name, ok := strings.Cut(base, "/"); ok && plain(owner) && plain(name) {
		c.Group, c.Name, c.Purl = owner, name, "pkg:huggingface/"+base
	}
	return c
}

func (m *Model) licenses() []cdxLicense {
	declared := m.facts.one("card.license")
	if declared == "" {
		return nil
	}
	l := cdxLicenseChoice{ID: spdxID(declared), Acknowledgement: "declared"}
	if l.ID == "" {
		l.Name = declared
	}
	return []cdxLicense{{l}}
}

func (m *Model) references() []cdxReference {
	if m.source.vcs == "" {
		return nil
	}
	refs := []cdxReference{{Type: "vcs", URL: m.source.vcs, Comment: m.source.reference}}
	if m.source.hub {
		revision := url.PathEscape(cmp.Or(m.source.revision, "main"))
		refs = append(refs, cdxReference{Type: "distribution", URL: m.source.vcs + "/tree/" + revision})
		if slices.ContainsFunc(m.files, func(f file) bool { return f.path == "README.md" }) {
			refs = append(refs, cdxReference{Type: "model-card", URL: m.source.vcs + "/blob/" + revision + "/README.md"})
		}
	}
	return refs
}

// taxonomy maps facts to the properties that the OWASP AIBOM taxonomy defines.
// The second key is asked when the first is not stated: weights such as GGUF
// carry what others have in a configuration.
var taxonomy = [][3]string{
	{"attentionHeadCount", "config.num_attention_heads"}, {"attentionHeadCountKV", "config.num_key_value_heads"},
	{"blockCount", "config.num_hidden_layers"}, {"contextLength", "config.max_position_embeddings", format.FactContextLength},
	{"embeddingLength", "config.hidden_size"}, {"feedForwardLength", "config.intermediate_size"},
	{"tokenizerClass", "tokenizer.tokenizer_class"}, {"vocabSize", "config.vocab_size"},
	{"quantizationFileType", "", format.FactQuantization},
}

// ours are properties of the model that no taxonomy names.
var ours = [][2]string{
	{"sallyport:dtype", "config.torch_dtype"}, {"sallyport:dtype", "config.dtype"}, {"sallyport:language", "card.language"},
	{"sallyport:producer", format.FactProducer}, {"sallyport:opset", format.FactOpset}, {"sallyport:operators", format.FactOperators},
	{"sallyport:customOperators", format.FactCustomOps}, {"sallyport:tensorDigest", format.FactTensorDigest},
}

func (m *Model) card() *cdxModelCard {
	c := cdxModelCard{Ref: "model-card"}
	p := cdxParameters{Task: m.facts.one("card.pipeline_tag"), Family: m.facts.one("config.model_type"),
		Architecture: cmp.Or(strings.Join(m.facts.all("config.architectures"), ", "), m.facts.one(format.FactArchitecture))}
	for _, d := range m.facts.all("card.datasets") {
		p.Datasets = append(p.Datasets, cdxDataset{dataRef(d)})
	}
	if p.Task+p.Family+p.Architecture != "" || p.Datasets != nil {
		c.Parameters = &p
	}
	for _, t := range taxonomy {
		if v := cmp.Or(m.facts.one(t[1]), m.facts.one(t[2])); v != "" {
			c.Properties = append(c.Properties, cdxProperty{"genai:aibom:modelcard:" + t[0], v})
		}
	}
	for _, t := range ours {
		if v := strings.Join(m.facts.all(t[1]), ", "); v != "" {
			c.Properties = append(c.Properties, cdxProperty{t[0], v})
		}
	}
	if c.Parameters == nil && c.Properties == nil {
		return nil
	}
	return &c
}

func dataRef(name string) string { return "data:" + url.PathEscape(name) }
func fileRef(path string) string { return "file:" + url.PathEscape(path) }

func (m *Model) datasets() []cdxComponent {
	var out []cdxComponent
	for _, d := range m.facts.all("card.datasets") {
		out = append(out, cdxComponent{Type: "data", Ref: dataRef(d), Name: d, Data: []cdxData{{"dataset", d}},
			Properties: []cdxProperty{{"sallyport:declaredBy", "model card"}}})
	}
	return out
}

func (m *Model) fileComponents() []cdxComponent {
	licenses := m.licenses()
	out := make([]cdxComponent, 0, len(m.files))
	for _, f := range m.files {
		c := cdxComponent{Type: "file", Ref: fileRef(f.path), Name: f.path, Version: m.version, Licenses: licenses,
			Properties: []cdxProperty{{"sallyport:format", f.format}, {"sallyport:size", strconv.FormatInt(f.size, 10)}}}
		if f.sha256 != "" {
			c.Hashes = sha256Hash(f.sha256)
		}
		for _, fact := range f.facts {
			c.Properties = append(c.Properties, cdxProperty{"sallyport:fact:" + fact.Key, fact.Value})
		}
		out = append(out, c)
	}
	return out
}

func (m *Model) libraryComponents() []cdxComponent {
	var out []cdxComponent
	for _, l := range m.libraries() {
		out = append(out, cdxComponent{Type: "library", Ref: "library:" + url.PathEscape(l.name), Name: l.name, Version: l.version, Purl: l.purl})
	}
	return out
}

func sha256Hash(hex string) []cdxHash { return []cdxHash{{"SHA-256", hex}} }

// dependencies: the package needs the model, the model everything else.
func dependencies(components []cdxComponent) []cdxDependency {
	out := []cdxDependency{{refPackage, []string{refModel}}, {Ref: refModel}}
	for _, c := range components[1:] {
		out[1].DependsOn = append(out[1].DependsOn, c.Ref)
		out = append(out, cdxDependency{Ref: c.Ref})
	}
	return out
}

// properties say what the scan found and what gate 1 made of it. Those named
// security.scan are the registry's annotations under the same names.
func (m *Model) properties() []cdxProperty {
	r := m.report
	out := []cdxProperty{
		{"security.scan.tool", m.tool()}, {"security.scan.result", m.result()}, {"security.scan.date", stamp(m.scanned)},
		{"sallyport:source", m.source.reference}, {"sallyport:scan:verdict", string(r.Verdict)},
		{"sallyport:scan:gaps", strconv.Itoa(len(r.Gaps))}, {"sallyport:scan:excluded", strconv.Itoa(len(r.Excluded))},
		{"sallyport:pickle", strconv.FormatBool(m.pickle)},
	}
	var counts [finding.Critical + 1]int
	for _, f := range r.Findings {
		counts[min(max(f.Severity, finding.Info), finding.Critical)]++
	}
	for s := finding.Critical; s >= finding.Info; s-- {
		out = append(out, cdxProperty{"sallyport:scan:findings:" + s.String(), strconv.Itoa(counts[s])})
	}
	if m.content != "" {
		out = append(out, cdxProperty{"sallyport:content:digest", "sha256:" + m.content})
	}
	if m.digest != "" {
		out = append(out, cdxProperty{"sallyport:manifest:digest", m.digest})
	}
	if m.signed != nil {
		out = append(out, cdxProperty{"sallyport:provenance:signatureVerified", strconv.FormatBool(*m.signed)})
	}
	if a := m.admission; a != nil {
		out = append(out, cdxProperty{"sallyport:admission:repository", a.Repository}, cdxProperty{"sallyport:admission:tag", a.Tag},
			cdxProperty{"sallyport:admission:environments", strings.Join(a.Environments, ",")}, cdxProperty{"sallyport:admission:policyDigest", a.PolicyDigest})
	}
	return out
}

// result is what the registry's annotation says: after gate 1 "clean" or
// "waived", before it the verdict.
func (m *Model) result() string {
	if m.admission != nil && m.admission.Result != "" {
		return m.admission.Result
	}
	return string(m.report.Verdict)
}
