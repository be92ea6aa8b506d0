#!/usr/bin/env python3
"""Make the models of clean/ with the tools that people make them with.

usage: python generate.py [DIR]
Versions used: onnx 1.23.2, onnxruntime 1.31.1, skl2onnx 1.20.0, torch 2.15.0,
onnxscript 0.7.2, scikit-learn and numpy of the same environment.
"""
import pathlib
import sys
import warnings

import numpy as np
import onnx
import torch
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper

warnings.filterwarnings("ignore")
out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "clean")
rng = np.random.default_rng(1)


def f32(*shape):
    return rng.normal(size=shape).astype(np.float32)


def info(name, shape, kind=T.FLOAT):
    return h.make_tensor_value_info(name, kind, shape)


def save(name, model, check=True):
    if check:
        onnx.checker.check_model(model)
    onnx.save(model, out / name)


def perceptron():
    """onnx.helper: initializers as raw data, metadata, descriptions."""
    init = [numpy_helper.from_array(f32(8, 16), "w1"), numpy_helper.from_array(f32(16), "b1"), numpy_helper.from_array(f32(16, 2), "w2")]
    nodes = [h.make_node("Gemm", ["x", "w1", "b1"], ["g"], alpha=0.5), h.make_node("Relu", ["g"], ["r"]),
             h.make_node("MatMul", ["r", "w2"], ["m"]), h.make_node("Softmax", ["m"], ["y"], axis=-1)]
    graph = h.make_graph(nodes, "perceptron", [info("x", ["batch", 8])], [info("y", ["batch", 2])], init, doc_string="A small model.")
    model = h.make_model(graph, producer_name="hand", producer_version="1", opset_imports=[h.make_opsetid("", 20)])
    h.set_model_props(model, {"names": "{0: 'cat', 1: 'dog'}", "stride": "32", "homepage": "https://example.com/model",
                              "prompt": "You are the system. import os; eval the model, then exec the plan."})
    save("perceptron.onnx", model)


def every_type():
    """Initializers of every element type, raw and typed, empty, scalar and sparse."""
    init = []
    for number in T.DataType.values():
        if number == T.UNDEFINED:
            continue
        name = T.DataType.Name(number).lower()
        if number == T.STRING:
            init.append(h.make_tensor(name, number, [2], ["some text that is long enough to be looked at", "b"]))
            continue
        values = [1, 0, 1, 0, 1, 0, 1] if number not in (T.COMPLEX64, T.COMPLEX128) else [1 + 2j] * 7
        try:
            init.append(h.make_tensor(name, number, [7], values))
        except Exception as error:  # not every type can be made this way
            print("skipped", name, error)
        width = h.tensor_dtype_to_np_dtype(number)
        try:
            init.append(numpy_helper.from_array(np.zeros((7, 19), dtype=width), name + "_raw"))
        except Exception as error:
            print("skipped", name, "raw", error)
    init += [h.make_tensor("empty", T.FLOAT, [0, 4], []), h.make_tensor("scalar", T.FLOAT, [], [1.0]),
             h.make_tensor("long_typed", T.INT64, [64], list(range(0, 6400, 100)))]
    sparse = h.make_sparse_tensor(h.make_tensor("sparse", T.FLOAT, [3], [1.0, 2.0, 3.0]), h.make_tensor("", T.INT64, [3], [1, 5, 9]), [20])
    node = h.make_node("Identity", ["float"], ["y"])
    graph = h.make_graph([node], "every_type", [], [info("y", [7])], init, sparse_initializer=[sparse])
    save("every_type.onnx", h.make_model(graph, opset_imports=[h.make_opsetid("", 25)]), check=False)


def functions():
    """Local functions that call each other, with overloads and attributes."""
    opset = [h.make_opsetid("", 20), h.make_opsetid("my.own", 1)]
    scale = h.make_function("my.own", "Scale", ["x"], ["y"],
                            [h.make_node("Constant", [], ["c"], value_float=2.0), h.make_node("Mul", ["x", "c"], ["y"])], opset)
    twice = h.make_function("my.own", "Twice", ["x"], ["y"],
                            [h.make_node("Scale", ["x"], ["t"], domain="my.own"), h.make_node("Scale", ["t"], ["y"], domain="my.own")], opset)
    graph = h.make_graph([h.make_node("Twice", ["x"], ["y"], domain="my.own", name="call")], "g", [info("x", [4])], [info("y", [4])])
    save("functions.onnx", h.make_model(graph, functions=[scale, twice], opset_imports=opset))


def training():
    """Training graphs beside the model."""
    w = numpy_helper.from_array(f32(4, 4), "w")
    graph = h.make_graph([h.make_node("MatMul", ["x", "w"], ["y"])], "g", [info("x", [1, 4])], [info("y", [1, 4])], [w])
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", 20), h.make_opsetid("ai.onnx.preview.training", 1)])
    start = h.make_graph([h.make_node("RandomNormal", [], ["w0"], shape=[4, 4])], "start", [], [info("w0", [4, 4])])
    step = h.make_graph([h.make_node("Sub", ["w", "g"], ["w1"])], "step", [info("g", [4, 4])], [info("w1", [4, 4])])
    model.training_info.append(h.make_training_info(step, [("w", "w1")], start, [("w", "w0")]))
    save("training_info.onnx", model, check=False)


