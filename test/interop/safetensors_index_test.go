package interop

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/sallyport/sallyport/internal/format"
)

// readSafetensors states the digest that the library's own reader leads to.
const readSafetensors = digestPython + `
from safetensors import safe_open
out = {}
for path in sys.argv[1:]:
    with safe_open(path, framework="numpy") as f:
        rows = [(k, f.get_slice(k).get_dtype(), f.get_slice(k).get_shape()) for k in f.keys()]
    out[path] = digest(rows) if rows else ""
json.dump(out, sys.stdout)
`

func TestSafetensorsReaderSeesTheSame(t *testing.T) {
	python := client(t, "python/bin/python")
	files := produced(t, "safetensors/testdata/clean/*.safetensors")
	var want map[string]string
	if err := json.Unmarshal([]byte(foreign(t, python, append([]string{write(t, "read.py", readSafetensors)}, files...)...)), &want); err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			if got := factsOf(t, name)[format.FactTensorDigest]; got != want[name] {
				t.Errorf("digest %s, the library says %s", got, want[name])
			}
		})
	}
}

// writeShards writes a model in two files with their index.
const writeShards = `
import json, os, sys
import numpy as np
from safetensors.numpy import save_file
os.chdir(sys.argv[1])
weights = {f"layer.{i}.weight": np.full((4, 4), i, np.float32) for i in range(4)}
parts, index = [list(weights)[:2], list(weights)[2:]], {}
for n, keys in enumerate(parts, 1):
    name = f"model-{n:05d}-of-{len(parts):05d}.safetensors"
    save_file({k: weights[k] for k in keys}, name, metadata={"format": "pt"})
    index.update({k: name for k in keys})
json.dump({"metadata": {"total_size": sum(w.nbytes for w in weights.values())}, "weight_map": index}, open("model.safetensors.index.json", "w"), indent=2)
`

func TestShardedModel(t *testing.T) {
	python := client(t, "python/bin/python")
	dir := t.TempDir()
	foreign(t, python, write(t, "shards.py", writeShards), dir)
	u := newUser(t)
	u.sallyport(t, 0, "scan", dir)
	if err := os.Remove(filepath.Join(dir, "model-00002-of-00002.safetensors")); err != nil {
		t.Fatal(err)
	}
	u.sallyport(t, 2, "scan", dir) // a part that is not here was not looked at
}
