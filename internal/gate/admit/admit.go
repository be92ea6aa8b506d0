// Package admit is gate 1: it decides whether what lies in quarantine may enter
// the registry, and makes everything that is written when it may: the ModelPack
// manifest, the bill of materials, the model signature, and the signed statements
// about scan and admission.
//
// It parses no model. The report comes from a confined child, and its files are
// compared with what was hashed on the way into quarantine; the bytes that are
// pushed are those that were scanned, because a push is a rename.
//
// Threat: a report about other files than those pushed, a scan that left
// something out, a clock or key that is missing. Each stops the admission.
// Not covered: where the bytes came from; the source is recorded as given.
package admit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/attest"
	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/registry"
	"github.com/sallyport/sallyport/internal/render"
	"github.com/sallyport/sallyport/internal/sbom"
	"github.com/sallyport/sallyport/internal/sign"
)

// ScannerURI identifies the scanner in statements.
const ScannerURI = "https://github.com/sallyport/sallyport"

// Types of the plain documents that ride along.
const (
	typeCycloneDX = "application/vnd.cyclonedx+json"
	typeSARIF     = "application/sarif+json"
	typeSimple    = "application/vnd.sallyport.sbom.v1+json"
)

// Candidate is an artifact in quarantine with the report about it.
type Candidate struct {
	Files        []evidence.File // as hashed into quarantine, sorted by path
	Report       *finding.Report // of exactly these files
	Started      time.Time       // of the scan
	Finished     time.Time
	Source       string // as the user gave it
	Reference    evidence.Reference
	Environments []string
	Policy       *policy.Policy
}

// ErrMismatch says that the report is not about the files in quarantine.
var ErrMismatch = errors.New("the report is not about the files in quarantine")

// Judge decides. The error is for a decision that is not possible.
func Judge(c Candidate) (evidence.Decision, error) {
	if err := c.check(); err != nil {
		return evidence.Decision{}, err
	}
	d := policy.DecideAdmission(c.Policy, c.Environments, c.Report, c.Source, c.Finished)
	d.Reference = c.Reference
	return d, nil
}

// check compares report and files, name by name and digest by digest.
func (c *Candidate) check() error {
	if c.Report == nil || len(c.Report.Files) != len(c.Files) {
		return ErrMismatch
	}
	for i, f := range c.Files {
		n := c.Report.Files[i]
		if n.Name != f.Path || n.Size != f.Size || "sha256:"+n.SHA256 != f.Digest {
			return fmt.Errorf("%w: %q", ErrMismatch, f.Path)
		}
	}
	tree := artifact.Tree{}
	for _, f := range c.Files {
		tree.Files = append(tree.Files, artifact.File{Path: f.Path})
	}
	return tree.CheckPaths()
}

// Package is what an admission writes, beside the files themselves.
type Package struct {
	Digest      string // of the model's manifest
	Reused      bool   // the manifest was in the registry already
	Transaction registry.Transaction
	Written     []render.Written
}

// Describe makes the package of an allowed candidate. known is the manifest of
// the same content when the registry has it: then it is kept and only new
// statements are made. The signer holds the admit key.
func Describe(ctx context.Context, c Candidate, d evidence.Decision, s sign.Signer, known *registry.Descriptor) (*Package, error) {
	if !d.Allow {
		return nil, errors.New("a denied candidate is not described")
	}
	p := &Package{}
	subject, err := p.model(c, s, known)
	if err != nil {
		return nil, err
	}
	p.Digest = subject.Digest
	about := attest.Subject{Name: c.Reference.Repository, Digest: subject.Digest}
	if err := p.statements(ctx, c, s, subject, about); err != nil {
		return nil, err
	}
	return p, p.documents(ctx, c, s, subject, about)
}

// model makes or keeps the manifest.
func (p *Package) model(c Candidate, s sign.Signer, known *registry.Descriptor) (registry.Descriptor, error) {
	if known != nil {
		p.Reused = true
		return known.Plain(), nil
	}
	keyID, err := sign.KeyID(s.Public())
	if err != nil {
		return registry.Descriptor{}, err
	}
	date := c.Finished.UTC().Format(time.RFC3339)
	m := registry.Model{
		Annotations: map[string]string{
			registry.AnnotationScanTool: "sallyport", registry.AnnotationScanResult: string(c.Report.Verdict), registry.AnnotationScanDate: date,
			registry.AnnotationSource: c.Source, registry.AnnotationSigner: keyID,
			registry.AnnotationCreated: date,
		},
		Facts: registry.Facts{Name: c.Reference.Repository, Family: fact(c.Report, "config.model_type"),
			Architecture: fact(c.Report, "config.architectures"), Precision: fact(c.Report, "config.torch_dtype")},
	}
	if license := fact(c.Report, "card.license"); license != "" {
		m.Annotations[registry.AnnotationLicenses], m.Facts.Licenses = license, []string{license}
	}
	for i, f := range c.Files {
		m.Files = append(m.Files, registry.ModelFile{File: f, Role: registry.RoleOf(f.Path, firstOf(c.Report.Files[i].Formats))})
	}
	built, err := registry.BuildModel(m)
	if err != nil {
		return registry.Descriptor{}, err
	}
	p.Transaction.Add(built)
	return built.Manifest.Plain(), nil
}

