"""Write the models of clean/ and broken/text_features.cbm with catboost 1.2.10 and
pandas. usage: python generate.py DIR"""
import sys

import numpy as np
import pandas as pd
from catboost import CatBoostClassifier, CatBoostRegressor, Pool

out = sys.argv[1]
rng = np.random.RandomState(0)
X = rng.rand(80, 4)
y = (X[:, 0] + X[:, 1] > 1).astype(int)
p = {"verbose": 0, "thread_count": 1, "allow_writing_files": False}
m = CatBoostClassifier(iterations=4, depth=3, **p).fit(X, y)
m.save_model(f"{out}/cb.cbm")
m.save_model(f"{out}/cb.json", format="json")
frame = pd.DataFrame({"c": rng.choice(list("xyzuv"), 80), "x": X[:, 0]})
m = CatBoostClassifier(iterations=4, depth=3, **p).fit(frame, y, cat_features=["c"])
m.save_model(f"{out}/cb_cat.cbm")
m.save_model(f"{out}/cb_cat.json", format="json", pool=Pool(frame, y, cat_features=["c"]))
m = CatBoostRegressor(iterations=3, depth=2, grow_policy="Lossguide", **p).fit(X, y)
m.save_model(f"{out}/cb_loss.cbm")
m.save_model(f"{out}/cb_loss.json", format="json")
text = pd.DataFrame({"t": ["hello world foo bar"] * 40 + ["other words here foo"] * 40, "x": X[:, 0]})
CatBoostClassifier(iterations=4, depth=2, **p).fit(text, y, text_features=["t"]).save_model(f"{out}/text_features.cbm")
