package sbom

// The part of CycloneDX 1.6 that we write. Lists that may be empty are left out.
type (
	cdxDocument struct {
		Schema          string             `json:"$schema"`
		Format          string             `json:"bomFormat"`
		SpecVersion     string             `json:"specVersion"`
		SerialNumber    string             `json:"serialNumber"`
		Version         int                `json:"version"`
		Metadata        cdxMetadata        `json:"metadata"`
		Components      []cdxComponent     `json:"components"`
		Dependencies    []cdxDependency    `json:"dependencies"`
		Vulnerabilities []cdxVulnerability `json:"vulnerabilities,omitempty"`
	}
	cdxMetadata struct {
		Timestamp  string        `json:"timestamp"`
		Tools      cdxTools      `json:"tools"`
		Component  cdxComponent  `json:"component"`
		Properties []cdxProperty `json:"properties"`
	}
	cdxTools struct {
		Components []cdxComponent `json:"components"`
	}
	cdxComponent struct {
		Type       string         `json:"type"`
		Ref        string         `json:"bom-ref,omitempty"`
		Supplier   *cdxSupplier   `json:"supplier,omitempty"`
		Group      string         `json:"group,omitempty"`
		Name       string         `json:"name"`
		Version    string         `json:"version,omitempty"`
		Hashes     []cdxHash      `json:"hashes,omitempty"`
		Licenses   []cdxLicense   `json:"licenses,omitempty"`
		Purl       string         `json:"purl,omitempty"`
		Pedigree   *cdxPedigree   `json:"pedigree,omitempty"`
		References []cdxReference `json:"externalReferences,omitempty"`
		ModelCard  *cdxModelCard  `json:"modelCard,omitempty"`
		Data       []cdxData      `json:"data,omitempty"`
		Tags       []string       `json:"tags,omitempty"`
		Properties []cdxProperty  `json:"properties,omitempty"`
	}
	cdxSupplier struct {
		Name string `json:"name"`
	}
	cdxHash struct {
		Alg     string `json:"alg"`
		Content string `json:"content"`
	}
	cdxLicense struct {
		License cdxLicenseChoice `json:"license"`
	}
	cdxLicenseChoice struct {
		ID              string `json:"id,omitempty"`
		Name            string `json:"name,omitempty"`
		Acknowledgement string `json:"acknowledgement"`
	}
	cdxPedigree struct {
		Ancestors []cdxComponent `json:"ancestors"`
	}
	cdxReference struct {
		Type    string `json:"type"`
		URL     string `json:"url"`
		Comment string `json:"comment,omitempty"`
	}
	cdxModelCard struct {
		Ref        string         `json:"bom-ref"`
		Parameters *cdxParameters `json:"modelParameters,omitempty"`
		Properties []cdxProperty  `json:"properties,omitempty"`
	}
	cdxParameters struct {
		Task         string       `json:"task,omitempty"`
		Family       string       `json:"architectureFamily,omitempty"`
		Architecture string       `json:"modelArchitecture,omitempty"`
		Datasets     []cdxDataset `json:"datasets,omitempty"`
	}
	cdxDataset struct {
		Ref string `json:"ref"`
	}
	cdxData struct {
		Type string `json:"type"`
		Name string `json:"name"`
	}
	cdxProperty struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	cdxDependency struct {
		Ref       string   `json:"ref"`
		DependsOn []string `json:"dependsOn,omitempty"`
	}
	cdxVulnerability struct {
		Ref            string       `json:"bom-ref"`
		ID             string       `json:"id"`
		Source         cdxSource    `json:"source"`
		Ratings        []cdxRating  `json:"ratings,omitempty"`
		CWEs           []int        `json:"cwes,omitempty"`
		Description    string       `json:"description"`
		Detail         string       `json:"detail,omitempty"`
		Recommendation string       `json:"recommendation,omitempty"`
		Analysis       cdxAnalysis  `json:"analysis"`
		Affects        []cdxDataset `json:"affects"`
	}
	cdxSource struct {
		Name string `json:"name"`
		URL  string `json:"url"`
	}
	cdxRating struct {
		Source   cdxSource `json:"source"`
		Severity string    `json:"severity"`
		Method   string    `json:"method"`
	}
	cdxAnalysis struct {
		State         string `json:"state"`
		Justification string `json:"justification,omitempty"`
		Detail        string `json:"detail,omitempty"`
	}
)
