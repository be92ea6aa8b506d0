//go:build heavy

package interop

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/decode/protobuf"
	"github.com/sallyport/sallyport/internal/finding"
	"github.com/sallyport/sallyport/internal/format"
	"github.com/sallyport/sallyport/rules"
)

// readGraphs tells of a file what TensorFlow's own messages make of it: constants
// and operators of all graphs and functions, and every field.
const readGraphs = `
import os, struct
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
from google.protobuf import text_format
from google.protobuf.descriptor import FieldDescriptor as F
from tensorflow.core.framework import graph_pb2
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2
TYPES = "? F32 F64 I32 U8 I16 I8 STRING C64 I64 BOOL I8 U8 I32 BF16 I16 U16 U16 C128 F16".split()

def parse(path):
    data = open(path, "rb").read()
    if path.endswith(".pbtxt"):
        first = data.decode().lstrip().split(None, 1)[0].rstrip(":")
        kind = saved_model_pb2.SavedModel if first == "saved_model_schema_version" else graph_pb2.GraphDef
        return text_format.Parse(data.decode(), kind())
    if path.endswith(".meta"): return meta_graph_pb2.MetaGraphDef.FromString(data)
    return (graph_pb2.GraphDef if "frozen" in path else saved_model_pb2.SavedModel).FromString(data)

def fields(m, depth, out):
    for f, value in m.ListFields():
        if f.message_type is not None and (f.message_type.GetOptions().map_entry or f.message_type.name == "PairValue"):
            continue # in no order, or written like one that is
        for v in (value if f.label == F.LABEL_REPEATED else [value]):
            head = " " * depth + f.name
            if f.type == F.TYPE_MESSAGE:
                out.append(head)
                fields(v, depth + 1, out)
            elif f.type == F.TYPE_FLOAT: out.append(head + " " + struct.pack(">f", v).hex())
            elif f.type == F.TYPE_DOUBLE: out.append(head + " " + struct.pack(">d", v).hex())
            elif f.type == F.TYPE_BYTES: out.append(head + " " + v.hex())
            elif f.type == F.TYPE_STRING: out.append(head + " " + v.encode().hex())
            else: out.append(head + " " + str(v % 2**64))

def graphs(m):
    if hasattr(m, "meta_graphs"): return [g.graph_def for g in m.meta_graphs]
    return [m.graph_def if hasattr(m, "graph_def") else m]

res = {}
for path in sys.argv[1:]:
    m = parse(path)
    tensors, operators, out = [], set(), []
    for g in graphs(m):
        own = {f.signature.name for f in g.library.function}
        for n in list(g.node) + [n for f in g.library.function for n in f.node_def]:
            if n.op not in own: operators.add(n.op)
            if n.op == "Const" and n.attr["value"].tensor.dtype != 7:
                t = n.attr["value"].tensor
                tensors.append((n.name, TYPES[t.dtype], [d.size for d in t.tensor_shape.dim]))
    fields(m, 0, out)
    res[path] = {"operators": ",".join(sorted(operators)), "digest": digest(tensors) if tensors else "", "fields": out}
json.dump(res, sys.stdout)
`

// TestTensorFlowGraphsAgree compares constants and operators of graphs with what
// TensorFlow's messages hold, and of those that are no text every field, maps
// aside. SALLYPORT_INTEROP holds tensorflow-cpu 2.19.0 in the environment heavy/.
func TestTensorFlowGraphsAgree(t *testing.T) {
	python := client(t, "heavy/bin/python")
	table, err := os.ReadFile(filepath.Join(root, "internal", "format", "savedmodel", "schema.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	schema := protobuf.ParseSchema(string(table))
	kinds := map[string]string{}
	var names []string
	for _, c := range []struct{ pattern, kind string }{{"keras_*.pb", "SavedModel"}, {"images.pb", "SavedModel"}, {"dataset.pb", "SavedModel"},
		{"v1_*.pb", "SavedModel"}, {"*.meta", "MetaGraphDef"}, {"frozen.pb", "GraphDef"}, {"graph.pbtxt", ""}} {
		for _, name := range produced(t, "savedmodel/testdata/clean/"+c.pattern) {
			kinds[name] = c.kind
			names = append(names, name)
		}
	}
	var views map[string]struct {
		Operators, Digest string
		Fields            []string
	}
	if err := json.Unmarshal([]byte(foreign(t, python, append([]string{write(t, "graphs.py", graphPython+readGraphs)}, names...)...)), &views); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			facts := factsOf(t, name)
			if view := views[name]; facts[format.FactOperators] != view.Operators || facts[format.FactTensorDigest] != view.Digest {
				t.Errorf("operators %s, digest %s; the library says %s, %s", facts[format.FactOperators], facts[format.FactTensorDigest], view.Operators, view.Digest)
			}
			if kinds[name] == "" {
				return
			}
			got := protobufFields(t, name, schema.Type("tensorflow."+kinds[name]))
			if diff := cmp.Diff(views[name].Fields, withoutMaps(got)); diff != "" {
				t.Errorf("fields differ (-library +ours):\n%s", diff)
			}
		})
	}
}