// statements signs what gate 2 demands.
func (p *Package) statements(ctx context.Context, c Candidate, s sign.Signer, subject registry.Descriptor, about attest.Subject) error {
	var files []artifact.File
	for _, f := range c.Files {
		files = append(files, artifact.File{Path: f.Path, Size: f.Size, SHA256: strings.TrimPrefix(f.Digest, "sha256:")})
	}
	model, err := sign.SignModel(ctx, s, sign.ModelInput{Name: path.Base(c.Reference.Repository), Files: files})
	if err != nil {
		return fmt.Errorf("signing the model: %w", err)
	}
	if err := p.statement(c, subject, "model signature", evidence.TypeModel, sign.ModelFile, model); err != nil {
		return err
	}
	scan, err := attest.BuildScan(ctx, s, about, attest.Scan(c.Report, c.Files, ScannerURI, c.Started, c.Finished))
	if err != nil {
		return err
	}
	if err := p.statement(c, subject, "scan statement", evidence.TypeScan, "scan.sigstore.json", scan); err != nil {
		return err
	}
	admission, err := attest.BuildAdmission(ctx, s, about, c.admission())
	if err != nil {
		return err
	}
	return p.statement(c, subject, "admission statement", evidence.TypeAdmission, "admission.sigstore.json", admission)
}

func (c *Candidate) admission() evidence.Admission {
	t := c.Report.Tool
	return evidence.Admission{
		Repository: c.Reference.Repository, Tag: c.Reference.Tag, Environments: c.Environments,
		PolicyDigest: c.Policy.Digest(), Source: c.Source, Result: string(c.Report.Verdict), AdmittedOn: c.Finished,
		Tool: evidence.Scanner{URI: ScannerURI, Version: t.Version, Ruleset: t.Ruleset, Sequence: t.Sequence},
	}
}

// documents adds the bill of materials, plain and signed, and the scan report.
func (p *Package) documents(ctx context.Context, c Candidate, s sign.Signer, subject registry.Descriptor, about attest.Subject) error {
	admission := c.admission()
	m := sbom.Build(sbom.Input{Report: c.Report, Name: path.Base(c.Reference.Repository), Version: c.Reference.Tag,
		Source: c.Source, Time: c.Finished, Digest: subject.Digest, Admission: &admission})
	var cyclonedx, simple, sarif bytes.Buffer
	if err := errors.Join(sbom.WriteCycloneDX(&cyclonedx, m, "1.6"), sbom.WriteSimple(&simple, m), render.SARIF(&sarif, c.Report)); err != nil {
		return err
	}
	signed, err := attest.BuildCycloneDX(ctx, s, about, cyclonedx.Bytes())
	if err != nil {
		return err
	}
	return errors.Join(
		p.statement(c, subject, "signed bill of materials", evidence.TypeCycloneDX, "sbom.sigstore.json", signed),
		p.attach(c, subject, "bill of materials (CycloneDX)", typeCycloneDX, "sbom.cdx.json", cyclonedx.Bytes(), nil),
		p.attach(c, subject, "bill of materials (simple)", typeSimple, "sbom.json", simple.Bytes(), nil),
		p.attach(c, subject, "scan report (SARIF)", typeSARIF, "scan.sarif", sarif.Bytes(), nil),
	)
}

func (p *Package) statement(c Candidate, subject registry.Descriptor, what, predicate, title string, bundle []byte) error {
	return p.attach(c, subject, what, attest.BundleType, title, bundle, map[string]string{
		registry.AnnotationBundleContent: "dsse-envelope", registry.AnnotationBundlePredicate: predicate})
}

// attach makes a referrer of the subject with one layer.
func (p *Package) attach(c Candidate, subject registry.Descriptor, what, mediaType, title string, data []byte, annotations map[string]string) error {
	all := map[string]string{registry.AnnotationCreated: c.Finished.UTC().Format(time.RFC3339)}
	maps.Copy(all, annotations)
	a, err := registry.BuildReferrer(registry.Attachment{Subject: subject, Type: mediaType, Title: title, Data: data, Annotations: all})
	if err != nil {
		return fmt.Errorf("attaching the %s: %w", what, err)
	}
	p.Transaction.Add(a)
	p.Written = append(p.Written, render.Written{What: what, Digest: a.Manifest.Digest})
	return nil
}

func firstOf(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// fact is the first value that a top-level file states for the key.
func fact(r *finding.Report, key string) string {
	for _, n := range r.Files {
		for _, f := range n.Facts {
			if f.Key == key {
				return f.Value
			}
		}
	}
	return ""
}
