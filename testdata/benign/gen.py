#!/usr/bin/env python3
"""Writes objects of ordinary work with the libraries that users have.

Usage: gen.py PART...    (in an environment that has the libraries; see README.md for the versions)
Each file is written by its library and nothing is edited. Files go to FOLDER/NAME.ENDING beside this
script; the suffix _pN is the pickle protocol. A file above 24 KB is not kept.
"""
import argparse, array, bz2, collections, contextlib, dataclasses, datetime, decimal, enum, fractions, functools, gzip, io, itertools, ipaddress
import logging, lzma, math, operator, os, pathlib, pickle, random, re, sys, types, uuid, warnings, zlib

warnings.simplefilter("ignore")
root = pathlib.Path(__file__).resolve().parent
LIMIT = 24 << 10
count, dropped, turn = collections.Counter(), [], collections.Counter()


def put(folder, name, data):
    if len(data) > LIMIT:
        dropped.append((folder, name, len(data)))
        return
    (root / folder).mkdir(exist_ok=True)
    (root / folder / name).write_bytes(data)
    count[folder] += 1


def dump(folder, name, obj, *protocols):
    """One protocol in turn, or those given."""
    if not protocols:
        protocols = (turn[folder] % 6,)
        turn[folder] += 1
    for p in protocols:
        put(folder, f"{name}_p{p}.pkl", pickle.dumps(obj, p))


def tried(f, *args):
    try:
        f(*args)
    except Exception as e:
        print("  left out:", getattr(f, "__name__", f), args[:1], type(e).__name__, str(e)[:100], file=sys.stderr)


# --- the standard library -------------------------------------------------------------------------------------------
Point = collections.namedtuple("Point", "x y")


def stdlib():
    utc = datetime.timezone.utc
    objs = {
        "plain": {"a": [1, -2, 3.5, 1 << 80], "b": (None, True, "\u00fc\n"), "c": b"\x00\xff", "d": {1, 2}, "e": frozenset("x"), "f": bytearray(b"q")},
        "dates": [datetime.datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=utc), datetime.date(2024, 1, 2), datetime.time(1, 2), datetime.timedelta(3, 4), utc,
                  datetime.timezone(datetime.timedelta(hours=2), "X")],
        "numbers": [decimal.Decimal("1.50"), fractions.Fraction(1, 3), complex(1, 2), math.inf, math.nan, -0.0, 10 ** 400, True],
        "ids": [uuid.UUID(int=7), ipaddress.ip_address("10.0.0.1"), ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_address("::1")],
        "paths": [pathlib.PurePosixPath("a/b"), pathlib.PureWindowsPath("a/b"), pathlib.Path("weights")],
        "collections": [collections.OrderedDict(a=1), collections.Counter("aab"), collections.deque([1, 2], 3), collections.defaultdict(list, {1: [2]}),
                        collections.defaultdict(int), collections.ChainMap({"a": 1}), collections.UserDict(a=1)],
        "nested-defaultdict": collections.defaultdict(dict, {"a": {"b": collections.defaultdict(float)}}),
        "patterns": [re.compile(r"(?u)\b\w\w+\b"), re.compile("a+b", re.I)],
        "arrays": [array.array("d", [1.0, 2.0]), array.array("b", b"ab"), range(3), slice(1, 2, None)],
        "namespace": [types.SimpleNamespace(lr=0.1, name="x"), argparse.Namespace(lr=0.1, layers=[1, 2], device="cuda")],
        "recursive": loop(), "shared": [["s"]] * 3, "long-text": "word " * 2000, "bytes": bytes(range(256)) * 8,
        "vocabulary": {w: i for i, w in enumerate(("the of and to in is model weight bias layer os system import eval").split())},
        "config": {"model": {"name": "bert", "layers": 12, "dropout": 0.1}, "paths": ["/data/train.csv", "C:\\x"], "seed": 0},
        "itertools-free": [tuple(range(300)), list(range(300)), {i: str(i) for i in range(300)}],
        "builtin-types": [int, float, str, list, dict, object, bytes, complex],
        "builtin-functions": [len, sum, min, max, sorted, abs, round], "math-functions": [math.log, math.sqrt, math.exp],
        "operators": [operator.itemgetter(0), operator.itemgetter("a", "b"), operator.attrgetter("x"), operator.add],
        "random": random.Random(0), "mappingless": [Ellipsis, NotImplemented],
        "timezone": __import__("zoneinfo").ZoneInfo("Europe/Berlin"), "levels": [logging.INFO, types.SimpleNamespace()],
        "exceptions": [ValueError("x"), KeyError("k"), StopIteration()],
        "partial-of-builtins": functools.partial(sorted, reverse=True),
        "unicode": "\u2603\U0001f600\ud7ff" + "\x00", "emptiness": [(), [], {}, set(), frozenset(), "", b"", bytearray()],
        "enum-flag": re.RegexFlag.I | re.RegexFlag.M, "string-signatures": ["PK\x03\x04", "os.system('x')", "import os", "eval(", "\x80\x04"],
    }
    for name, o in objs.items():
        tried(dump, "python", name, o, *((0, 1, 2, 3, 4, 5) if name in ("plain", "dates", "collections", "namespace", "recursive") else ()))
    put("python", "two-streams.pkl", pickle.dumps([1, 2], 4) + pickle.dumps({"a": 1}, 2) + pickle.dumps("x", 0))
    data = pickle.dumps(objs["config"], 4)
    for end, f in (("gz", functools.partial(gzip.compress, mtime=0)), ("bz2", bz2.compress), ("xz", lzma.compress), ("z", zlib.compress)):
        put("python", "config.pkl." + end, f(data))


def loop():
    a = []
    a.append(a)
    d = {"self": a}
    d["d"] = d
    return [a, d]


