package interop

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/format"
)

// graphPython states, of rows of name, type and dimensions and of operators, the
// facts that a scan should.
const graphPython = digestPython + `
def facts(tensors, operators):
    out = {"model.operators": ",".join(sorted(set(operators)))}
    if tensors:
        out.update({"tensor.count": str(len(tensors)), "tensor.digest": digest(tensors)})
    print(json.dumps({k: v for k, v in out.items() if v}))
`

// agree runs a library's script over every file of testdata and compares what it
// says with the facts of a scan, in which each must be clean.
func agree(t *testing.T, python, script, pattern string) {
	t.Helper()
	code := write(t, "facts.py", graphPython+script)
	for _, file := range produced(t, pattern) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			want, got := map[string]string{}, map[string]string{}
			if err := json.Unmarshal([]byte(foreign(t, python, code, file)), &want); err != nil {
				t.Fatal(err)
			}
			all := factsOf(t, file)
			for _, key := range []string{format.FactTensors, format.FactTensorDigest, format.FactOperators} {
				if all[key] != "" {
					got[key] = all[key]
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the library and the scan differ (-library +scan):\n%s", diff)
			}
		})
	}
}
