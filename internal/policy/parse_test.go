package policy

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/config"
	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/finding"
)

// newKey makes a public key in PEM and its fingerprint.
func newKey(t *testing.T, curve elliptic.Curve) string {
	t.Helper()
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func TestInitIsBuiltin(t *testing.T) {
	p, err := Parse("sallyport-policy.yaml", []byte(Init()), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Builtin(), p); diff != "" {
		t.Error(diff)
	}
	if p.Digest() != Builtin().Digest() {
		t.Error("the digests differ")
	}
}

// The file that init writes names every key, so that nobody has to look it up.
func TestInitNamesEveryKey(t *testing.T) {
	text, err := json.Marshal(builtinProfile(evidence.Production))
	if err != nil {
		t.Fatal(err)
	}
	var keys map[string]any
	if err := json.Unmarshal(text, &keys); err != nil {
		t.Fatal(err)
	}
	for key := range keys {
		if n := strings.Count(Init(), "    "+key+":"); n != len(environments) {
			t.Errorf("%s stands there %d times", key, n)
		}
	}
}

// Every key of a policy file has its place in docs/policy.md, and so has every
// clause.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range Clauses() {
		if !strings.Contains(string(page), "`"+c.ID+"`") {
			t.Errorf("clause %s is missing", c.ID)
		}
	}
	for line := range strings.Lines(Init()) {
		key, _, ok := strings.Cut(strings.TrimLeft(line, "# -"), ":")
		if ok && !strings.Contains(key, " ") && !strings.Contains(string(page), "`"+key+"`") {
			t.Errorf("key %s is missing", key)
		}
	}
}

const head = "apiVersion: sallyport/v1\n"

