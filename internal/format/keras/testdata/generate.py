#!/usr/bin/env python3
"""Writes clean/ of this folder, with Keras 3 and with tf_keras; see producer.txt, which this script writes."""
import os, platform, shutil, sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np
import keras, tf_keras
import tensorflow as tf

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "clean"))
layers = keras.layers
keras.utils.set_random_seed(1)

m = keras.Sequential([layers.Input((4,)), layers.Dense(3, activation="relu"), layers.Dense(2, kernel_regularizer="l2")])
m.compile("sgd", "mse", metrics=["mae", keras.metrics.MeanSquaredError()])
m.fit(np.zeros((4, 4)), np.zeros((4, 2)), verbose=0)
m.save("sequential.keras")
with open("architecture.json", "w") as f:
    f.write(m.to_json())

i = keras.Input((8, 8, 3))
x = layers.Conv2D(2, 3, kernel_initializer=keras.initializers.HeNormal(seed=3), activation=keras.activations.gelu)(i)
x = layers.GlobalAveragePooling2D()(x)
o = keras.ops.sigmoid(layers.Add()([layers.Dense(2)(x), layers.Dense(2)(x)])) * 2.0
f = keras.Model(i, o)
f.compile(keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)), loss=keras.losses.categorical_crossentropy)
f.save("functional.keras")

r = keras.Sequential([layers.Input((5,), dtype="int32"), layers.Embedding(10, 4), layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
                      layers.TimeDistributed(layers.Dense(2)), layers.Flatten()])
r.save("recurrent.keras")
keras.Sequential([keras.Input((), dtype="string"), layers.TextVectorization(vocabulary=["a", "b"], output_sequence_length=4)]).save("words.keras")
s = layers.StringLookup()
s.adapt(np.array(["q", "w", "e"]))
n = layers.Normalization()
n.adapt(np.zeros((3, 2)))
a, b = keras.Input((1,), dtype="string"), keras.Input((2,))
keras.Model([a, b], [s(a), n(b)]).save("lookup.keras")

old = tf_keras.layers
m = tf_keras.Sequential([old.Input((4,)), old.Dense(3, activation="relu"), old.BatchNormalization(), old.Dense(2)])
m.compile("adam", "mse", metrics=["mae"])
m.fit(np.zeros((4, 4)), np.zeros((4, 2)), verbose=0)
# model.json of TensorFlow.js: tensorflowjs.converters.save_keras_model(m, "tfjs"), tensorflowjs 4.22.0; it is kept as tfjs_layers.json.
m.save("tf_keras.keras")
m.save("saved_model", save_format="tf")
shutil.copyfile("saved_model/keras_metadata.pb", "keras_metadata.pb")
shutil.rmtree("saved_model")
i = tf_keras.Input((8,))
tf_keras.Model(i, tf.nn.relu(old.Dense(2)(i)) + 1).save("tf_operations.keras")

versions = (f"keras {keras.__version__}", f"tf_keras {tf_keras.__version__}", f"tensorflow {tf.__version__}", f"Python {platform.python_version()}")
with open("../producer.txt", "w") as f:
    f.write("".join(v + "\n" for v in versions))