# --- NumPy ----------------------------------------------------------------------------------------------------------
def numpy_():
    import numpy as np
    folder = f"numpy-{np.__version__}"
    a = np.arange(6, dtype="f4").reshape(2, 3)
    objs = {
        "float32": a, "fortran": np.asfortranarray(a), "big-endian": a.astype(">f8"), "int8": a.astype("i1"), "uint64": a.astype("u8"), "bool": a > 2,
        "complex": a * 1j, "float16": a.astype("f2"), "empty": np.empty((0, 3)), "zero-dim": np.array(5.0), "strided": np.arange(20)[::3],
        "strings": np.array(["ab", "c"]), "bytes": np.array([b"ab", b"c"]), "objects": np.array([None, "x", a, {"k": 1}], dtype=object),
        "structured": np.array([(1, 2.0, "a")], dtype=[("n", "i4"), ("v", "f8"), ("s", "U3")]), "nested-dtype": np.zeros(2, dtype=[("p", [("x", "f4"), ("y", "f4", (2,))])]),
        "aligned": np.zeros(1, dtype=np.dtype([("a", "i1"), ("b", "f8")], align=True)), "datetime": np.array(["2024-01-01", "NaT"], dtype="M8[D]"),
        "timedelta": np.array([1, 2], dtype="m8[s]"), "masked": np.ma.masked_array([1.0, 2.0], [0, 1]), "masked-constant": np.ma.masked,
        "masked-structured": np.ma.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        "scalars": [np.float32(1), np.int64(2), np.bool_(True), np.str_("s"), np.bytes_(b"b"), np.datetime64("2024"), np.timedelta64(1, "D"), np.complex64(1), np.void(b"ab")],
        "dtypes": [np.dtype("f8"), np.dtype("U5"), np.dtype([("a", "i4")]), np.dtype("M8[ns]"), np.dtype(object)], "types": [np.float64, np.int32, np.ndarray, np.str_, np.bool_],
        "ufuncs": [np.log1p, np.exp, np.add, np.maximum, np.sqrt, np.sin, np.isnan], "functions": [np.mean, np.median, np.sum, np.clip, np.reshape, np.std, np.nanmean, np.log10],
        "matrix": np.matrix([[1, 2]]), "recarray": np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]), "poly": np.polynomial.Polynomial([1, 2]),
        "poly1d": np.poly1d([1, 2, 3]), "chebyshev": np.polynomial.Chebyshev([1, 2]), "char": np.char.array(["a", "b"]),
        "partial": functools.partial(np.clip, a_min=0, a_max=1), "partial-quantile": functools.partial(np.percentile, q=90), "dict-of-arrays": {"w": a, "b": np.ones(3)},
        "vector": np.random.RandomState(0).rand(200), "index-tricks": [np.s_[1:2], np.newaxis], "memo": [a, a], "dtype-metadata": np.dtype("f4", metadata={"unit": "m"}),
        "ieee": np.array([np.nan, np.inf, -0.0]), "long-double": np.longdouble(1.5), "view": a.T, "random-state": np.random.RandomState(0), "generator-pcg64": np.random.default_rng(0),
        "random-tuple": np.random.RandomState(0).get_state(), "ndenumerate-free": [np.finfo("f4").max, np.iinfo("i4").max],
        "seed-sequence": np.random.SeedSequence(5), "random-shuffle": [np.random.RandomState(1)] * 2,
    }
    for name in ("PCG64", "PCG64DXSM", "Philox", "SFC64", "MT19937"):
        if hasattr(np.random, name):
            objs["generator-" + name.lower()] = np.random.Generator(getattr(np.random, name)(0))
    if hasattr(np, "dtypes") and hasattr(np.dtypes, "StringDType"):
        objs["string-dtype"] = np.array(["ab", "a longer text than fits"], dtype=np.dtypes.StringDType())
        objs["dtype-classes"] = [np.dtypes.Float64DType, np.dtypes.StringDType()]
    for name, o in objs.items():
        tried(dump, folder, name, o, *((0, 1, 2, 3, 4, 5) if name in ("float32", "objects", "structured") else ()))

    def save(name, f, *args, **kw):
        b = io.BytesIO()
        f(b, *args, **kw)
        put(folder, name, b.getvalue())
    for name in ("float32", "fortran", "big-endian", "strings", "structured", "nested-dtype", "datetime", "empty", "bool", "zero-dim"):
        save(f"{name}.npy", np.save, objs[name])
    save("objects.npy", np.save, objs["objects"], allow_pickle=True)
    save("stored.npz", np.savez, w=a, b=np.ones(3))
    save("deflated.npz", np.savez_compressed, w=a, b=np.ones(3), names=objs["strings"])
    save("with-objects.npz", np.savez, w=a, o=objs["objects"])


