//go:build heavy

package interop

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/finding"
)

// loadRestricted says of each file whether PyTorch loads it with weights_only.
const loadRestricted = `
import json, sys, warnings
warnings.simplefilter("ignore")
import torch
res = {}
for path in sys.argv[1:]:
    try:
        torch.load(path, weights_only=True, map_location="cpu")
        res[path] = True
    except Exception:
        res[path] = False
json.dump(res, sys.stdout)
`

// unreadable are files that PyTorch 2.15 itself fails on, whatever it may load.
var unreadable = []string{"legacy-storage.pt"}

// TestWeightsOnlyAgrees compares the fact torch.weights_only.compatible with what
// torch.load of PyTorch 2.15 does with files of our own corpus. It needs torch
// 2.15.0 in the environment heavy-executorch/ of SALLYPORT_INTEROP.
func TestWeightsOnlyAgrees(t *testing.T) {
	python := client(t, "heavy-executorch/bin/python")
	said := map[string]bool{}
	for _, folder := range []string{"torch-*", "lightning-*", "omegaconf-*", "accelerate-*", "deepspeed-*", "transformers-*", "timm-*"} {
		files, err := filepath.Glob(filepath.Join(root, "testdata/benign", folder, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if value, ok := compatibility(t, file); ok && !slices.Contains(unreadable, filepath.Base(file)) {
				said[file] = value == "true"
			}
		}
	}
	if len(said) < 150 {
		t.Fatalf("%d checkpoints, want 150 or more", len(said))
	}
	args := []string{write(t, "load.py", loadRestricted)}
	for file := range said {
		args = append(args, file)
	}
	var does map[string]bool
	if err := json.Unmarshal([]byte(foreign(t, python, args...)), &does); err != nil {
		t.Fatal(err)
	}
	loads := 0
	for file, want := range does {
		if want {
			loads++
		}
		if said[file] != want {
			t.Errorf("%s: PyTorch says %v, we say %v", file, want, said[file])
		}
	}
	if loads < 50 || loads > len(said)-50 {
		t.Errorf("%d of %d load: too one-sided to prove anything", loads, len(said))
	}
}

// compatibility is the fact of a checkpoint's own object.
func compatibility(t *testing.T, file string) (string, bool) {
	t.Helper()
	var report finding.Report
	out, err := exec.Command(program, "scan", file, "--format", "json").Output()
	if _, failed := err.(*exec.ExitError); err != nil && !failed {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatal(err)
	}
	for _, n := range report.Files[0].Children {
		if n.Name != "object" && !strings.HasSuffix(n.Name, "data.pkl") {
			continue
		}
		for _, f := range n.Facts {
			if f.Key == "torch.weights_only.compatible" {
				return f.Value, true
			}
		}
	}
	return "", false
}
