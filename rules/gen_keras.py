#!/usr/bin/env python3
"""Writes lists/keras_classes.tsv: what a configuration of Keras may name.

Usage: gen_keras.py    (run in rules/, in an environment with keras 3, tf_keras and tensorflow)

Names are listed as they are found in the real packages; files outlive versions, so names that
an earlier list has are kept. What each kind means:

- class: builds a layer, model, optimizer, loss, metric and so on from its configuration. Module "*",
  because versions move classes between modules: the module must belong to Keras, the name decides.
- function: an activation, loss, metric, initializer or regularizer, or an operation on tensors. It is
  called with tensors while the model is built or runs. Operations that take a function are left out.
- builtin: a name of Python's builtins. It is no function of Keras, whatever the file says.
- tensorflow: a function of TensorFlow that computes on tensors; TFOpLambda layers of older files call
  them by name. Whatever touches files, Python, datasets, state or other programs is left out.
- operator: an operator of TensorFlow without state; TensorFlowOpLayer names them.
- package: a prefix of registered names ("Addons>AdamW") whose classes belong to a known library.
"""
import builtins, inspect, os, pkgutil, importlib, re

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
PATH = "lists/keras_classes.tsv"
rows = set()
if os.path.exists(PATH):
    with open(PATH, encoding="utf-8") as f:
        rows = {tuple(line.rstrip("\n").split("\t")) for line in list(f)[1:]}

import keras, tf_keras
import tensorflow as tf
from keras.src import api_export
from keras.src.saving.keras_saveable import KerasSaveable

PARTS = ("layers", "models", "losses", "metrics", "optimizers", "optimizers.schedules", "initializers", "regularizers",
         "constraints", "quantizers", "dtype_policies", "mixed_precision", "activations")
# Classes that reach beyond the model are judged by name in format/keras.
SPECIAL = {"Lambda", "TFSMLayer", "TorchModuleWrapper", "TFOpLambda", "TensorFlowOpLayer", "ClassMethod", "InstanceMethod",
           "InstanceProperty", "ModuleWrapper", "JaxLayer", "FlaxLayer", "SlicingOpLambda"}
# Operations that take a function and call it.
CARRIERS = {"map", "scan", "associative_scan", "cond", "while_loop", "fori_loop", "switch", "custom_gradient", "vectorized_map",
            "save", "load", "deserialize", "serialize", "get", "convert_to_numpy", "device"}


def put(module, name, kind):
    if name not in SPECIAL and not name.startswith("_"):
        rows.add((module, name, kind))


for public, obj in api_export.REGISTERED_NAMES_TO_OBJS.items():
    module, name = public.rsplit(".", 1)
    part = module[len("keras."):] if module.startswith("keras.") else ""
    if inspect.isclass(obj) and (part in PARTS or issubclass(obj, KerasSaveable)):
        put("*", name, "class")
    elif inspect.isfunction(obj) and name not in CARRIERS and (
            part in ("activations", "losses", "metrics", "initializers", "regularizers", "constraints") or part == "ops" or part.startswith("ops.")):
        put(module, name, "function")

def walk(package):
    """Imports the modules of a package; backends other than TensorFlow may not go with it."""
    top = importlib.import_module(package)
    for info in pkgutil.iter_modules(top.__path__, package + "."):
        if any(part in info.name for part in ("test", "benchmark", "example", ".backend", "torch", "jax", "openvino")):
            continue
        try:
            m = importlib.import_module(info.name)
        except BaseException:
            continue
        yield m
        if info.ispkg:
            yield from walk(info.name)


for m in walk("keras.src"):
    for name, c in vars(m).items():
        if inspect.isclass(c) and issubclass(c, KerasSaveable) and c.__module__ == m.__name__:
            put("*", name, "class")

# Operators write themselves by their class; their names are those of keras.src.ops.
for part in PARTS:
    try:
        m = importlib.import_module("tf_keras." + part)
    except ImportError:
        continue
    for name, obj in vars(m).items():
        if inspect.isclass(obj):
            put("*", name, "class")
        elif inspect.isfunction(obj) and name not in CARRIERS and part in ("activations", "losses", "metrics", "initializers", "regularizers"):
            put("keras." + part, name, "function")
for m in walk("tf_keras.src"):
    for name, c in vars(m).items():
        if inspect.isclass(c) and c.__module__ == m.__name__ and (
                issubclass(c, (tf_keras.layers.Layer, tf_keras.losses.Loss, tf_keras.initializers.Initializer, tf_keras.optimizers.Optimizer))):
            put("*", name, "class")

for name in ("DTypePolicy", "FloatDTypePolicy", "SeedGenerator", "Variable", "KerasTensor", "PolicyV1", "OrthogonalInitializer",
             "Highway", "MaxoutDense", "TimeDistributedDense", "ThresholdedReLU", "SyncBatchNormalization", "HashedCrossing"):
    put("*", name, "class")

for name in dir(builtins):
    rows.add(("builtins", name, "builtin"))

BAD = re.compile(r"file|py_?func|save|restore|load|write|read|dataset|iterator|queue|variable|print|assert|device|distribute|"
                 r"summary|session|import|export|placeholder|server|remote|send|recv|rpc|tpu|config|debug|random|function|gradients?$|"
                 r"while|cond|case|map_fn|scan|fold|vectorized|stage|barrier|table|resource|accumulator|register|decode_proto|encode_proto|"
                 r"collective|nccl|mutex|lookup|partitioned|symbolic|foreach|^for$|^if$|xla|batchfunction|tensorarray|stack$|sdca", re.I)
KEEP = {"stack", "unstack", "random.normal", "random.uniform", "random.stateless_normal", "random.stateless_uniform", "nn.embedding_lookup",
        "shape", "cond_v2", "parallel_stack"}
for module in ("", "math", "nn", "linalg", "signal", "image", "strings", "bitwise", "sparse", "ragged", "random", "dtypes", "sets", "audio"):
    m = getattr(tf, module) if module else tf
    for name in dir(m):
        obj = getattr(m, name)
        full = (module + "." if module else "") + name
        if callable(obj) and not inspect.isclass(obj) and not name.startswith("_") and (full in KEEP or not BAD.search(name)):
            rows.add(("tf", full, "tensorflow"))
for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "neg", "abs", "eq", "ne", "lt", "le", "gt", "ge", "matmul", "getitem",
             "radd", "rsub", "rmul", "rtruediv", "rfloordiv", "rmod", "rpow", "rmatmul", "logical_and", "logical_or", "logical_not", "logical_xor", "invert"):
    rows.add(("tf", "__operators__." + name, "tensorflow"))

from tensorflow.python.framework import op_def_registry
for name in dir(tf.raw_ops):
    d = op_def_registry.get(name)
    if d is not None and not d.is_stateful and not BAD.search(name) and not any(a.type == "func" for a in d.attr):
        rows.add(("operator", name, "operator"))
for name in ("Stack", "Pack", "Unpack", "Cast", "RandomUniform", "RandomStandardNormal"):
    rows.add(("operator", name, "operator"))

for name in ("Addons", "keras_hub", "keras_nlp", "keras_cv", "keras_tuner", "keras_rs"):
    rows.add(("package", name, "package"))

ordered = sorted(rows, key=lambda r: (r[0].encode(), r[1].encode()))
with open(PATH, "w", encoding="utf-8", newline="\n") as f:
    f.write("module\tname\tkind\n")
    for r in ordered:
        f.write("\t".join(r) + "\n")
print(len(ordered), "rows")
