package interop

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/format/columnar"
	"github.com/sallyport/sallyport/internal/formattest"
)

// pyarrowFacts prints what PyArrow says of each table, in the words of our facts.
const pyarrowFacts = `
import json, sys
import pyarrow as pa, pyarrow.parquet as pq
out = {}
for path in sys.argv[1:]:
    if path.endswith(".parquet"):
        m = pq.read_metadata(path)
        out[path] = {"table.rows": str(m.num_rows), "table.columns": str(m.num_columns), "table.row_groups": str(m.num_row_groups),
                     "model.producer": m.created_by,
                     "table.column_names": ",".join(sorted({m.schema.column(i).name for i in range(m.num_columns)}))}
        continue
    if path.endswith(".arrows"):
        batches = list(pa.ipc.open_stream(path))
        schema = batches[0].schema
    else:
        r = pa.ipc.open_file(path)
        schema, batches = r.schema, [r.get_batch(i) for i in range(r.num_record_batches)]
    out[path] = {"table.rows": str(sum(b.num_rows for b in batches)), "table.columns": str(len(schema)), "table.row_groups": str(len(batches)),
                 "table.column_names": ",".join(sorted(schema.names))}
print(json.dumps(out))
`

// TestTablesAgainstPyArrow compares rows, columns, row groups, names and producer of
// every table in testdata with what PyArrow reads.
func TestTablesAgainstPyArrow(t *testing.T) {
	python := client(t, "python/bin/python3")
	var paths []string
	for _, ending := range []string{"*.parquet", "*.arrow", "*.arrows", "*.feather"} {
		found, err := filepath.Glob(filepath.Join(root, "internal", "format", "columnar", "testdata", "clean", ending))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	if len(paths) < 12 {
		t.Fatalf("%d tables", len(paths))
	}
	raw, err := exec.Command(python, append([]string{"-c", pyarrowFacts}, paths...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var theirs map[string]map[string]string
	if err := json.Unmarshal(raw, &theirs); err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		f := columnar.Arrow
		if strings.HasSuffix(path, ".parquet") {
			f = columnar.Parquet
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		in := formattest.Input(path, data, false)
		if f.Match(in) != format.Strong {
			t.Errorf("%s is not recognised", path)
			continue
		}
		ours := map[string]string{}
		for _, fact := range f.Read(in).Facts {
			ours[fact.Key] = fact.Value
		}
		if diff := cmp.Diff(theirs[path], ours); diff != "" {
			t.Errorf("%s: PyArrow and Sallyport differ (-PyArrow +Sallyport):\n%s", filepath.Base(path), diff)
		}
	}
}
