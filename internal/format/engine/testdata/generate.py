#!/usr/bin/env python3
"""Write the samples of clean/ that the runtimes themselves write.

usage: generate.py paddle      with paddlepaddle 3.3.1
       generate.py paddle2     the same, in the form of version 2
       generate.py onnx        with onnx 1.23.2; writes /dev/shm/engine.onnx
       generate.py mnn         with MNN 3.6.1, after that

The other samples of clean/ are written by hand.
"""
import os
import pathlib
import shutil
import sys

clean = pathlib.Path(__file__).parent / "clean"
work = pathlib.Path("/dev/shm/engine.onnx")


def paddle(name):
    import paddle
    paddle.enable_static()
    paddle.seed(7)
    program, start = paddle.static.Program(), paddle.static.Program()
    with paddle.static.program_guard(program, start):
        x = paddle.static.data("x", [None, 3, 8, 8], "float32")
        y = paddle.nn.functional.relu(paddle.nn.Conv2D(3, 4, 3)(x))
        z = paddle.nn.functional.softmax(paddle.nn.Linear(144, 5)(paddle.flatten(y, 1)))
    run = paddle.static.Executor(paddle.CPUPlace())
    run.run(start)
    folder = pathlib.Path("/dev/shm/engine-paddle")
    paddle.static.save_inference_model(str(folder / name), [x], [z], run, program=program)
    for path in folder.glob(name + ".*"):
        shutil.move(path, clean / path.name)
    if (clean / (name + ".pdmodel")).exists():
        without_traces(clean / (name + ".pdmodel"))
    shutil.rmtree(folder)


def without_traces(path):
    """Drop the stack traces of operators, which hold paths of the machine."""
    from paddle.base.proto.framework_pb2 import ProgramDesc
    program = ProgramDesc.FromString(path.read_bytes())
    for block in program.blocks:
        for op in block.ops:
            kept = [a for a in op.attrs if a.name != "op_callstack"]
            del op.attrs[:]
            op.attrs.extend(kept)
    path.write_bytes(program.SerializeToString(deterministic=True))


def onnx():
    import numpy as np
    import onnx
    from onnx import helper as h
    from onnx import numpy_helper as n
    rng = np.random.default_rng(7)
    weights = [n.from_array(rng.standard_normal((4, 3, 3, 3)).astype(np.float32), "w"), n.from_array(np.zeros(4, np.float32), "b"),
               n.from_array(rng.standard_normal((64, 5)).astype(np.float32), "m")]
    nodes = [h.make_node("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1]), h.make_node("Relu", ["c"], ["r"]),
             h.make_node("MatMul", ["r2", "m"], ["y"]), h.make_node("Reshape", ["r", "s"], ["r2"])]
    nodes[2], nodes[3] = nodes[3], nodes[2]
    weights.append(n.from_array(np.array([4, 64], np.int64), "s"))
    graph = h.make_graph(nodes, "g", [h.make_tensor_value_info("x", 1, [1, 3, 8, 8])], [h.make_tensor_value_info("y", 1, [4, 5])], weights)
    onnx.save(h.make_model(graph, opset_imports=[h.make_opsetid("", 13)], ir_version=8), work)


def mnn():
    import MNN  # noqa: F401 loads the library
    import _tools
    for name, more in (("conv", []), ("conv_int8", ["--weightQuantBits", "8"]), ("conv_external", ["--saveExternalData"])):
        _tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--modelFile", str(work), "--MNNModel", str(clean / (name + ".mnn")), "--bizCode", "test", *more])


clean.mkdir(exist_ok=True)
if sys.argv[1] == "paddle2":
    os.environ["FLAGS_enable_pir_api"] = "0"
{"paddle": lambda: paddle("version3"), "paddle2": lambda: paddle("version2"), "onnx": onnx, "mnn": mnn}[sys.argv[1]]()
