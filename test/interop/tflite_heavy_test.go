//go:build heavy

package interop

import "testing"

// TestTensorFlowReadsTheSame compares constants and operators with the reader
// generated from TensorFlow's schema. SALLYPORT_INTEROP holds tensorflow-cpu
// 2.19.0 in the environment heavy/.
func TestTensorFlowReadsTheSame(t *testing.T) {
	agree(t, client(t, "heavy/bin/python"), `
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
from tensorflow.lite.python import schema_py_generated as schema
names = {v: k for k, v in vars(schema.BuiltinOperator).items() if not k.startswith("_")}
short = {"FLOAT32": "F32", "FLOAT16": "F16", "INT32": "I32", "UINT8": "U8", "INT64": "I64", "INT8": "I8", "BOOL": "BOOL", "STRING": "STRING"}
types = {v: short.get(k, k) for k, v in vars(schema.TensorType).items() if not k.startswith("_")}
model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(open(sys.argv[1], "rb").read(), 0))
tensors = []
for g in model.subgraphs:
    for x in g.tensors:
        b = model.buffers[x.buffer]
        if (b.data is not None and len(b.data)) or b.size:
            tensors.append((x.name.decode(), types[x.type], [] if x.shape is None else list(x.shape)))
operators = []
for c in model.operatorCodes:
    number = max(c.deprecatedBuiltinCode, c.builtinCode)
    operators.append(c.customCode.decode() if names[number] == "CUSTOM" else names[number])
facts(tensors, operators)
`, "tflite/testdata/clean/*.tflite")
}
