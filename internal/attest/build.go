package attest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/sign"
)

// Build signs a statement with any predicate. The predicate becomes JSON in one
// fixed form, so the same input and a deterministic signer give the same bytes.
func Build(ctx context.Context, s sign.Signer, predicateType string, subjects []Subject, predicate any) ([]byte, error) {
	list := make([]sign.Subject, 0, len(subjects))
	for _, sub := range subjects {
		hex, ok := strings.CutPrefix(sub.Digest, "sha256:")
		if !ok {
			return nil, fmt.Errorf("subject %q: digest %q is not sha256", sub.Name, sub.Digest)
		}
		list = append(list, sign.Subject{Name: sub.Name, Digest: map[string]string{"sha256": hex}})
	}
	st, err := sign.NewStatement(predicateType, list, predicate)
	if err != nil {
		return nil, err
	}
	return sign.Seal(ctx, st, s)
}

// BuildScan signs a scan result. What Read would refuse is refused here, so that
// gate 1 fails and not gate 2. Files are sorted by path, times are written in UTC
// and whole seconds.
func BuildScan(ctx context.Context, s sign.Signer, about Subject, scan evidence.Scan) ([]byte, error) {
	scan.StartedOn, scan.FinishedOn = stamp(scan.StartedOn), stamp(scan.FinishedOn)
	scan.Files = slices.SortedFunc(slices.Values(scan.Files), func(a, b evidence.File) int { return strings.Compare(a.Path, b.Path) })
	scan.Findings = orEmpty(scan.Findings)
	scan.Gaps, scan.Excluded = orEmpty(scan.Gaps), orEmpty(scan.Excluded)
	if err := checkScan(&scan); err != nil {
		return nil, fmt.Errorf("scan statement: %w", err)
	}
	return Build(ctx, s, evidence.TypeScan, []Subject{about}, scan)
}

// BuildAdmission signs an admission. Same rules as BuildScan.
func BuildAdmission(ctx context.Context, s sign.Signer, about Subject, a evidence.Admission) ([]byte, error) {
	a.AdmittedOn = stamp(a.AdmittedOn)
	if err := checkAdmission(&a); err != nil {
		return nil, fmt.Errorf("admission statement: %w", err)
	}
	return Build(ctx, s, evidence.TypeAdmission, []Subject{about}, a)
}

// BuildCycloneDX signs a whole CycloneDX JSON document as predicate.
func BuildCycloneDX(ctx context.Context, s sign.Signer, about Subject, document []byte) ([]byte, error) {
	if err := checkCycloneDX(document); err != nil {
		return nil, fmt.Errorf("CycloneDX statement: %w", err)
	}
	return Build(ctx, s, evidence.TypeCycloneDX, []Subject{about}, json.RawMessage(document))
}

// Scan turns a report into the predicate of the scan statement. Files come from
// the manifest, since the report knows them by name only until they are hashed.
func Scan(r *finding.Report, files []evidence.File, uri string, started, finished time.Time) evidence.Scan {
	return evidence.Scan{
		Scanner: evidence.Scanner{URI: uri, Version: r.Tool.Version,
			Ruleset: r.Tool.Ruleset, Sequence: r.Tool.Sequence},
		StartedOn: started, FinishedOn: finished, Result: r.Verdict, Files: files,
		Findings: r.Findings, Gaps: r.Gaps, Excluded: r.Excluded, Names: r.Names, Deep: r.Deep, Limits: r.Limits,
	}
}

// stamp is the one form of a time in statements.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
