//go:build heavy

package interop

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
)

// TestOpenVINOReadsTheSame compares constants and layers with what OpenVINO loads.
// Bodies of branches are out of reach of its Python interface.
// SALLYPORT_INTEROP holds openvino 2026.4.1 in the environment heavy/.
func TestOpenVINOReadsTheSame(t *testing.T) {
	python := client(t, "heavy/bin/python")
	for _, file := range produced(t, "openvino/testdata/clean/*.xml") {
		if strings.HasSuffix(file, "branches.xml") {
			continue
		}
		stem := strings.TrimSuffix(file, ".xml")
		sameTogether(t, python, `
import openvino as ov
spelled = {"Constant": "Const", "Relu": "ReLU", "PRelu": "PReLU", "Softmax": "SoftMax"}
types = {"boolean": "BOOL", "nf4": "F4", "f4e2m1": "F4", "f8e4m3": "F8_E4M3", "f8e5m2": "F8_E5M2", "f8e8m0": "F8_E8M0"}
ops = ov.Core().read_model(sys.argv[1]).get_ops()
tensors = [(o.get_friendly_name(), types.get(o.get_element_type().to_string(), o.get_element_type().to_string().upper()), list(o.get_output_shape(0)))
           for o in ops if o.get_type_name() == "Constant"]
facts(tensors, [spelled.get(o.get_type_name(), o.get_type_name()) for o in ops])
`, map[string]string{"m.xml": file, "m.bin": stem + ".bin"}, "m.xml")
	}
}

// sameTogether puts files into one folder, where the scan must find them clean,
// and compares its facts about one of them with those of a library.
func sameTogether(t *testing.T, python, script string, files map[string]string, name string) {
	t.Run(filepath.Base(files[name]), func(t *testing.T) {
		dir := t.TempDir()
		for to, from := range files {
			data, err := os.ReadFile(from)
			if err != nil {
				t.Fatal(err)
			}
			to = filepath.Join(dir, filepath.FromSlash(to))
			if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(to, data, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, got := map[string]string{}, map[string]string{}
		out := foreign(t, python, write(t, "facts.py", graphPython+script), filepath.Join(dir, filepath.FromSlash(name)))
		if err := json.Unmarshal([]byte(out[strings.LastIndexByte(strings.TrimSpace(out), '\n')+1:]), &want); err != nil {
			t.Fatal(err, out)
		}
		var report finding.Report
		if err := json.Unmarshal([]byte(newUser(t).sallyport(t, 0, "scan", dir, "--format", "json")), &report); err != nil {
			t.Fatal(err)
		}
		for _, f := range report.Files {
			for _, fact := range f.Facts {
				if f.Name == name && want[fact.Key] != "" {
					got[fact.Key] = fact.Value
				}
			}
		}
		if _, ok := want[format.FactOperators]; !ok {
			t.Error("the library sees no operators")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the library and the scan differ (-library +scan):\n%s", diff)
		}
	})
}
