#!/usr/bin/env python3
"""Write the samples of clean/ with OpenVINO.

usage: generate.py    in an environment with openvino 2026.4.1 and numpy

The files of weights lie in ../../../../rules/SP-OV-001/good/conv as well, where
they are checked together with the network.
"""
import pathlib
import re

import numpy as np
import openvino as ov
import openvino.opset13 as op
import openvino.opset8 as op8

clean = pathlib.Path(__file__).parent / "clean"
rng = np.random.default_rng(7)


def floats(*shape):
    return op.constant(rng.standard_normal(shape).astype(np.float32))


def save(outputs, inputs, name, **options):
    model = ov.Model(outputs, inputs, name)
    ov.save_model(model, clean / (name + ".xml"), **options)
    path = clean / (name + ".xml")
    path.write_text(re.sub(r'-\d+-[0-9a-f]{7,}[^"]*', "", path.read_text()))  # the build


def convolution(name, **options):
    x = op.parameter([1, 3, 8, 8], np.float32, name="x")
    y = op.relu(op.add(op.convolution(x, floats(4, 3, 3, 3), [1, 1], [1, 1], [1, 1], [1, 1]), floats(1, 4, 1, 1)))
    save([y], [x], name, **options)


def types():
    x = op.parameter([2], np.float32, name="x")
    outputs = [x]
    for t in (ov.Type.boolean, ov.Type.u8, ov.Type.i8, ov.Type.u16, ov.Type.i16, ov.Type.u32, ov.Type.i32, ov.Type.u64, ov.Type.i64,
              ov.Type.f16, ov.Type.f32, ov.Type.f64, ov.Type.bf16, ov.Type.u4, ov.Type.i4, ov.Type.u1, ov.Type.u2, ov.Type.u3, ov.Type.u6,
              ov.Type.nf4, ov.Type.f8e4m3, ov.Type.f8e5m2, ov.Type.f4e2m1, ov.Type.f8e8m0):
        outputs.append(ov.op.Constant(t, ov.Shape([3, 5]), [1] * 15))
    outputs.append(op.constant(ov.Tensor(np.array(["a", "longer"]))))
    outputs.append(ov.op.Constant(ov.Type.f32, ov.Shape([0, 3]), []))
    outputs.append(op.constant(np.float32(2)))
    save(outputs, [x], "types", compress_to_fp16=False)


def branches():
    x, cond = op.parameter([2, 2], np.float32, name="x"), op.parameter([1], np.bool_, name="cond")
    a, b = op.parameter([2, 2], np.float32), op.parameter([2, 2], np.float32)
    then = ov.Model([op.result(op.multiply(a, floats(2, 2)))], [a], "then")
    other = ov.Model([op.result(op.tanh(b))], [b], "else")
    node = op8.if_op(cond)
    node.set_then_body(then)
    node.set_else_body(other)
    node.set_input(x.output(0), a, b)
    y = node.set_output(then.results[0], other.results[0])
    trips, go = op.constant(np.int64(3)), op.constant(np.array([True]))
    inner = op.parameter([2, 2], np.float32)
    body = ov.Model([op.result(op.add(inner, floats(2, 2))), op.result(op.constant(np.array([True])))], [inner], "body")
    loop = op.loop(trips, go)
    loop.set_function(body)
    loop.set_special_body_ports([-1, 1])
    loop.set_merged_input(inner, y, body.results[0].output(0))
    save([loop.get_iter_value(body.results[0].output(0), -1)], [x, cond], "branches")


def state():
    x = op.parameter([1, 4], np.float32, name="x")
    read = op.read_value(op.constant(np.zeros((1, 4), np.float32)), "past", np.float32, [1, 4])
    total = op.add(x, read)
    model = ov.Model([op.result(total)], [op.assign(total, "past")], [x], "state")
    model.set_rt_info("0.5", ["nncf", "weight_compression", "ratio"])
    ov.save_model(model, clean / "state.xml")
    path = clean / "state.xml"
    path.write_text(re.sub(r'-\d+-[0-9a-f]{7,}[^"]*', "", path.read_text()))


def main():
    clean.mkdir(exist_ok=True)
    convolution("conv")
    convolution("conv_float32", compress_to_fp16=False)
    types()
    branches()
    state()


main()
