#!/usr/bin/env python3
"""Writes clean/ of this folder. Usage: generate.py. Needs flax, msgpack, ml_dtypes
and numpy (versions in producer.txt, which this script writes)."""
import importlib.metadata, os, platform

os.environ["JAX_PLATFORMS"] = "cpu"
import jax, jax.numpy as jnp, ml_dtypes, msgpack
import numpy as np
from flax import serialization

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "clean"))
rng = np.random.default_rng(0)


def save(name, tree):
    with open(name, "wb") as f:
        f.write(serialization.msgpack_serialize(tree))


save("params.msgpack", {"params": {"dense": {"kernel": rng.normal(size=(3, 4)).astype(np.float32), "bias": np.zeros(4, np.float32)},
                                   "embed": {"embedding": jnp.ones((5, 2), jnp.bfloat16)}}, "step": 7})
save("dtypes.msgpack", {np.dtype(t).name: np.zeros((2, 3), t) for t in (
    np.bool_, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64, np.float16, np.float32, np.float64,
    np.complex64, np.complex128, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2, ml_dtypes.int4, "datetime64[s]", "U4")})
save("scalars.msgpack", {"complex": 1 + 2j, "numpy": np.float32(1.5), "float": float("nan"), "none": None, "flag": True, "name": "Tïny",
                         "empty": np.zeros((0, 3), np.float32), "point": np.array(2.0), "list": {"0": 1, "1": -1 << 40}})
serialization.MAX_CHUNK_SIZE = 64
save("chunked.msgpack", {"params": {"large": np.arange(60, dtype=np.float32).reshape(5, 12), "small": np.zeros(2)}})
with open("timestamp.msgpack", "wb") as f:
    f.write(msgpack.packb({"saved": msgpack.Timestamp(1700000000, 5), "tags": ["a", "b"], "short": b"\x00\x01"}))

with open("../producer.txt", "w") as f:
    for name in ("flax", "jax", "msgpack", "ml_dtypes", "numpy"):
        f.write(f"{name} {importlib.metadata.version(name)}\n")
    f.write(f"Python {platform.python_version()}\n")
