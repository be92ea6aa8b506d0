#!/usr/bin/env python3
"""Write the benchmark corpus: large, benign model files saved by real frameworks.

All random data comes from NumPy's PCG64 or Python's own generator with --seed,
so the same framework versions (requirements-corpus.txt) give the same files,
except legacy torch files, in which torch writes memory addresses as storage
keys. A family whose framework is missing is skipped with a note; a file that
exists already is kept.

  python corpus.py --out corpus                    the sizes of docs/benchmarks.md
  python corpus.py --out small --scale 0.01        a hundredth of each size
  python corpus.py --out corpus --only pt,many     some families
"""
import argparse
import json
import pickle
import random
import shutil
import struct
import sys
from collections import OrderedDict
from itertools import count
from pathlib import Path

MB = 1 << 20


def rng(seed):
    import numpy as np

    return np.random.Generator(np.random.PCG64(seed))


def floats(g, n):
    import numpy as np

    return g.standard_normal(n, dtype=np.float32)


def state(seed, mb, parts):
    """A mapping of `parts` two-dimensional float32 arrays, `mb` MiB in all."""
    g = rng(seed)
    per = max(1, int(mb * MB / 4 / parts))
    cols = 1024 if per >= 1024 * 16 else 1
    rows = max(1, per // cols)
    return {f"layers.{i}.weight": floats(g, rows * cols).reshape(rows, cols) for i in range(parts)}


def tensors(arrays):
    import torch

    return {k: torch.from_numpy(v) for k, v in arrays.items()}


def save_tiny(a, path):
    path.write_bytes(pickle.dumps({"name": "trivial", "weights": [float(i) / 7 for i in range(96)]}, protocol=4))


def save_pt(a, path):
    import torch

    torch.save(tensors(state(a.seed, 2048 * a.scale, 8)), path)


def save_manytensors(a, path):
    import torch

    g = rng(a.seed + 1)
    n = max(1, int(20000 * a.scale))
    torch.save({f"block.{i // 4}.p{i % 4}": torch.from_numpy(floats(g, 64)) for i in range(n)}, path)


def save_legacy(a, path):
    import torch

    torch.save(tensors(state(a.seed + 2, 200 * a.scale, 8)), path, _use_new_zipfile_serialization=False)


def save_legacy2gb(a, path):
    import torch

    torch.save(tensors(state(a.seed, 2048 * a.scale, 8)), path, _use_new_zipfile_serialization=False)


def save_opcodes(a, path):
    """Pickles behind each other of what takes many opcodes and no large byte string."""
    g = random.Random(a.seed)
    kinds = [
        lambda: [g.randrange(1 << g.choice((8, 16, 30))) for _ in range(10_000)],
        lambda: [g.random() for _ in range(5_000)],
        lambda: {f"token_{g.randrange(1 << 40):x}": i for i in range(5_000)},
        lambda: [{"name": f"n{i}", "id": i, "score": g.random(), "size": (i, i + 1), "children": []} for i in range(2_000)],
        lambda: [OrderedDict(left=i, right=i + 1, label=f"leaf {i}") for i in range(2_000)],
    ]
    with open(path, "wb") as f:
        for i in count():
            pickle.dump([kind() for kind in kinds * 10], f, protocol=(2, 3, 4, 5)[i % 4])
            if f.tell() >= 200 * MB * a.scale:
                return


def save_safetensors(a, path):
    from safetensors.numpy import save_file

    save_file(state(a.seed + 3, 2048 * a.scale, 16), path, metadata={"format": "pt"})


def forest(a):
    """A random forest of about 50 MiB as a pickle."""
    from sklearn.datasets import make_classification
    from sklearn.ensemble import RandomForestClassifier

    x, y = make_classification(n_samples=6000, n_features=20, n_informative=12, flip_y=0.3, random_state=a.seed)
    probe = RandomForestClassifier(n_estimators=4, random_state=a.seed).fit(x, y)
    n = max(1, round(50 * MB * a.scale * 4 / len(pickle.dumps(probe, protocol=4))))
    return RandomForestClassifier(n_estimators=n, random_state=a.seed, n_jobs=2).fit(x, y)


def save_forest(a, path):
    with open(path, "wb") as f:
        pickle.dump(forest(a), f, protocol=4)


def save_joblib(a, path):
    import joblib

    joblib.dump(forest(a), path)


def save_joblibgz(a, path):
    import joblib

    joblib.dump(forest(a), path, compress=("gzip", 3))


def save_npz(a, path):
    import numpy as np

    np.savez(path, **{k.replace(".", "_"): v for k, v in state(a.seed + 4, 200 * a.scale, 4).items()})


def save_h5(a, path):
    import h5py

    st = state(a.seed + 5, 200 * a.scale, 4)
    layers = [{"class_name": "InputLayer", "config": {"name": "in", "batch_input_shape": [None, 1024]}}]
    layers += [{"class_name": "Dense", "config": {"name": f"dense_{i}", "units": v.shape[0], "activation": "relu"}}
               for i, v in enumerate(st.values())]
    with h5py.File(path, "w", track_order=True) as f:
        f.attrs["keras_version"] = "2.15.0"
        f.attrs["backend"] = "tensorflow"
        f.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {"name": "m", "layers": layers}})
        weights = f.create_group("model_weights")
        weights.attrs["layer_names"] = [f"dense_{i}".encode() for i in range(len(st))]
        for i, v in enumerate(st.values()):
            group = weights.create_group(f"dense_{i}")
            group.attrs["weight_names"] = [f"dense_{i}/kernel:0".encode()]
            group.create_dataset(f"dense_{i}/kernel:0", data=v, track_times=False)


