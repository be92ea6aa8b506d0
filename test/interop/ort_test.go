package interop

import "testing"

// TestOnnxRuntimeReadsTheSame compares tensors and operators with the reader that
// ONNX Runtime's own tools are generated from.
func TestOnnxRuntimeReadsTheSame(t *testing.T) {
	agree(t, client(t, "python/bin/python"), `
from onnxruntime.tools.ort_format_model.ort_flatbuffers_py import fbs
import onnxruntime.tools.ort_format_model.ort_flatbuffers_py.fbs.InferenceSession as session
from onnxruntime.tools.ort_format_model.ort_flatbuffers_py.fbs.TensorDataType import TensorDataType as T
types = {T.FLOAT: "F32", T.UINT8: "U8", T.INT8: "I8", T.INT32: "I32", T.INT64: "I64", T.STRING: "STRING", T.BOOL: "BOOL", T.FLOAT16: "F16"}
tensors, operators = [], []
def graph(g):
    for i in range(g.InitializersLength()):
        x = g.Initializers(i)
        tensors.append((x.Name().decode(), types[x.DataType()], [x.Dims(k) for k in range(x.DimsLength())]))
    for i in range(g.NodesLength()):
        n = g.Nodes(i)
        domain = (n.Domain() or b"").decode()
        operators.append((domain + "." if domain else "") + n.OpType().decode())
        for k in range(n.AttributesLength()):
            if n.Attributes(k).G():
                graph(n.Attributes(k).G())
data = open(sys.argv[1], "rb").read()
graph(session.InferenceSession.GetRootAs(data, 0).Model().Graph())
facts(tensors, operators)
`, "ort/testdata/clean/*.ort")
}
