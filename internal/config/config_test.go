package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestOrder(t *testing.T) {
	work, user := t.TempDir(), t.TempDir()
	userFile := filepath.Join(user, "sallyport", "config.yaml")
	write(t, userFile, "jobs: 1\nformat: json\nenv: staging\nquiet: true\n")
	write(t, filepath.Join(work, FileName), "# ours\nformat: sarif\nfail-on: MEDIUM\n")
	c, err := Load(Places{WorkDir: work, UserDir: user, Environ: []string{"PATH=/bin", "SALLYPORT_FAIL_ON=LOW", "SALLYPORT_DIGEST=true", "SALLYPORT_PASSPHRASE=x", "SALLYPORT_JOBS="}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Setting{
		"jobs": {"1", userFile + ":1"}, "env": {"staging", userFile + ":3"}, "quiet": {"true", userFile + ":4"},
		"format": {"sarif", "sallyport.yaml:2"}, "fail-on": {"LOW", "SALLYPORT_FAIL_ON"}, "digest": {"true", "SALLYPORT_DIGEST"},
	}
	if diff := cmp.Diff(want, c.settings); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"digest", "env", "fail-on", "format", "jobs", "quiet"}, c.Names()); diff != "" {
		t.Error(diff)
	}
}

func TestNothingToLoad(t *testing.T) {
	for name, p := range map[string]Places{"nowhere": {}, "no-files": {WorkDir: t.TempDir(), UserDir: t.TempDir()}} {
		t.Run(name, func(t *testing.T) {
			c, err := Load(p)
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := c.Lookup("jobs"); ok || len(c.Names()) > 0 {
				t.Errorf("settings out of nowhere: %v", c.Names())
			}
		})
	}
}

func TestValues(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"jobs-negative", "jobs: -1\n", `sallyport.yaml:1: "jobs": "-1" is not a number from 0`},
		{"jobs-huge", "jobs: 100000\n", "is not a number from 0"},
		{"severity", "jobs: 1\nfail-on: BAD\n", `sallyport.yaml:2: "fail-on": unknown severity "BAD"`},
		{"format", "format: pdf\n", `unknown format "pdf"`},
		{"typo", "job: 1\n", `sallyport.yaml:1: Unknown key "job"; did you mean "jobs"?`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			work := t.TempDir()
			write(t, filepath.Join(work, FileName), tt.text)
			_, err := Load(Places{WorkDir: work})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestVariableValues(t *testing.T) {
	for name, v := range map[string]string{"jobs": "SALLYPORT_JOBS=x", "digest": "SALLYPORT_DIGEST=1", "env": "SALLYPORT_ENV=prod", "fail-on": "SALLYPORT_FAIL_ON=all"} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(Places{Environ: []string{v}})
			variable, _, _ := strings.Cut(v, "=")
			if err == nil || !strings.Contains(err.Error(), variable) {
				t.Errorf("got %v, want an error that names %s", err, variable)
			}
		})
	}
}

// The attack: settings that weaken trust, from a place that strangers can write.
func TestTrustIsRefused(t *testing.T) {
	keys := []string{"policy: p.yaml", "signers: []", "sources: ['*']", "allow-list: []", "publicKey: x", "local-keys: trust",
		"maxScanAge: 900d", "blockSeverity: CRITICAL", "waivers: []", "profiles: {}", "Policy: p.yaml"}
	for _, line := range keys {
		t.Run("file-"+strings.Fields(line)[0], func(t *testing.T) {
			for _, dir := range []string{"work", "user"} {
				root := t.TempDir()
				p := Places{WorkDir: root}
				path := filepath.Join(root, FileName)
				if dir == "user" {
					p, path = Places{UserDir: root}, filepath.Join(root, UserFileName)
				}
				write(t, path, "jobs: 2\n"+line+"\n")
				_, err := Load(p)
				if err == nil || !strings.Contains(err.Error(), ":2: ") || !strings.Contains(err.Error(), "policy file") {
					t.Errorf("%s: got %v", dir, err)
				}
			}
		})
	}
	for _, name := range []string{"SALLYPORT_POLICY", "SALLYPORT_SIGNERS", "SALLYPORT_ALLOW_LIST", "SALLYPORT_TRUST_ROOT"} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(Places{Environ: []string{name + "=x"}})
			if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "--policy") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// The attack: a repository whose own sallyport.yaml turns the production gate
// into the sandbox gate.
func TestWorkingDirectoryCannotChooseTheEnvironment(t *testing.T) {
	work := t.TempDir()
	write(t, filepath.Join(work, FileName), "env: sandbox\n")
	_, err := Load(Places{WorkDir: work})
	if err == nil || !strings.Contains(err.Error(), "sallyport.yaml:1: ") || !strings.Contains(err.Error(), "--env") {
		t.Errorf("got %v", err)
	}
}

// The attack: a model that brings its own settings.
func TestNotFromInsideASource(t *testing.T) {
	root := t.TempDir()
	model := filepath.Join(root, "model")
	write(t, filepath.Join(model, FileName), "jobs: 7\n")
	write(t, filepath.Join(model, "sub", FileName), "jobs: 7\n")
	link := filepath.Join(root, "link")
	if err := os.Symlink(model, link); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, work, source string
		read               bool
	}{
		{"source-is-working-directory", model, model, false},
		{"working-directory-inside-source", filepath.Join(model, "sub"), model, false},
		{"source-is-a-link-to-it", model, link, false},
		{"working-directory-is-a-link-into-it", link, model, false},
		{"source-is-the-file", model, filepath.Join(model, FileName), false},
		{"source-is-the-parent", model, root, false},
		{"source-is-beside", model, filepath.Join(root, "mod"), true},
		{"source-is-another-file", model, filepath.Join(model, "weights.bin"), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Load(Places{WorkDir: tt.work, Sources: []string{tt.source}})
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := c.Lookup("jobs"); ok != tt.read {
				t.Errorf("read = %v, want %v", ok, tt.read)
			}
			if (len(c.Ignored) == 0) != tt.read {
				t.Errorf("ignored = %q", c.Ignored)
			}
		})
	}
}

func TestFileThatCannotBeRead(t *testing.T) {
	work := t.TempDir()
	if err := os.Mkdir(filepath.Join(work, FileName), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(Places{WorkDir: work}); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("got %v", err)
	}
}

// Every setting that a file can hold has a name, a check and a text.
func TestKnownSettings(t *testing.T) {
	work, user := t.TempDir(), t.TempDir()
	write(t, filepath.Join(user, UserFileName), "jobs: 2\ndigest: true\nfail-on: LOW\nformat: text\nenv: sandbox\nquiet: false\n")
	c, err := Load(Places{WorkDir: work, UserDir: user})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range known {
		if s, ok := c.Lookup(k.name); !ok || k.check(s.Value) != nil {
			t.Errorf("%s: %+v", k.name, s)
		}
	}
	if len(c.Names()) != len(known) {
		t.Errorf("names = %v", c.Names())
	}
}
