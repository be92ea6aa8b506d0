package interop

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/internal/format/gguf"
)

// digestPython defines digest(rows of name, type, dimensions), the same that
// format.Inventory states.
const digestPython = `
import hashlib, json, sys
def digest(rows):
    lines = sorted(f"{n}\t{t}" + ("\t" + ",".join(map(str, d)) if len(d) else "") + "\n" for n, t, d in rows)
    h = hashlib.sha256()
    for l in sorted(l.encode()[:-1] for l in lines): h.update(l + b"\n")
    return "sha256:" + h.hexdigest()
`

// readGGUF tells of each file what llama.cpp's own reader sees.
const readGGUF = digestPython + `
from gguf import GGUFReader
out = {}
for path in sys.argv[1:]:
    r = GGUFReader(path)
    facts = {}
    for f in r.fields.values():
        v = f.contents()
        if f.name.startswith("general.") and isinstance(v, str): facts[f.name] = v
    tokens = r.get_field("tokenizer.ggml.tokens")
    out[path] = {"digest": digest([(t.name, t.tensor_type.name, [int(d) for d in reversed(t.shape)]) for t in r.tensors]) if r.tensors else "",
        "places": sorted(f"{t.data_offset}+{t.n_bytes} {t.tensor_type.name}" for t in r.tensors),
        "tokens": len(tokens.data) if tokens else 0, "big": r.endianess.name == "BIG",
        "general": facts}
json.dump(out, sys.stdout)
`

type ggufView struct {
	Digest  string
	Places  []string
	Tokens  int
	Big     bool
	General map[string]string
}

// produced lists the files of a format's testdata that a real producer wrote.
func produced(t *testing.T, pattern string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(root, "internal", "format", pattern))
	if err != nil || len(all) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	return slices.DeleteFunc(all, func(name string) bool { return strings.HasSuffix(name, ".want") })
}

// factsOf are the facts that a scan states of one file.
func factsOf(t *testing.T, name string) map[string]string {
	t.Helper()
	var report finding.Report
	if err := json.Unmarshal([]byte(newUser(t).sallyport(t, 0, "scan", name, "--format", "json")), &report); err != nil {
		t.Fatal(err)
	}
	facts := map[string]string{}
	for _, f := range report.Files[0].Facts {
		facts[f.Key] = f.Value
	}
	return facts
}

func TestGGUFReaderSeesTheSame(t *testing.T) {
	python := client(t, "python/bin/python")
	files := produced(t, "gguf/testdata/clean/*.gguf")
	var want map[string]ggufView
	if err := json.Unmarshal([]byte(foreign(t, python, append([]string{write(t, "read.py", readGGUF)}, files...)...)), &want); err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			facts, w := factsOf(t, name), want[name]
			got := ggufView{Digest: facts[format.FactTensorDigest], Big: facts["gguf.byte_order"] != "", Places: places(t, name), General: map[string]string{}}
			_, _ = fmt.Sscan(facts["gguf.tokens"], &got.Tokens)
			for key := range w.General {
				got.General[key] = facts["gguf."+key]
			}
			got.General["general.architecture"] = facts[format.FactArchitecture]
			if _, named := w.General["general.name"]; named {
				got.General["general.name"] = facts[format.FactModelName]
			}
			if diff := cmp.Diff(w, got); diff != "" {
				t.Errorf("-GGUFReader +sallyport\n%s", diff)
			}
		})
	}
}

// places are the payloads of one file, as a deep scan gets them.
func places(t *testing.T, name string) []string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	budget := bounded.NewBudget(context.Background(), int64(len(data)))
	budget.Deep = true
	out := []string{}
	for _, s := range gguf.Format.Read(&format.Input{Name: filepath.Base(name), Path: filepath.Base(name), R: bounded.NewBytes(data, budget)}).Spans {
		if s.Kind == format.Payload {
			out = append(out, fmt.Sprintf("%d+%d %s", s.Offset, s.Length, s.Type))
		}
	}
	slices.Sort(out)
	return out
}
