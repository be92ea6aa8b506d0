#!/usr/bin/env python3
"""Writes what tools around the large libraries save: functions by value, training runs, exports.

Usage: gen_tools.py PART...    (like gen.py, with the same rules; README.md names the versions)
"""
import argparse, array, collections, contextlib, copy, dataclasses, datetime, decimal, enum, fractions, functools, io, os, pathlib, pickle, random, sys, tempfile, types, uuid, warnings

import gen
from gen import data, dump, put, root, tried

warnings.simplefilter("ignore")


class Mode(enum.Enum):
    FAST = 1


@dataclasses.dataclass
class Config:
    lr: float = 0.1


def written(folder, name, f, *args, **kw):
    """A file written by f(path)."""
    with tempfile.TemporaryDirectory() as tmp:
        file = pathlib.Path(tmp) / name
        f(file, *args, **kw)
        put(folder, name, file.read_bytes())


def tree(folder, prefix, base):
    """All files below base, their paths joined by dashes."""
    for file in sorted(pathlib.Path(base).rglob("*")):
        if file.is_file() and file.suffix not in (".json", ".log", ".md", ".yaml"):
            put(folder, prefix + "-" + "-".join(file.relative_to(base).parts), file.read_bytes())


# --- functions by value ---------------------------------------------------------------------------------------------
def byvalue():
    """Whatever these two can write by name, they do; the rest carries code and is honestly not clean."""
    import numpy as np
    scale = 3.0
    here = {"lambda": lambda x: x * scale, "closure": functools.partial(lambda a, b: a + b, 2)}

    def squared(x, offset=1):
        return np.square(x) + offset

    class Local:
        factor = 2

        def apply(self, x):
            return squared(x) * self.factor
    globals()["__file__"] = "notebook.py"
    for f in (squared, Local.apply, here["lambda"], here["closure"].func):
        f.__code__ = f.__code__.replace(co_filename="notebook.py")  # no path of this machine in the files
    named = {"function-by-name": np.log1p, "builtin-by-name": len, "class-by-name": collections.OrderedDict, "method-free": {"f": np.mean, "c": dict}, "array": np.arange(4.0), "nested": {"a": [1, (2, "x")], "b": np.float32(1)},
             "estimator": __import__("sklearn.linear_model").linear_model.Ridge().fit(*data()[:2]), "datetime": datetime.datetime(2024, 1, 2), "defaultdict": collections.defaultdict(list, a=[1]), "partial": functools.partial(np.clip, a_min=0, a_max=1),
             "namespace": types.SimpleNamespace(a=1), "ordered": collections.OrderedDict(a=1), "set": {1, 2}, "bytes": bytes(range(64)), "range": range(3), "path": pathlib.PurePosixPath("a/b"), "uuid": uuid.UUID(int=3)}
    carried = {"function": squared, "class": Local, "instance": Local(), **here}
    for library in ("cloudpickle", "dill"):
        with contextlib.suppress(ImportError):
            p = __import__(library)
            folder = f"{library}-{p.__version__}"
            for i, (name, o) in enumerate(named.items()):
                tried(lambda n: put(folder, n + ".pkl", p.dumps(o, protocol=(5, 4, 2)[i % 3])), name)
            for name, o in carried.items():
                tried(lambda n: put(folder, "by-value-" + n + ".pkl", p.dumps(o)), name)
            if library == "dill":
                tried(lambda n: put(folder, "by-value-recurse.pkl", p.dumps(squared, recurse=True)), "recurse")
                session = types.ModuleType("notebook")
                session.rate, session.names = 0.5, ["a"]
                tried(lambda n: written(folder, "session.pkl", lambda file: p.dump_module(str(file), session)), "session")


