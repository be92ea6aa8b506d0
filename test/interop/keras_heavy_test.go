//go:build heavy

package interop

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/finding"
)

// readKeras tells which classes the configuration of a model names, and that the
// real loader accepts it in its safe mode.
const readKeras = `
import os, json, sys, zipfile
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
def classes(o, out):
    if isinstance(o, dict):
        c = o.get("class_name")
        if isinstance(c, str) and not c.startswith("__") and c != "function": out.add(c)
        for v in o.values(): classes(v, out)
    elif isinstance(o, list):
        for v in o: classes(v, out)
    return out
res = {}
for path in sys.argv[1:]:
    if "tf_" not in os.path.basename(path): keras.saving.load_model(path, safe_mode=True)
    with zipfile.ZipFile(path) as z: config = json.loads(z.read("config.json"))
    res[path] = ",".join(sorted(classes(config, set())))
json.dump(res, sys.stdout)
`

// TestKerasLoadsWhatIsClean needs keras 3 with tensorflow-cpu 2.19.0 in the
// environment heavy/ of SALLYPORT_INTEROP.
func TestKerasLoadsWhatIsClean(t *testing.T) {
	python := client(t, "heavy/bin/python")
	files := produced(t, "keras/testdata/clean/*.keras")
	var want map[string]string
	out := foreign(t, python, append([]string{write(t, "read.py", readKeras)}, files...)...)
	if err := json.Unmarshal([]byte(out[strings.IndexByte(out, '{'):]), &want); err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			var report finding.Report
			if err := json.Unmarshal([]byte(newUser(t).sallyport(t, 0, "scan", name, "--format", "json")), &report); err != nil {
				t.Fatal(err)
			}
			if report.Verdict != finding.Clean || len(report.Findings) > 0 {
				t.Errorf("%s: %+v %+v", report.Verdict, report.Findings, report.Gaps)
			}
			i := slices.IndexFunc(report.Files[0].Children, func(n finding.Node) bool { return n.Name == "config.json" })
			got := ""
			for _, f := range report.Files[0].Children[i].Facts {
				if f.Key == "keras.classes" {
					got = f.Value
				}
			}
			if diff := cmp.Diff(want[name], got); diff != "" {
				t.Errorf("-keras +sallyport\n%s", diff)
			}
		})
	}
}
