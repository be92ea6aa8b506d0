#!/usr/bin/env python3
"""Make the models of clean/ with TensorFlow itself, and those of tfcheckpoint.

usage: python generate.py [DIR]    (default: the folders of testdata, here and there)
Versions used: tensorflow-cpu 2.19.0, keras 3.15.1.
"""
import os
import pathlib
import shutil
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import keras
import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from tensorflow.core.protobuf import saved_model_pb2

v1 = tf.compat.v1
here = pathlib.Path(__file__).resolve().parent
root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else None
models = root / "savedmodel" if root else here / "clean"
folders = models.parent / "models"
checkpoints = root / "tfcheckpoint" if root else here.parents[1] / "tfcheckpoint" / "testdata" / "clean"
tf.random.set_seed(1)
rng = np.random.default_rng(1)


def f32(*shape):
    return rng.normal(size=shape).astype(np.float32)


def take(folder, *names):
    """Copy the files of a saved model: graphs here, checkpoints there."""
    for source, target in names:
        out = (checkpoints if source.endswith(".index") else models) / target
        shutil.copyfile(pathlib.Path(folder) / source, out)


class Module(tf.Module):
    """A module with variables, a table from an asset, control flow and a print."""

    def __init__(self, vocabulary):
        super().__init__()
        self.w = tf.Variable(f32(4, 3), name="w")
        self.b = tf.Variable(tf.zeros([3]), name="b")
        self.table = tf.lookup.StaticVocabularyTable(
            tf.lookup.TextFileInitializer(vocabulary, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER), 2)

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, name="x")])
    def __call__(self, x):
        y = tf.nn.relu(x @ self.w + self.b)
        if tf.reduce_sum(y) > 100.0:
            y = y / 2.0
        i = tf.constant(0)
        while i < 3:
            y, i = y * 1.01, i + 1
        tf.debugging.assert_all_finite(y, "finite")
        return {"y": y}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="words")])
    def look_up(self, words):
        tf.print("words", tf.shape(words))
        return {"ids": self.table.lookup(words)}


def module():
    with tempfile.TemporaryDirectory() as d:
        vocabulary = pathlib.Path(d) / "vocabulary.txt"
        vocabulary.write_text("one\ntwo\nthree\n")
        os.chdir(d)  # the table is named after the path as it was given
        m = Module(vocabulary.name)
        out = pathlib.Path(d) / "m"
        tf.saved_model.save(m, str(out), signatures={"serving_default": m.__call__, "look_up": m.look_up})
        folder = folders / "module"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(out, folder)


def keras_export():
    with tempfile.TemporaryDirectory() as d:
        net = keras.Sequential([keras.Input([8]), keras.layers.Dense(4, activation="relu"), keras.layers.BatchNormalization(), keras.layers.Dense(2)])
        net.export(d, verbose=False)
        take(d, ("saved_model.pb", "keras_dense.pb"), ("variables/variables.index", "keras_dense.index"),
             ("fingerprint.pb", "fingerprint.pb"))
        lstm = keras.Sequential([keras.Input([5, 3]), keras.layers.LSTM(4), keras.layers.Dense(1)])
        lstm.export(d + "/lstm", verbose=False)
        take(d + "/lstm", ("saved_model.pb", "keras_lstm.pb"))
        trained = keras.Sequential([keras.Input([8]), keras.layers.Dense(4), keras.layers.Dense(1)])
        trained.compile("adam", "mse")
        trained.fit(f32(8, 8), f32(8, 1), verbose=0)
        tf.saved_model.save(trained, d + "/trained")
        take(d + "/trained", ("saved_model.pb", "keras_trained.pb"))


def images():
    """Decoding of images, as vision models have it."""

    class Decoder(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="images")])
        def __call__(self, images):
            one = lambda b: tf.image.resize(tf.io.decode_jpeg(b, channels=3), [8, 8])
            return {"pixels": tf.map_fn(one, images, fn_output_signature=tf.float32)}

    with tempfile.TemporaryDirectory() as d:
        m = Decoder()
        tf.saved_model.save(m, d, signatures=m.__call__)
        take(d, ("saved_model.pb", "images.pb"))


def dataset():
    """A data set as part of a function, and gradients of its own."""

    class Batches(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.int64)])
        def __call__(self, x):
            d = tf.data.Dataset.from_tensor_slices(x).map(lambda v: v * 2).filter(lambda v: v > 0).cache().batch(2)
            return d.reduce(tf.constant(0, tf.int64), lambda s, b: s + tf.reduce_sum(b))

        @tf.function(input_signature=[tf.TensorSpec([3], tf.float32)])
        def clipped(self, x):
            @tf.custom_gradient
            def clip(v):
                return tf.clip_by_value(v, -1.0, 1.0), lambda g: g * 0.5
            return clip(x)

    with tempfile.TemporaryDirectory() as d:
        m = Batches()
        tf.saved_model.save(m, d, signatures={"sum": m.__call__, "clipped": m.clipped},
                            options=tf.saved_model.SaveOptions(experimental_custom_gradients=True))
        take(d, ("saved_model.pb", "dataset.pb"))