# --- pandas ---------------------------------------------------------------------------------------------------------
def pandas_():
    import numpy as np
    import pandas as pd
    folder = f"pandas-{pd.__version__}"
    days = pd.date_range("2024-01-01", periods=4, tz="UTC")
    df = pd.DataFrame({"a": [1, 2, 3, 4], "b": list("xyxy"), "c": pd.Categorical(list("uvuv")), "d": days, "e": [1.5, None, 2.5, 3.5]})
    objs = {
        "frame": df, "frame-numbers": pd.DataFrame(np.arange(12.0).reshape(4, 3)), "frame-empty": pd.DataFrame(), "frame-indexed": df.set_index("b"),
        "frame-multiindex": df.set_index(["b", "a"]), "frame-columns": df[["a", "e"]].T, "frame-bool": pd.DataFrame({"x": [True, False]}),
        "frame-attrs": df.assign(z=1), "frame-duplicate-columns": pd.DataFrame([[1, 2]], columns=["a", "a"]), "series": df["e"], "series-named": pd.Series([1.5], name="s"),
        "series-strings": df["b"], "series-dates": df["d"], "series-category": df["c"], "series-object": pd.Series([1, "a", None], dtype=object),
        "series-timedelta": pd.Series(pd.to_timedelta(["1D", None])), "range-index": pd.RangeIndex(3), "index": pd.Index(list("abc")), "index-int": pd.Index([3, 1]),
        "index-float": pd.Index([1.5, 2]), "datetime-index": days, "naive-index": pd.date_range("2024", periods=3), "freq-index": pd.date_range("2024", periods=3, freq="B"),
        "timedelta-index": pd.to_timedelta(["1D", "2D"]), "period-index": pd.period_range("2024-01", periods=3, freq="M"), "interval-index": pd.IntervalIndex.from_breaks([0, 1, 2]),
        "categorical-index": pd.CategoricalIndex(list("aab")), "multi-index": pd.MultiIndex.from_tuples([(1, "a"), (2, "b")], names=["n", "s"]),
        "categorical": pd.Categorical(list("aab"), ordered=True), "timestamp": [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-01", tz="Europe/Berlin"), pd.NaT],
        "timedelta": pd.Timedelta("1D"), "interval": pd.Interval(0, 1), "period": pd.Period("2024-01", "M"), "missing": [pd.NA, pd.NaT, None],
        "int64-array": pd.array([1, None], dtype="Int64"), "boolean-array": pd.array([True, None], dtype="boolean"), "float-array": pd.array([1.5, None], dtype="Float64"),
        "string-array": pd.array(["a", None], dtype="string"), "sparse-array": pd.arrays.SparseArray([0, 0, 1]), "datetime-array": days.array, "period-array": pd.period_range("2024", periods=2, freq="D").array,
        "interval-array": pd.arrays.IntervalArray.from_breaks([0, 1, 2]), "timedelta-array": pd.to_timedelta(["1D"]).array,
        "dtypes": [pd.CategoricalDtype(["a"]), pd.DatetimeTZDtype(tz="UTC"), pd.PeriodDtype("D"), pd.IntervalDtype("float64"), pd.Int8Dtype(), pd.StringDtype(), pd.BooleanDtype(), pd.SparseDtype("f8")],
        "offsets": [pd.offsets.BDay(2), pd.offsets.MonthEnd(), pd.offsets.Hour(3), pd.DateOffset(months=1), pd.offsets.Week(weekday=2), pd.offsets.QuarterEnd()],
        "frame-sparse": pd.DataFrame({"s": pd.arrays.SparseArray([0, 1])}), "frame-extension": pd.DataFrame({"i": pd.array([1, None], dtype="Int64"), "s": pd.array(["a", "b"], dtype="string")}),
        "frames": {"train": df.head(2), "test": df.tail(2)}, "describe": df.describe(), "dummies": pd.get_dummies(df["b"]), "cut": pd.cut(df["a"], 2), "group-means": df.groupby("b")["e"].mean(),
        "grouper": pd.Grouper(key="a"), "flags": df.set_flags(allows_duplicate_labels=False) if hasattr(df, "set_flags") else df, "crosstab": pd.crosstab(df["b"], df["c"]), "resample": pd.Series([1, 2, 3], index=pd.date_range("2024", periods=3)).resample("2D").sum(),
        "indexslice": pd.IndexSlice[1:2], "named-agg": pd.NamedAgg("a", "sum"), "series-nested": pd.Series([[1], {"a": 2}]),
    }
    try:
        import pyarrow
        objs["arrow-array"] = pd.array([1, None], dtype="int64[pyarrow]")
        objs["arrow-frame"] = pd.DataFrame({"s": pd.array(["a", None], dtype="string[pyarrow]")})
    except ImportError:
        pass
    for name, o in objs.items():
        tried(dump, folder, name, o, *((0, 2, 4, 5) if name in ("frame", "series") else ()))
    for end in ("gz", "bz2", "xz", "zip", "tar"):
        b = io.BytesIO()
        tried(lambda e: (df.to_pickle(b, compression="gzip" if e == "gz" else e), put(folder, "frame.pkl." + e, b.getvalue())), end)


# --- scikit-learn ---------------------------------------------------------------------------------------------------
def data():
    import numpy as np
    rng = np.random.RandomState(0)
    X = rng.rand(20, 3)
    return X, (X[:, 0] > np.median(X[:, 0])).astype(int), rng.rand(20, 2)


def instances(cls):
    """An estimator of the class with parts that need arguments filled in."""
    from sklearn import linear_model, tree, decomposition, pipeline, preprocessing
    import numpy as np
    name = cls.__name__
    small = {"n_estimators": 2, "max_iter": 5, "n_components": 2, "random_state": 0, "max_depth": 2, "n_init": 1, "n_clusters": 2, "cv": 2, "n_neighbors": 3, "n_inducing": 2, "n_splits": 2}
    special = {
        "ClassifierChain": lambda: cls(linear_model.LogisticRegression()), "RegressorChain": lambda: cls(linear_model.Ridge()),
        "ColumnTransformer": lambda: cls([("a", preprocessing.StandardScaler(), [0]), ("b", "passthrough", [1, 2])]),
        "FeatureUnion": lambda: cls([("p", decomposition.PCA(1)), ("s", preprocessing.StandardScaler())]),
        "Pipeline": lambda: cls([("s", preprocessing.StandardScaler()), ("l", linear_model.LogisticRegression())]),
        "GridSearchCV": lambda: cls(linear_model.Ridge(), {"alpha": [0.1, 1]}, cv=2), "RandomizedSearchCV": lambda: cls(linear_model.Ridge(), {"alpha": [0.1, 1]}, n_iter=2, cv=2, random_state=0),
        "HalvingGridSearchCV": lambda: cls(linear_model.Ridge(), {"alpha": [0.1, 1]}, cv=2, random_state=0), "HalvingRandomSearchCV": lambda: cls(linear_model.Ridge(), {"alpha": [0.1, 1]}, cv=2, random_state=0),
        "VotingClassifier": lambda: cls([("a", linear_model.LogisticRegression()), ("t", tree.DecisionTreeClassifier(max_depth=1))]),
        "StackingClassifier": lambda: cls([("a", linear_model.LogisticRegression()), ("t", tree.DecisionTreeClassifier(max_depth=1))], cv=2),
        "VotingRegressor": lambda: cls([("a", linear_model.Ridge()), ("t", tree.DecisionTreeRegressor(max_depth=1))]),
        "StackingRegressor": lambda: cls([("a", linear_model.Ridge()), ("t", tree.DecisionTreeRegressor(max_depth=1))], cv=2),
        "SparseCoder": lambda: cls(np.eye(3)), "FunctionTransformer": lambda: cls(np.log1p, np.expm1), "OutputCodeClassifier": lambda: cls(linear_model.LogisticRegression(), random_state=0),
        "SelectFromModel": lambda: cls(linear_model.Lasso(0.01)), "RFE": lambda: cls(linear_model.Ridge()), "RFECV": lambda: cls(linear_model.Ridge(), cv=2), "SequentialFeatureSelector": lambda: cls(linear_model.Ridge(), cv=2),
        "TransformedTargetRegressor": lambda: cls(linear_model.Ridge(), func=np.log1p, inverse_func=np.expm1),
        "FrozenEstimator": lambda: cls(linear_model.Ridge().fit(*data()[:2])), "SelfTrainingClassifier": lambda: cls(linear_model.LogisticRegression()),
        "FixedThresholdClassifier": lambda: cls(linear_model.LogisticRegression()), "TunedThresholdClassifierCV": lambda: cls(linear_model.LogisticRegression(), cv=2),
        "MultiOutputClassifier": lambda: cls(linear_model.LogisticRegression()), "MultiOutputRegressor": lambda: cls(linear_model.Ridge()),
        "OneVsOneClassifier": lambda: cls(linear_model.LogisticRegression()), "OneVsRestClassifier": lambda: cls(linear_model.LogisticRegression()),
    }
    if name in special:
        return special[name]()
    e = cls()
    e.set_params(**{k: v for k, v in small.items() if k in e.get_params()})
    return e


def fitted(cls):
    import numpy as np
    X, y, Y = data()
    e, name = instances(cls), cls.__name__
    text = ["red green", "green blue", "blue red cat", "dog cat"] * 5
    dicts = [{"a": 1.0, "b": "x"}, {"a": 2.0, "b": "y"}] * 10
    targets = [y, X[:, 0] + 0.1, np.c_[y, 1 - y], Y]
    inputs = [X, text, dicts, [["a"], ["b"]] * 10, [set("ab"), set("b")] * 10, [d.items() for d in dicts], X[:, 0], y, np.abs(np.cov(X[:, :2].T)) + np.eye(2), X @ X.T]
    for x in inputs:
        for t in targets:
            for args in ((x, t), (x,)):
                with contextlib.suppress(Exception):
                    e.fit(*args)
                    return e
    raise ValueError("no data fits it")


def sklearn_():
    import sklearn
    from sklearn.utils import all_estimators
    folder = f"scikit-learn-{sklearn.__version__}"
    with contextlib.suppress(ImportError):
        from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer
    for i, (name, cls) in enumerate(sorted(all_estimators())):
        tried(lambda n, c: dump(folder, n, fitted(c), i % 6), name, cls)
    X, y, Y = data()
    import numpy as np
    from sklearn import compose, ensemble, feature_extraction, gaussian_process, impute, linear_model, metrics, model_selection, neighbors, pipeline, preprocessing, svm, tree, decomposition
    k = gaussian_process.kernels
    text = ["red green", "green blue", "blue red"] * 10
    more = {
        "pipeline-columns": pipeline.make_pipeline(compose.ColumnTransformer([("n", preprocessing.MinMaxScaler(), [0, 1])]), impute.SimpleImputer(), preprocessing.FunctionTransformer(np.log1p), linear_model.Ridge()).fit(X, y),
        "pipeline-text": pipeline.make_pipeline(feature_extraction.text.TfidfVectorizer(), linear_model.SGDClassifier(random_state=0)).fit(text, [0, 1, 1] * 10),
        "pipeline-memory": pipeline.Pipeline([("p", decomposition.PCA(2)), ("s", svm.SVC())], memory=None).fit(X, y),
        "kernels": [k.RBF(), k.Matern(), k.WhiteKernel() + k.ConstantKernel() * k.DotProduct(), k.RationalQuadratic(), k.ExpSineSquared(), k.CompoundKernel([k.RBF()])],
        "scorers": [metrics.get_scorer(s) for s in ("accuracy", "roc_auc", "neg_log_loss", "f1_macro", "r2")], "own-scorer": metrics.make_scorer(metrics.fbeta_score, beta=2),
        "splitters": [model_selection.KFold(3), model_selection.StratifiedKFold(2, shuffle=True, random_state=0), model_selection.TimeSeriesSplit(2), model_selection.GroupKFold(2), model_selection.ShuffleSplit(2), model_selection.LeaveOneOut()],
        "search": model_selection.GridSearchCV(svm.SVC(), {"C": [1, 10], "kernel": ["rbf", "linear"]}, cv=2, scoring="accuracy").fit(X, y),
        "search-scorer": model_selection.GridSearchCV(linear_model.LogisticRegression(), {"C": [1]}, cv=2, scoring=metrics.make_scorer(metrics.f1_score)).fit(X, y),
        "trees": [neighbors.KDTree(X), neighbors.BallTree(X)], "bunch": __import__("sklearn.utils").utils.Bunch(a=1, data=X[:2]), "unfitted": [linear_model.Ridge(), svm.SVC()],
        "stacked-frame": None, "tree-structure": tree.DecisionTreeRegressor(max_depth=2).fit(X, y).tree_, "random-state-inside": ensemble.RandomForestClassifier(2, max_depth=1, random_state=np.random.RandomState(0)).fit(X, y),
        "metrics": [metrics.pairwise.rbf_kernel, metrics.accuracy_score, metrics.mean_squared_error, metrics.pairwise.euclidean_distances], "parameter-grid": model_selection.ParameterGrid({"a": [1, 2]}),
        "bagged": ensemble.BaggingClassifier(tree.DecisionTreeClassifier(max_depth=1), 2, random_state=0).fit(X, y), "calibrated": None,
        "function-transformers": [preprocessing.FunctionTransformer(f) for f in (np.log1p, np.exp, np.abs, np.sqrt, None)], "function-partial": preprocessing.FunctionTransformer(functools.partial(np.clip, a_min=0, a_max=1)).fit(X),
        "knn-metric": neighbors.KNeighborsClassifier(2, metric="minkowski", p=3).fit(X, y), "selectors": compose.make_column_selector(dtype_include=float), "kbest": None,
    }
    from sklearn.feature_selection import SelectKBest, f_regression, mutual_info_classif, chi2
    more["kbest"] = [SelectKBest(f_regression, k=2).fit(X, y), SelectKBest(chi2, k=1).fit(X, y), SelectKBest(mutual_info_classif, k=1)]
    from sklearn.calibration import CalibratedClassifierCV
    more["calibrated"] = CalibratedClassifierCV(linear_model.LogisticRegression(), cv=2).fit(X, y)
    with contextlib.suppress(ImportError):
        import pandas as pd
        df = pd.DataFrame(X, columns=list("abc")).assign(d=list("xy") * 10)
        more["stacked-frame"] = pipeline.make_pipeline(compose.ColumnTransformer([("n", preprocessing.StandardScaler(), ["a", "b"]), ("c", preprocessing.OneHotEncoder(), ["d"])]), linear_model.LogisticRegression()).fit(df, y)
    for name, o in more.items():
        tried(dump, folder, "x-" + name, o, *((0, 1, 2, 3, 4, 5) if name == "pipeline-columns" else ()))


# --- joblib ---------------------------------------------------------------------------------------------------------
def joblib_():
    import joblib, numpy as np, tempfile
    from sklearn import ensemble, linear_model, pipeline, preprocessing, svm, neighbors
    folder = f"joblib-{joblib.__version__}"
    X, y, _ = data()
    objs = {"forest": ensemble.RandomForestClassifier(2, max_depth=2, random_state=0).fit(X, y), "arrays": {"a": X, "f": np.asfortranarray(X), "s": np.array(["a", "b"]), "o": np.array([None, 1, X[:2]], dtype=object)},
            "pipeline": pipeline.make_pipeline(preprocessing.StandardScaler(), svm.SVC(probability=False)).fit(X, y), "plain": {"a": [1, 2, "x"]}, "list": [X, X * 2, "text"], "knn": neighbors.KNeighborsClassifier(3).fit(X, y),
            "linear": linear_model.LinearRegression().fit(X, y), "structured": np.zeros(3, dtype=[("a", "i4"), ("b", "f8")]), "big-endian": X.astype(">f4"), "masked": np.ma.masked_array([1.0, 2], [0, 1]), "empty": np.empty((0, 2)), "frame": None}
    with contextlib.suppress(ImportError):
        import pandas as pd
        objs["frame"] = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})
    with tempfile.TemporaryDirectory() as tmp:
        def save(name, obj, **kw):
            file = pathlib.Path(tmp) / name
            joblib.dump(obj, file, **kw)
            put(folder, name, file.read_bytes())
        for name, o in objs.items():
            save(name + ".joblib", o)
        for method in ("zlib", "gzip", "bz2", "xz", "lzma", "lz4"):
            for name in ("forest", "arrays", "plain", "linear"):
                tried(lambda n: save(f"{n}.{method}.joblib", objs[n], compress=(method, 3)), name)
        for p in (2, 3, 4, 5):
            save(f"forest_p{p}.joblib", objs["forest"], protocol=p)
            save(f"arrays_p{p}.joblib", objs["arrays"], protocol=p)
        save("forest.joblib.gz", objs["forest"])
        save("arrays.pkl.z", objs["arrays"])
        save("linear.sav", objs["linear"])
        save("linear.pkl", objs["linear"])


