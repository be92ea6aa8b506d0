"""Write the models of clean/ with lightgbm 4.7.0 and pandas. usage: python generate.py DIR"""
import sys

import lightgbm as lgb
import numpy as np
import pandas as pd

out = sys.argv[1]
rng = np.random.RandomState(0)
X = rng.rand(80, 4)
y = (X[:, 0] + X[:, 1] > 1).astype(int)
p = {"num_leaves": 5, "min_data_in_leaf": 5, "verbose": -1, "num_threads": 1, "objective": "binary"}
lgb.train(p, lgb.Dataset(X, label=y, feature_name=["a", "b", "c", "d e"]), 4).save_model(f"{out}/lgb.txt")
frame = pd.DataFrame({"c": pd.Categorical(rng.choice(list("xyzuv"), 80)), "x": X[:, 0]})
lgb.train({**p, "min_data_per_group": 1, "cat_smooth": 1}, lgb.Dataset(frame, label=y), 3).save_model(f"{out}/lgb_cat.txt")
linear = {**p, "linear_tree": True, "objective": "regression"}
lgb.train(linear, lgb.Dataset(X, label=y, params={"linear_tree": True}), 3).save_model(f"{out}/lgb_linear.txt")
lgb.train({**p, "objective": "multiclass", "num_class": 3}, lgb.Dataset(X, label=np.arange(80) % 3), 2).save_model(f"{out}/lgb_multi.txt")
lgb.train({**p, "min_data_in_leaf": 100}, lgb.Dataset(X, label=y), 2).save_model(f"{out}/lgb_stump.txt")
