#!/usr/bin/env python3
"""Writes clean/ of this folder. Needs skops; see producer.txt, which this script writes."""
import os, platform, warnings

warnings.simplefilter("ignore")
import numpy as np
import skops
import skops.io as sio
import sklearn
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "clean"))
X = np.random.RandomState(0).rand(30, 3)
y = (X[:, 0] > 0.5).astype(int)
for name, model in {
    "pipeline": make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y),
    "forest": RandomForestClassifier(1, max_depth=1, random_state=0).fit(X, y),
    "sgd": SGDClassifier().fit(X, y),
    "knn": KNeighborsClassifier().fit(X, y),
    "function": FunctionTransformer(np.log1p).fit(X),
    "plain": {"a": [1, 2.5, "x", None, (1, 2), {3}], "b": np.arange(3), "r": np.random.default_rng(0)},
}.items():
    sio.dump(model, name + ".skops")
with open("../producer.txt", "w") as f:
    f.write(f"skops {skops.__version__}\nscikit-learn {sklearn.__version__}\nnumpy {np.__version__}\nPython {platform.python_version()}\n")