# --- boosting -------------------------------------------------------------------------------------------------------
def xgboost_():
    import numpy as np, xgboost as x
    folder = f"xgboost-{x.__version__}"
    X, y, _ = data()
    kw = dict(n_estimators=2, max_depth=1)
    objs = {"classifier": x.XGBClassifier(**kw).fit(X, y), "regressor": x.XGBRegressor(**kw).fit(X, y), "ranker": x.XGBRanker(**kw).fit(X, y, qid=np.repeat([0, 1], 10)), "rf-classifier": x.XGBRFClassifier(**kw).fit(X, y),
            "rf-regressor": x.XGBRFRegressor(**kw).fit(X, y), "booster": x.train({"max_depth": 1, "objective": "reg:squarederror"}, x.DMatrix(X, y), 2), "multiclass": x.XGBClassifier(**kw).fit(X, np.arange(20) % 3),
            "unfitted": x.XGBClassifier(), "early": x.XGBClassifier(early_stopping_rounds=2, **kw).fit(X, y, eval_set=[(X, y)], verbose=False), "linear": x.XGBRegressor(booster="gblinear", n_estimators=2).fit(X, y),
            "callbacks": x.XGBRegressor(callbacks=[x.callback.EarlyStopping(2)], **kw)}
    with contextlib.suppress(Exception):
        from sklearn import model_selection, pipeline, preprocessing
        objs["pipeline"] = pipeline.make_pipeline(preprocessing.StandardScaler(), x.XGBClassifier(**kw)).fit(X, y)
        objs["search"] = model_selection.GridSearchCV(x.XGBRegressor(**kw), {"max_depth": [1]}, cv=2).fit(X, y)
    for i, (name, o) in enumerate(objs.items()):
        tried(dump, folder, name, o, *((0, 2, 3, 4, 5) if name in ("classifier", "booster") else ()))


