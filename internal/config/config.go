// Package config reads the user's settings: defaults for flags, from a small
// YAML file and from SALLYPORT_* variables. It also holds the strict YAML
// reader that the admission policy uses.
//
// Order: flag, then SALLYPORT_* variable, then ./sallyport.yaml, then
// $XDG_CONFIG_HOME/sallyport/config.yaml. The caller applies flags; Load does
// the rest and says where each value came from.
//
// Threat: a model that carries its own sallyport.yaml, or a checked-out
// repository whose settings weaken a gate. So the file in the working directory
// is not read when it lies inside a source; no file and no variable can set
// trust (policy, signers, keys, allow lists); and the file of the working
// directory cannot choose the environment whose policy applies.
// Not covered: who may write the user's own configuration directory.
package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/finding"
)

// Names of the files.
const (
	FileName     = "sallyport.yaml"        // in the working directory
	UserFileName = "sallyport/config.yaml" // below the user's configuration directory
	variable     = "SALLYPORT_"
)

// Setting is a default for the flag of the same name.
type Setting struct {
	Value  string // as one would write it after the flag
	Origin string // "sallyport.yaml:3" or "SALLYPORT_JOBS"
}

// Config is the merged result. The zero value sets nothing.
type Config struct {
	settings map[string]Setting
	// Ignored says which files were not read and why, for a note to the user.
	Ignored []string
}

// Lookup finds the default for a flag.
func (c *Config) Lookup(flag string) (Setting, bool) {
	s, ok := c.settings[flag]
	return s, ok
}

// Names lists the flags that have a default, sorted.
func (c *Config) Names() []string {
	names := make([]string, 0, len(c.settings))
	for name := range c.settings {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// file is what a configuration file may say. Keys are names of flags.
type file struct {
	Jobs   *int    `yaml:"jobs"`    // files read at the same time; 0: one per core
	Digest *bool   `yaml:"digest"`  // hash every file during a scan
	FailOn *string `yaml:"fail-on"` // severity that makes scan exit with 1
	Format *string `yaml:"format"`  // output format
	Env    *string `yaml:"env"`     // environment that gates decide for; user configuration only
	Quiet  *bool   `yaml:"quiet"`   // print no progress
}

// known is the list of settings; each value names the check of its text.
var known = []struct {
	name  string
	check func(string) error
}{
	{"jobs", checkJobs}, {"digest", checkBool}, {"fail-on", checkSeverity}, {"format", checkFormat},
	{"env", checkEnv}, {"quiet", checkBool},
}

// trust is the list of words that belong into a policy file. They are refused
// by name because a setting that looks accepted and does nothing is worse than
// an error.
var trust = []string{
	"policy", "policies", "profile", "profiles", "signer", "signers", "key", "keys", "publickey", "publickeys",
	"localkeys", "trust", "trustroot", "allow", "allowlist", "allowed", "allowedformats", "allowwaived", "sources",
	"waive", "waiver", "waivers", "blockseverity", "maxscanage", "minruleset", "requiredstatements",
	"requirecontent", "pinnedpolicydigests", "maxclockskew", "convert", "conditions",
}

func isTrust(name string) bool { return slices.Contains(trust, fold(name)) }

const trustMessage = "%s sets trust, and trust comes from a policy file only: run \"sallyport policy init\", put it there, and name the file with --policy."

// decode reads one configuration file and adds what it says to the settings.
// The file of the working directory is held to more: see env.
func (c *Config) decode(name string, data []byte, workDir bool) error {
	d, err := Parse(name, data)
	if err != nil {
		return err
	}
	if err := errors.Join(d.refuseTrust()...); err != nil {
		return err
	}
	var f file
	if err := d.Decode(&f); err != nil {
		return err
	}
	if workDir && f.Env != nil {
		return d.Errorf([]string{"env"}, "\"env\" chooses whose policy applies, so the file of a working directory cannot set it; say --env, or set it in the user configuration.")
	}
	var problems []error
	for _, k := range known {
		text, ok := f.text(k.name)
		if !ok {
			continue
		}
		if err := k.check(text); err != nil {
			problems = append(problems, d.Errorf([]string{k.name}, "%q: %s", k.name, err))
			continue
		}
		c.settings[k.name] = Setting{text, fmt.Sprintf("%s:%d", name, d.line([]string{k.name}))}
	}
	return errors.Join(problems...)
}

func (d *Document) refuseTrust() (problems []error) {
	if d.root == nil {
		return nil
	}
	for i := 0; i+1 < len(d.root.Content); i += 2 {
		if k := d.root.Content[i]; isTrust(k.Value) {
			problems = append(problems, &Error{d.name, k.Line, fmt.Sprintf(trustMessage, strconv.Quote(k.Value))})
		}
	}
	return problems
}

// text is a value of the file as one would write it after the flag.
func (f *file) text(name string) (string, bool) {
	switch name {
	case "jobs":
		if f.Jobs != nil {
			return strconv.Itoa(*f.Jobs), true
		}
	case "digest":
		return boolText(f.Digest)
	case "quiet":
		return boolText(f.Quiet)
	case "fail-on":
		return stringText(f.FailOn)
	case "format":
		return stringText(f.Format)
	case "env":
		return stringText(f.Env)
	}
	return "", false
}

func boolText(b *bool) (string, bool) {
	if b == nil {
		return "", false
	}
	return strconv.FormatBool(*b), true
}

func stringText(s *string) (string, bool) {
	if s == nil {
		return "", false
	}
	return *s, true
}

// environ reads SALLYPORT_* variables of the form "NAME=value". Variables that
// are no settings belong to others (a passphrase) and are left alone.
func (c *Config) environ(vars []string) error {
	var problems []error
	for _, v := range vars {
		name, value, _ := strings.Cut(v, "=")
		rest, ours := strings.CutPrefix(name, variable)
		if !ours {
			continue
		}
		if isTrust(rest) {
			problems = append(problems, &Error{File: name, Message: fmt.Sprintf(trustMessage, "This variable")})
			continue
		}
		flag := strings.ToLower(strings.ReplaceAll(rest, "_", "-"))
		for _, k := range known {
			if k.name != flag || value == "" {
				continue
			}
			if err := k.check(value); err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", name, err))
				continue
			}
			c.settings[flag] = Setting{value, name}
		}
	}
	return errors.Join(problems...)
}

func checkJobs(s string) error {
	if n, err := strconv.Atoi(s); err != nil || n < 0 || n > 1024 {
		return fmt.Errorf("%q is not a number from 0 (one per core) to 1024", s)
	}
	return nil
}

func checkBool(s string) error {
	if s != "true" && s != "false" {
		return fmt.Errorf("%q is neither true nor false", s)
	}
	return nil
}

func checkSeverity(s string) error {
	_, err := finding.ParseSeverity(s)
	return err
}

var formats = []string{"text", "json", "sarif", "junit", "markdown", "html"}

func checkFormat(s string) error {
	if !slices.Contains(formats, s) {
		return fmt.Errorf("unknown format %q (want %s)", s, strings.Join(formats, ", "))
	}
	return nil
}

func checkEnv(s string) error {
	switch s {
	case evidence.Sandbox, evidence.Staging, evidence.Production:
		return nil
	}
	return fmt.Errorf("unknown environment %q (want sandbox, staging or production)", s)
}