# --- the standard library, again ------------------------------------------------------------------------------------
def values():
    import numpy as np
    objs = {"times": [datetime.datetime(2024, 1, 1), datetime.timedelta(1), datetime.timezone.utc, datetime.time(1, 2, 3, tzinfo=datetime.timezone.utc)], "decimals": [decimal.Decimal("1e3"), decimal.Decimal("NaN"), decimal.Decimal("-0.00")],
            "fractions": [fractions.Fraction(7, 3), fractions.Fraction("1e3")], "uuids": [uuid.uuid5(uuid.NAMESPACE_DNS, "example.org")], "paths": [pathlib.Path("a") / "b", pathlib.PureWindowsPath("C:/x")], "enums": [__import__("re").RegexFlag.I, __import__("uuid").SafeUUID.unknown],
            "random": [random.Random(1).getstate(), random.Random(2)], "arrays": [array.array(c, [1, 2]) for c in "bBhHiIlLqQfd"], "generators": [np.random.default_rng(1), np.random.RandomState(2), np.random.Generator(np.random.Philox(3)), np.random.Generator(np.random.SFC64(4)).bit_generator.state["bit_generator"]],
            "fairseq": {"args": argparse.Namespace(arch="transformer", lr=[0.1], task="translation", criterion="label_smoothed", seed=None), "model": collections.OrderedDict(), "optimizer_history": [{"num_updates": 3, "criterion_name": "C", "lr_scheduler_state": {"best": None}}], "extra_state": {"epoch": 1, "val_loss": None}},
            "types": {"int": int, "float": float, "dtype": np.float32, "none": type(None), "dict": dict}, "slices": [slice(None), slice(1, 2, 3)], "text-that-looks-like-code": ["import os\nos.system('x')", "eval(x)", "lambda: 0", "def f():\n  pass"], "marshal-like": [b"\xe3" + bytes(60), b"\x63" + bytes(60), bytes([0x63, 0, 0, 0, 0] * 20)],
            "large-numbers": [2 ** 44, -2 ** 70, 10 ** 40, 1e300], "ranges": [range(10 ** 12), range(0), range(5, 0, -1)], "zeros": bytes(4096), "bytearrays": [bytearray(16), bytearray(b"x")], "exceptions": [KeyError("x"), ValueError(1, 2)]}
    for name, o in objs.items():
        tried(dump, "python", "x-" + name, o)


# --- training runs --------------------------------------------------------------------------------------------------
def lightning_():
    import torch
    try:
        import lightning.pytorch as pl
        from lightning import __version__ as version
    except ImportError:
        import pytorch_lightning as pl
        from pytorch_lightning import __version__ as version
    from omegaconf import OmegaConf
    folder = f"lightning-{version}"
    torch.manual_seed(0)

    class Net(pl.LightningModule):
        def __init__(self, hidden=2, lr=0.1, name="net", conf=None, args=None):
            super().__init__()
            self.save_hyperparameters()
            self.layer = torch.nn.Linear(2, 1)

        def training_step(self, batch, _):
            loss = self.layer(batch[0]).sum()
            self.log("loss", loss)
            return loss

        def configure_optimizers(self):
            o = torch.optim.Adam(self.parameters(), lr=0.1)
            return [o], [torch.optim.lr_scheduler.StepLR(o, 1)]

    class Data(pl.LightningDataModule):
        def __init__(self, size=4):
            super().__init__()
            self.save_hyperparameters()

        def train_dataloader(self):
            return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(4, 2)), batch_size=2)

    for name, kw in {"plain": {}, "omegaconf": {"conf": OmegaConf.create({"a": {"b": [1, 2.5, None, "x", "${c}"], "p": True}, "c": 3})}, "namespace": {"args": argparse.Namespace(lr=0.1)}, "containers": {"args": {"sizes": (1, 2), "when": datetime.timedelta(1), "where": pathlib.Path("x")}}}.items():
        with tempfile.TemporaryDirectory() as tmp:
            here = os.getcwd()
            os.chdir(tmp)
            try:
                callbacks = [pl.callbacks.ModelCheckpoint(dirpath="ckpt", monitor="loss", save_last=True), pl.callbacks.EarlyStopping("loss", patience=2), pl.callbacks.StochasticWeightAveraging(0.01)][:2 if name == "plain" else 3]
                t = pl.Trainer(max_epochs=2, accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False, callbacks=callbacks)
                t.fit(Net(**kw), datamodule=Data())
                c = callbacks[0]  # no path of this machine in the files
                c.dirpath, c.best_model_path, c.last_model_path, c.kth_best_model_path = "ckpt", "ckpt/epoch=1-step=4.ckpt", "ckpt/last.ckpt", "ckpt/epoch=1-step=4.ckpt"
                c.best_k_models = {c.best_model_path: c.best_model_score}
                t.save_checkpoint(f"{name}.ckpt")
                t.save_checkpoint(f"{name}-weights.ckpt", weights_only=True)
                for file in (f"{name}.ckpt", f"{name}-weights.ckpt"):
                    put(folder, file, pathlib.Path(file).read_bytes())
            finally:
                os.chdir(here)