def lightgbm_():
    import numpy as np, lightgbm as l
    folder = f"lightgbm-{l.__version__}"
    X, y, _ = data()
    kw = dict(n_estimators=2, num_leaves=2, min_child_samples=1, verbose=-1)
    objs = {"classifier": l.LGBMClassifier(**kw).fit(X, y), "regressor": l.LGBMRegressor(**kw).fit(X, y), "ranker": l.LGBMRanker(**kw).fit(X, y, group=[10, 10]),
            "booster": l.train({"verbose": -1, "num_leaves": 2, "min_data_in_leaf": 1}, l.Dataset(X, y), 2), "multiclass": l.LGBMClassifier(**kw).fit(X, np.arange(20) % 3), "unfitted": l.LGBMClassifier(),
            "dart": l.LGBMRegressor(boosting_type="dart", **kw).fit(X, y), "evaluated": l.LGBMClassifier(**kw).fit(X, y, eval_set=[(X, y)])}
    with contextlib.suppress(Exception):
        from sklearn import calibration, pipeline, preprocessing
        objs["pipeline"] = pipeline.make_pipeline(preprocessing.StandardScaler(), l.LGBMClassifier(**kw)).fit(X, y)
        objs["calibrated"] = calibration.CalibratedClassifierCV(l.LGBMClassifier(**kw), cv=2).fit(X, y)
    for name, o in objs.items():
        tried(dump, folder, name, o, *((0, 2, 3, 4, 5) if name in ("classifier", "booster") else ()))