def perceptron(build):
    with v1.Graph().as_default(), v1.Session() as s:
        x = v1.placeholder(tf.float32, [None, 4], name="x")
        # protobuf 5.29 does not escape quotes when it writes text: weights without that byte
        w = v1.get_variable("w", initializer=np.arange(64, dtype=np.float32).reshape(4, 16), use_resource=build != "ref")
        b = v1.get_variable("b", initializer=np.ones(16, np.float32), use_resource=build != "ref")
        y = tf.nn.softmax(x @ w + b, name="y")
        v1.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(y))
        s.run(v1.global_variables_initializer())
        with tempfile.TemporaryDirectory() as d:
            if build == "simple_save":
                v1.saved_model.simple_save(s, d + "/m", {"x": x}, {"y": y})
                take(d + "/m", ("saved_model.pb", "v1_simple_save.pb"), ("variables/variables.index", "v1_simple_save.index"))
            elif build == "builder":
                table = tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(
                    asset(d), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER), -1)
                ids = table.lookup(v1.placeholder(tf.string, [None], name="words"))
                builder = v1.saved_model.Builder(d + "/m")
                sign = v1.saved_model.predict_signature_def({"x": x}, {"y": y, "ids": ids})
                builder.add_meta_graph_and_variables(s, ["serve"], {"serving_default": sign}, strip_default_attrs=True,
                                                     assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS), main_op=v1.tables_initializer())
                builder.save(as_text=True)
                shutil.rmtree(folders / "v1_text", ignore_errors=True)
                shutil.copytree(d + "/m", folders / "v1_text")
                text_format.Parse((folders / "v1_text" / "saved_model.pbtxt").read_text(), saved_model_pb2.SavedModel())
            else:
                v1.add_to_collection("notes", "trained by hand")
                saver = v1.train.Saver(sharded=build == "resource", save_relative_paths=True)
                saver.save(s, d + "/ckpt", global_step=7)
                shutil.copyfile(d + "/checkpoint", checkpoints / "checkpoint")
                name = "ckpt-7"
                take(d, (name + ".meta", f"v1_{build}.meta"), (name + ".index", f"v1_{build}.index"))
                if build == "ref":
                    frozen = v1.graph_util.convert_variables_to_constants(s, s.graph.as_graph_def(), ["y"])
                    tf.io.write_graph(frozen, str(models), "frozen.pb", as_text=False)
                    tf.io.write_graph(s.graph.as_graph_def(), str(models), "graph.pbtxt", as_text=True)
                    v1.train.Saver(write_version=v1.train.SaverDef.V1).save(s, d + "/old")
                    shutil.copyfile(d + "/old", checkpoints / "old.ckpt")


def asset(d):
    """Version 1 keeps the path of an asset as it was given."""
    os.chdir(d)
    pathlib.Path("labels.txt").write_text("cat\ndog\n")
    return "labels.txt"


def queue():
    """A training graph with a queue, and a loop and a branch of version 1."""
    with v1.Graph().as_default(), v1.Session() as s:
        v1.disable_control_flow_v2()
        q = v1.train.range_input_producer(10, shuffle=False)
        w = v1.get_variable("w", initializer=1.0, use_resource=False)
        x = v1.while_loop(lambda i: i < 3, lambda i: i + 1, [q.dequeue()])
        v1.cond(x > 2, lambda: w * 2.0, lambda: w * 3.0)
        v1.train.export_meta_graph(str(models / "v1_queue.meta"), saver_def=v1.train.Saver().saver_def)
        v1.enable_control_flow_v2()


def object_checkpoint():
    with tempfile.TemporaryDirectory() as d:
        m = tf.Module()
        m.w = tf.Variable(f32(4, 8), name="w")
        m.n = tf.Variable(3, dtype=tf.int64)
        m.s = tf.Variable(["text", "of a variable"])
        m.h = tf.Variable(tf.cast(f32(5), tf.bfloat16))
        folder = checkpoints.parent / "folders" / "objects"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        tf.train.Checkpoint(model=m).write(str(folder / "ckpt"))


def partitioned():
    """A variable in slices."""
    with v1.Graph().as_default(), v1.Session() as s:
        v1.get_variable("part", [6, 4], initializer=v1.zeros_initializer(), partitioner=v1.fixed_size_partitioner(3), use_resource=False)
        s.run(v1.global_variables_initializer())
        with tempfile.TemporaryDirectory() as d:
            folder = checkpoints.parent / "folders" / "partitioned"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            v1.train.Saver().save(s, str(folder / "ckpt"), write_meta_graph=False, write_state=False)


models, folders, checkpoints = models.resolve(), folders.resolve(), checkpoints.resolve()
for folder in (models, folders, checkpoints):
    folder.mkdir(parents=True, exist_ok=True)
module()
os.chdir(here)
keras_export()
images()
dataset()
for build in ("simple_save", "builder", "ref", "resource"):
    perceptron(build)
    os.chdir(here)
queue()
object_checkpoint()
partitioned()
(models / "tfhub_module.pb").write_bytes(b"\x08\x03")  # as tensorflow_hub writes it: format v3
