package sbom

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// interop is the Python of the folder with the foreign tools, prepared by "make
// test". Without it the test is skipped on a desk and fails in CI.
func interop(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("SALLYPORT_INTEROP")
	if dir == "" && os.Getenv("CI") == "true" {
		t.Fatal("SALLYPORT_INTEROP is not set; in CI the foreign tools must be there")
	}
	if dir == "" {
		t.Skip("SALLYPORT_INTEROP is not set: bills of materials were not checked by a foreign validator")
	}
	return filepath.Join(dir, "python", "bin")
}

// validate is cyclonedx-python-lib's strict validator. It takes pairs of a schema
// version and a file and prints one line for each.
const validate = `
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
for version, path in zip(sys.argv[1::2], sys.argv[2::2]):
    error = JsonStrictValidator(SchemaVersion[version]).validate_str(open(path, encoding="utf-8").read())
    print("VALID" if error is None else repr(error).replace("\n", " "))
`

func TestCycloneDXPassesStrictValidator(t *testing.T) {
	dir := t.TempDir()
	var names, args []string
	add := func(name, schema string, doc []byte) {
		path := filepath.Join(dir, name+".json")
		if err := os.WriteFile(path, doc, 0o600); err != nil {
			t.Fatal(err)
		}
		names, args = append(names, name), append(args, schema, path)
	}
	for name, in := range inputs() {
		add(name+"_1.6", "V1_6", written(t, in, cyclonedx("1.6")))
		add(name+"_1.7", "V1_7", written(t, in, cyclonedx("1.7")))
	}
	add("broken", "V1_6", bytes.ReplaceAll(written(t, inputs()["hub"], cyclonedx("1.6")), []byte(`"alg"`), []byte(`"algo"`)))

	out, err := exec.Command(filepath.Join(interop(t), "python"), append([]string{"-c", validate}, args...)...).CombinedOutput()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err != nil || len(lines) != len(names) {
		t.Fatalf("%v\n%s", err, out)
	}
	for i, name := range names {
		if valid := lines[i] == "VALID"; valid != (name != "broken") {
			t.Errorf("%s: %s", name, lines[i])
		}
	}
}

// A peer's yardstick for completeness. What the model does not declare costs
// points, and rightly so: these inputs declare it.
func TestScoreOfAnOutsideJudge(t *testing.T) {
	tool := filepath.Join(interop(t), "aisbom")
	if _, err := os.Stat(tool); err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip("aisbom is not installed: completeness was not scored")
	}
	for _, name := range []string{"hub", "local"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bom.json")
			if err := os.WriteFile(path, written(t, inputs()[name], cyclonedx("1.6")), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(tool, "score", path, "--json", "--offline")
			cmd.Env = append(os.Environ(), "AISBOM_OFFLINE=1", "AISBOM_NO_TELEMETRY=1")
			out, err := cmd.Output()
			var score struct{ Overall float64 }
			if jsonErr := json.Unmarshal(out, &score); err != nil || jsonErr != nil {
				t.Fatalf("%v, %v\n%s", err, jsonErr, out)
			}
			if score.Overall < 85 {
				t.Errorf("%.1f of 100:\n%s", score.Overall, out)
			}
			t.Logf("%.1f of 100", score.Overall)
		})
	}
}