func TestParseFillsDefaults(t *testing.T) {
	p, err := Parse("p.yaml", []byte(head+"profiles:\n  production:\n    maxScanAge: 36h\n    blockSeverity: medium\n    requiredStatements: [scan, sbom, admission, scan]\n    sources: [local, 'hf://a/*']\n  sandbox: {}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := builtinProfile(evidence.Production)
	want.MaxScanAge, want.BlockSeverity = Age(36*time.Hour), finding.Medium
	want.RequiredStatements = []string{"admission", "sbom", "scan"}
	want.Sources = []string{"hf://a/*", "local"}
	profiles := map[string]*Profile{evidence.Production: want, evidence.Sandbox: builtinProfile(evidence.Sandbox)}
	if diff := cmp.Diff(profiles, p.Profiles); diff != "" {
		t.Error(diff)
	}
	if _, err := p.Profile(evidence.Staging); err == nil {
		t.Error("a profile that the file does not have was found")
	}
}

func TestParseWithoutProfiles(t *testing.T) {
	p, err := Parse("p.yaml", []byte(head), nil)
	if err != nil {
		t.Fatal(err)
	}
	if p.Digest() != Builtin().Digest() {
		t.Error("not the built-in policy")
	}
}

func TestParseSigners(t *testing.T) {
	inline, file := newKey(t, elliptic.P256()), newKey(t, elliptic.P384())
	load := func(path string) ([]byte, error) {
		if path != "keys/ci.pub" {
			return nil, fs.ErrNotExist
		}
		return []byte(file), nil
	}
	text := head + "signers:\n- name: lab\n  publicKey: |\n    " + strings.ReplaceAll(strings.TrimSpace(inline), "\n", "\n    ") +
		"\n  roles: [log, admit]\n  environments: [staging, sandbox]\n  predicateTypes: [scan, \"" + evidence.TypeModel + "\"]\n- name: ci\n  publicKey: keys/ci.pub\n  roles: [admit]\n"
	p, err := Parse("p.yaml", []byte(text), load)
	if err != nil {
		t.Fatal(err)
	}
	_, fileID, err := parsePublicKey([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	_, inlineID, err := parsePublicKey([]byte(inline))
	if err != nil {
		t.Fatal(err)
	}
	want := []Signer{
		{Name: "ci", KeyID: fileID, Roles: []string{"admit"}, Environments: []string{}, PredicateTypes: []string{}},
		{Name: "lab", KeyID: inlineID, Roles: []string{"admit", "log"}, Environments: []string{"sandbox", "staging"}, PredicateTypes: []string{evidence.TypeScan, evidence.TypeModel}},
	}
	slices.Sort(want[1].PredicateTypes)
	for i := range p.Signers {
		if p.Signers[i].Public == nil {
			t.Errorf("signer %q has no key", p.Signers[i].Name)
		}
		p.Signers[i].Public = nil
	}
	if diff := cmp.Diff(want, p.Signers); diff != "" {
		t.Error(diff)
	}
	if k := p.Signers[0].Key(); k.ID != fileID || k.Origin == "" || !slices.Equal(k.Roles, []string{"admit"}) {
		t.Errorf("%+v", k)
	}
}

func TestParseRefuses(t *testing.T) {
	key := "|\n    " + strings.ReplaceAll(strings.TrimSpace(newKey(t, elliptic.P256())), "\n", "\n    ")
	private := "\"-----BEGIN PRIVATE KEY-----\\nAAAA\\n-----END PRIVATE KEY-----\""
	signer := func(rest string) string { return head + "signers:\n- name: a\n  publicKey: " + key + "\n" + rest }
	prod := func(line string) string { return head + "profiles:\n  production:\n    " + line + "\n" }
	tests := []struct{ name, text, want string }{
		{"empty-file", "", `"apiVersion" is ""`},
		{"other-version", "apiVersion: sallyport/v2\n", `p.yaml:1: "apiVersion" is "sallyport/v2"; this program reads "sallyport/v1".`},
		{"unknown-key", head + "waivers: []\n", `p.yaml:2: Unknown key "waivers"`},
		{"unknown-profile-key", prod("block-severity: HIGH"), `p.yaml:4: Unknown key "block-severity"; did you mean "blockSeverity"?`},
		{"unknown-environment", head + "profiles:\n  dev: {}\n", `p.yaml:3: Unknown key "dev"; known keys are production, sandbox, staging.`},
		{"duplicate-key", prod("minRuleset: 1\n    minRuleset: 0"), `p.yaml:5: `},
		{"duplicate-profile", head + "profiles:\n  production: {}\n  production: {}\n", `p.yaml:4: `},
		{"two-documents", head + "---\n" + head, "more than one YAML document"},
		{"profiles-empty", head + "profiles: {}\n", `p.yaml:2: "profiles" names no environment`},
		{"profiles-null", head + "profiles:\n  production:\n", `p.yaml:2: "profiles" names no environment`},
		{"severity-unknown", prod("blockSeverity: SEVERE"), `p.yaml:4: "blockSeverity": unknown severity "SEVERE"`},
		{"severity-too-weak", prod("blockSeverity: CRITICAL"), `p.yaml:4: "blockSeverity: CRITICAL" would let HIGH findings pass`},
		{"age-without-unit", prod("maxScanAge: 7"), `p.yaml:4: "maxScanAge": "7" is not a duration`},
		{"age-go-style", prod("maxScanAge: 1h30m"), `p.yaml:4: "maxScanAge": "1h30m" is not a duration`},
		{"age-zero", prod("maxScanAge: 0d"), `p.yaml:4: "maxScanAge" is 0d; write something from 1h to 36500d.`},
		{"age-negative", prod("maxScanAge: -7d"), `"-7d" is not a duration`},
		{"age-overflow", prod("maxScanAge: 99999999999d"), `is not a duration`},
		{"age-huge", prod("maxScanAge: 400000d"), `longer than a hundred years`},
		{"skew-too-large", prod("maxClockSkew: 2h"), `p.yaml:4: "maxClockSkew" is 2h`},
		{"ruleset-negative", prod("minRuleset: -1"), `p.yaml:4: "minRuleset" is -1`},
		{"ruleset-text", prod("minRuleset: new"), `p.yaml:4: "minRuleset" must be a whole number.`},
		{"scan-not-required", prod("requiredStatements: [admission, model]"), `p.yaml:4: "requiredStatements" leaves out "scan"`},
		{"nothing-required", prod("requiredStatements: []"), `leaves out "admission"`},
		{"unknown-statement", prod("requiredStatements: [scan, admission, vsa]"), `p.yaml:4: Unknown statement "vsa"`},
		{"waived-allowed", prod("allowWaived: true"), `p.yaml:4: "allowWaived: true" is refused`},
		{"content-not-bool", prod("requireContent: maybe"), `p.yaml:4: "requireContent" must be true or false.`},
		{"pin-malformed", prod("pinnedPolicyDigests:\n    - sha256:12"), `p.yaml:5: "sha256:12" is no policy digest`},
		{"pin-upper-case", prod("pinnedPolicyDigests: [\"" + strings.ToUpper(digest("a")) + "\"]"), `is no policy digest`},
		{"local-keys", prod("localKeys: yes please"), `p.yaml:4: "localKeys" is "yes please"; write trust or refuse.`},
		{"convert", prod("convert: maybe"), `p.yaml:4: "convert" is "maybe"; write prefer or require or never.`},
		{"sources-empty", prod("sources: []"), `p.yaml:4: "sources" is empty`},
		{"sources-pattern", prod("sources:\n    - local\n    - hf"), `p.yaml:6: "hf" is no pattern for sources`},
		{"signer-without-name", head + "signers:\n- publicKey: x\n  roles: [admit]\n", `p.yaml:3: A signer has no name`},
		{"signer-without-roles", signer(""), `p.yaml:3: The signer "a" has no roles`},
		{"signer-unknown-role", signer("  roles: [root]\n"), `Unknown value "root" in "roles"; write admit, waive, log.`},
		{"signer-unknown-environment", signer("  roles: [admit]\n  environments: [prod]\n"), `Unknown value "prod" in "environments"`},
		{"signer-unknown-type", signer("  roles: [admit]\n  predicateTypes: [all]\n"), `Unknown type of statement "all"`},
		{"signer-type-of-another-role", signer("  roles: [admit]\n  predicateTypes: [waiver]\n"), `are signed in the role "waive", which this signer does not have`},
		{"signer-without-key", head + "signers:\n- name: a\n  roles: [admit]\n", `p.yaml:3: The signer "a" has no publicKey`},
		{"signer-key-missing", head + "signers:\n- name: a\n  publicKey: nowhere.pub\n  roles: [admit]\n", `p.yaml:4: The public key of the signer "a" cannot be read`},
		{"signer-private-key", head + "signers:\n- name: a\n  publicKey: " + private + "\n  roles: [admit]\n", `not a public key; name the .pub file`},
		{"signers-same-name", signer("  roles: [admit]\n- name: a\n  publicKey: " + key + "\n  roles: [admit]\n"), `Two signers are called "a"`},
		{"two-roles-in-production", signer("  roles: [admit, waive]\n"), `p.yaml:3: The key of signer "a" holds the roles admit and waive, and the profile "production" wants one key in one role`},
		{"two-entries-in-production", signer("  roles: [admit]\n- name: b\n  publicKey: " + key + "\n  roles: [waive]\n"), `holds the roles admit and waive`},
		{"alias", head + "profiles:\n  production: &p {}\n  sandbox: *p\n", "is refused"},
	}
	load := func(string) ([]byte, error) { return nil, errors.New("no such file") }
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Parse("p.yaml", []byte(tt.text), load)
			if err == nil || p != nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v\nwant %q in it", err, tt.want)
			}
			var e *config.Error
			if !errors.As(err, &e) || e.File != "p.yaml" {
				t.Errorf("%T does not name the file", err)
			}
		})
	}
}

