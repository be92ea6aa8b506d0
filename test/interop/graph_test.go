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

// eachFile runs the script argv[1] with each of the files behind it and collects what
// it prints. The libraries take long to start, so they do it once.
const eachFile = `
import contextlib, io, json, runpy, sys
script, files, out = sys.argv[1], sys.argv[2:], {}
for path in files:
    print(path, file=sys.stderr)
    sys.argv, text = [script, path], io.StringIO()
    with contextlib.redirect_stdout(text):
        runpy.run_path(script, run_name="__main__")
    out[path] = json.loads(text.getvalue())
print(json.dumps(out))
`

// agree runs a library's script over every file of testdata and compares what it
// says with the facts of a scan, in which each must be clean. The script gets one
// file as sys.argv[1] and calls facts.
func agree(t *testing.T, python, script, pattern string) {
	t.Helper()
	files := produced(t, pattern)
	args := append([]string{write(t, "each.py", eachFile), write(t, "facts.py", graphPython+script)}, files...)
	var want map[string]map[string]string
	if err := json.Unmarshal([]byte(foreign(t, python, args...)), &want); err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			got := map[string]string{}
			all := factsOf(t, file)
			for _, key := range []string{format.FactTensors, format.FactTensorDigest, format.FactOperators} {
				if all[key] != "" {
					got[key] = all[key]
				}
			}
			if diff := cmp.Diff(want[file], got); diff != "" {
				t.Errorf("the library and the scan differ (-library +scan):\n%s", diff)
			}
		})
	}
}
