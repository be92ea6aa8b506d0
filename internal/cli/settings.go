package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/attest"
	"github.com/sallyport/sallyport/internal/config"
	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/render"
	"github.com/sallyport/sallyport/internal/sign"
)

// defaults gives every flag that the user did not set the value of the
// configuration. A file inside one of the sources has no say.
func (a *app) defaults(cmd *cobra.Command, sources ...string) error {
	wd, err := os.Getwd()
	if err != nil {
		wd = ""
	}
	user, err := os.UserConfigDir()
	if err != nil {
		user = ""
	}
	c, err := config.Load(config.Places{WorkDir: wd, UserDir: user, Environ: os.Environ(), Sources: localOnly(sources)})
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

// localOnly drops references and "-", which are no places on this disk.
func localOnly(sources []string) []string {
	var out []string
	for _, s := range sources {
		if s != "-" && !strings.HasPrefix(s, layoutScheme) {
			out = append(out, s)
		}
	}
	return out
}

// policyFile is the policy that is read when the user names none.
const policyFile = "sallyport-policy.yaml"

// loadPolicy reads the policy: the named file, else sallyport-policy.yaml of the
// working directory, else the built-in profiles. A policy inside a source would
// let a model judge itself: it is refused.
func (a *app) loadPolicy(name string, sources ...string) (*policy.Policy, error) {
	if name == "" {
		if _, err := os.Lstat(policyFile); errors.Is(err, fs.ErrNotExist) {
			return policy.Builtin(), nil
		}
		name = policyFile
		if source := holder(name, localOnly(sources)); source != "" {
			return nil, usage("run the command in another folder, or name your own policy: --policy FILE",
				"the policy %q lies inside the source %q: a model cannot bring its own policy", name, source)
		}
		if !a.quiet {
			fmt.Fprintf(a.Err, "sallyport: policy %s\n", policyFile)
		}
	}
	text, err := readLimited(name, 1<<20)
	if err != nil {
		return nil, failed(err, "make one: sallyport policy init")
	}
	p, err := policy.Parse(name, text, func(path string) ([]byte, error) {
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(name), path)
		}
		return readLimited(path, sign.MaxKeyFile)
	})
	if err != nil {
		return nil, &failure{code: exitIncomplete, err: err, hint: "every key is explained in docs/policy.md; a fresh file: sallyport policy init"}
	}
	return p, nil
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
// the policy says so for this kind of registry, the user's own keys.
func trustedKeys(p *policy.Policy, env, kind string) ([]attest.TrustedKey, error) {
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

func isMissing(err error) bool { return err != nil && errors.Is(err, fs.ErrNotExist) }
