#!/usr/bin/env python3
"""Adds names that real libraries write into pickles to lists/safe_globals.tsv.

Usage: gen_lists.py    (run in rules/, with numpy, pandas, scikit-learn, torch and transformers installed)
It only adds: rows that are there stay as they are, a name with an exact row in
gadgets.tsv is never added. Both lists are kept sorted bytewise by module and
name, which the program relies on (rules/globals.go).
"""
import enum, importlib, inspect, pkgutil, sys, warnings

warnings.simplefilter("ignore")
HEADER = ["module", "name", "tier", "condition", "who_uses_it", "source"]


def rows_of(path):
    with open(path, encoding="utf-8") as f:
        lines = [line.rstrip("\n").split("\t") for line in f]
    return lines[0], lines[1:]


def write(path, header, rows):
    rows.sort(key=lambda r: (r[0].encode(), r[1].encode()))
    with open(path, "w", encoding="utf-8", newline="\n") as f:
        for row in [header] + rows:
            f.write("\t".join(row) + "\n")


header, safe = rows_of("lists/safe_globals.tsv")
assert header == HEADER, header
gadget_header, gadgets = rows_of("lists/gadgets.tsv")
known = {(r[0], r[1]) for r in safe}
gadget_names = {(r[0], r[1]) for r in gadgets}
added = 0


def add(module, name, tier, user, source, condition=""):
    global added
    if (module, name) in known or (module, name) in gadget_names:
        return
    known.add((module, name))
    safe.append([module, name, tier, condition, user, source])
    added += 1


def modules(package):
    top = importlib.import_module(package)
    yield top
    for info in pkgutil.walk_packages(top.__path__, package + "."):
        if any(part in info.name for part in (".tests", ".test", "_test", "conftest", ".testing", "setup")):
            continue
        try:
            yield importlib.import_module(info.name)
        except BaseException:
            continue


def classes(package, base, tier, user, source, but=()):
    for m in modules(package):
        for name, c in vars(m).items():
            if inspect.isclass(c) and issubclass(c, base) and c.__module__ == m.__name__ and c.__qualname__ == name and name not in but:
                add(c.__module__, name, tier, user, source)


def stdlib():
    s = "CPython documentation: constructors of plain data"
    for module, names in {
        "datetime": "date datetime time timedelta timezone", "array": "array _array_reconstructor", "zoneinfo": "ZoneInfo ZoneInfo._unpickle",
        "decimal": "Decimal", "fractions": "Fraction", "uuid": "UUID SafeUUID", "collections": "deque Counter OrderedDict UserDict ChainMap",
        "pathlib": "Path PurePath PosixPath WindowsPath PurePosixPath PureWindowsPath", "pathlib._local": "Path PurePath PosixPath WindowsPath PurePosixPath PureWindowsPath",
        "ipaddress": "IPv4Address IPv6Address IPv4Network IPv6Network",
    }.items():
        for name in names.split():
            add(module, name, "B" if module.startswith("pathlib") or module == "zoneinfo" else "A", "stdlib", s)
    for name in ("bytes", "unicode", "xrange", "long"):
        add("__builtin__", name, "A", "stdlib (proto 0-2)", s)