def save_onnx(a, path):
    import onnx
    from onnx import TensorProto, helper

    inits, nodes, prev = [], [], "x"
    for i, (k, v) in enumerate(state(a.seed + 6, 200 * a.scale, 4).items()):
        inits.append(helper.make_tensor(k, TensorProto.FLOAT, v.shape, v.tobytes(), raw=True))
        nodes.append(helper.make_node("MatMul", [prev, k], [f"h{i}"], name=f"n{i}"))
        nodes.append(helper.make_node("Relu", [f"h{i}"], [f"r{i}"], name=f"a{i}"))
        prev = f"r{i}"
    graph = helper.make_graph(nodes, "mlp", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, None])],
                              [helper.make_tensor_value_info(prev, TensorProto.FLOAT, [None, None])], inits)
    onnx.save(helper.make_model(graph, producer_name="corpus"), path)


def save_onnxexternal(a, path):
    """A model whose weights are in a file of their own, which is a hole on disk."""
    import onnx
    from onnx import TensorProto, helper

    path.mkdir()
    parts, rows = 8, max(1, int(4096 * a.scale)) * MB // 4 // 8 // 1024
    inits, nodes, prev = [], [], "x"
    for i in range(parts):
        t = TensorProto(name=f"w{i}", data_type=TensorProto.FLOAT, dims=[rows, 1024], data_location=TensorProto.EXTERNAL)
        for k, v in (("location", "model.onnx.data"), ("offset", i * rows * 4096), ("length", rows * 4096)):
            t.external_data.add(key=k, value=str(v))
        inits.append(t)
        nodes.append(helper.make_node("MatMul", [prev, t.name], [f"h{i}"], name=f"n{i}"))
        prev = f"h{i}"
    graph = helper.make_graph(nodes, "mlp", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, None])],
                              [helper.make_tensor_value_info(prev, TensorProto.FLOAT, [None, None])], inits)
    (path / "model.onnx").write_bytes(helper.make_model(graph, producer_name="corpus").SerializeToString())
    hole(path / "model.onnx.data", parts * rows * 4096)


def hole(path, size):
    with open(path, "ab") as f:
        f.truncate(size)


def save_gguf4gb(a, path):
    """A small llama's header with 4 GiB of tensors, which are a hole on disk."""
    text = lambda s: struct.pack("<Q", len(s)) + s.encode()
    parts, rows = 64, max(1, int(4096 * a.scale)) * MB // 4 // 64 // 1024
    out = struct.pack("<4sIQQ", b"GGUF", 3, parts, 2)
    out += text("general.architecture") + struct.pack("<I", 8) + text("llama")
    out += text("general.alignment") + struct.pack("<II", 4, 32)
    for i in range(parts):
        out += text(f"blk.{i}.ffn_up.weight") + struct.pack("<IQQIQ", 2, 1024, rows, 0, i * rows * 4096)
    path.write_bytes(out + bytes(-len(out) % 32))
    hole(path, path.stat().st_size + parts * rows * 4096)