def omegaconf_():
    import omegaconf, torch
    from omegaconf import MISSING, OmegaConf
    folder = f"omegaconf-{omegaconf.__version__}"

    def save(name, o):
        b = io.BytesIO()
        torch.save(o, b)
        put(folder, name, b.getvalue())
    objs = {"dict": {"lr": 0.1, "layers": [1, 2], "deep": {"a": None}}, "list": [1, "a", {"b": 2}], "interpolation": {"a": 1, "b": "${a}"}, "typed": None, "missing": {"a": "???"}, "bytes": {"b": b"x", "p": pathlib.Path("x")}}
    for name, o in objs.items():
        conf = OmegaConf.create(o) if o is not None else OmegaConf.create({"x": 1}, flags={"readonly": True})
        tried(save, name + ".pt", {"cfg": conf, "state_dict": {"w": torch.ones(1)}})
        tried(dump, folder, name, conf)
    tried(lambda n: save("structured.pt", OmegaConf.structured(Config)), "structured")


def accelerate_():
    import accelerate, torch
    folder = f"accelerate-{accelerate.__version__}"
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as tmp:
        a = accelerate.Accelerator(cpu=True, project_dir=tmp)
        net = torch.nn.Linear(2, 1)
        opt = torch.optim.AdamW(net.parameters())
        sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 3)
        loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(4, 2)), shuffle=True)
        net, opt, sched, loader = a.prepare(net, opt, sched, loader)
        for (x,) in loader:
            a.backward(net(x).sum())
            opt.step()
            sched.step()
        a.save_state(tmp + "/state", safe_serialization=False)
        tree(folder, "state", tmp + "/state")


