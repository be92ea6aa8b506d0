package interop

import (
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// readBoosters tells of each model what its own library sees.
const readBoosters = `
import json, sys
out = {}
for path in sys.argv[1:]:
    if path.endswith(".txt"):
        import lightgbm
        b = lightgbm.Booster(model_file=path)
        leaves = sum(t["num_leaves"] for t in b.dump_model()["tree_info"])
        out[path] = {"trees": b.num_trees(), "features": b.num_feature(), "nodes": leaves}
    elif path.endswith(".model"):
        import sentencepiece
        s = sentencepiece.SentencePieceProcessor(model_file=path)
        out[path] = {"trees": 0, "features": s.get_piece_size(), "nodes": 0}
    else:
        import xgboost
        b = xgboost.Booster(model_file=path)
        dump = b.get_dump() if "gblinear" not in path else []
        out[path] = {"trees": len(dump), "features": b.num_features(), "nodes": sum(t.count("\n") for t in dump)}
json.dump(out, sys.stdout)
`

type boosterView struct{ Trees, Features, Nodes int }

func TestBoostersSeeTheSame(t *testing.T) {
	python := client(t, "python/bin/python")
	files := append(produced(t, "lightgbm/testdata/clean/*.txt"), produced(t, "sentencepiece/testdata/clean/*.model")...)
	for _, name := range append(produced(t, "xgboost/testdata/clean/*.json"), produced(t, "xgboost/testdata/clean/*.ubj")...) {
		if base := filepath.Base(name); base != "configuration.json" && base != "pickled_state.ubj" { // which no file of a model is
			files = append(files, name)
		}
	}
	var want map[string]boosterView
	if err := json.Unmarshal([]byte(foreign(t, python, append([]string{write(t, "read.py", readBoosters)}, files...)...)), &want); err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			facts := factsOf(t, name)
			number := func(keys ...string) int {
				for _, key := range keys {
					if n, err := strconv.Atoi(facts[key]); err == nil {
						return n
					}
				}
				return 0
			}
			got := boosterView{Trees: number("xgboost.trees", "lightgbm.trees"), Nodes: number("xgboost.nodes", "lightgbm.leaves"),
				Features: number("xgboost.features", "lightgbm.features", "sentencepiece.pieces")}
			if strings.Contains(name, "gblinear") {
				got.Nodes = 0
			}
			if diff := cmp.Diff(want[name], got); diff != "" {
				t.Errorf("-library +sallyport\n%s", diff)
			}
		})
	}
}
