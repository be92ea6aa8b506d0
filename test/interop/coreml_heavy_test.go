//go:build heavy

package interop

import (
	"os"
	"strings"
	"testing"
)

// TestCoreMLToolsReadTheSame compares the constants and operators of programs with
// what coremltools reads, and has its own library read every blob of the weights
// where the program says it lies. Of networks the layers are compared.
// SALLYPORT_INTEROP holds coremltools 9.0 in the environment heavy/.
func TestCoreMLToolsReadTheSame(t *testing.T) {
	python := client(t, "heavy/bin/python")
	for _, file := range produced(t, "coreml/testdata/clean/*.mlmodel") {
		files := map[string]string{"model.mlmodel": file}
		weights := strings.TrimSuffix(file, ".mlmodel") + ".bin"
		if _, err := os.Stat(weights); err == nil {
			files["weights/weight.bin"] = weights
		}
		if strings.Contains(file, "trees") || strings.Contains(file, "pipeline") {
			continue // no operators
		}
		sameTogether(t, python, readCoreML, files, "model.mlmodel")
	}
}

const readCoreML = `
import math, os
from coremltools.proto import Model_pb2, MIL_pb2
from coremltools.libmilstoragepython import _BlobStorageReader
model = Model_pb2.Model.FromString(open(sys.argv[1], "rb").read())
weights = os.path.join(os.path.dirname(sys.argv[1]), "weights", "weight.bin")
reader = _BlobStorageReader(weights) if os.path.exists(weights) else None
names = {v: k for k, v in MIL_pb2.DataType.items()}
short = {"BOOL": "BOOL", "FLOAT16": "F16", "FLOAT32": "F32", "FLOAT64": "F64", "BFLOAT16": "BF16"}
reads = {"FLOAT16": "read_fp16_data", "FLOAT32": "read_float_data", "INT4": "read_int4_data", "UINT3": "read_uint3_data", "INT8": "read_int8_data", "UINT8": "read_uint8_data"}
tensors, operators = [], []

def block(b):
    for op in b.operations:
        operators.append(op.type)
        inputs = [(key, b.value) for key, a in op.inputs.items() for b in a.arguments if b.WhichOneof("binding") == "value"]
        for key, value in list(op.attributes.items()) + inputs:
            if value.type.WhichOneof("type") != "tensorType": continue
            kind = names[value.type.tensorType.dataType]
            dims = [d.constant.size for d in value.type.tensorType.dimensions]
            if kind == "STRING" or not dims: continue
            name = op.outputs[0].name + ("" if key == "val" else "." + key)
            tensors.append((name, short.get(kind, kind.replace("UINT", "U").replace("INT", "I")), dims))
            if value.WhichOneof("value") == "blobFileValue":
                data = getattr(reader, reads[kind])(value.blobFileValue.offset)
                assert len(data) == math.prod(dims), (name, len(data), dims)
        for inner in op.blocks: block(inner)

def layers(network):
    for l in network.layers:
        operators.append(l.WhichOneof("layer"))
        if l.HasField("branch"):
            layers(l.branch.ifBranch)
            layers(l.branch.elseBranch)

if model.HasField("mlProgram"):
    for f in model.mlProgram.functions.values():
        for b in f.block_specializations.values(): block(b)
layers(model.neuralNetwork)
facts(tensors, operators)
`
