#!/usr/bin/env python3
"""Writes producers/joblib-*.pkl: files of joblib.dump without compression, whose arrays stand raw
between two instructions; and producers/paddle-*.pkl, what paddle.save makes of the state of a layer and
of an optimizer (paddle/framework/io.py turns tensors into arrays first). Written with joblib 1.6.0, NumPy 2.4.6, scikit-learn 1.9.1, CPython 3.11.7."""
import os, pickle, warnings

warnings.simplefilter("ignore")
import joblib
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "producers"))
X = np.random.RandomState(0).rand(20, 3)
y = (X[:, 0] > 0.5).astype(int)
table = np.zeros(3, dtype=[("a", "<f4"), ("b", [("c", "<i2", (2,)), ("d", "S3")])])
for name, value, protocol in [
    ("arrays", {"c": np.arange(6.0).reshape(2, 3), "f": np.asfortranarray(np.arange(6).reshape(2, 3)), "n": 1}, None),
    ("kinds", [np.zeros((0, 3)), np.array(["ab", "cde"]), np.array([True]), np.array([1 + 2j]), table, np.array("2024-01-01", dtype="M8[D]"), np.arange(3, dtype=">i4")], None),
    ("objects", {"before": np.arange(3), "o": np.array([{"a": 1}, [2], "x"], dtype=object), "after": np.arange(3)}, None),
    ("matrix", {"m": np.matrix([[1, 2]])}, None),
    ("forest", RandomForestClassifier(2, max_depth=2, random_state=0).fit(X, y), None),
    ("neighbors", KNeighborsClassifier().fit(X, y), 2),
    ("text", ["no arrays", {"x": 1.5}], 0),
]:
    joblib.dump(value, f"joblib-{name}.pkl", protocol=protocol)

weights = {"linear.weight": np.ones((3, 2), "float32"), "linear.bias": np.zeros(2, "float32"),
           "StructuredToParameterName@@": {"linear.weight": "linear_0.w_0", "linear.bias": "linear_0.b_0"}}
moments = {"linear_0.w_0_moment1_0": np.zeros((3, 2), "float32"), "linear_0.w_0_beta1_pow_acc_0": np.array([0.9], "float32"),
           "LR_Scheduler": {"last_epoch": 3, "last_lr": 0.001}, "master_weights": {}}
tensors = {"linear.weight": ("linear_0.w_0", np.ones((3, 2), "float32"))}
for name, value, protocol in [("state", weights, 4), ("state-old", weights, 2), ("optimizer", moments, 4), ("tensors", tensors, 4)]:
    with open(f"paddle-{name}_p{protocol}.pkl", "wb") as f:
        pickle.dump(value, f, protocol=protocol)
