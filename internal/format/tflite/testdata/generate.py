"""Write testdata/clean with TensorFlow's converter and MediaPipe's writer of metadata.

usage: generate.py FOLDER
tensorflow-cpu 2.19.0, keras 3, mediapipe 1.2.2 (whose metadata module is used
without its native library), Python 3.11.
"""
import os
import shutil
import sys
import types

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

out = sys.argv[1]
rng = np.random.default_rng(0)
tf.random.set_seed(0)
Lite = tf.lite.TFLiteConverter


def save(name, data):
    with open(os.path.join(out, name), "wb") as f:
        f.write(data)


def converter(model, method="__call__"):
    return Lite.from_concrete_functions([getattr(model, method).get_concrete_function()], model)


class Dense(tf.Module):
    def __init__(self):
        self.w = tf.Variable(rng.standard_normal((8, 4)).astype("f4"))
        self.b = tf.Variable(np.zeros(4, "f4"))

    @tf.function(input_signature=[tf.TensorSpec([1, 8], tf.float32)])
    def __call__(self, x):
        return tf.nn.relu(x @ self.w + self.b)


class Conv(tf.Module):
    def __init__(self):
        self.k = tf.Variable(rng.standard_normal((3, 3, 1, 2)).astype("f4"))

    @tf.function(input_signature=[tf.TensorSpec([1, 8, 8, 1], tf.float32)])
    def __call__(self, x):
        return tf.nn.max_pool2d(tf.nn.relu(tf.nn.conv2d(x, self.k, 1, "SAME")), 2, 2, "VALID")


class Flow(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
    def __call__(self, x):
        _, y = tf.while_loop(lambda i, y: i < 5, lambda i, y: (i + 1, y * 2.0), [tf.constant(0), x])
        return tf.cond(y > 3.0, lambda: y - 1.0, lambda: y + 1.0)


class Table(tf.Module):
    def __init__(self):
        keys, values = tf.constant(["cat", "dog", "emu"]), tf.constant([0, 1, 2], tf.int64)
        self.t = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), -1)

    @tf.function(input_signature=[tf.TensorSpec([2], tf.string)])
    def lookup(self, x):
        return {"ids": self.t.lookup(x)}


class Lower(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([2], tf.string)])
    def __call__(self, x):
        return tf.strings.lower(x)


save("dense.tflite", converter(Dense()).convert())

c = converter(Conv())
c.optimizations = [tf.lite.Optimize.DEFAULT]
c.representative_dataset = lambda: ([rng.standard_normal((1, 8, 8, 1)).astype("f4")] for _ in range(4))
c.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
save("conv_int8.tflite", c.convert())

save("flow.tflite", converter(Flow()).convert())

c = converter(Table(), "lookup")
c.allow_custom_ops = True
save("table.tflite", c.convert())

c = converter(Lower())
c.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
save("flex.tflite", c.convert())


def layer():
    return Lite.from_keras_model(tf.keras.Sequential([tf.keras.layers.Input((16,)), tf.keras.layers.Dense(32)]))


c = layer()
c.optimizations = [tf.lite.Optimize.DEFAULT]
c.target_spec.supported_types = [tf.float16]
save("fp16.tflite", c.convert())

# The form of models above 2 GB: buffers behind the tables.
c = layer()
c._experimental_use_buffer_offset = True
save("offset.tflite", c.convert())

# Labels in a zip behind the model, and metadata that names them.
native = types.ModuleType("native")
native.GetMinimumMetadataParserVersion = lambda data: "1.0.0"
for name in ("mediapipe.tasks.cc", "mediapipe.tasks.cc.metadata", "mediapipe.tasks.cc.metadata.python"):
    sys.modules[name] = types.ModuleType(name)
sys.modules[name]._pywrap_metadata_version = native
import flatbuffers
from mediapipe.tasks.metadata import metadata_schema_py_generated as schema
from mediapipe.tasks.python.metadata import metadata

model = os.path.join(out, "labels.tflite")
shutil.copy(os.path.join(out, "dense.tflite"), model)
labels = os.path.join(out, "labels.txt")
with open(labels, "w") as f:
    f.write("cat\ndog\nemu\nfox\n")
m = schema.ModelMetadataT()
m.name, m.version, m.author, m.license = "Tiny classifier", "1", "Example", "Apache-2.0"
m.description = "Tells four animals apart from eight made-up numbers; it is here to have metadata and a file of labels behind it."
file = schema.AssociatedFileT()
file.name, file.type = "labels.txt", schema.AssociatedFileType.TENSOR_AXIS_LABELS
given, told = schema.TensorMetadataT(), schema.TensorMetadataT()
given.name, told.name, told.associatedFiles = "numbers", "animal", [file]
unit, options = schema.ProcessUnitT(), schema.NormalizationOptionsT()
options.mean, options.std = [0.0], [1.0]
unit.optionsType, unit.options = schema.ProcessUnitOptions.NormalizationOptions, options
given.processUnits = [unit]
graph = schema.SubGraphMetadataT()
graph.inputTensorMetadata, graph.outputTensorMetadata = [given], [told]
m.subgraphMetadata = [graph]
b = flatbuffers.Builder(0)
b.Finish(m.Pack(b), b"M001")
p = metadata.MetadataPopulator.with_model_file(model)
p.load_metadata_buffer(bytes(b.Output()))
p.load_associated_files([labels])
p.populate()
os.remove(labels)