def deepspeed_():
    """As DeepSpeed lays its checkpoints out, without the library: it needs a GPU."""
    import torch
    folder = "deepspeed-layout"

    def save(name, o):
        b = io.BytesIO()
        torch.save(o, b)
        put(folder, name, b.getvalue())
    flat = torch.arange(6.0)
    save("mp_rank_00_model_states.pt", {"module": collections.OrderedDict(w=flat.view(2, 3)), "buffer_names": [], "optimizer": None, "param_shapes": [collections.OrderedDict(w=torch.Size([2, 3]))], "frozen_param_shapes": None, "shared_params": {}, "lr_scheduler": {"last_batch_iteration": 3},
                                         "data_sampler": None, "random_ltd": None, "sparse_tensor_module_names": set(), "skipped_steps": 0, "global_steps": 3, "global_samples": 12, "dp_world_size": 1, "mp_world_size": 1, "ds_config": {"train_batch_size": 4, "zero_optimization": {"stage": 2}}, "ds_version": "0.15.0"})
    save("zero_pp_rank_0_mp_rank_00_optim_states.pt", {"optimizer_state_dict": {"loss_scaler": None, "dynamic_loss_scale": False, "overflow": False, "clip_grad": 1.0, "base_optimizer_state": {"state": {0: {"step": 3, "exp_avg": flat, "exp_avg_sq": flat}}, "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.999), "params": [0]}]},
                                                       "single_partition_of_fp32_groups": [flat], "zero_stage": 2, "group_paddings": [0], "partition_count": [1], "ds_version": "0.15.0"}, "ds_config": {}, "ds_version": "0.15.0"})
    save("rng_state_0.pth", {"python": random.Random(0).getstate(), "numpy": __import__("numpy").random.RandomState(0).get_state(), "cpu": torch.get_rng_state()[:16], "cuda": []})


def torch_tools():
    import torch, torch.nn.utils.prune
    from torch import nn
    folder = f"torch-{torch.__version__.split('+')[0]}"
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())

    def distributed(tmp):
        import torch.distributed.checkpoint as dcp
        dcp.save({"model": net.state_dict(), "step": 3, "nested": {"a": [torch.ones(1)]}}, checkpoint_id=tmp)
        put(folder, "dcp.metadata", (pathlib.Path(tmp) / ".metadata").read_bytes())
    with tempfile.TemporaryDirectory() as tmp:
        tried(distributed, tmp)

    def package(n):
        from torch.package import PackageExporter
        b = io.BytesIO()
        with PackageExporter(b) as e:
            e.extern("torch.**")
            e.save_pickle("model", "model.pkl", net)
            e.save_text("model", "notes.txt", "a net")
        put(folder, "package.pt", b.getvalue())

    def exported(n):
        b = io.BytesIO()
        program = torch.export.export(net, (torch.ones(1, 2),))
        for node in program.graph.nodes:
            node.meta.pop("stack_trace", None)
        torch.export.save(program, b)
        put(folder, "exported.pt2", b.getvalue())

    def scripted(n):
        b = io.BytesIO()
        torch.jit.save(torch.jit.script(net), b)
        put(folder, "scripted.pt", b.getvalue())
    for f in (package, exported, scripted):
        tried(f, "net")
    ema = torch.optim.swa_utils.AveragedModel(net)
    b = io.BytesIO()
    torch.save({"ema": ema.state_dict(), "swa": torch.optim.swa_utils.SWALR(torch.optim.SGD(net.parameters(), lr=0.1), 0.01).state_dict()}, b)
    put(folder, "swa.pt", b.getvalue())
    pruned = nn.Linear(2, 2)
    nn.utils.prune.l1_unstructured(pruned, "weight", 1)
    for name, o in {"pruned-state": pruned.state_dict(), "nested-tensor": torch.nested.nested_tensor([torch.ones(2), torch.ones(1)]), "tensor-attributes": tagged(torch.ones(2)), "parameter-attributes": tagged(nn.Parameter(torch.ones(2))), "quantized-channel": torch.quantize_per_channel(torch.ones(2, 2), torch.ones(2), torch.zeros(2), 0, torch.qint8)}.items():
        def one(n):
            b = io.BytesIO()
            torch.save(o, b)
            put(folder, n + ".pt", b.getvalue())
        tried(one, name)


def tagged(t):
    t.tag = "encoder"
    t.sizes = [1, 2]
    return t


def tensordict_():
    import tensordict, torch
    folder = f"tensordict-{tensordict.__version__}"
    td = tensordict.TensorDict({"a": torch.ones(2, 3), "b": {"c": torch.zeros(2)}}, batch_size=[2])
    b = io.BytesIO()
    torch.save(td, b)
    put(folder, "tensordict.pt", b.getvalue())
    b = io.BytesIO()
    torch.save(td.to_dict(), b)
    put(folder, "plain.pt", b.getvalue())
    dump(folder, "tensordict", td, 4)