def numpy_():
    import numpy as np
    s = f"public API of NumPy {np.__version__}"
    for name, f in vars(np).items():
        if isinstance(f, np.ufunc):
            add("numpy", name, "A", "FunctionTransformer and partials", s + " (ufunc)")
            for m in ("numpy._core._multiarray_umath", "numpy.core._multiarray_umath"):
                add(m, name, "A", "FunctionTransformer and partials", s + " (ufunc)")
        elif inspect.isclass(f) and issubclass(f, np.generic):
            add("numpy", name, "A", "NumPy scalars", s)
    add("numpy._core._multiarray_umath", "_reconstruct", "C", "NumPy arrays in any pickle", s, "numpy-class")
    add("numpy.core._multiarray_umath", "_reconstruct", "C", "NumPy arrays in any pickle", s, "numpy-class")
    for m in ("numpy._core.numeric", "numpy.core.numeric"):
        add(m, "_frombuffer", "A", "NumPy arrays, protocol 5", s)
    for m in ("numpy._core.multiarray", "numpy.core.multiarray"):
        add(m, "scalar", "A", "NumPy scalars", s)
    for name in ("clip mean sum median std var min max amin amax nanmean nanmedian nanstd nanvar nansum nanmin nanmax percentile quantile "
                 "nanpercentile nanquantile average prod cumsum cumprod diff round around argmax argmin argsort sort where nan_to_num "
                 "ravel reshape squeeze transpose expand_dims concatenate stack hstack vstack zeros ones full zeros_like ones_like "
                 "array asarray linspace logspace arange sinc i0 real imag angle unique count_nonzero any all dot trace cov corrcoef").split():
        add("numpy", name, "A", "FunctionTransformer and partials", s)
    for name in ("matrix", "recarray", "record", "ndarray", "dtype", "chararray"):
        for m in ("numpy", "numpy.rec", "numpy.matrixlib.defmatrix", "numpy._core.records", "numpy.core.records"):
            if hasattr(importlib.import_module(m.replace("numpy.core", "numpy._core")), name):
                add(m, name, "B" if name in ("matrix", "chararray", "recarray", "record") else "A", "NumPy arrays in any pickle", s)
    from numpy.polynomial._polybase import ABCPolyBase
    classes("numpy.polynomial", ABCPolyBase, "B", "NumPy polynomials", s)
    add("numpy", "poly1d", "B", "NumPy polynomials", s)


def pandas_():
    import pandas as pd
    from pandas.api.extensions import ExtensionArray, ExtensionDtype
    s = f"public API of pandas {pd.__version__}"
    bases = (pd.Index, pd.DataFrame, pd.Series, ExtensionArray, ExtensionDtype, pd.tseries.offsets.BaseOffset, pd.Interval, pd.Period, pd.Timestamp, pd.Timedelta)
    for module in ("pandas", "pandas.arrays", "pandas.core.dtypes.dtypes", "pandas._libs.tslibs.offsets", "pandas.tseries.offsets", "pandas._libs.interval",
                   "pandas._libs.tslibs.period", "pandas._libs.tslibs.timestamps", "pandas._libs.tslibs.timedeltas"):
        m = importlib.import_module(module)
        for name in dir(m):
            c = getattr(m, name)
            if inspect.isclass(c) and issubclass(c, bases):
                add(module, name, "B", "pandas objects", s)
    for base in (pd.Index, ExtensionArray, ExtensionDtype):
        classes("pandas.core", base, "B", "pandas objects", s)
    for module, name in (("pandas._libs.tslibs.timestamps", "_unpickle_timestamp"), ("pandas._libs.tslibs.timedeltas", "_timedelta_unpickle"),
                         ("pandas._libs.tslibs.nattype", "_nat_unpickle"), ("pandas._libs.tslibs.nattype", "__nat_unpickle"),
                         ("pandas._libs.internals", "_unpickle_block"), ("pandas._libs.internals", "BlockManager"), ("pandas._libs.internals", "BlockPlacement"),
                         ("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked"), ("pandas._libs.tslibs.period", "_unpickle_period"), ("pandas._libs.missing", "NAType"),
                         ("pandas.core.flags", "Flags"), ("pandas._libs.missing", "NA")):
        add(module, name, "B", "pandas objects", s)
    add("pandas.core.indexes.interval", "_new_IntervalIndex", "C", "pandas objects", s, "pandas-class")
    add("pandas.core.indexes.datetimes", "_new_DatetimeIndex", "C", "pandas objects", s, "pandas-class")
    add("pandas.core.indexes.period", "_new_PeriodIndex", "C", "pandas objects", s, "pandas-class")


def sklearn_():
    import sklearn
    from sklearn.base import BaseEstimator
    from sklearn.gaussian_process.kernels import Kernel
    from sklearn.metrics._scorer import _BaseScorer
    s = f"classes of scikit-learn {sklearn.__version__}"
    # A FunctionTransformer holds functions; it is on the list under a condition.
    classes("sklearn", (BaseEstimator, Kernel, _BaseScorer), "B", "scikit-learn models", s, but=("FunctionTransformer",))
    for module, name in (("sklearn.utils._bunch", "Bunch"), ("sklearn.utils", "Bunch"), ("sklearn.metrics._scorer", "_passthrough_scorer"),
                         ("sklearn.utils._random", "__pyx_unpickle_Enum"), ("sklearn.metrics._dist_metrics", "newObj"),
                         ("sklearn.neighbors._kd_tree", "newObj"), ("sklearn.neighbors._ball_tree", "newObj")):
        add(module, name, "B", "scikit-learn models", s)
    for m in modules("sklearn"):
        if not m.__name__.startswith(("sklearn.model_selection._split", "sklearn.tree", "sklearn.neighbors", "sklearn.metrics", "sklearn._loss", "sklearn.ensemble", "sklearn.linear_model", "sklearn.neural_network")):
            continue
        for name, c in vars(m).items():
            if inspect.isclass(c) and c.__module__ == m.__name__ and not issubclass(c, (enum.Enum, BaseException)):
                add(c.__module__, name, "B", "scikit-learn models", s)


