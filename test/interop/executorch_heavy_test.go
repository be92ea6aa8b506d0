//go:build heavy

package interop

import "testing"

// TestExecuTorchReadsTheSame compares constants and operators with ExecuTorch's
// own reader of programs. SALLYPORT_INTEROP holds executorch 1.5.1 with torch
// 2.15.0 in the environment heavy-executorch/.
func TestExecuTorchReadsTheSame(t *testing.T) {
	agree(t, client(t, "heavy-executorch/bin/python"), `
from executorch.exir._serialize._program import deserialize_pte_binary
from executorch.exir.schema import Tensor, TensorDataLocation
from executorch.exir.scalar_type import ScalarType as S
types = {S.FLOAT: "F32", S.LONG: "I64", S.INT: "I32", S.BOOL: "BOOL", S.BYTE: "U8"}
program = deserialize_pte_binary(open(sys.argv[1], "rb").read()).program
tensors, operators = [], []
for plan in program.execution_plan:
    for v in plan.values:
        x = v.val
        if not isinstance(x, Tensor) or not x.data_buffer_idx:
            continue
        extra = x.extra_tensor_info
        if extra and extra.location == TensorDataLocation.EXTERNAL:
            continue
        name = (extra and extra.fully_qualified_name) or "constant %d" % x.data_buffer_idx
        tensors.append((name, types[S(x.scalar_type)], list(x.sizes)))
    operators += [o.name for o in plan.operators]
facts(tensors, operators)
`, "executorch/testdata/clean/*.pte")
}
