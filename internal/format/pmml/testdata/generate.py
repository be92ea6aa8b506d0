"""Write the models of clean/ with nyoka 5.5.0 and scikit-learn. usage: python generate.py DIR"""
import sys

import numpy as np
import pandas as pd
from nyoka import skl_to_pmml
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

rng = np.random.RandomState(0)
X = pd.DataFrame(rng.rand(40, 3), columns=list("abc"))
y = (X.a > 0.5).astype(int)
for name, model in (("logistic", LogisticRegression()), ("tree", DecisionTreeClassifier(max_depth=2)), ("linear", LinearRegression())):
    pipeline = Pipeline([("s", StandardScaler()), ("m", model)]).fit(X, y)
    skl_to_pmml(pipeline, list("abc"), "y", f"{sys.argv[1]}/{name}.pmml")
