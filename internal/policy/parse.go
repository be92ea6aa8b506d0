package policy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/config"
	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/finding"
)

// Loader reads the public key file that a signer names. The caller resolves the
// path relative to the policy file; this package reads no file itself.
type Loader func(path string) ([]byte, error)

type policyFile struct {
	APIVersion string        `yaml:"apiVersion"`
	Signers    []signerFile  `yaml:"signers"`
	Profiles   *profilesFile `yaml:"profiles"`
	Names      []nameFile    `yaml:"names"`
}

type profilesFile struct {
	Sandbox    *profileFile `yaml:"sandbox"`
	Staging    *profileFile `yaml:"staging"`
	Production *profileFile `yaml:"production"`
}

// profileFile has pointers and nil lists for what the file leaves out.
type profileFile struct {
	BlockSeverity       *string  `yaml:"blockSeverity"`
	MaxScanAge          *string  `yaml:"maxScanAge"`
	MaxClockSkew        *string  `yaml:"maxClockSkew"`
	MinRuleset          *int     `yaml:"minRuleset"`
	RequiredStatements  []string `yaml:"requiredStatements"`
	RequireContent      *bool    `yaml:"requireContent"`
	RequireDeepScan     *bool    `yaml:"requireDeepScan"`
	AllowWaived         *bool    `yaml:"allowWaived"`
	PinnedPolicyDigests []string `yaml:"pinnedPolicyDigests"`
	SeparateRoles       *bool    `yaml:"separateRoles"`
	LocalKeys           *string  `yaml:"localKeys"`
	Convert             *string  `yaml:"convert"`
	Sources             []string `yaml:"sources"`
}

type signerFile struct {
	Name           string   `yaml:"name"`
	PublicKey      string   `yaml:"publicKey"` // PEM text, or a path
	Roles          []string `yaml:"roles"`
	Environments   []string `yaml:"environments"`
	PredicateTypes []string `yaml:"predicateTypes"`
}

// Parse reads a policy file. The name stands in messages. All problems are
// returned at once, each with file and line. load may be nil when no signer
// names a path.
func Parse(name string, data []byte, load Loader) (*Policy, error) {
	doc, err := config.Parse(name, data)
	if err != nil {
		return nil, err
	}
	var f policyFile
	if err := doc.Decode(&f); err != nil {
		return nil, err
	}
	r := &reader{doc: doc, load: load}
	p := r.policy(&f)
	if err := errors.Join(r.problems...); err != nil {
		return nil, err
	}
	return p, nil
}

// reader turns the file into a policy and collects problems.
type reader struct {
	doc      *config.Document
	load     Loader
	problems []error
}

func (r *reader) problem(path []string, format string, args ...any) {
	r.problems = append(r.problems, r.doc.Errorf(path, format, args...))
}

func (r *reader) policy(f *policyFile) *Policy {
	if f.APIVersion != APIVersion {
		r.problem([]string{"apiVersion"}, "\"apiVersion\" is %q; this program reads %q.", f.APIVersion, APIVersion)
	}
	p := &Policy{APIVersion: APIVersion, Signers: []Signer{}, Profiles: map[string]*Profile{}}
	for i := range f.Signers {
		p.Signers = append(p.Signers, r.signer([]string{"signers", strconv.Itoa(i)}, &f.Signers[i]))
	}
	slices.SortStableFunc(p.Signers, func(a, b Signer) int { return strings.Compare(a.Name, b.Name) })
	r.profiles(p, f.Profiles)
	r.names(f.Signers)
	r.additions(p, f.Names)
	if len(r.problems) == 0 {
		r.separate(p, f.Signers)
	}
	return p
}

// profiles fills the profiles. A file without any has all built-in ones; a file
// with some knows only those.
func (r *reader) profiles(p *Policy, f *profilesFile) {
	if f == nil {
		f = &profilesFile{&profileFile{}, &profileFile{}, &profileFile{}}
	}
	given := map[string]*profileFile{evidence.Sandbox: f.Sandbox, evidence.Staging: f.Staging, evidence.Production: f.Production}
	for _, env := range environments {
		if given[env] != nil {
			p.Profiles[env] = r.profile(env, given[env])
		}
	}
	if len(p.Profiles) == 0 {
		r.problem([]string{"profiles"}, "\"profiles\" names no environment with values, so every decision would be deny; leave the key out for the built-in profiles, or write production: {}.")
	}
}

