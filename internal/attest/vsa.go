package attest

import (
	"context"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/sign"
)

// verifierID is the verifier of a gate's decision, in the sense of SLSA VSA.
const verifierID = "https://github.com/sallyport/sallyport/gate"

// slsaVersion is the version of the specification that a VSA follows.
const slsaVersion = "1.1"

type vsa struct {
	Verifier           verifier        `json:"verifier"`
	TimeVerified       time.Time       `json:"timeVerified"`
	ResourceURI        string          `json:"resourceUri"`
	Policy             descriptor      `json:"policy"`
	InputAttestations  []descriptor    `json:"inputAttestations"`
	VerificationResult string          `json:"verificationResult"`
	VerifiedLevels     []string        `json:"verifiedLevels"`
	SLSAVersion        string          `json:"slsaVersion"`
	Decision           decisionDetails `json:"sallyport"` // extension: readers of VSA ignore it
}

type verifier struct {
	ID      string            `json:"id"`
	Version map[string]string `json:"version"`
}

type descriptor struct {
	URI    string            `json:"uri,omitempty"`
	Digest map[string]string `json:"digest"`
}

type decisionDetails struct {
	Environment string            `json:"environment"`
	Reasons     []evidence.Reason `json:"reasons"`
}

// BuildVSA signs the decision of a gate. version is that of the program; inputs
// are the statements that were read, of which those without a Problem are named.
func BuildVSA(ctx context.Context, s sign.Signer, d evidence.Decision, version string, inputs []evidence.Statement) ([]byte, error) {
	if !isDigest(d.PolicyDigest) {
		return nil, lacks("policy digest")
	}
	p := vsa{
		Verifier:           verifier{verifierID, map[string]string{"sallyport": version}},
		TimeVerified:       stamp(d.DecidedOn),
		ResourceURI:        resourceURI(d.Reference),
		Policy:             descriptor{Digest: digestSet(d.PolicyDigest)},
		InputAttestations:  []descriptor{},
		VerificationResult: "FAILED",
		VerifiedLevels:     []string{"FAILED"},
		SLSAVersion:        slsaVersion,
		Decision:           decisionDetails{d.Environment, orEmpty(d.Reasons)},
	}
	if d.Allow {
		p.VerificationResult = "PASSED"
		p.VerifiedLevels = []string{"SALLYPORT_ADMITTED", "SALLYPORT_" + strings.ToUpper(d.Environment)}
	}
	for _, in := range inputs {
		if in.Problem == "" && isDigest(in.Referrer) {
			p.InputAttestations = append(p.InputAttestations, descriptor{URI: in.PredicateType, Digest: digestSet(in.Referrer)})
		}
	}
	return Build(ctx, s, evidence.TypeVSA, []Subject{{d.Reference.Repository, d.Reference.Digest}}, p)
}

// resourceURI is the reference by digest, in the form that a user may give again.
func resourceURI(r evidence.Reference) string {
	if r.Kind == "layout" {
		return r.Registry + "//" + r.Repository + "@" + r.Digest
	}
	return "oci://" + strings.TrimPrefix(r.Registry, "oci://") + "/" + r.Repository + "@" + r.Digest
}

func digestSet(digest string) map[string]string {
	return map[string]string{"sha256": strings.TrimPrefix(digest, "sha256:")}
}
