#!/usr/bin/env python3
"""Write the samples of clean/ with coremltools.

usage: generate.py    in an environment with coremltools 9.0 and numpy
"""
import pathlib
import shutil
import tempfile

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb
from coremltools.models import datatypes
from coremltools.models.neural_network import NeuralNetworkBuilder
from coremltools.models.neural_network.quantization_utils import quantize_weights
from coremltools.models.pipeline import PipelineRegressor
from coremltools.models.tree_ensemble import TreeEnsembleRegressor

clean = pathlib.Path(__file__).parent / "clean"
rng = np.random.default_rng(7)


def save(model, name):
    (clean / name).write_bytes(model.SerializeToString(deterministic=True))


def package(model, name):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "m.mlpackage"
        model.save(str(path))
        data = path / "Data" / "com.apple.CoreML"
        shutil.copyfile(data / "model.mlmodel", clean / (name + ".mlmodel"))
        if (data / "weights" / "weight.bin").exists():
            shutil.copyfile(data / "weights" / "weight.bin", clean / (name + ".bin"))


def floats(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def network(deconvolution=True):
    b = NeuralNetworkBuilder([("x", datatypes.Array(4, 8, 8))], [("y", datatypes.Array(5))], disable_rank5_shape_mapping=True)
    b.add_convolution("conv", 2, 6, 3, 3, 1, 1, "same", 2, floats(3, 3, 2, 6), floats(6), True, input_name="x", output_name="c")
    if not deconvolution:  # the quantizer of coremltools cannot read one
        b.add_inner_product("fc", floats(5, 384), floats(5), 384, 5, True, "c", "y")
        return b.spec
    b.add_convolution("deconv", 6, 4, 2, 2, 2, 2, "valid", 2, floats(2, 2, 6, 2), None, False, is_deconv=True, output_shape=(16, 16), input_name="c", output_name="d")
    b.add_batchnorm("norm", 4, floats(4), floats(4), floats(4), abs(floats(4)), input_name="d", output_name="n")
    b.add_activation("act", "PRELU", "n", "a", floats(4))
    b.add_load_constant_nd("k", "k", floats(4, 1, 1), [4, 1, 1])
    b.add_multiply_broadcastable("m", ["a", "k"], "s")
    b.add_flatten_to_2d("f", "s", "f")
    b.add_inner_product("fc", floats(5, 1024), floats(5), 1024, 5, True, "f", "y")
    return b.spec


def recurrent():
    b = NeuralNetworkBuilder([("i", datatypes.Array(1, 1))], [("y", datatypes.Array(1, 3))], disable_rank5_shape_mapping=True)
    b.add_embedding_nd("emb", "i", "e", 10, 4, floats(4, 10))
    b.add_expand_dims("x", "e", "e5", [0, 1])
    b.add_unilstm("lstm", [floats(3, 4)] * 4, [floats(3, 3)] * 4, None, 3, 4, ["e5", "h", "c"], ["y", "ho", "co"])
    branch = b.add_branch("branch", "h")
    NeuralNetworkBuilder(input_features=None, output_features=None, spec=None, nn_spec=branch.branch.ifBranch, disable_rank5_shape_mapping=True).add_activation("r", "RELU", "h", "z")
    NeuralNetworkBuilder(input_features=None, output_features=None, spec=None, nn_spec=branch.branch.elseBranch, disable_rank5_shape_mapping=True).add_activation("t", "TANH", "h", "z")
    return b.spec


def trees():
    t = TreeEnsembleRegressor([("a", datatypes.Double()), ("b", datatypes.Double())], "y")
    t.add_branch_node(0, 0, 0, 0.5, "BranchOnValueLessThanEqual", 1, 2)
    t.add_leaf_node(0, 1, 1.0)
    t.add_leaf_node(0, 2, 2.0)
    t.set_default_prediction_value(0.0)
    return t.spec


def pipeline():
    p = PipelineRegressor([("a", datatypes.Double()), ("b", datatypes.Double())], [("y", datatypes.Double())])
    p.add_model(trees())
    p.spec.description.metadata.userDefined["com.example.note"] = "a pipeline of one"
    return p.spec


def two_layers():
    @mb.program(input_specs=[mb.TensorSpec(shape=(1, 64))])
    def linear(x):
        y = mb.relu(x=mb.linear(x=x, weight=floats(32, 64), bias=floats(32)))
        table = mb.const(val=rng.integers(0, 100, (3, 4)).astype(np.int32))
        s = mb.cond(pred=mb.greater(x=mb.reduce_sum(x=y), y=np.float32(0)), _true_fn=lambda: mb.relu(x=y), _false_fn=lambda: mb.tanh(x=y))
        return mb.mul(x=s, y=mb.cast(x=mb.reduce_sum(x=table), dtype="fp32")), mb.matmul(x=s, y=floats(32, 9))
    return linear


def programs():
    package(ct.convert(two_layers(), convert_to="mlprogram", minimum_deployment_target=ct.target.iOS16), "program")
    package(ct.convert(two_layers(), convert_to="mlprogram", minimum_deployment_target=ct.target.iOS16, compute_precision=ct.precision.FLOAT32), "program_float32")

    model = ct.convert(two_layers(), convert_to="mlprogram", minimum_deployment_target=ct.target.iOS18)
    from coremltools.optimize.coreml import OpLinearQuantizerConfig, OpPalettizerConfig, OptimizationConfig, linear_quantize_weights, palettize_weights
    int4 = OptimizationConfig(OpLinearQuantizerConfig(mode="linear_symmetric", dtype="int4", granularity="per_block", block_size=16, weight_threshold=1))
    package(linear_quantize_weights(model, int4), "program_int4")
    luts = OptimizationConfig(OpPalettizerConfig(mode="uniform", nbits=3, weight_threshold=1))
    package(palettize_weights(model, luts), "program_palette")

    @mb.program(input_specs=[mb.TensorSpec(shape=(1, 4), dtype=ct.converters.mil.mil.types.fp16), mb.StateTensorSpec((1, 4), dtype=ct.converters.mil.mil.types.fp16)],
                opset_version=ct.target.iOS18)
    def stateful(x, state):
        y = mb.add(x=x, y=mb.read_state(input=state))
        return mb.coreml_update_state(state=state, value=y)
    package(ct.convert(stateful, convert_to="mlprogram", minimum_deployment_target=ct.target.iOS18), "program_state")


def main():
    clean.mkdir(exist_ok=True)
    save(network(), "network.mlmodel")
    for bits, mode in ((8, "linear"), (4, "kmeans_lut"), (16, "linear")):
        model = ct.models.MLModel(network(False), skip_model_load=True)
        small = quantize_weights(model, bits, mode)
        save(small.get_spec() if hasattr(small, "get_spec") else small, f"network_{bits}bit.mlmodel")
    save(recurrent(), "recurrent.mlmodel")
    save(trees(), "trees.mlmodel")
    save(pipeline(), "pipeline.mlmodel")
    programs()


main()
