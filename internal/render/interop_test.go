package render

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// interop is the folder with the foreign tools, prepared by "make test". Without
// it the test is skipped on a desk and fails in CI.
func interop(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("SALLYPORT_INTEROP")
	if dir == "" && os.Getenv("CI") == "true" {
		t.Fatal("SALLYPORT_INTEROP is not set; in CI the foreign tools must be there")
	}
	if dir == "" {
		t.Skip("SALLYPORT_INTEROP is not set: SARIF was not checked by a foreign validator")
	}
	return dir
}

var complaint = regexp.MustCompile(`(?m)^.*: (error|warning) [A-Z0-9]+: .*$`)

// complaints runs Microsoft's SARIF validator and returns what it objects to.
func complaints(t *testing.T, log []byte) [][]byte {
	t.Helper()
	tool := filepath.Join(interop(t), "node_modules", ".bin", "sarif-multitool")
	path := filepath.Join(t.TempDir(), "log.sarif")
	if err := os.WriteFile(path, log, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool, "validate", path).CombinedOutput()
	found := complaint.FindAll(out, -1)
	if len(found) == 0 && (err != nil || !bytes.Contains(out, []byte("Analysis completed successfully"))) {
		t.Fatalf("%v\n%s", err, out)
	}
	return found
}

func TestSARIFPassesMultitool(t *testing.T) {
	for name, make := range reports {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := SARIF(&b, make()); err != nil {
				t.Fatal(err)
			}
			for _, c := range complaints(t, b.Bytes()) {
				t.Errorf("%s", c)
			}
		})
	}
	t.Run("broken_log_is_refused", func(t *testing.T) {
		var b bytes.Buffer
		if err := SARIF(&b, flaggedReport()); err != nil {
			t.Fatal(err)
		}
		if len(complaints(t, bytes.ReplaceAll(b.Bytes(), []byte(`"message": {`), []byte(`"massage": {`)))) == 0 {
			t.Error("the validator accepts results without a message")
		}
	})
}
