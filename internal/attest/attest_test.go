package attest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/artifact"
	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/sign"
)

var update = flag.Bool("update", false, "rewrite golden files")

var (
	manifest = "sha256:" + strings.Repeat("a", 64)
	another  = "sha256:" + strings.Repeat("b", 64)
	digestA  = "sha256:" + strings.Repeat("1", 64)
	digestB  = "sha256:" + strings.Repeat("2", 64)
	ruleset  = "sha256:" + strings.Repeat("3", 64)
	about    = Subject{"team/tiny", manifest}
	layersOf = []evidence.File{{Path: "config.json", Size: 20, Digest: digestA}, {Path: "weights/model.safetensors", Size: 300, Digest: digestB}}
	target   = Manifest{Digest: manifest, Files: layersOf}
	moment   = time.Date(2026, 11, 21, 10, 30, 0, 123456789, time.FixedZone("CET", 3600))
	ctx      = context.Background()
)

// rfcKey is the published P-256 key of RFC 6979, appendix A.2.5; golden files
// are signed with it.
func rfcKey(t testing.TB) *sign.Key {
	t.Helper()
	raw, err := hex.DecodeString("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
	if err != nil {
		t.Fatal(err)
	}
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	key, err := sign.ParsePrivate(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newKey(t testing.TB) *sign.Key {
	t.Helper()
	k, err := sign.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func trusted(k *sign.Key, roles ...string) []TrustedKey {
	return []TrustedKey{{Public: k.Public(), Key: evidence.Key{Roles: roles}}}
}

func goodScan() evidence.Scan {
	return evidence.Scan{
		Scanner:   evidence.Scanner{URI: "https://github.com/sallyport/sallyport", Version: "0.1.0", Ruleset: ruleset, Sequence: 7},
		StartedOn: moment, FinishedOn: moment.Add(3 * time.Second), Result: finding.Flagged, Files: []evidence.File{layersOf[1], layersOf[0]}, // BuildScan sorts
		Findings: []finding.Finding{{Rule: "SP-PICKLE-001", Severity: finding.Critical, Confidence: "high",
			Location:   finding.Location{Path: "config.json", Inside: []string{"x"}, Offset: 34, Length: 2, Line: 1},
			FileSHA256: strings.Repeat("1", 64), Evidence: "<cos>",
			Message: "Loading this file calls os.system('echo').", Symbol: "os.system", Fingerprint: "f1"}},
		Gaps:     []finding.Gap{{Rule: "SP-COV-001", Location: finding.Location{Path: "weights/model.safetensors"}, Reason: "The file is too short.", Limit: "items", FileSHA256: strings.Repeat("2", 64)}},
		Excluded: []finding.Excluded{{Path: "notes.txt", Reason: "excluded by the user"}},
		Limits:   map[string]int64{"nesting": 5},
	}
}

func cleanScan() evidence.Scan {
	s := goodScan()
	s.Result, s.Findings, s.Gaps, s.Excluded = finding.Clean, nil, nil, nil
	return s
}

func goodAdmission() evidence.Admission {
	return evidence.Admission{Repository: "team/tiny", Tag: "1.0-scanned", Environments: []string{evidence.Sandbox, evidence.Production},
		PolicyDigest: ruleset, Source: "./tiny", Result: "clean", AdmittedOn: moment, Tool: goodScan().Scanner}
}

const bom = `{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":[{"type":"machine-learning-model","name":"<tiny>"}]}`

func modelFiles() []artifact.File {
	return append(layers(layersOf), artifact.File{Path: "model.sig", Size: 3, SHA256: strings.Repeat("9", 64)})
}

func modelSignature(t testing.TB, k *sign.Key, ignore ...string) []byte {
	t.Helper()
	b, err := sign.SignModel(ctx, k, sign.ModelInput{Name: "tiny", Files: modelFiles(), IgnorePaths: ignore})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// bundles holds one good statement of every kind.
func bundles(t testing.TB, k *sign.Key) map[string][]byte {
	t.Helper()
	must := func(b []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	decision := evidence.Decision{Allow: true, Environment: evidence.Production, PolicyDigest: ruleset, DecidedOn: moment,
		Reference: evidence.Reference{Registry: "layout:reg", Kind: "layout", Repository: "team/tiny", Digest: manifest},
		Reasons:   []evidence.Reason{{Clause: "scan.age", Text: "The scan is 3 days old."}}}
	inputs := []evidence.Statement{{Referrer: digestA, PredicateType: evidence.TypeScan}, {Referrer: digestB, Problem: "no"}}
	return map[string][]byte{
		"scan":      must(BuildScan(ctx, k, about, goodScan())),
		"admission": must(BuildAdmission(ctx, k, about, goodAdmission())),
		"cyclonedx": must(BuildCycloneDX(ctx, k, about, []byte(bom))),
		"waiver":    must(Build(ctx, k, evidence.TypeWaiver, []Subject{about}, map[string]string{"rule": "SP-PICKLE-001"})),
		"vsa":       must(BuildVSA(ctx, k, decision, "0.1.0", inputs)),
		"model":     modelSignature(t, k),
	}
}

var signedAs = map[string]string{"scan": evidence.RoleAdmit, "admission": evidence.RoleAdmit, "cyclonedx": evidence.RoleAdmit,
	"model": evidence.RoleAdmit, "waiver": evidence.RoleWaive}

func payload(t testing.TB, bundle []byte) []byte {
	t.Helper()
	b, err := sign.ParseBundle(bundle)
	if err != nil {
		t.Fatal(err)
	}
	return b.Payload
}

func TestStatementsGolden(t *testing.T) {
	again := bundles(t, rfcKey(t))
	for name, got := range bundles(t, rfcKey(t)) {
		t.Run(name, func(t *testing.T) {
			if !bytes.Equal(got, again[name]) {
				t.Error("the same statement gave two different bundles")
			}
			var pretty bytes.Buffer
			if err := json.Indent(&pretty, payload(t, got), "", "  "); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", "golden", name+".json")
			if *update {
				if err := os.WriteFile(path, pretty.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), pretty.String()); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestReadGood(t *testing.T) {
	k := rfcKey(t)
	id, _ := sign.KeyID(k.Public())
	all := bundles(t, k)
	scan, admission := goodScan(), goodAdmission()
	scan.Files = layersOf
	scan.StartedOn, scan.FinishedOn, admission.AdmittedOn = stamp(scan.StartedOn), stamp(scan.FinishedOn), stamp(moment)
	root := func() string {
		m, err := sign.OpenModel(all["model"], sign.ModelTrust{Keys: publicKeys(trusted(k))})
		if err != nil {
			t.Fatal(err)
		}
		return "sha256:" + m.RootDigest
	}()
	cases := map[string]evidence.Statement{
		"scan":      {PredicateType: evidence.TypeScan, Scan: &scan},
		"admission": {PredicateType: evidence.TypeAdmission, Admission: &admission},
		"cyclonedx": {PredicateType: evidence.TypeCycloneDX},
		"waiver":    {PredicateType: evidence.TypeWaiver},
		"model": {PredicateType: evidence.TypeModel, Model: &evidence.Model{RootDigest: root, Files: layersOf,
			IgnorePaths: []string{".git", ".gitattributes", ".github", ".gitignore", "model.sig"}}},
	}
	for name, want := range cases {
		t.Run(name, func(t *testing.T) {
			want.Subject, want.KeyID, want.Roles = manifest, id, []string{signedAs[name]}
			got := Read(all[name], target, append(trusted(newKey(t), evidence.RoleLog), trusted(k, signedAs[name])...))
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func wantProblem(t *testing.T, got evidence.Statement, part string) {
	t.Helper()
	if got.Problem == "" || !strings.Contains(strings.ToLower(got.Problem), strings.ToLower(part)) {
		t.Errorf("problem %q, want one with %q", got.Problem, part)
	}
	if got.Scan != nil || got.Admission != nil || got.Model != nil {
		t.Error("a statement with a problem still has its predicate")
	}
}

func TestReadForeignKey(t *testing.T) {
	k := rfcKey(t)
	for _, b := range bundles(t, k) {
		wantProblem(t, Read(b, target, trusted(newKey(t), evidence.RoleAdmit, evidence.RoleWaive)), "no trusted key")
		wantProblem(t, Read(b, target, nil), "no trusted key")
		wantProblem(t, Read(b, target, []TrustedKey{{Key: evidence.Key{Roles: []string{evidence.RoleAdmit}}}}), "no trusted key")
	}
}

// A certificate is nobody's key in the policy, even when the key in it is.
func TestReadCertificateBundle(t *testing.T) {
	k := rfcKey(t)
	chain := []byte(`"x509CertificateChain":{"certificates":[{"rawBytes":"AAAA"}]}`)
	b := bundles(t, k)["scan"]
	from, to := bytes.Index(b, []byte(`"publicKey"`)), bytes.Index(b, []byte(`,"tlogEntries"`))
	b = slices.Concat(b[:from], chain, b[to:])
	wantProblem(t, Read(b, target, trusted(k, evidence.RoleAdmit)), "with a certificate")
}

// The ID in the policy is a label; a wrong one lends no trust and no roles.
func TestReadRecomputesKeyID(t *testing.T) {
	k, other := rfcKey(t), newKey(t)
	id, _ := sign.KeyID(k.Public())
	lies := []TrustedKey{{Public: other.Public(), Key: evidence.Key{ID: id, Roles: []string{evidence.RoleAdmit}}}}
	wantProblem(t, Read(bundles(t, k)["scan"], target, lies), "no trusted key")
	lies = append(lies, TrustedKey{Public: k.Public(), Key: evidence.Key{ID: "x", Roles: []string{evidence.RoleLog}}})
	got := Read(bundles(t, k)["scan"], target, lies)
	wantProblem(t, got, "needs the role \"admit\"")
	if got.KeyID != id || len(got.Roles) != 1 {
		t.Errorf("key %s, roles %q", got.KeyID, got.Roles)
	}
}

func TestReadRoles(t *testing.T) {
	k := rfcKey(t)
	for name, b := range bundles(t, k) {
		for _, role := range []string{evidence.RoleAdmit, evidence.RoleWaive, evidence.RoleLog, ""} {
			t.Run(name+"-"+role, func(t *testing.T) {
				got := Read(b, target, trusted(k, role))
				switch {
				case name == "vsa":
					wantProblem(t, got, "no gate weighs")
				case role == signedAs[name]:
					if got.Problem != "" {
						t.Error(got.Problem)
					}
				default:
					wantProblem(t, got, "needs the role")
				}
			})
		}
	}
	two := append(trusted(k, evidence.RoleWaive), trusted(k, evidence.RoleAdmit)...)
	if got := Read(bundles(t, k)["scan"], target, two); got.Problem != "" || len(got.Roles) != 2 {
		t.Errorf("one key listed twice: %q %q", got.Problem, got.Roles)
	}
}

// A statement that is true of one model says nothing about another.
func TestReadOtherSubject(t *testing.T) {
	k := rfcKey(t)
	keys := trusted(k, evidence.RoleAdmit, evidence.RoleWaive)
	for name, b := range bundles(t, k) {
		if name == "vsa" || name == "model" {
			continue
		}
		wantProblem(t, Read(b, Manifest{Digest: another, Files: layersOf}, keys), "another subject")
		wantProblem(t, Read(b, Manifest{Files: layersOf}, keys), "no digest")
	}
	two, err := Build(ctx, k, evidence.TypeWaiver, []Subject{about, {"other", another}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	wantProblem(t, Read(two, target, keys), "2 subjects")
}

func TestReadModelBinding(t *testing.T) {
	k := rfcKey(t)
	edit := func(f func([]evidence.File) []evidence.File) Manifest {
		return Manifest{Digest: manifest, Files: f(append([]evidence.File{}, layersOf...))}
	}
	add := func(path string) Manifest {
		return edit(func(l []evidence.File) []evidence.File {
			return append(l, evidence.File{Path: path, Size: 1, Digest: digestA})
		})
	}
	cases := map[string]struct {
		target  Manifest
		ignore  []string
		problem string
	}{
		"same":               {target: target},
		"model.sig-inside":   {target: add("model.sig")},
		"gitattributes":      {target: add(".gitattributes")},
		"extra-file":         {target: add("evil.pkl"), problem: `not signed: "evil.pkl"`},
		"nested-model.sig":   {target: add("sub/model.sig"), problem: "not signed"},
		"missing-file":       {target: edit(func(l []evidence.File) []evidence.File { return l[:1] }), problem: "missing"},
		"no-files":           {target: Manifest{Digest: manifest}, problem: "missing"},
		"no-manifest-digest": {target: Manifest{Files: layersOf}, problem: "no digest"},
		"other-digest":       {target: edit(func(l []evidence.File) []evidence.File { l[0].Digest = digestB; return l }), problem: "changed"},
		"renamed":            {target: edit(func(l []evidence.File) []evidence.File { l[0].Path = "conf.json"; return l }), problem: "missing"},
		"digests-swapped":    {target: edit(func(l []evidence.File) []evidence.File { l[0].Digest, l[1].Digest = l[1].Digest, l[0].Digest; return l }), problem: "changed"},
		"not-a-digest":       {target: edit(func(l []evidence.File) []evidence.File { l[0].Digest = "sha512:00"; return l }), problem: "not SHA-256"},
		"same-path-twice":    {target: edit(func(l []evidence.File) []evidence.File { return append(l, l[0]) }), problem: "not signed"},
		"wish-to-ignore":     {target: target, ignore: []string{"cache"}, problem: "asks to ignore"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := Read(modelSignature(t, k, c.ignore...), c.target, trusted(k, evidence.RoleAdmit))
			if c.problem == "" && got.Problem != "" {
				t.Fatal(got.Problem)
			}
			if c.problem != "" {
				wantProblem(t, got, c.problem)
			}
		})
	}
}

// swapPayload keeps the signature and replaces what it is over.
func swapPayload(t testing.TB, bundle, new []byte) []byte {
	t.Helper()
	old := base64.StdEncoding.EncodeToString(payload(t, bundle))
	return bytes.Replace(bundle, []byte(old), []byte(base64.StdEncoding.EncodeToString(new)), 1)
}

// Each leaf of each statement is changed in turn, under the old signature.
func TestReadTamperedFields(t *testing.T) {
	k := rfcKey(t)
	keys := trusted(k, evidence.RoleAdmit, evidence.RoleWaive)
	for name, bundle := range bundles(t, k) {
		n := 0
		for _, old := range []string{"https", "team", "sha256", "a", "1", "7", "clean", "flagged", "CRITICAL", "2026", "scan", "{", `"`} {
			p := payload(t, bundle)
			for i := bytes.Index(p, []byte(old)); i >= 0 && i < len(p); {
				changed := bytes.Clone(p)
				changed[i]++
				wantProblem(t, Read(swapPayload(t, bundle, changed), target, keys), "no trusted key")
				n++
				next := bytes.Index(p[i+1:], []byte(old))
				if next < 0 {
					break
				}
				i += 1 + next + len(p)/20
			}
		}
		if n < 10 {
			t.Errorf("%s: only %d changes were tried", name, n)
		}
	}
}

// signedBy makes a bundle over a statement whose predicate was edited as JSON,
// as a careless holder of a trusted key could.
func signedBy(t testing.TB, k *sign.Key, bundle []byte, old, new string) []byte {
	t.Helper()
	p := payload(t, bundle)
	if !bytes.Contains(p, []byte(old)) {
		t.Fatalf("%q is not in %s", old, p)
	}
	out, err := sign.Seal(ctx, bytes.Replace(p, []byte(old), []byte(new), 1), k)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestReadBadPredicates(t *testing.T) {
	k := rfcKey(t)
	keys := trusted(k, evidence.RoleAdmit)
	clean, err := BuildScan(ctx, k, about, cleanScan())
	if err != nil {
		t.Fatal(err)
	}
	all := bundles(t, k)
	scan, adm, cdx := all["scan"], all["admission"], all["cyclonedx"]
	cases := map[string]struct {
		bundle   []byte
		old, new string
		problem  string
	}{
		"findings-missing":      {clean, `"findings":[],`, ``, "no list of findings"},
		"findings-null":         {clean, `"findings":[]`, `"findings":null`, "no list of findings"},
		"gaps-missing":          {clean, `"gaps":[],`, ``, "no list of gaps"},
		"excluded-missing":      {clean, `"excluded":[],`, ``, "no list of excluded"},
		"limits-missing":        {clean, `"limits":{"nesting":5}`, `"x":1`, "no limits"},
		"result-not-derived":    {scan, `"result":"flagged"`, `"result":"clean"`, "make it"},
		"result-unknown":        {clean, `"result":"clean"`, `"result":"fine"`, "make it"},
		"result-case":           {clean, `"result"`, `"Result"`, "must be written"},
		"severity-lowered":      {scan, `"CRITICAL"`, `"LOW"`, "make it"},
		"severity-unknown":      {scan, `"CRITICAL"`, `"BAD"`, "unknown severity"},
		"severity-number":       {scan, `"CRITICAL"`, `0`, "JSON"},
		"finding-without-rule":  {scan, `"rule":"SP-PICKLE-001",`, ``, "no rule"},
		"gap-without-rule":      {scan, `"rule":"SP-COV-001",`, ``, "no rule"},
		"unknown-field-inside":  {scan, `"rule":"SP-COV-001",`, `"rule":"SP-COV-001","waived":true,`, "unknown field"},
		"duplicate-inside":      {scan, `"rule":"SP-COV-001",`, `"rule":"SP-COV-001","rule":"SP-COV-002",`, "duplicate key"},
		"no-files":              {clean, `"files":[`, `"files":[],"other":[`, "no files"},
		"files-unsorted":        {clean, `"config.json"`, `"zzz.json"`, "not sorted"},
		"file-twice":            {clean, `"config.json"`, `"weights/model.safetensors"`, "not sorted"},
		"file-path-climbs":      {clean, `"config.json"`, `"../config.json"`, "unsafe path"},
		"file-digest-short":     {clean, `"` + digestA, `"sha256:11` + `","x":"`, "JSON"},
		"file-negative":         {clean, `"size":20`, `"size":-20`, "no size"},
		"file-float":            {clean, `"size":20`, `"size":20.5`, "JSON"},
		"ruleset-missing":       {clean, `"rulesetDigest":"` + ruleset + `",`, ``, "no ruleset digest"},
		"sequence-text":         {clean, `"rulesetSequence":7`, `"rulesetSequence":"7"`, "JSON"},
		"scanner-missing":       {clean, `"version":"0.1.0",`, ``, "no scanner"},
		"time-missing":          {clean, `"finishedOn":"2026-11-21T09:30:03Z",`, ``, "no times"},
		"time-backwards":        {clean, `"2026-11-21T09:30:03Z"`, `"2026-11-21T09:29:03Z"`, "before it started"},
		"time-no-date":          {clean, `"2026-11-21T09:30:03Z"`, `"yesterday"`, "JSON"},
		"predicate-missing":     {clean, `"predicate":`, `"other":`, "no predicate"},
		"predicate-null":        {clean, payloadPredicate(t, clean), `null`, "no times"},
		"predicate-list":        {clean, payloadPredicate(t, clean), `[]`, "JSON"},
		"predicate-of-another":  {clean, payloadPredicate(t, clean), payloadPredicate(t, adm), "no times"},
		"type-of-another":       {clean, evidence.TypeScan, evidence.TypeAdmission, "no repository"},
		"type-unknown":          {clean, evidence.TypeScan, "https://example.org/x", "no gate weighs"},
		"statement-v2":          {clean, "Statement/v1", "Statement/v2", "in-toto statement"},
		"subject-also-sha512":   {clean, `"digest":{`, `"digest":{"sha512":"00",`, "2 digests"},
		"admission-repository":  {adm, `"repository":"team/tiny",`, ``, "no repository"},
		"admission-tag":         {adm, `"tag":"1.0-scanned",`, ``, "no tag"},
		"admission-nowhere":     {adm, `["sandbox","production"]`, `[]`, "no environments"},
		"admission-environment": {adm, `"sandbox"`, `"Production"`, "environments"},
		"admission-policy":      {adm, `"policyDigest":"` + ruleset + `",`, ``, "no policy digest"},
		"admission-source":      {adm, `"source":"./tiny",`, ``, "no source"},
		"admission-result":      {adm, `"result":"clean"`, `"result":"flagged"`, "result"},
		"admission-time":        {adm, `"admittedOn":"2026-11-21T09:30:00Z",`, ``, "no time"},
		"admission-tool":        {adm, `"uri":"https://github.com/sallyport/sallyport",`, ``, "no scanner"},
		"bom-other-format":      {cdx, `"CycloneDX"`, `"SPDX"`, "not a CycloneDX"},
		"bom-duplicate":         {cdx, `"version":1`, `"version":1,"version":2`, "duplicate"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			wantProblem(t, Read(signedBy(t, k, c.bundle, c.old, c.new), target, keys), c.problem)
		})
	}
}

func payloadPredicate(t testing.TB, bundle []byte) string {
	t.Helper()
	st, err := sign.ParseStatement(payload(t, bundle))
	if err != nil {
		t.Fatal(err)
	}
	return string(st.Predicate)
}

// A newer program may add fields of its own beside ours.
func TestReadIgnoresNewTopFields(t *testing.T) {
	k := rfcKey(t)
	b := signedBy(t, k, bundles(t, k)["scan"], `"limits":`, `"later":{"x":[1]},"limits":`)
	if got := Read(b, target, trusted(k, evidence.RoleAdmit)); got.Problem != "" || got.Scan == nil {
		t.Error(got.Problem)
	}
}

// cosign still writes statements of the older type.
func TestReadStatementV01(t *testing.T) {
	k := rfcKey(t)
	b := signedBy(t, k, bundles(t, k)["scan"], "Statement/v1", "Statement/v0.1")
	if got := Read(b, target, trusted(k, evidence.RoleAdmit)); got.Problem != "" {
		t.Error(got.Problem)
	}
}

func TestBuildRefuses(t *testing.T) {
	k := rfcKey(t)
	scan := func(f func(*evidence.Scan)) error {
		s := goodScan()
		f(&s)
		_, err := BuildScan(ctx, k, about, s)
		return err
	}
	admission := goodAdmission()
	admission.PolicyDigest = ""
	_, noPolicy := BuildAdmission(ctx, k, about, admission)
	_, noSubject := BuildScan(ctx, k, Subject{Name: "x"}, goodScan())
	_, badSubject := BuildScan(ctx, k, Subject{Name: "x", Digest: "sha256:xyz"}, goodScan())
	_, notBOM := BuildCycloneDX(ctx, k, about, []byte(`{"a":1}`))
	_, noDecision := BuildVSA(ctx, k, evidence.Decision{}, "1", nil)
	for name, err := range map[string]error{
		"verdict":     scan(func(s *evidence.Scan) { s.Result = finding.Clean }),
		"no-files":    scan(func(s *evidence.Scan) { s.Files = nil }),
		"no-limits":   scan(func(s *evidence.Scan) { s.Limits = nil }),
		"policy":      noPolicy,
		"no-subject":  noSubject,
		"bad-subject": badSubject,
		"bom":         notBOM,
		"decision":    noDecision,
	} {
		if err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}

func TestVSADenied(t *testing.T) {
	b, err := BuildVSA(ctx, rfcKey(t), evidence.Decision{PolicyDigest: ruleset, Environment: evidence.Staging,
		Reference: evidence.Reference{Registry: "example.azurecr.io", Kind: "oci", Repository: "team/tiny", Digest: manifest}}, "1", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"verificationResult":"FAILED","verifiedLevels":["FAILED"]`, `"resourceUri":"oci://example.azurecr.io/team/tiny@` + manifest} {
		if !bytes.Contains(payload(t, b), []byte(want)) {
			t.Errorf("%s lacks %s", payload(t, b), want)
		}
	}
}

func TestProblemIsOneShortSentence(t *testing.T) {
	k := rfcKey(t)
	b := signedBy(t, k, bundles(t, k)["scan"], evidence.TypeScan, "https://example.org/"+strings.Repeat("x", 100_000))
	if got := Read(b, target, trusted(k, evidence.RoleAdmit)).Problem; len(got) > 2100 || strings.Contains(got, "\n") || !strings.HasSuffix(got, ".") {
		t.Errorf("%d bytes: %.200q", len(got), got)
	}
}

func FuzzRead(f *testing.F) {
	k := rfcKey(f)
	keys := trusted(k, evidence.RoleAdmit, evidence.RoleWaive)
	genuine := map[string]bool{}
	for _, b := range bundles(f, k) {
		f.Add(b)
		genuine[string(payload(f, b))] = true
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got := Read(data, target, keys)
		if got.Problem != "" {
			wantProblem(t, got, "")
			return
		}
		if got.Subject != manifest || !genuine[string(payload(t, data))] {
			t.Fatalf("believed: %s", payload(t, data))
		}
	})
}

// Below the signature: any predicate that a trusted key could sign.
func FuzzDecodePredicate(f *testing.F) {
	for _, b := range bundles(f, rfcKey(f)) {
		f.Add(payload(f, b))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		st, err := sign.ParseStatement(data)
		if err != nil {
			return
		}
		var out evidence.Statement
		if decode(&out, st) != nil || out.Scan == nil {
			return
		}
		if s := out.Scan; s.Result != finding.Judge(len(s.Files), s.Findings, s.Gaps) || s.FinishedOn.IsZero() {
			t.Fatalf("%+v", s)
		}
	})
}
