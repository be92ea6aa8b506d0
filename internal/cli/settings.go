package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/attest"
	"github.com/sallyport/sallyport/internal/config"
	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/render"
	"github.com/sallyport/sallyport/internal/sign"
)

// defaults gives every flag that the user did not set the value of the
// configuration. A file inside one of the sources, or inside a registry that is
// named, has no say.
func (a *app) defaults(cmd *cobra.Command, sources ...string) error {
	wd, err := os.Getwd()
	if err != nil {
		wd = ""
	}
	user, err := os.UserConfigDir()
	if err != nil {
		user = ""
	}
	c, err := config.Load(config.Places{WorkDir: wd, UserDir: user, Environ: os.Environ(), Sources: strangers(sources)})
	if err != nil {
		return &failure{code: exitUsage, err: err, hint: "correct the line, or remove it"}
	}
	for _, line := range c.Ignored {
		fmt.Fprintf(a.Err, "sallyport: %s\n", render.Escape(line))
	}
	for _, name := range c.Names() {
		flag := cmd.Flag(name)
		if flag == nil || flag.Changed {
			continue
		}
		s, _ := c.Lookup(name)
		if name == "format" && !strings.Contains(flag.Usage, s.Value) {
			continue // this verb has no such form; its own default stays
		}
		if err := flag.Value.Set(s.Value); err != nil {
			return usage("correct it there", "%s: the value %q does not fit --%s: %w", s.Origin, s.Value, name, err)
		}
	}
	return nil
}

// strangers lists the places on this disk that somebody else may have filled:
// sources, and the folders of registries. Standard input can name anything below
// the working directory.
func strangers(names []string) []string {
	var out []string
	for _, s := range names {
		if dir, ok := strings.CutPrefix(s, layoutScheme); ok {
			s = layoutFolder(dir)
		}
		if s == "-" {
			s = "."
		}
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// layoutFolder is DIR of DIR//REPO, or of DIR alone.
func layoutFolder(s string) string {
	if i := strings.LastIndex(s, "//"); i > 0 {
		return s[:i]
	}
	return s
}

// policyFile is the policy that is read when the user names none.
const policyFile = "sallyport-policy.yaml"

// loadPolicy reads the policy: the named file, else sallyport-policy.yaml of the
// working directory, else the built-in profiles. A policy inside a source would
// let a model judge itself, and one inside a registry whoever can write there:
// they are refused, unless the user names the one inside the registry.
func (a *app) loadPolicy(name string, source, reg string) (*policy.Policy, error) {
	given := name != ""
	if name == "" {
		if _, err := os.Lstat(policyFile); errors.Is(err, fs.ErrNotExist) {
			return policy.Builtin(), nil
		}
		name = policyFile
	}
	const hint = "run the command in another folder, or name a policy of your own elsewhere: --policy FILE"
	if inside := holder(name, strangers([]string{source})); inside != "" {
		return nil, usage(hint, "the policy %q lies inside the source %q: a model cannot bring its own policy", name, inside)
	}
	if inside := holder(name, strangers([]string{reg})); inside != "" && !given {
		return nil, usage(hint, "the policy %q lies inside the registry %q: whoever can write there must not make the rules", name, inside)
	}
	if !given && !a.quiet {
		fmt.Fprintf(a.Err, "sallyport: policy %s\n", policyFile)
	}
	text, err := readLinked(name, 1<<20)
	if err != nil {
		return nil, failed(err, "make one: sallyport policy init")
	}
	p, err := policy.Parse(name, text, func(path string) ([]byte, error) {
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(name), path)
		}
		return readLinked(path, sign.MaxKeyFile)
	})
	if err != nil {
		return nil, &failure{code: exitIncomplete, err: err, hint: "every key is explained in docs/policy.md; a fresh file: sallyport policy init"}
	}
	return p, nil
}

// scanNames reads the additions of the policy that a scan was told to use. None
// of the sources may bring it.
func (a *app) scanNames(file string, sources []string) ([]finding.Name, error) {
	if file == "" {
		return nil, nil
	}
	for _, source := range sources[1:] {
		if inside := holder(file, strangers([]string{source})); inside != "" {
			return nil, usage("name a policy of your own elsewhere: --policy FILE", "the policy %q lies inside the source %q: a model cannot bring its own policy", file, inside)
		}
	}
	p, err := a.loadPolicy(file, sources[0], "")
	if err != nil {
		return nil, err
	}
	return a.namesInForce(p), nil
}

// namesInForce drops additions whose last day is over, and says so.
func (a *app) namesInForce(p *policy.Policy) []finding.Name {
	inForce, expired := p.NamesAt(time.Now())
	for _, n := range expired {
		fmt.Fprintf(a.Err, "sallyport: the addition %s to the list of inert names ended on %s and is ignored\n", render.Escape(n.Module+"."+n.Name), n.Expires)
	}
	return inForce
}

// holder is the source that holds the file, or empty.
func holder(file string, sources []string) string {
	full := absolute([]string{file})
	for _, s := range sources {
		for _, root := range absolute([]string{s}) {
			for _, f := range full {
				if rel, err := filepath.Rel(root, f); err == nil && filepath.IsLocal(rel) {
					return s
				}
			}
		}
	}
	return ""
}

// trustedKeys lists whose statements count: the signers of the policy and, where
// the policy says so for this kind of registry, the user's own keys. Those must
// not lie in a place of strangers.
func trustedKeys(p *policy.Policy, env, kind string, strange []string) ([]attest.TrustedKey, error) {
	var keys []attest.TrustedKey
	for i := range p.Signers {
		s := &p.Signers[i]
		keys = append(keys, attest.TrustedKey{Public: s.Public, Key: s.Key()})
	}
	if !p.TrustsLocalKeys(env, kind) {
		return keys, nil
	}
	folder, err := keysFolder()
	if err != nil {
		return keys, nil // no place for keys: there are none
	}
	if err := notFrom(folder, strange); err != nil {
		return nil, err
	}
	for _, role := range roles {
		pub, err := sign.LoadPublic(filepath.Join(folder, role+sign.PublicExt))
		if isMissing(err) {
			continue
		}
		if err != nil {
			return nil, failed(err, "remove the broken key, then: sallyport keys init")
		}
		id, err := sign.KeyID(pub)
		if err != nil {
			return nil, failed(err, "")
		}
		keys = append(keys, attest.TrustedKey{Public: pub, Key: evidence.Key{ID: id, Roles: []string{role},
			Origin: "local key (trusted because the registry is a layout)"}})
	}
	return keys, nil
}

// notFrom refuses keys that lie in a place of strangers.
func notFrom(key string, strange []string) error {
	if inside := holder(key, strange); inside != "" {
		return usage("set XDG_CONFIG_HOME to a folder of your own, or name a key that lies elsewhere", "the key %q lies inside %q: whoever fills that place must not bring the keys", key, inside)
	}
	return nil
}

func isMissing(err error) bool { return err != nil && errors.Is(err, fs.ErrNotExist) }