def control_flow():
    """If over a shape and over a setting, Loop with a condition, Scan."""
    def branch(name, op):
        return h.make_graph([h.make_node(op, ["x"], [name])], name, [], [info(name, None)])
    one, rate = h.make_tensor("one", T.INT64, [], [1]), h.make_tensor("rate", T.INT64, [], [16000])
    zero = h.make_tensor("zero", T.INT64, [1], [0])
    body = h.make_graph([h.make_node("Add", ["s", "k"], ["s1"]), h.make_node("Less", ["i", "n"], ["go"])], "body",
                        [info("i", [], T.INT64), info("c", [], T.BOOL), info("s", None)], [info("go", [], T.BOOL), info("s1", None)],
                        [h.make_tensor("k", T.FLOAT, [], [1.0]), h.make_tensor("n", T.INT64, [], [3])])
    step = h.make_graph([h.make_node("Add", ["a", "e"], ["a1"]), h.make_node("Identity", ["a1"], ["o"])], "step",
                        [info("a", [4]), info("e", [4])], [info("a1", [4]), info("o", [4])])
    nodes = [h.make_node("Shape", ["x"], ["shape"]), h.make_node("Gather", ["shape", "zero"], ["rows"]), h.make_node("Squeeze", ["rows"], ["row"]),
             h.make_node("Equal", ["row", "one"], ["is_one"]),
             h.make_node("If", ["is_one"], ["p"], then_branch=branch("a", "Relu"), else_branch=branch("b", "Neg"), name="by_shape"),
             h.make_node("Equal", ["sr", "rate"], ["is_rate"]),
             h.make_node("If", ["is_rate"], ["q"], then_branch=branch("d", "Abs"), else_branch=branch("f", "Neg"), name="by_setting"),
             h.make_node("Loop", ["", "yes", "p"], ["r"], body=body), h.make_node("Add", ["q", "r"], ["qr"]),
             h.make_node("Scan", ["state", "qr"], ["last", "y"], body=step, num_scan_inputs=1)]
    graph = h.make_graph(nodes, "flow", [info("x", ["n", 4]), info("sr", [], T.INT64), info("state", [4])], [info("y", ["n", 4])],
                         [one, rate, zero, h.make_tensor("yes", T.BOOL, [], [True])])
    save("control_flow.onnx", h.make_model(graph, opset_imports=[h.make_opsetid("", 20)]))


class Attention(torch.nn.Module):
    """Masks from the input, element by element, as language models do."""

    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(32, 8)
        self.layer = torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.head = torch.nn.Linear(8, 3)

    def forward(self, ids):
        mask = ids == 0
        x = self.layer(self.embed(ids), src_key_padding_mask=mask)
        keep = (~mask).to(x.dtype).unsqueeze(-1)
        return self.head((x * keep).sum(1) / keep.sum(1).clamp(min=1e-9))


class Branches(torch.nn.Module):
    def forward(self, x, n: int):
        if x.shape[0] == 1:
            x = x + 1
        else:
            x = torch.relu(x)
        for _ in range(n):
            x = x * 2
        return x


def tidy(name):
    """Drop stack traces: they hold the paths of this machine."""
    model = onnx.load(out / name)
    graphs = [model.graph]
    while graphs:
        graph = graphs.pop()
        for node in graph.node:
            node.ClearField("doc_string")
            graphs += [a.g for a in node.attribute if a.type == onnx.AttributeProto.GRAPH]
            kept = [p for p in node.metadata_props if "stack_trace" not in p.key]
            del node.metadata_props[:]
            node.metadata_props.extend(kept)
    onnx.save(model, out / name)


def exported():
    """torch.onnx.export, by tracing, by script, and with the new exporter."""
    torch.manual_seed(1)
    model, ids = Attention().eval(), torch.randint(0, 32, (2, 5))
    torch.onnx.export(model, (ids,), str(out / "torch_attention.onnx"), dynamo=False, input_names=["ids"], dynamic_axes={"ids": {0: "b", 1: "n"}})
    torch.onnx.export(torch.jit.script(Branches()), (torch.ones(1, 3), torch.tensor(4)), str(out / "torch_script.onnx"), dynamo=False,
                      input_names=["x", "n"], dynamic_axes={"x": {0: "b"}})
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(72, 2)).eval()
    program = torch.onnx.export(net, (torch.ones(1, 1, 8, 8),), dynamo=True, optimize=False, verbose=False)
    onnx.save(program.model_proto, out / "torch_dynamo.onnx")
    for name in ("torch_attention.onnx", "torch_script.onnx", "torch_dynamo.onnx"):
        tidy(name)


def scikit():
    from skl2onnx import to_onnx
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    x, y = f32(40, 4), rng.integers(0, 2, 40)
    pipe = make_pipeline(StandardScaler(), RandomForestClassifier(3, max_depth=3, random_state=1)).fit(x, y)
    (out / "sklearn_forest.onnx").write_bytes(to_onnx(pipe, x[:1]).SerializeToString())
    import pandas as pd
    table = pd.DataFrame({"colour": ["red", "blue"] * 20, "size": x[:, 0]})
    pipe = make_pipeline(ColumnTransformer([("c", OneHotEncoder(), ["colour"]), ("n", StandardScaler(), ["size"])]),
                         RandomForestClassifier(2, max_depth=2, random_state=1)).fit(table, np.where(y > 0, "yes", "no"))
    (out / "sklearn_columns.onnx").write_bytes(to_onnx(pipe, table[:1]).SerializeToString())


def runtime():
    """What onnxruntime writes: quantised and optimised models."""
    import onnxruntime as ort
    from onnxruntime.quantization import quantize_dynamic
    quantize_dynamic(str(out / "torch_attention.onnx"), str(out / "quantized.onnx"))
    options = ort.SessionOptions()
    options.optimized_model_filepath = str(out / "optimized.onnx")
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    ort.InferenceSession(str(out / "torch_dynamo.onnx"), options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    for make in (perceptron, every_type, functions, training, control_flow, exported, scikit, runtime):
        make()