# --- PyTorch --------------------------------------------------------------------------------------------------------
def torch_():
    import numpy as np, torch
    from torch import nn, optim
    torch.manual_seed(0)
    folder = f"torch-{torch.__version__.split('+')[0]}"

    def save(name, obj, **kw):
        b = io.BytesIO()
        torch.save(obj, b, **kw)
        put(folder, name, b.getvalue())

    layers = {
        "linear": nn.Linear(3, 2), "bilinear": nn.Bilinear(2, 2, 2), "conv1d": nn.Conv1d(1, 2, 3), "conv2d": nn.Conv2d(1, 2, 3, padding="same"), "conv3d": nn.Conv3d(1, 1, 2), "convtranspose2d": nn.ConvTranspose2d(1, 1, 2),
        "batchnorm1d": nn.BatchNorm1d(2), "batchnorm2d": nn.BatchNorm2d(2), "layernorm": nn.LayerNorm(3), "groupnorm": nn.GroupNorm(1, 2), "instancenorm2d": nn.InstanceNorm2d(2), "rmsnorm": nn.RMSNorm(3),
        "embedding": nn.Embedding(3, 4), "embeddingbag": nn.EmbeddingBag(3, 2), "lstm": nn.LSTM(2, 2), "gru": nn.GRU(2, 2), "rnn": nn.RNN(2, 2), "lstmcell": nn.LSTMCell(2, 2), "attention": nn.MultiheadAttention(4, 2),
        "encoderlayer": nn.TransformerEncoderLayer(4, 2, 4), "encoder": nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 4), 1), "decoderlayer": nn.TransformerDecoderLayer(4, 2, 4), "transformer": nn.Transformer(4, 2, 1, 1, 4),
        "activations": nn.ModuleList([nn.ReLU(), nn.GELU(), nn.SiLU(), nn.Tanh(), nn.Sigmoid(), nn.Softmax(1), nn.LeakyReLU(), nn.ELU(), nn.PReLU(), nn.Mish(), nn.Hardswish(), nn.LogSoftmax(1), nn.Softplus(), nn.GLU(), nn.ReLU6()]),
        "pooling": nn.ModuleList([nn.MaxPool2d(2), nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(1), nn.AdaptiveMaxPool1d(1), nn.LPPool2d(2, 2), nn.MaxUnpool2d(2)]), "dropout": nn.ModuleList([nn.Dropout(), nn.Dropout2d(), nn.AlphaDropout()]),
        "losses": nn.ModuleList([nn.MSELoss(), nn.CrossEntropyLoss(), nn.BCEWithLogitsLoss(), nn.L1Loss(), nn.NLLLoss(), nn.KLDivLoss(), nn.HuberLoss(), nn.TripletMarginLoss(), nn.CTCLoss()]),
        "shapes": nn.Sequential(nn.Flatten(), nn.Unflatten(1, (1, 2)), nn.Identity(), nn.PixelShuffle(1), nn.Upsample(scale_factor=2), nn.ZeroPad2d(1), nn.Fold((2, 2), 1), nn.Unfold(1)), "parameters": nn.ParameterList([nn.Parameter(torch.ones(1))]),
        "parameterdict": nn.ParameterDict({"a": nn.Parameter(torch.ones(1))}), "moduledict": nn.ModuleDict({"a": nn.Linear(1, 1)}), "mlp": nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)),
        "ordered": nn.Sequential(collections.OrderedDict(conv=nn.Conv2d(1, 1, 1), relu=nn.ReLU())), "cnn": nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(2, 2)),
        "weightnorm": nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)), "old-weightnorm": None, "spectralnorm": nn.utils.spectral_norm(nn.Linear(2, 2)), "cosine": nn.CosineSimilarity(), "frozen": nn.Linear(1, 1).requires_grad_(False),
        "half": nn.Linear(2, 2).half(), "bfloat16": nn.Linear(2, 2).bfloat16(), "dataparallel": None, "adaptive-softmax": nn.AdaptiveLogSoftmaxWithLoss(3, 4, [2]),
    }
    with contextlib.suppress(Exception):
        layers["old-weightnorm"] = nn.utils.weight_norm(nn.Linear(2, 2))
    with contextlib.suppress(Exception):
        layers["dataparallel"] = nn.DataParallel(nn.Linear(2, 2))
    for i, (name, m) in enumerate(layers.items()):
        tried(lambda n, m: save(f"module-{n}.pt", m), name, m)
        if i % 3 == 0 and m is not None:
            tried(lambda n, m: save(f"state-{n}.pth", m.state_dict()), name, m)
        if i % 6 == 0 and m is not None:
            tried(lambda n, m: save(f"legacy-{n}.pt", m, _use_new_zipfile_serialization=False), name, m)
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))

    def trained(cls, **kw):
        opt = cls(net.parameters(), **kw)
        for _ in range(2):
            opt.zero_grad()
            net(torch.ones(2, 3)).sum().backward()
            opt.step()
        return opt
    for cls, kw in ((optim.SGD, {"lr": 0.1, "momentum": 0.9}), (optim.Adam, {}), (optim.AdamW, {}), (optim.Adagrad, {}), (optim.RMSprop, {}), (optim.Adadelta, {}), (optim.NAdam, {}), (optim.RAdam, {}), (optim.Adamax, {}), (optim.ASGD, {}), (optim.Rprop, {})):
        tried(lambda c: save(f"optimizer-{c.__name__.lower()}.pt", trained(c, **kw).state_dict()), cls)
    opt = trained(optim.AdamW)
    S = optim.lr_scheduler
    for name, s in {"step": lambda: S.StepLR(opt, 2), "cosine": lambda: S.CosineAnnealingLR(opt, 5), "exponential": lambda: S.ExponentialLR(opt, 0.9), "plateau": lambda: S.ReduceLROnPlateau(opt), "onecycle": lambda: S.OneCycleLR(opt, 0.1, total_steps=5),
                    "multistep": lambda: S.MultiStepLR(opt, [1, 2]), "linear": lambda: S.LinearLR(opt), "sequential": lambda: S.SequentialLR(opt, [S.ConstantLR(opt), S.ExponentialLR(opt, 0.9)], [2]), "lambda": lambda: S.LambdaLR(opt, lambda e: 0.9 ** e)}.items():
        tried(lambda n: save(f"scheduler-{n}.pt", s().state_dict()), name)
    save("optimizer-whole.pt", opt)
    save("scheduler-whole.pt", S.StepLR(opt, 2))
    state = net.state_dict()
    tensors = {str(d).split(".")[1]: torch.ones(2, dtype=d) for d in (torch.float64, torch.float16, torch.bfloat16, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.bool, torch.complex64, torch.float8_e4m3fn, torch.float8_e5m2, torch.uint16, torch.uint32)}
    w = torch.arange(12.0).reshape(3, 4)
    objs = {
        "checkpoint": {"model": state, "optimizer": opt.state_dict(), "epoch": 3, "lr": 1e-3, "dtype": torch.float16, "size": torch.Size([1, 2]), "best": 0.5, "date": datetime.datetime(2024, 1, 1), "args": argparse.Namespace(lr=0.1)},
        "dtypes": tensors, "views": [w, w.T, w[1:], w[:, 1:3], w.expand(2, 3, 4)], "shared": {"a": w, "b": w, "c": w.view(-1)}, "scalar": torch.tensor(1.0), "empty": torch.empty(0, 3), "parameter": nn.Parameter(w), "buffer": nn.Buffer(torch.ones(1)),
        "sparse-coo": torch.eye(2).to_sparse(), "sparse-csr": torch.eye(2).to_sparse_csr(), "complex-view": torch.ones(2, dtype=torch.complex64).conj(), "quantized": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8), "requires-grad": torch.ones(1, requires_grad=True),
        "things": [torch.device("cpu"), torch.device("cuda", 0), torch.float32, torch.Size([2]), torch.strided, torch.contiguous_format, torch.channels_last], "rng": {"cpu": torch.get_rng_state(), "python": random.Random(0).getstate(), "numpy": np.random.RandomState(0).get_state()},
        "with-numpy": {"mean": np.ones(3), "std": np.float64(1), "t": torch.ones(1)}, "storage": torch.ones(2).untyped_storage(), "typed-storage": torch.ones(2).storage(), "meta": torch.ones(2, device="meta"), "nested": [{"a": [(torch.ones(1),)]}], "plain": {"a": 1},
        "gan": {"G": net, "D": nn.Linear(1, 1)}, "dataset": torch.utils.data.TensorDataset(torch.ones(2, 1)), "attributed": None, "big-names": {"x" * 300: torch.ones(1)}, "unicode": {"\u00e9": torch.ones(1)}, "distribution": torch.distributions.Normal(0.0, 1.0),
        "scaler": torch.amp.GradScaler("cpu").state_dict(), "packed": nn.utils.rnn.pack_sequence([torch.ones(2), torch.ones(1)]),
    }
    for i, (name, o) in enumerate(objs.items()):
        tried(lambda n: save(n + (".pt", ".pth", ".bin", ".ckpt")[i % 4], o), name)
        if i % 4 == 0:
            tried(lambda n: save(f"legacy-{n}.pt", o, _use_new_zipfile_serialization=False), name)
    for p in (2, 3, 4, 5):
        save(f"checkpoint_p{p}.pt", state, pickle_protocol=p)
    for p in (2, 4, 5):
        dump(folder, "plain-pickle-state", dict(state), p)
        dump(folder, "plain-pickle-module", net, p)
    # What a training run of PyTorch Lightning writes: a dict, with the library's own classes only as names.
    lightning = {"epoch": 1, "global_step": 10, "pytorch-lightning_version": "2.4.0", "state_dict": state, "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": {"total": {"ready": 2}}}},
                 "callbacks": {"ModelCheckpoint{'monitor': None, 'mode': 'min'}": {"monitor": None, "best_model_score": torch.tensor(0.5), "best_model_path": "", "kth_value": torch.tensor(0.5)}, "EarlyStopping": {"wait_count": 0, "patience": 3}},
                 "optimizer_states": [opt.state_dict()], "lr_schedulers": [S.StepLR(opt, 1).state_dict()], "hparams_name": "kwargs", "hyper_parameters": collections.OrderedDict(lr=0.1, name="x", layers=[1, 2])}
    save("lightning.ckpt", lightning)
    save("lightning-namespace.ckpt", {**lightning, "hyper_parameters": argparse.Namespace(lr=0.1)})
    with contextlib.suppress(ImportError):
        from omegaconf import OmegaConf
        save("lightning-omegaconf.ckpt", {**lightning, "hyper_parameters": OmegaConf.create({"lr": 0.1, "layers": [1, 2], "name": "x", "deep": {"a": None, "b": 1.5}})})
    with contextlib.suppress(ImportError):
        from lightning_fabric.utilities.data import AttributeDict
        save("lightning-attributes.ckpt", {**lightning, "hyper_parameters": AttributeDict(lr=0.1)})