func (r *reader) profile(env string, f *profileFile) *Profile {
	p := builtinProfile(env)
	at := func(key string) []string { return []string{"profiles", env, key} }
	set(&p.MinRuleset, f.MinRuleset)
	set(&p.RequireContent, f.RequireContent)
	set(&p.RequireDeepScan, f.RequireDeepScan)
	set(&p.AllowWaived, f.AllowWaived)
	set(&p.SeparateRoles, f.SeparateRoles)
	set(&p.LocalKeys, f.LocalKeys)
	set(&p.Convert, f.Convert)
	if p.MinRuleset < 0 {
		r.problem(at("minRuleset"), "\"minRuleset\" is %d; write the sequence of a ruleset, from 0.", p.MinRuleset)
	}
	if p.AllowWaived {
		r.problem(at("allowWaived"), "\"allowWaived: true\" is refused: waivers are not part of this version; write false or leave the key out.")
	}
	r.oneOf(at("localKeys"), p.LocalKeys, LocalTrust, LocalRefuse)
	r.oneOf(at("convert"), p.Convert, ConvertPrefer, ConvertRequire, ConvertNever)
	r.severity(at("blockSeverity"), &p.BlockSeverity, f.BlockSeverity)
	r.age(at("maxScanAge"), &p.MaxScanAge, f.MaxScanAge, "1h", "36500d")
	r.age(at("maxClockSkew"), &p.MaxClockSkew, f.MaxClockSkew, "0s", "1h")
	r.statements(at("requiredStatements"), &p.RequiredStatements, f.RequiredStatements)
	r.pinned(at("pinnedPolicyDigests"), &p.PinnedPolicyDigests, f.PinnedPolicyDigests)
	r.sources(at("sources"), &p.Sources, f.Sources)
	return p
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func (r *reader) oneOf(path []string, value string, known ...string) {
	if !slices.Contains(known, value) {
		r.problem(path, "%q is %q; write %s.", path[len(path)-1], value, strings.Join(known, " or "))
	}
}

func (r *reader) severity(path []string, to *finding.Severity, from *string) {
	if from == nil {
		return
	}
	s, err := finding.ParseSeverity(*from)
	switch {
	case err != nil:
		r.problem(path, "\"blockSeverity\": %s.", err)
	case s > finding.High:
		r.problem(path, "\"blockSeverity: %s\" would let HIGH findings pass; write HIGH, or MEDIUM to block more.", s)
	}
	*to = s
}

func (r *reader) age(path []string, to *Age, from *string, least, most string) {
	if from == nil {
		return
	}
	low, _ := parseAge(least)
	high, _ := parseAge(most)
	a, err := parseAge(*from)
	switch {
	case err != nil:
		r.problem(path, "%q: %s.", path[len(path)-1], err)
	case a < low || a > high:
		r.problem(path, "%q is %s; write something from %s to %s.", path[len(path)-1], *from, least, most)
	}
	*to = a
}

func (r *reader) statements(path []string, to *[]string, from []string) {
	if from == nil {
		return
	}
	for i, name := range from {
		if !slices.Contains([]string{StatementScan, StatementAdmission, StatementModel, StatementSBOM}, name) {
			r.problem(append(path, strconv.Itoa(i)), "Unknown statement %q; write scan, admission, model or sbom.", name)
		}
	}
	for _, name := range []string{StatementScan, StatementAdmission} {
		if !slices.Contains(from, name) {
			r.problem(path, "\"requiredStatements\" leaves out %q, and without it there is nothing to decide on; add it.", name)
		}
	}
	*to = sorted(from)
}

func (r *reader) pinned(path []string, to *[]string, from []string) {
	for i, pin := range from {
		if pin != Self && !isDigest(pin) {
			r.problem(append(path, strconv.Itoa(i)), "%q is no policy digest; write sha256: and 64 hex digits as \"sallyport policy check\" prints them, or self.", pin)
		}
	}
	*to = sorted(from)
}

func (r *reader) sources(path []string, to *[]string, from []string) {
	if from == nil {
		return
	}
	if len(from) == 0 {
		r.problem(path, "\"sources\" is empty, so nothing could be admitted; list patterns, or write \"*\" for any source.")
	}
	for i, pattern := range from {
		if err := checkPattern(pattern); err != nil {
			r.problem(append(path, strconv.Itoa(i)), "%s.", err)
		}
	}
	*to = sorted(from)
}

func (r *reader) signer(path []string, f *signerFile) Signer {
	at := func(key string) []string { return append(slices.Clone(path), key) }
	s := Signer{Name: f.Name, Roles: sorted(f.Roles), Environments: sorted(f.Environments), PredicateTypes: []string{}}
	if strings.TrimSpace(f.Name) == "" {
		r.problem(path, "A signer has no name; add name: with a word that decisions can show.")
	}
	if len(f.Roles) == 0 {
		r.problem(at("roles"), "The signer %q has no roles; add roles: [admit].", f.Name)
	}
	r.each(at("roles"), f.Roles, evidence.RoleAdmit, evidence.RoleWaive, evidence.RoleLog)
	r.each(at("environments"), f.Environments, environments...)
	for i, name := range f.PredicateTypes {
		s.PredicateTypes = append(s.PredicateTypes, r.predicateType(append(at("predicateTypes"), strconv.Itoa(i)), name, f.Roles))
	}
	s.PredicateTypes = sorted(s.PredicateTypes)
	r.key(at("publicKey"), &s, f.PublicKey)
	return s
}

func (r *reader) each(path []string, values []string, known ...string) {
	for i, v := range values {
		if !slices.Contains(known, v) {
			r.problem(append(slices.Clone(path), strconv.Itoa(i)), "Unknown value %q in %q; write %s.", v, path[len(path)-1], strings.Join(known, ", "))
		}
	}
}

// predicateType takes a short name or the whole address of a type.
func (r *reader) predicateType(path []string, name string, roles []string) string {
	full := name
	if t := predicateTypeOf(name); t != "" {
		full = t
	}
	switch role := roleFor(full); {
	case role == "":
		r.problem(path, "Unknown type of statement %q; write scan, admission, model, sbom or waiver.", name)
	case !slices.Contains(roles, role):
		r.problem(path, "Statements of type %q are signed in the role %q, which this signer does not have.", name, role)
	}
	return full
}

func (r *reader) key(path []string, s *Signer, text string) {
	data := []byte(text)
	switch inline := strings.Contains(text, "-----BEGIN"); {
	case strings.TrimSpace(text) == "":
		r.problem(path, "The signer %q has no publicKey; write the path of a .pub file or its content.", s.Name)
		return
	case !inline && r.load == nil:
		r.problem(path, "The public key of the signer %q is a path, and key files cannot be read here; write the PEM text.", s.Name)
		return
	case !inline:
		var err error
		if data, err = r.load(text); err != nil {
			r.problem(path, "The public key of the signer %q cannot be read: %s.", s.Name, err)
			return
		}
	}
	pub, id, err := parsePublicKey(data)
	if err != nil {
		r.problem(path, "The public key of the signer %q cannot be used: %s.", s.Name, err)
	}
	s.Public, s.KeyID = pub, id
}

func (r *reader) names(signers []signerFile) {
	seen := map[string]bool{}
	for i := range signers {
		if name := signers[i].Name; seen[name] {
			r.problem([]string{"signers", strconv.Itoa(i), "name"}, "Two signers are called %q; give each its own name.", name)
		}
		seen[signers[i].Name] = true
	}
}

// separate refuses a key in two roles where a profile wants them separate: the
// one who admits must not be the one who waives.
func (r *reader) separate(p *Policy, signers []signerFile) {
	for i := range signers {
		at := slices.IndexFunc(p.Signers, func(s Signer) bool { return s.Name == signers[i].Name })
		id := p.Signers[at].KeyID
		for _, env := range slices.Sorted(maps.Keys(p.Profiles)) {
			if roles := rolesOf(p.entriesFor(id, env)); p.Profiles[env].SeparateRoles && len(roles) > 1 {
				r.problem([]string{"signers", strconv.Itoa(i)}, "The key of signer %q holds the roles %s, and the profile %q wants one key in one role; make a key for each role, or limit one entry to other environments.",
					signers[i].Name, strings.Join(roles, " and "), env)
			}
		}
	}
}

// entriesFor lists the entries of a key that count in an environment.
func (p *Policy) entriesFor(keyID, env string) []*Signer {
	return slices.DeleteFunc(p.entries(keyID), func(s *Signer) bool { return !s.counts(env) })
}

// sorted is a sorted copy without repetitions; never nil.
func sorted(list []string) []string {
	out := append([]string{}, list...)
	slices.Sort(out)
	return slices.Compact(out)
}

// isDigest accepts "sha256:" and 64 lower-case hex digits.
func isDigest(s string) bool {
	hex, ok := strings.CutPrefix(s, "sha256:")
	return ok && len(hex) == 64 && strings.Trim(hex, "0123456789abcdef") == ""
}

// shortID is enough of a fingerprint for a person to compare.
func shortID(id string) string {
	if id == "" {
		return "(none)"
	}
	return fmt.Sprintf("%.12s…", id)
}