func TestTwoRolesOutsideOfProduction(t *testing.T) {
	key := "|\n    " + strings.ReplaceAll(strings.TrimSpace(newKey(t, elliptic.P256())), "\n", "\n    ")
	for name, text := range map[string]string{
		"limited-to-sandbox":    head + "signers:\n- name: a\n  publicKey: " + key + "\n  roles: [admit, waive]\n  environments: [sandbox]\n",
		"profile-allows":        head + "signers:\n- name: a\n  publicKey: " + key + "\n  roles: [admit, waive]\nprofiles:\n  production: {separateRoles: false}\n",
		"no-production":         head + "signers:\n- name: a\n  publicKey: " + key + "\n  roles: [admit, waive]\nprofiles:\n  sandbox: {}\n",
		"entries-kept-apart":    head + "signers:\n- name: a\n  publicKey: " + key + "\n  roles: [admit]\n  environments: [production]\n- name: b\n  publicKey: " + key + "\n  roles: [waive]\n  environments: [sandbox]\n",
		"same-role-two-entries": head + "signers:\n- name: a\n  publicKey: " + key + "\n  roles: [admit]\n- name: b\n  publicKey: " + key + "\n  roles: [admit]\n",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse("p.yaml", []byte(text), nil); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestEveryProblemOfAPolicyIsReported(t *testing.T) {
	_, err := Parse("p.yaml", []byte("apiVersion: x\nprofiles:\n  production:\n    convert: x\n    maxScanAge: x\n    sources: [x]\n"), nil)
	if n := strings.Count(err.Error(), "p.yaml:"); n != 4 {
		t.Errorf("%d problems, want 4:\n%v", n, err)
	}
}

func TestParsePublicKeyRefuses(t *testing.T) {
	good := newKey(t, elliptic.P256())
	pub, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty": "", "two-keys": good + good, "trailing-text": good + "x", "too-long": strings.Repeat("x", maxKeyText+1),
		"wrong-curve": newKey(t, elliptic.P224()), "not-elliptic": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		"broken": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := parsePublicKey([]byte(text)); err == nil {
				t.Error("accepted")
			}
		})
	}
	if _, _, err := parsePublicKey([]byte(good)); err != nil {
		t.Error(err)
	}
}

