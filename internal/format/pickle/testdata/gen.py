#!/usr/bin/env python3
"""Writes the pickles in producers/ and clean/ with the libraries that users have.

Usage: gen.py    (run in testdata/; needs numpy, pandas, scikit-learn, torch, transformers)
Each file is saved by its library, nothing is edited. See README.md for versions.
"""
import argparse, array, collections, datetime, decimal, enum, fractions, functools, io, os, pathlib, pickle, re, sys, types, uuid
import zipfile
import numpy as np

out, clean = pathlib.Path("producers"), pathlib.Path("clean")
rng = np.random.RandomState(0)
X, y = rng.rand(30, 3), rng.randint(0, 2, 30)


def save(name, obj, *protocols):
    for p in protocols:
        ((clean if name == "stdlib-plain" else out) / f"{name}_p{p}.pkl").write_bytes(pickle.dumps(obj, p))


def stdlib():
    plain = {"a": [1, -2, 3.5, 1 << 80], "b": (None, True, "ü\n"), "c": b"\x00\xff", "d": {1, 2}, "e": frozenset("x"), "f": bytearray(b"q")}
    for p in range(6):
        save("stdlib-plain", plain, p)
    save("stdlib-types", [datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone.utc), datetime.timedelta(3), decimal.Decimal("1.5"),
        fractions.Fraction(1, 3), uuid.UUID(int=7), complex(1, 2), range(3), slice(1, 2), pathlib.PurePosixPath("a/b"),
        collections.OrderedDict(a=1), collections.Counter("aab"), collections.deque([1, 2], 3), collections.defaultdict(list, {1: [2]}),
        re.compile("a+b"), array.array("d", [1.0, 2.0])], 2, 4)
    save("stdlib-namespace", [types.SimpleNamespace(x=1, append="no"), argparse.Namespace(lr=0.1, layers=[1, 2])], 2, 4)
    shared = ["shared"]
    loop = []
    loop.append(loop)
    save("stdlib-recursive", [shared, shared, loop], 0, 5)
    save("stdlib-partial", functools.partial(np.clip, a_min=0), 4)
    (clean / "stacked.pkl").write_bytes(pickle.dumps([1, 2]) + pickle.dumps({"a": 1}, 2) + pickle.dumps("x", 0))


def numpy_():
    a = np.arange(6, dtype="f4").reshape(2, 3)
    objs = {"float": a, "order": np.asfortranarray(a), "str": np.array(["ab", "c"]), "object": np.array([None, "x", a], dtype=object),
            "struct": np.array([(1, 2.0)], dtype=[("n", "i4"), ("v", "f8")]), "date": np.array(["2024-01-01"], dtype="M8[D]"),
            "masked": np.ma.masked_array([1.0, 2.0], [0, 1]), "scalar": [np.float32(1), np.int64(2), np.bool_(True), np.str_("s"), np.datetime64("2024")],
            "dtype": [np.dtype("f8"), np.float64, np.log1p], "matrix": np.matrix([[1]]), "poly": np.polynomial.Polynomial([1, 2])}
    for p in (0, 2, 4, 5):
        save("numpy", objs, p)
    save("numpy-random", [np.random.RandomState(0), np.random.default_rng(0)], 4)


def pandas_():
    import pandas as pd
    df = pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": pd.Categorical(["u", "v"]), "d": pd.date_range("2024-01-01", periods=2, tz="UTC")})
    save("pandas-frame", df, 2, 5)
    save("pandas-index", [pd.MultiIndex.from_tuples([(1, "a"), (2, "b")]), pd.RangeIndex(3), pd.Series([1.5], name="s"), pd.Timestamp("2024-01-01"),
         pd.Timedelta("1D"), pd.Interval(0, 1), pd.Period("2024-01", "M"), pd.NaT, pd.array([1, None], dtype="Int64"), pd.IntervalIndex.from_breaks([0, 1, 2])], 4)