def ultralytics_():
    """A YOLO checkpoint holds the whole network: classes of the library, of which the list has a few."""
    import torch, ultralytics
    from ultralytics.nn.tasks import DetectionModel
    folder = f"ultralytics-{ultralytics.__version__}"
    m = DetectionModel({"nc": 1, "depth_multiple": 0.33, "width_multiple": 0.1, "backbone": [[-1, 1, "Conv", [8, 3, 2]], [-1, 1, "C2f", [8, True]]], "head": [[[1], 1, "Detect", ["nc"]]]}, ch=3, verbose=False)
    for p in m.parameters():
        p.requires_grad = False
    b = io.BytesIO()
    torch.save({"epoch": -1, "best_fitness": None, "model": m.half(), "ema": None, "updates": None, "optimizer": None, "train_args": {"imgsz": 32, "task": "detect"}, "date": "2024-01-01T00:00:00", "version": "8.0.0", "license": "AGPL-3.0"}, b)
    if len(b.getvalue()) > gen.LIMIT:
        gen.LIMIT = max(gen.LIMIT, len(b.getvalue()))
    put(folder, "yolo.pt", b.getvalue())


def unlisted():
    """Whole modules of a library that the list does not know."""
    import timm, torch
    from timm.layers import Mlp
    b = io.BytesIO()
    torch.save(Mlp(2, 2), b)
    put(f"timm-{timm.__version__}", "whole-module.pt", b.getvalue())


# --- scikit-learn and its neighbours --------------------------------------------------------------------------------
def own_transform(x):
    return x


def pipelines():
    import joblib, numpy as np, pandas as pd, sklearn
    from sklearn import compose, ensemble, linear_model, model_selection, pipeline, preprocessing
    folder = f"scikit-learn-{sklearn.__version__}"
    X, y, _ = data()
    df = pd.DataFrame(X, columns=list("abc")).assign(d=list("xy") * 10)
    ct = compose.ColumnTransformer([("log", preprocessing.FunctionTransformer(np.log1p, np.expm1, feature_names_out="one-to-one"), ["a"]), ("n", pipeline.Pipeline([("s", preprocessing.StandardScaler()), ("p", preprocessing.PolynomialFeatures(2))]), ["b", "c"]), ("c", preprocessing.OneHotEncoder(handle_unknown="ignore"), compose.make_column_selector(dtype_include=object)), ("rest", "drop", [])], remainder="passthrough", verbose_feature_names_out=False)
    objs = {"y-columns": pipeline.make_pipeline(ct, linear_model.Ridge()).fit(df.astype({"d": object}), y), "y-columns-frame": pipeline.make_pipeline(ct, linear_model.Ridge()).set_output(transform="default").fit(df.astype({"d": object}), y), "y-random-search": model_selection.RandomizedSearchCV(linear_model.Ridge(), {"alpha": __import__("scipy.stats").stats.uniform(0, 1)}, n_iter=2, cv=2, random_state=0).fit(X, y),
            "y-random-search-log": model_selection.RandomizedSearchCV(linear_model.Ridge(), {"alpha": __import__("scipy.stats").stats.loguniform(1e-3, 1)}, n_iter=2, cv=2, random_state=0).fit(X, y), "y-stack": ensemble.StackingRegressor([("a", linear_model.Ridge()), ("b", linear_model.Lasso())]).fit(X, y),
            "y-ufuncs": preprocessing.FunctionTransformer(np.sqrt).fit(X), "y-own-function": preprocessing.FunctionTransformer(own_transform)}
    own_transform.__module__ = "__main__"  # as in a script or a notebook
    sys.modules["__main__"].own_transform = own_transform
    for name, o in objs.items():
        tried(dump, folder, name, o)
        if name != "y-own-function":
            tried(lambda n: written(folder, n + ".joblib", lambda f: joblib.dump(o, f)), name)
    with tempfile.TemporaryDirectory() as tmp:
        memory = joblib.Memory(tmp, verbose=0)
        f = memory.cache(cached)
        f(np.arange(3.0), 2)
        for file in sorted(pathlib.Path(tmp).rglob("*.pkl")):
            put(f"joblib-{joblib.__version__}", "memory-" + file.name, file.read_bytes())