# --- transformers ---------------------------------------------------------------------------------------------------
def transformers_():
    import tempfile, torch, transformers
    from transformers import AutoConfig, TrainingArguments, Seq2SeqTrainingArguments
    torch.manual_seed(0)
    folder = f"transformers-{transformers.__version__}"

    def save(name, obj, **kw):
        b = io.BytesIO()
        torch.save(obj, b, **kw)
        put(folder, name, b.getvalue())
    for name, kw in {"default": {}, "warm": {"learning_rate": 1e-4, "lr_scheduler_type": "cosine", "optim": "adafactor", "warmup_steps": 5, "save_strategy": "epoch", "eval_strategy": "steps", "logging_strategy": "epoch"},
                     "hub": {"push_to_hub": False, "hub_strategy": "end", "label_smoothing_factor": 0.1}, "torch": {"bf16": False, "gradient_checkpointing": True, "dataloader_num_workers": 2}}.items():
        tried(lambda n: save(f"{n}/training_args.bin".replace("/", "-").replace("-training_args", ".training_args"), TrainingArguments(output_dir="out", report_to=[], use_cpu=True, **kw)), name)
    tried(lambda n: save("seq2seq.training_args.bin", Seq2SeqTrainingArguments(output_dir="out", report_to=[], use_cpu=True)), "seq2seq")
    for name, kw in {"bert": {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}, "gpt2": {"n_embd": 8, "n_layer": 1, "n_head": 2}, "llama": {"hidden_size": 8}, "t5": {}, "vit": {}, "whisper": {}, "clip": {}, "roberta": {}, "mistral": {}, "qwen2": {}}.items():
        tried(lambda n: dump(folder, "config-" + n, AutoConfig.for_model(n, **kw)), name)
    dump(folder, "encoding", transformers.BatchEncoding({"input_ids": [[1, 2]]}), 4)
    dump(folder, "generation", transformers.GenerationConfig(max_new_tokens=5), 4)
    from transformers.modeling_outputs import BaseModelOutput, SequenceClassifierOutput
    save("outputs.pt", [BaseModelOutput(last_hidden_state=torch.ones(1)), SequenceClassifierOutput(logits=torch.ones(1))])
    tried(lambda n: tokenizers(folder), "tokenizers")
    with tempfile.TemporaryDirectory() as tmp:
        tried(run, folder, tmp)


def tokenizers(folder):
    import tokenizers as t, transformers
    from tokenizers import models, pre_tokenizers
    tok = t.Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1}, unk_token="[UNK]"))
    tok.pre_tokenizer = pre_tokenizers.Whitespace()
    dump(folder, "tokenizer", tok, 4)
    dump(folder, "tokenizer-fast", transformers.PreTrainedTokenizerFast(tokenizer_object=tok, unk_token="[UNK]"), 4)