func TestDigest(t *testing.T) {
	key := newKey(t, elliptic.P256())
	indented := strings.ReplaceAll(strings.TrimSpace(key), "\n", "\n    ")
	parse := func(text string) string {
		p, err := Parse("p.yaml", []byte(text), func(string) ([]byte, error) { return []byte(key), nil })
		if err != nil {
			t.Fatal(err)
		}
		return p.Digest()
	}
	base := head + "signers:\n- name: a\n  publicKey: a.pub\n  roles: [admit]\nprofiles:\n  production: {minRuleset: 3, sources: [local, layout]}\n"
	same := map[string]string{
		"comments":      "# text\n" + base,
		"inline-key":    head + "signers:\n- name: a\n  publicKey: |\n    " + indented + "\n  roles: [admit]\nprofiles:\n  production: {minRuleset: 3, sources: [local, layout]}\n",
		"order-of-keys": "profiles:\n  production: {sources: [layout, local], minRuleset: 3}\nsigners:\n- roles: [admit]\n  publicKey: b.pub\n  name: a\n" + head,
		"default-said":  strings.Replace(base, "minRuleset: 3", "minRuleset: 3, maxScanAge: 168h, blockSeverity: high", 1),
	}
	for name, text := range same {
		t.Run("same-"+name, func(t *testing.T) {
			if parse(text) != parse(base) {
				t.Error("the digest differs")
			}
		})
	}
	for name, change := range map[string][2]string{
		"ruleset": {"minRuleset: 3", "minRuleset: 4"}, "sources": {"[local, layout]", "[local]"}, "roles": {"[admit]", "[admit, log]\n  environments: [sandbox]"},
		"environment": {"production:", "sandbox:"}, "pins": {"minRuleset: 3", "minRuleset: 3, pinnedPolicyDigests: [self]"},
	} {
		t.Run("other-"+name, func(t *testing.T) {
			text := strings.Replace(base, change[0], change[1], 1)
			if text == base || parse(text) == parse(base) {
				t.Error("the digest is the same")
			}
		})
	}
	if !isDigest(Builtin().Digest()) {
		t.Error(Builtin().Digest())
	}
}

func TestAge(t *testing.T) {
	for text, want := range map[string]time.Duration{"7d": 7 * day, "36h": 36 * time.Hour, "90m": 90 * time.Minute, "0s": 0, "5s": 5 * time.Second, "48h": 2 * day} {
		a, err := parseAge(text)
		if err != nil || time.Duration(a) != want {
			t.Errorf("%s: %v, %v", text, time.Duration(a), err)
		}
		if back, err := parseAge(a.String()); err != nil || back != a {
			t.Errorf("%s prints as %s", text, a)
		}
	}
	for _, text := range []string{"", "d", "7", "1.5d", "+1d", "-1d", " 1d", "1 d", "1w", "1dd", "4294967296s"} {
		if a, err := parseAge(text); err == nil {
			t.Errorf("%q is %s", text, a)
		}
	}
}