def sklearn_():
    from sklearn import cluster, compose, decomposition, ensemble, feature_extraction, gaussian_process, impute, linear_model, model_selection
    from sklearn import naive_bayes, neighbors, neural_network, pipeline, preprocessing, svm, tree
    text = ["red green", "green blue", "blue red"] * 10
    models = {
        "linear": linear_model.LogisticRegression().fit(X, y), "tree": tree.DecisionTreeClassifier(max_depth=2).fit(X, y),
        "forest": ensemble.RandomForestClassifier(3, max_depth=2).fit(X, y), "boost": ensemble.HistGradientBoostingClassifier(max_iter=2).fit(X, y),
        "gb": ensemble.GradientBoostingClassifier(n_estimators=2, max_depth=1).fit(X, y),
        "svm": svm.SVC(probability=False).fit(X, y), "knn": neighbors.KNeighborsClassifier(2).fit(X, y), "bayes": naive_bayes.GaussianNB().fit(X, y),
        "kmeans": cluster.KMeans(2, n_init=1).fit(X), "pca": decomposition.PCA(2).fit(X), "mlp": neural_network.MLPClassifier((2,), max_iter=2).fit(X, y),
        "gp": gaussian_process.GaussianProcessRegressor().fit(X[:5], y[:5]),
        "pipeline": pipeline.make_pipeline(compose.ColumnTransformer([("n", preprocessing.MinMaxScaler(), [0, 1])]), impute.SimpleImputer(),
            preprocessing.FunctionTransformer(np.log1p), linear_model.Ridge()).fit(X, y),
        "text": pipeline.make_pipeline(feature_extraction.text.TfidfVectorizer(), linear_model.SGDClassifier()).fit(text, y),
        "grid": model_selection.GridSearchCV(linear_model.Ridge(), {"alpha": [0.1, 1]}, cv=2).fit(X, y),
    }
    for i, (name, m) in enumerate(models.items()):
        save("sklearn-" + name, m, (0, 2, 4, 5)[i % 4])


def torch_():
    import torch
    from torch import nn

    def zipped(name, obj, legacy=False):
        b = io.BytesIO()
        torch.save(obj, b, _use_new_zipfile_serialization=not legacy)
        z = zipfile.ZipFile(b)
        (out / (name + ".pkl")).write_bytes(z.read([n for n in z.namelist() if n.endswith("data.pkl")][0]))

    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(2, 2))
    opt = torch.optim.AdamW(net.parameters())
    zipped("torch-state", {"model": net.state_dict(), "optimizer": opt.state_dict(), "epoch": 3, "lr": 1e-3, "dtype": torch.float16, "size": torch.Size([1, 2])})
    zipped("torch-module", net)
    zipped("torch-lstm", nn.ModuleDict({"e": nn.Embedding(3, 4), "l": nn.LSTM(4, 2), "t": nn.TransformerEncoderLayer(4, 2, 4)}))
    zipped("torch-tensors", [torch.ones(2, dtype=d) for d in (torch.float16, torch.bfloat16, torch.int8, torch.bool, torch.complex64, torch.uint8)]
           + [torch.eye(2).to_sparse(), nn.Parameter(torch.ones(1)), torch.device("cpu"), torch.Generator().get_state(),
              torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)])
    save("torch-inline", [torch.ones(3), np.ones(2)], 2, 4)


def transformers_():
    import transformers
    from transformers.training_args import TrainingArguments, OptimizerNames
    from transformers.trainer_utils import HubStrategy, IntervalStrategy, SaveStrategy, SchedulerType
    import torch
    b = io.BytesIO()
    args = TrainingArguments.__new__(TrainingArguments)  # its constructor wants accelerate
    args.__dict__.update(output_dir="x", eval_strategy=IntervalStrategy.NO, save_strategy=SaveStrategy.STEPS, optim=OptimizerNames.ADAMW_TORCH,
        lr_scheduler_type=SchedulerType.LINEAR, hub_strategy=HubStrategy.EVERY_SAVE, __cached__setup_devices=torch.device("cpu"))
    torch.save(args, b)
    z = zipfile.ZipFile(b)
    (out / "transformers-training-args.pkl").write_bytes(z.read([n for n in z.namelist() if n.endswith("data.pkl")][0]))
    save("transformers-config", transformers.BertConfig(hidden_size=8), 4)
    save("transformers-encoding", transformers.BatchEncoding({"input_ids": [[1, 2]]}), 4)


out.mkdir(exist_ok=True)
clean.mkdir(exist_ok=True)
for part in (stdlib, numpy_, pandas_, sklearn_, torch_, transformers_):
    try:
        part()
    except Exception as e:
        print(part.__name__, "incomplete:", repr(e), file=sys.stderr)