def run(folder, tmp):
    """A Trainer run of three steps; what it leaves in its checkpoint folder."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments
    cfg = BertConfig(hidden_size=4, num_hidden_layers=1, num_attention_heads=1, intermediate_size=4, vocab_size=8, max_position_embeddings=8)
    rows = [{"input_ids": [1, 2, 3], "labels": i % 2} for i in range(4)]
    os.chdir(tmp)  # no path of this machine in the files
    args = TrainingArguments(output_dir="out", max_steps=3, save_steps=3, report_to=[], use_cpu=True, per_device_train_batch_size=2, disable_tqdm=True)
    Trainer(BertForSequenceClassification(cfg), args, train_dataset=rows).train()
    for file in sorted(pathlib.Path(tmp, "out", "checkpoint-3").iterdir()):
        if file.suffix in (".pt", ".pth", ".bin"):
            put(folder, "trainer-" + file.name if file.name != "training_args.bin" else "trainer.training_args.bin", file.read_bytes())
        elif file.name == "trainer_state.json":
            put(folder, "trainer_state.json", file.read_bytes())


# --- others ---------------------------------------------------------------------------------------------------------
def scipy_():
    import numpy as np, scipy
    from scipy import sparse, interpolate, stats, spatial, optimize, signal
    folder = f"scipy-{scipy.__version__}"
    m = sparse.eye(3)
    objs = {"csr": m.tocsr(), "csc": m.tocsc(), "coo": m.tocoo(), "lil": m.tolil(), "dok": m.todok(), "bsr": m.tobsr(), "dia": m.todia(), "spline": interpolate.UnivariateSpline(np.arange(6), np.arange(6)), "cubic": interpolate.CubicSpline(np.arange(4), np.arange(4)),
            "interp1d": interpolate.interp1d([0, 1], [0, 1]), "rbf": interpolate.RBFInterpolator(np.random.RandomState(0).rand(8, 2), np.ones(8)), "frozen-norm": stats.norm(0, 1), "kde": stats.gaussian_kde([1.0, 2.0, 3.0]), "kdtree": spatial.cKDTree(np.eye(3)), "pykdtree": spatial.KDTree(np.eye(3)),
            "result": optimize.minimize(lambda x: float(x[0] ** 2), [1.0]), "linregress": stats.linregress([1, 2, 3], [1, 2, 4]), "rotation": spatial.transform.Rotation.identity(), "bspline": interpolate.make_interp_spline(np.arange(5), np.arange(5)),
            "ppoly": interpolate.PchipInterpolator([0, 1, 2], [0, 1, 4]), "lti": signal.lti([1], [1, 1]), "distribution": stats.uniform(0, 1), "discrete": stats.randint(0, 5), "bounds": optimize.Bounds([0], [1]), "convexhull-points": np.eye(3), "loguniform": stats.loguniform(1, 10)}
    if hasattr(sparse, "csr_array"):
        objs["csr-array"] = sparse.csr_array(m)
        objs["coo-array"] = sparse.coo_array(m)
    for name, o in objs.items():
        tried(dump, folder, name, o)
    b = io.BytesIO()
    sparse.save_npz(b, m.tocsr())
    put(folder, "csr.npz", b.getvalue())


def gensim_():
    import gensim
    from gensim import corpora, models
    folder = f"gensim-{gensim.__version__}"
    texts = [["red", "green"], ["green", "blue"], ["blue", "red", "cat"]] * 3
    d = corpora.Dictionary(texts)
    bow = [d.doc2bow(t) for t in texts]
    objs = {"dictionary": d, "tfidf": models.TfidfModel(bow), "word2vec": models.Word2Vec(texts, vector_size=4, min_count=1, workers=1, seed=1), "keyedvectors": models.Word2Vec(texts, vector_size=4, min_count=1, workers=1, seed=1).wv,
            "doc2vec": models.Doc2Vec([models.doc2vec.TaggedDocument(t, [i]) for i, t in enumerate(texts)], vector_size=4, min_count=1, workers=1), "lda": models.LdaModel(bow, 2, id2word=d, passes=1, random_state=0), "lsi": models.LsiModel(bow, 2, id2word=d),
            "phrases": models.phrases.Phrases(texts, min_count=1, threshold=1), "fasttext": models.FastText(texts, vector_size=4, min_count=1, workers=1, bucket=10)}
    for name, o in objs.items():
        tried(dump, folder, name, o)


def extras():
    import numpy as np
    X, y, _ = data()
    with contextlib.suppress(ImportError):
        import statsmodels, statsmodels.api as sm
        f = f"statsmodels-{statsmodels.__version__}"
        tried(dump, f, "ols", sm.OLS(y, sm.add_constant(X)).fit(), 4)
        tried(dump, f, "logit", sm.Logit(y, np.ones((20, 1))).fit(disp=0), 2)
    with contextlib.suppress(ImportError):
        import imblearn
        from imblearn import over_sampling, pipeline, under_sampling, ensemble
        f = f"imbalanced-learn-{imblearn.__version__}"
        for c in (over_sampling.SMOTE, over_sampling.RandomOverSampler, under_sampling.RandomUnderSampler):
            tried(dump, f, c.__name__, c(random_state=0), 4)
        from sklearn.linear_model import LogisticRegression
        tried(dump, f, "pipeline", pipeline.make_pipeline(over_sampling.RandomOverSampler(random_state=0), LogisticRegression()).fit(X, y), 5)
    with contextlib.suppress(ImportError):
        import hmmlearn
        from hmmlearn import hmm
        f = f"hmmlearn-{hmmlearn.__version__}"
        tried(dump, f, "gaussian", hmm.GaussianHMM(2, n_iter=2, random_state=0).fit(X), 4)


PARTS = {"python": stdlib, "numpy": numpy_, "pandas": pandas_, "sklearn": sklearn_, "joblib": joblib_, "xgboost": xgboost_, "lightgbm": lightgbm_, "torch": torch_, "transformers": transformers_, "scipy": scipy_, "gensim": gensim_, "extras": extras}
if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        try:
            PARTS[part]()
        except Exception as e:
            print(part, "stopped:", repr(e)[:300], file=sys.stderr)
    for folder, n in sorted(count.items()):
        print(n, folder)
    for d in dropped:
        print("  too big:", *d)