def torch_():
    import torch
    s = f"public API of PyTorch {torch.__version__.split('+')[0]}"
    # Containers of remote code or of generated code are no plain layers.
    classes("torch.nn", torch.nn.Module, "B", "PyTorch checkpoints", s, but=("LazyModuleMixin",))
    classes("torch.optim", (torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler), "B", "PyTorch checkpoints", s)
    for m in ("torch.ao.nn.quantized.modules", "torch.ao.nn.qat.modules", "torch.ao.nn.intrinsic.modules"):
        try:
            classes(m, torch.nn.Module, "B", "PyTorch checkpoints", s)
        except ImportError:
            pass
    for name, f in vars(torch.nn.functional).items():
        if inspect.isfunction(f) and f.__module__ == "torch.nn.functional" and not name.startswith("_") and name == f.__name__:
            add("torch.nn.functional", name, "B", "activation functions of layers", s)
    for name in "relu gelu silu tanh sigmoid selu celu softmax log_softmax softplus".split():
        add("torch._C._nn", name, "B", "activation functions of layers", s)
        add("torch", name, "B", "activation functions of layers", s)
    for name, d in vars(torch).items():
        if isinstance(d, (torch.dtype, torch.layout, torch.memory_format)) or inspect.isclass(d) and name.endswith(("Storage", "Tensor")):
            add("torch", name, "A", "PyTorch checkpoints", s)
    for name, f in vars(torch._utils).items():
        if name.startswith("_rebuild_") and inspect.isfunction(f):
            condition = {"_rebuild_wrapper_subclass": "class-first", "_rebuild_parameter_with_state": "data-state"}.get(name, "")
            add("torch._utils", name, "C" if condition else "A", "PyTorch checkpoints", s, condition)
    add("torch.serialization", "_get_layout", "A", "PyTorch checkpoints", s)


def transformers_():
    import transformers
    from transformers import PretrainedConfig, trainer_utils, training_args
    s = f"public API of transformers {transformers.__version__}"
    for m in (trainer_utils, training_args):
        for name, c in vars(m).items():
            if inspect.isclass(c) and issubclass(c, enum.Enum) and c.__module__ == m.__name__:
                add(m.__name__, name, "B", "HF Trainer training_args.bin", s)
    classes("transformers.models", PretrainedConfig, "B", "configurations inside of checkpoints", s)
    for module, name in (("transformers.tokenization_utils_base", "BatchEncoding"), ("transformers.training_args", "TrainingArguments"),
                         ("transformers.training_args_seq2seq", "Seq2SeqTrainingArguments"), ("transformers.trainer_pt_utils", "AcceleratorConfig"),
                         ("transformers.configuration_utils", "PretrainedConfig"), ("transformers.configuration_utils", "PreTrainedConfig"),
                         ("transformers.utils.generic", "ModelOutput"), ("transformers.generation.configuration_utils", "GenerationConfig")):
        add(module, name, "B", "HF Trainer training_args.bin / tokenizers", s)


def repair():
    """Rows of the peers' lists that say more than is true."""
    for row in safe:
        if (row[0], row[1]) in (("joblib.numpy_pickle", "ZNDArrayWrapper"), ("joblib.numpy_pickle", "NDArrayWrapper")):
            row[2:4] = ["C", "sibling-file"]


for part in (stdlib, numpy_, pandas_, sklearn_, torch_, transformers_, repair):
    try:
        part()
    except ImportError as e:
        print(part.__name__, "skipped:", e, file=sys.stderr)
write("lists/safe_globals.tsv", HEADER, safe)
write("lists/gadgets.tsv", gadget_header, gadgets)
print(added, "rows added,", len(safe), "in all")