def save_tflite(a, path):
    """Constants and nothing that computes, in the layout of TensorFlow Lite's schema."""
    import flatbuffers

    parts, n = 8, max(1, int(200 * a.scale)) * MB // 8
    b = flatbuffers.Builder(parts * n + 65536)

    def table(*fields):
        b.StartObject(1 + max((slot for slot, _, _ in fields), default=0))
        for slot, kind, value in fields:
            {"ref": lambda: b.PrependUOffsetTRelativeSlot(slot, value, 0), "u32": lambda: b.PrependUint32Slot(slot, value, 0)}[kind]()
        return b.EndObject()

    def vector(items):
        b.StartVector(4, len(items), 4)
        for item in reversed(items):
            b.PrependUOffsetTRelative(item)
        return b.EndVector()

    def numbers(*items):
        b.StartVector(4, len(items), 4)
        for item in reversed(items):
            b.PrependInt32(item)
        return b.EndVector()

    buffers, tensors = [table()], []
    for i, v in enumerate(state(a.seed + 7, 200 * a.scale, parts).values()):
        b.StartVector(1, v.nbytes, 16)
        b.head -= v.nbytes
        b.Bytes[b.head:b.head + v.nbytes] = v.tobytes()
        data = b.EndVector()
        buffers.append(table((0, "ref", data)))
        shape, name = numbers(*v.shape), b.CreateString(f"w{i}")
        tensors.append(table((0, "ref", shape), (2, "u32", i + 1), (3, "ref", name)))
    graph = table((0, "ref", vector(tensors)), (1, "ref", numbers(0)), (2, "ref", numbers(0)), (3, "ref", vector([])))
    model = table((0, "u32", 3), (1, "ref", vector([])), (2, "ref", vector([graph])), (4, "ref", vector(buffers)))
    b.Finish(model, file_identifier=b"TFL3")
    path.write_bytes(b.Output())


def save_many(a, path, count=2000, folders=20):
    for i in range(max(1, int(count * a.scale))):
        folder = path / f"d{i % folders:02d}"
        folder.mkdir(parents=True, exist_ok=True)
        obj = OrderedDict(id=i, tags=[f"t{j}" for j in range(i % 13)], w=[j * 0.5 + i for j in range(100)],
                          s={1, 2, i}, c=complex(i, 1))
        (folder / f"m{i:05d}.pkl").write_bytes(pickle.dumps(obj, protocol=2 + i % 4))


def save_many10000(a, path):
    save_many(a, path, 10_000, 100)


def save_many100000(a, path):
    save_many(a, path, 100_000, 1000)


# Family, file or folder below --out, writer. run.py knows the same paths.
FAMILIES = [
    ("tiny", "tiny.pkl", save_tiny),
    ("pt", "torch_2gb.pt", save_pt),
    ("manytensors", "torch_20000_tensors.pt", save_manytensors),
    ("legacy", "torch_legacy_200mb.pt", save_legacy),
    ("legacy2gb", "torch_legacy_2gb.pt", save_legacy2gb),
    ("opcodes", "opcodes_200mb.pkl", save_opcodes),
    ("safetensors", "model_2gb/model.safetensors", save_safetensors),
    ("forest", "forest.pkl", save_forest),
    ("joblib", "forest.joblib", save_joblib),
    ("joblibgz", "forest.joblib.gz", save_joblibgz),
    ("npz", "arrays_200mb.npz", save_npz),
    ("h5", "keras_200mb.h5", save_h5),
    ("onnx", "mlp_200mb.onnx", save_onnx),
    ("onnxexternal", "onnx_4gb", save_onnxexternal),
    ("gguf4gb", "model_4gb.gguf", save_gguf4gb),
    ("tflite", "model_200mb.tflite", save_tflite),
    ("many", "many_pickles", save_many),
    ("many10000", "many_10000", save_many10000),
    ("many100000", "many_100000", save_many100000),
]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", required=True, type=Path)
    p.add_argument("--seed", type=int, default=20261121)
    p.add_argument("--scale", type=float, default=1.0, help="multiplies every size")
    p.add_argument("--only", default="", help="comma-separated families: " + ",".join(f[0] for f in FAMILIES))
    a = p.parse_args()
    wanted = [w for w in a.only.split(",") if w]
    unknown = set(wanted) - {f[0] for f in FAMILIES}
    if unknown:
        p.error(f"unknown families: {', '.join(sorted(unknown))}")
    for family, name, save in FAMILIES:
        path = a.out / name
        if (wanted and family not in wanted) or path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written in another folder first: an interrupted run leaves no
        # half-written file that the next run would take for a finished one.
        # The name stays: torch writes it into the archive.
        partial = a.out / ".partial" / name
        shutil.rmtree(a.out / ".partial", ignore_errors=True)
        partial.parent.mkdir(parents=True)
        try:
            save(a, partial)
        except ImportError as e:
            print(f"skip {family}: {e}", file=sys.stderr, flush=True)
            continue
        partial.rename(path)
        shutil.rmtree(a.out / ".partial")
        print(f"wrote {path}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