def cached(x, n):
    return {"x": x * n, "n": n}


def frames():
    """pandas with every dtype it has."""
    import numpy as np, pandas as pd
    folder = f"pandas-{pd.__version__}"
    days = pd.date_range("2024-01-01", periods=3)
    columns = {"int8": np.int8([1, 2, 3]), "uint16": np.uint16([1, 2, 3]), "float16": np.float16([1, 2, 3]), "complex": np.complex64([1, 2, 3]), "bool": [True, False, True], "object": ["a", None, 1], "category": pd.Categorical(["x", "y", "x"], ordered=True), "category-int": pd.Categorical([1, 2, 1]), "date": days, "date-tz": days.tz_localize("Europe/Berlin"),
               "date-s": days.astype("datetime64[s]") if hasattr(days, "as_unit") else days, "delta": days - days[0], "period": days.to_period("M"), "interval": pd.interval_range(0, 3), "interval-date": pd.interval_range(days[0], periods=3), "Int8": pd.array([1, None, 3], dtype="Int8"), "UInt64": pd.array([1, None, 3], dtype="UInt64"), "Float32": pd.array([1.5, None, 3], dtype="Float32"), "boolean": pd.array([True, None, False], dtype="boolean"),
               "string": pd.array(["a", None, "c"], dtype="string"), "sparse": pd.arrays.SparseArray([0, 0, 1]), "sparse-float": pd.arrays.SparseArray([np.nan, 1.0, np.nan])}
    try:
        import pyarrow as pa
        for t in ("int64", "double", "bool", "string", "large_string", "binary", "date32[day]", "timestamp[ns]", "timestamp[us, tz=UTC]", "duration[s]", "decimal128(5, 2)"):
            with contextlib.suppress(Exception):
                columns["arrow-" + t.split("[")[0].split("(")[0]] = pd.array([None, None, None], dtype=t + "[pyarrow]")
        columns["arrow-list"] = pd.array([[1], None, [2, 3]], dtype=pd.ArrowDtype(pa.list_(pa.int64())))
        columns["arrow-dictionary"] = pd.array(["a", "b", None], dtype=pd.ArrowDtype(pa.dictionary(pa.int8(), pa.string())))
    except ImportError:
        pass
    for name, c in columns.items():
        tried(lambda n: dump(folder, "dtype-" + n, pd.DataFrame({"v": c})), name)
        tried(lambda n: dump(folder, "index-" + n, pd.Series([1, 2, 3], index=pd.Index(c))), name)


def boosted():
    """The wrappers inside of pipelines and searches, by joblib."""
    import joblib
    from sklearn import multioutput, pipeline, preprocessing
    X, y, Y = data()
    for library, classes in (("xgboost", "XGBClassifier XGBRegressor"), ("lightgbm", "LGBMClassifier LGBMRegressor")):
        with contextlib.suppress(ImportError):
            m = __import__(library)
            folder = f"{library}-{m.__version__}"
            kw = {"n_estimators": 2, "max_depth": 1} if library == "xgboost" else {"n_estimators": 2, "num_leaves": 2, "min_child_samples": 1, "verbose": -1}
            for c in classes.split():
                e = getattr(m, c)(**kw).fit(X, y)
                written(folder, c + ".joblib", lambda f: joblib.dump(e, f))
                written(folder, c + "-pipeline.joblib", lambda f: joblib.dump(pipeline.make_pipeline(preprocessing.StandardScaler(), copy.deepcopy(e)).fit(X, y), f, compress=3))
            written(folder, "multi.joblib", lambda f: joblib.dump(multioutput.MultiOutputRegressor(getattr(m, classes.split()[1])(**kw)).fit(X, Y), f))