// withoutMaps leaves out entries of maps, which a library lists in any order: a
// message whose first field is its key.
func withoutMaps(lines []string) (out []string) {
	depth := func(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }
	for i := 0; i < len(lines); i++ {
		d := depth(lines[i])
		if i+1 < len(lines) && depth(lines[i+1]) == d+1 && strings.HasPrefix(strings.TrimLeft(lines[i+1], " "), "key ") {
			for i++; i < len(lines) && depth(lines[i]) > d; i++ {
			}
			i--
			continue
		}
		out = append(out, lines[i])
	}
	return out
}

// TestTensorFlowCheckpointsAgree compares the variables of checkpoints with what
// TensorFlow lists.
func TestTensorFlowCheckpointsAgree(t *testing.T) {
	python := client(t, "heavy/bin/python")
	folders := []string{"tfcheckpoint/testdata/folders/objects/ckpt", "tfcheckpoint/testdata/folders/partitioned/ckpt",
		"savedmodel/testdata/models/module/variables/variables", "savedmodel/testdata/models/v1_text/variables/variables", "tfcheckpoint/testdata/clean/old.ckpt"}
	for i, f := range folders {
		folders[i] = filepath.Join(root, "internal", "format", f)
	}
	want := map[string]string{}
	if err := json.Unmarshal([]byte(foreign(t, python, append([]string{write(t, "checkpoint.py", graphPython+`
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
types = {"float32": "F32", "int64": "I64", "string": "STRING", "bfloat16": "BF16", "int32": "I32", "float64": "F64"}
res = {}
for path in sys.argv[1:]:
    reader = tf.train.load_checkpoint(path)
    kinds = reader.get_variable_to_dtype_map()
    res[path] = digest([(n, types[kinds[n].name], s) for n, s in reader.get_variable_to_shape_map().items()])
json.dump(res, sys.stdout)
`)}, folders...)...)), &want); err != nil {
		t.Fatal(err)
	}
	for name, digest := range want {
		t.Run(filepath.Base(filepath.Dir(name)), func(t *testing.T) {
			target := name
			if !strings.HasSuffix(name, ".ckpt") {
				target = filepath.Dir(name)
			}
			var report finding.Report
			if err := json.Unmarshal([]byte(newUser(t).sallyport(t, 0, "scan", target, "--format", "json")), &report); err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, f := range report.Files {
				for _, fact := range f.Facts {
					if fact.Key == format.FactTensorDigest {
						got = fact.Value
					}
				}
			}
			if got != digest {
				t.Errorf("the scan says %s, the library %s", got, digest)
			}
		})
	}
}

// TestTensorFlowOperatorsAreListed asks TensorFlow for all its operators.
func TestTensorFlowOperatorsAreListed(t *testing.T) {
	python := client(t, "heavy/bin/python")
	out := foreign(t, python, "-c", `
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session as session
ops = op_def_pb2.OpList()
ops.ParseFromString(session.TF_GetBuffer(session.TF_GetAllOpList()))
print("\n".join(o.name for o in ops.op))
`)
	names := strings.Fields(out)
	if len(names) < 1500 {
		t.Fatalf("only %d operators", len(names))
	}
	for _, name := range names {
		if !strings.Contains(rules.TFOperators, "\n"+name+"\t") {
			t.Errorf("%s is not in the list", name)
		}
	}
}

// TestTensorFlowReadsTheSamples has TensorFlow's text reader read every sample of
// our rules that is one: a sample that no loader reads shows nothing.
func TestTensorFlowReadsTheSamples(t *testing.T) {
	python := client(t, "heavy/bin/python")
	names, err := filepath.Glob(filepath.Join(root, "rules", "SP-TF-*", "*", "*.pbtxt"))
	if err != nil || len(names) < 50 {
		t.Fatal(err, len(names))
	}
	more, err := filepath.Glob(filepath.Join(root, "rules", "SP-TF-*", "*", "*", "*.pbtxt"))
	if err != nil {
		t.Fatal(err)
	}
	foreign(t, python, slices.Concat([]string{"-c", `
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
from google.protobuf import text_format
from tensorflow.core.framework import graph_pb2
from tensorflow.core.protobuf import saved_model_pb2
for path in sys.argv[1:]:
    text = open(path).read()
    text_format.Parse(text, saved_model_pb2.SavedModel() if text.startswith("saved_model") else graph_pb2.GraphDef())
`}, names, more)...)
}
