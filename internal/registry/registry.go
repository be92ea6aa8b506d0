// Package registry is the OCI contract of Sallyport: references, descriptors,
// manifests, the interface of a place where admitted models live, and the
// builders of what lies there.
//
// It follows the OCI image specification v1.1.1
// (https://github.com/opencontainers/image-spec/blob/v1.1.1/spec.md) and the
// CNCF ModelPack model-spec v0.0.7 (https://github.com/modelpack/model-spec):
// one raw layer per file, so that a layer's digest is the digest of its file.
//
// Threat: whoever can write to a registry. Manifests are read with a size limit,
// verified against the digest they were asked for, and parsed so that no two
// readers can see different things in them. Tags and annotations are hints.
//
// Not covered: how bytes are stored or fetched (the folders below), and whether
// a statement is true (packages attest and policy).
package registry

import "errors"

// Media types of the OCI image specification.
const (
	TypeManifest = "application/vnd.oci.image.manifest.v1+json"
	TypeIndex    = "application/vnd.oci.image.index.v1+json"
	TypeEmpty    = "application/vnd.oci.empty.v1+json" // config of an artifact that has none: the bytes {}
)

// Media types of CNCF ModelPack.
const (
	ArtifactType     = "application/vnd.cncf.model.manifest.v1+json" // artifactType of an admitted model
	TypeModelConfig  = "application/vnd.cncf.model.config.v1+json"
	TypeWeight       = "application/vnd.cncf.model.weight.v1.raw"
	TypeWeightConfig = "application/vnd.cncf.model.weight.config.v1.raw"
	TypeCode         = "application/vnd.cncf.model.code.v1.raw"
	TypeDoc          = "application/vnd.cncf.model.doc.v1.raw"
)

// Annotations of layers. Both carry the same relative path: ModelPack clients
// read the first, oras the second.
const (
	AnnotationPath  = "org.cncf.model.filepath"
	AnnotationTitle = "org.opencontainers.image.title"
)

// Annotations of the manifest. They are for people and for Azure Policy; no gate
// trusts them.
const (
	AnnotationScanTool   = "security.scan.tool"
	AnnotationScanResult = "security.scan.result"
	AnnotationScanDate   = "security.scan.date" // RFC 3339
	AnnotationSource     = "security.provenance.source"
	AnnotationSigner     = "security.provenance.signer"

	AnnotationCreated  = "org.opencontainers.image.created" // RFC 3339
	AnnotationOrigin   = "org.opencontainers.image.source"
	AnnotationRevision = "org.opencontainers.image.revision"
	AnnotationVersion  = "org.opencontainers.image.version"
	AnnotationLicenses = "org.opencontainers.image.licenses"
	AnnotationVendor   = "org.opencontainers.image.vendor"
	AnnotationAuthors  = "org.opencontainers.image.authors"
)

// Annotations of a referrer that holds a signed statement.
const (
	AnnotationBundleContent   = "dev.sigstore.bundle.content" // "dsse-envelope"
	AnnotationBundlePredicate = "dev.sigstore.bundle.predicateType"
)

// Limits of what is read from a registry.
const (
	MaxManifest  = 4 << 20 // bytes of one manifest or index
	MaxReferrers = 1000    // referrers of one subject; reaching it is an error
)

// Errors that callers tell apart.
var (
	ErrNotFound  = errors.New("not found")
	ErrCorrupt   = errors.New("corrupt")                 // bytes differ from their digest, or the structure is broken
	ErrTagTaken  = errors.New("tag names other content") // and the caller did not force
	ErrTooMany   = errors.New("too many referrers")
	ErrReadOnly  = errors.New("registry is read-only")
	ErrReference = errors.New("malformed reference")
)