def statsmodels_():
    import numpy as np, pandas as pd, statsmodels
    import statsmodels.api as sm, statsmodels.formula.api as smf
    folder = f"statsmodels-{statsmodels.__version__}"
    X, y, _ = data()
    df = pd.DataFrame(X, columns=list("abc")).assign(y=y + X[:, 1])
    objs = {"wls": lambda: sm.WLS(y, sm.add_constant(X)).fit(), "frame": lambda: sm.OLS(df["y"], sm.add_constant(df[["a", "b"]])).fit(), "glm": lambda: sm.GLM(y, sm.add_constant(X), family=sm.families.Gaussian()).fit(), "arima": lambda: sm.tsa.ARIMA(np.cumsum(y + 0.5), order=(1, 0, 0)).fit(), "formula": lambda: smf.ols("y ~ a + np.log(b + 1)", df).fit(),
            "unfitted": lambda: sm.OLS(y, X)}
    for name, f in objs.items():
        tried(lambda n: dump(folder, n, f()), name)


def distributions():
    import scipy
    from scipy import stats
    folder = f"scipy-{scipy.__version__}"
    objs = {"expon": stats.expon(), "gamma": stats.gamma(2), "beta": stats.beta(1, 2), "lognorm": stats.lognorm(0.5), "t": stats.t(3), "genextreme": stats.genextreme(0.1), "johnsonsu": stats.johnsonsu(1, 2), "poisson": stats.poisson(3), "binom": stats.binom(5, 0.5), "hypergeom": stats.hypergeom(20, 7, 12), "unfrozen-norm": stats.norm, "unfrozen-poisson": stats.poisson,
            "rv-discrete": stats.rv_discrete(values=([1, 2], [0.5, 0.5])), "rv-histogram": stats.rv_histogram(([1, 2], [0, 1, 2])), "search-space": {"C": stats.uniform(0, 1), "n": stats.randint(1, 9), "a": stats.loguniform(1e-4, 1)}}
    for name, o in objs.items():
        tried(dump, folder, "stats-" + name, o)
    for p in range(6):
        dump(folder, "stats-uniform", stats.uniform(0, 1), p)


def nlp():
    with contextlib.suppress(ImportError):
        import nltk
        folder = f"nltk-{nltk.__version__}"
        objs = {"frequencies": nltk.FreqDist("abca"), "conditional": nltk.ConditionalFreqDist([("a", "b")]), "tagger": nltk.UnigramTagger(model={"a": "DT"}), "bayes": nltk.NaiveBayesClassifier.train([({"a": 1}, "x"), ({"a": 2}, "y")]), "tree": nltk.Tree("S", ["a"]), "stemmer": nltk.PorterStemmer(), "tokenizer": nltk.RegexpTokenizer(r"\w+"), "grammar": nltk.CFG.fromstring("S -> 'a'")}
        for name, o in objs.items():
            tried(dump, folder, name, o)
    with contextlib.suppress(ImportError):
        import spacy
        folder = f"spacy-{spacy.__version__}"
        n = spacy.blank("en")
        tried(dump, folder, "language", n)
        tried(dump, folder, "doc", n("red green"))
        tried(dump, folder, "strings", n.vocab.strings)


PARTS = {"byvalue": byvalue, "values": values, "lightning": lightning_, "omegaconf": omegaconf_, "accelerate": accelerate_, "deepspeed": deepspeed_, "torch": torch_tools, "tensordict": tensordict_, "ultralytics": ultralytics_, "unlisted": unlisted, "pipelines": pipelines, "frames": frames, "boosted": boosted, "statsmodels": statsmodels_, "distributions": distributions, "nlp": nlp}
if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        try:
            PARTS[part]()
        except Exception as e:
            print(part, "stopped:", repr(e)[:300], file=sys.stderr)
    for folder, n in sorted(gen.count.items()):
        print(n, folder)
    for d in gen.dropped:
        print("  too big:", *d)
