//go:build heavy

package interop

import (
	"encoding/json"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const readCatBoost = `
import json, sys
import catboost
out = {}
for path in sys.argv[1:]:
    m = catboost.CatBoost()
    m.load_model(path, format="json" if path.endswith(".json") else "cbm")
    out[path] = {"trees": m.tree_count_, "features": len(m.feature_names_)}
json.dump(out, sys.stdout)
`

// TestCatBoostSeesTheSame needs catboost 1.2.10 in the environment heavy/ of
// SALLYPORT_INTEROP. The library reads JSON of symmetric trees only.
func TestCatBoostSeesTheSame(t *testing.T) {
	python := client(t, "heavy/bin/python")
	files := produced(t, "catboost/testdata/clean/*.cbm")
	for _, name := range produced(t, "catboost/testdata/clean/*.json") {
		if filepath.Base(name) != "cb_loss.json" {
			files = append(files, name)
		}
	}
	var want map[string]struct{ Trees, Features int }
	if err := json.Unmarshal([]byte(foreign(t, python, append([]string{write(t, "read.py", readCatBoost)}, files...)...)), &want); err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			facts := factsOf(t, name)
			var got struct{ Trees, Features int }
			got.Trees, _ = strconv.Atoi(facts["catboost.trees"])
			got.Features, _ = strconv.Atoi(facts["catboost.features"])
			if diff := cmp.Diff(want[name], got); diff != "" {
				t.Errorf("-catboost +sallyport\n%s", diff)
			}
		})
	}
}