func TestExplain(t *testing.T) {
	p := testPolicy()
	p.Profiles[evidence.Staging] = &Profile{BlockSeverity: finding.Medium, MaxScanAge: days(1), MinRuleset: 4, RequireContent: true, PinnedPolicyDigests: []string{Self}, LocalKeys: LocalRefuse, Convert: ConvertRequire, Sources: []string{"local"}}
	tests := map[string]struct {
		p     *Policy
		env   string
		want  []string
		never []string
	}{
		"production": {p, evidence.Production, []string{"HIGH or above", "older than 7d", `signer "ci"`, "two roles", "layout: registry"}, []string{`signer "lab"`, "No key counts"}},
		"sandbox":    {p, evidence.Sandbox, []string{"older than 90d", `signer "lab"`}, []string{"two roles"}},
		"staging":    {p, evidence.Staging, []string{"MEDIUM or above", "ruleset 4", "rehashed", p.Digest(), "stored as pickle", "stricter"}, []string{"layout: registry"}},
		"no-key":     {&Policy{Profiles: map[string]*Profile{"sandbox": {LocalKeys: LocalRefuse}}}, evidence.Sandbox, []string{"No key counts"}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			lines, err := tt.p.Explain(tt.env)
			if err != nil {
				t.Fatal(err)
			}
			all := strings.Join(lines, "\n")
			for _, want := range tt.want {
				if !strings.Contains(all, want) {
					t.Errorf("no %q in\n%s", want, all)
				}
			}
			for _, never := range tt.never {
				if strings.Contains(all, never) {
					t.Errorf("%q in\n%s", never, all)
				}
			}
		})
	}
	if _, err := p.Explain("dev"); err == nil {
		t.Error("an unknown environment is explained")
	}
}

func TestTrustsLocalKeys(t *testing.T) {
	p := Builtin()
	p.Profiles[evidence.Staging].LocalKeys = LocalRefuse
	for _, tt := range []struct {
		env, kind string
		want      bool
	}{{"production", "layout", true}, {"production", "oci", false}, {"staging", "layout", false}, {"dev", "layout", false}, {"production", "", false}} {
		if got := p.TrustsLocalKeys(tt.env, tt.kind); got != tt.want {
			t.Errorf("%s in %s: %v", tt.env, tt.kind, got)
		}
	}
}

// FuzzParse holds that a policy file either fails with the file's name or gives
// a policy that weakens nothing: a scan and an admission stay required, HIGH
// blocks, empty evidence is denied, and its JSON and digest are stable.
func FuzzParse(f *testing.F) {
	f.Add([]byte(Init()))
	f.Add([]byte(head))
	f.Add([]byte(head + "profiles:\n  production:\n    requiredStatements: []\n"))
	f.Add([]byte(head + "profiles: {sandbox: {maxScanAge: 1h, blockSeverity: CRITICAL}}"))
	f.Add([]byte(head + "signers: [{name: a, publicKey: x, roles: [admit]}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse("p.yaml", data, func(string) ([]byte, error) { return nil, fs.ErrNotExist })
		if err != nil {
			var e *config.Error
			if p != nil || !errors.As(err, &e) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		for env, prof := range p.Profiles {
			if prof.BlockSeverity > finding.High || prof.AllowWaived || prof.MaxScanAge <= 0 {
				t.Fatalf("%s: %+v", env, prof)
			}
			if Decide(p, env, &evidence.Evidence{}, now).Allow {
				t.Fatal("empty evidence is allowed")
			}
		}
		if again, err := Parse("p.yaml", data, nil); err == nil && again.Digest() != p.Digest() {
			t.Fatal("the digest is not stable")
		}
	})
}

// told collects the clauses that the tests have raised.
var told = map[string]bool{}

// TestMain holds, after a whole run, that every clause in the list is raised by
// some test.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 && len(told) > len(Clauses())/2 { // not when only some tests were asked for
		for _, c := range Clauses() {
			if !told[c.ID] {
				fmt.Fprintf(os.Stderr, "clause %s is raised by no test\n", c.ID)
				code = 1
			}
		}
	}
	os.Exit(code)
}
