"""Write the models of clean/. usage: python generate.py DIR

Run with xgboost 3.2.0, numpy 2.1.3 and pandas; with xgboost 1.7.6 it writes the
files whose names begin with old_ instead."""
import sys

import numpy as np
import xgboost as xgb

out = sys.argv[1]
old = xgb.__version__.startswith("1.")
rng = np.random.RandomState(0)
X = rng.rand(60, 4)
y = (X[:, 0] + X[:, 1] > 1).astype(int)


def save(booster, name, *endings):
    for ending in endings:
        booster.save_model(f"{out}/{name}.{ending}")


tree = {"max_depth": 3, "objective": "binary:logistic", "nthread": 1}
dart = {"booster": "dart", "max_depth": 2, "objective": "multi:softprob", "num_class": 3, "nthread": 1}
three = xgb.DMatrix(X, label=np.arange(60) % 3)
if old:
    d = xgb.DMatrix(X, label=y)
    b = xgb.train(tree, d, 4)
    b.set_attr(note="hi")
    save(b, "old_gbtree", "model")
    save(b, "old_1_7", "json", "ubj")
    save(xgb.train({"booster": "gblinear", "nthread": 1}, d, 3), "old_gblinear", "model")
    save(xgb.train(dart, three, 2), "old_dart", "model")
    sys.exit()

import pandas as pd

d = xgb.DMatrix(X, label=y, feature_names=["f_a", "f_b", "f_c", "f_d"], feature_types=["q"] * 4)
b = xgb.train(tree, d, 5)
b.set_attr(note="hi")
save(b, "gbtree", "json", "ubj")
save(xgb.train({"booster": "gblinear", "objective": "reg:squarederror", "nthread": 1}, d, 3), "gblinear", "json", "ubj")
save(xgb.train(dart, three, 2), "dart", "json", "ubj")
frame = pd.DataFrame({"c": pd.Categorical(rng.randint(0, 5, 60)), "x": X[:, 0]})
cat = {"max_depth": 3, "nthread": 1, "tree_method": "hist", "max_cat_to_onehot": 1}
save(xgb.train(cat, xgb.DMatrix(frame, label=y, enable_categorical=True), 3), "cat", "json", "ubj")
multi = {"max_depth": 2, "nthread": 1, "tree_method": "hist", "multi_strategy": "multi_output_tree"}
save(xgb.train(multi, xgb.DMatrix(X, label=np.c_[y, 1 - y]), 3), "multi", "json", "ubj")
m = xgb.XGBClassifier(n_estimators=3, max_depth=2, n_jobs=1).fit(X, y)
save(m, "sk", "json", "ubj")
open(f"{out}/pickled_state.ubj", "wb").write(bytes(m.get_booster().__getstate__()["handle"]))
open(f"{out}/configuration.json", "w").write(m.get_booster().save_config())
