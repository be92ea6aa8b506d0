package interop

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/bounded"
	"github.com/sallyport/sallyport/internal/decode/protobuf"
)

// readONNX tells of each file what the library of the format sees: every field of
// every message, and the facts that we state.
const readONNX = digestPython + `
import onnx, struct
from google.protobuf.descriptor import FieldDescriptor as F

NAMES = "? F32 U8 I8 U16 I16 I32 I64 STRING BOOL F16 F64 U32 U64 C64 C128 BF16 F8_E4M3 F8_E4M3FNUZ F8_E5M2 F8_E5M2FNUZ U4 I4 F4 F8_E8M0 U2 I2 F6_E2M3 F6_E3M2".split()

def fields(m, depth, out):
    for f, value in m.ListFields():
        for v in (value if f.is_repeated else [value]):
            head = " " * depth + f.name
            if f.type == F.TYPE_MESSAGE:
                out.append(head)
                fields(v, depth + 1, out)
            elif f.type == F.TYPE_FLOAT: out.append(head + " " + struct.pack(">f", v).hex())
            elif f.type == F.TYPE_DOUBLE: out.append(head + " " + struct.pack(">d", v).hex())
            elif f.type == F.TYPE_BYTES: out.append(head + " " + v.hex())
            elif f.type == F.TYPE_STRING: out.append(head + " " + v.encode().hex())
            else: out.append(head + " " + str(v % 2**64))

def nodes(m):
    for f, value in m.ListFields():
        if f.type == F.TYPE_MESSAGE:
            for v in (value if f.is_repeated else [value]):
                if f.message_type.name == "NodeProto": yield v
                yield from nodes(v)

def initializers(m):
    for f, value in m.ListFields():
        if f.type == F.TYPE_MESSAGE:
            for v in (value if f.is_repeated else [value]):
                if f.name == "initializer": yield v
                elif f.name == "sparse_initializer": yield v.values
                else: yield from initializers(v)

out = {}
for path in sys.argv[1:]:
    m = onnx.load(path, load_external_data=False)
    text = []
    fields(m, 0, text)
    ops = {("" if n.domain in ("", "ai.onnx") else n.domain + ":") + n.op_type for n in nodes(m)}
    tensors = [(t.name, NAMES[t.data_type], list(t.dims)) for t in initializers(m)]
    out[path] = {"text": text, "nodes": len(list(nodes(m))), "operators": ",".join(sorted(ops)), "digest": digest(tensors) if tensors else "",
        "opset": ",".join(sorted({f"{o.domain or 'ai.onnx'} {o.version}" for o in m.opset_import})), "version": str(m.ir_version)}
json.dump(out, sys.stdout)
`

type onnxView struct {
	Text                              []string
	Nodes                             int
	Operators, Digest, Opset, Version string
}

func TestONNXIsReadAsTheLibraryReadsIt(t *testing.T) {
	python := client(t, "python/bin/python")
	names := produced(t, "onnx/testdata/clean/*.onnx")
	views := map[string]onnxView{}
	if err := json.Unmarshal([]byte(foreign(t, python, append([]string{"-c", readONNX}, names...)...)), &views); err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(filepath.Join(root, "internal", "format", "onnx", "schema.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	model := protobuf.ParseSchema(string(table)).Type("ModelProto")
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			view, facts := views[name], factsOf(t, name)
			if diff := cmp.Diff(view.Text, protobufFields(t, name, model)); diff != "" {
				t.Errorf("fields differ (-library +ours):\n%s", diff)
			}
			want := map[string]string{"onnx.nodes": strconv.Itoa(view.Nodes), "model.operators": view.Operators, "tensor.digest": view.Digest,
				"model.opset": view.Opset, "onnx.ir_version": view.Version}
			for key, value := range want {
				if facts[key] != value {
					t.Errorf("%s is %q, the library says %q", key, facts[key], value)
				}
			}
		})
	}
}

// protobufFields lists every field of a file, one per line.
func protobufFields(t *testing.T, name string, model *protobuf.Type) (out []string) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	m := protobuf.Open(bounded.NewBytes(data, bounded.NewBudget(context.Background(), int64(len(data)))), model)
	defer m.Close()
	listFields(t, m, &out)
	return out
}

func listFields(t *testing.T, m *protobuf.Message, out *[]string) {
	for m.Next() {
		if m.Decl == nil {
			t.Fatalf("the schema does not have field %d of %s", m.Number, m.Type.Name)
		}
		head := strings.Repeat(" ", m.Depth()) + m.Decl.Name
		var sub protobuf.Message
		switch m.Decl.Kind {
		case protobuf.Nested:
			*out = append(*out, head)
			if m.Enter(&sub) {
				listFields(t, &sub, out)
			}
		case protobuf.Text, protobuf.Blob:
			*out = append(*out, head+" "+hex.EncodeToString(m.Head(m.Length)))
		default:
			format := map[protobuf.Kind]string{protobuf.Int: "%d", protobuf.Word32: "%08x", protobuf.Word64: "%016x"}[m.Decl.Kind]
			for v := range m.Numbers(m.Decl.Wire()) {
				*out = append(*out, head+" "+fmt.Sprintf(format, v))
			}
		}
	}
	if err := m.Err(); err != nil {
		t.Fatal(err)
	}
}

// TestONNXExternalData lets the library write a model with its tensors in a file
// beside it; every byte of both files is explained.
func TestONNXExternalData(t *testing.T) {
	python := client(t, "python/bin/python")
	dir := t.TempDir()
	foreign(t, python, "-c", `
import numpy as np, onnx, sys
from onnx import helper as h, numpy_helper
w = [numpy_helper.from_array(np.random.rand(64, n).astype(np.float32), f"w{n}") for n in (3, 64, 65)]
g = h.make_graph([h.make_node("Identity", ["w3"], ["y"])], "g", [], [h.make_tensor_value_info("y", 1, [64, 3])], w)
onnx.save(h.make_model(g), sys.argv[1] + "/model.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0)
onnx.load(sys.argv[1] + "/model.onnx")
`, dir)
	newUser(t).sallyport(t, 0, "scan", dir)
	weights := filepath.Join(dir, "weights.bin")
	data, err := os.ReadFile(weights)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(weights, data[:len(data)-1], 0o644); err != nil {
		t.Fatal(err)
	}
	newUser(t).sallyport(t, 1, "scan", dir)
	foreignFails(t, python, "-c", "import onnx, sys; onnx.load(sys.argv[1])", filepath.Join(dir, "model.onnx"))
}
