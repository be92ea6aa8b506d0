#!/usr/bin/env python3
"""Writes checkpoint/ and clean/ of this folder. Usage: generate.py. Needs orbax-checkpoint
(versions in producer.txt, which this script writes). File names and numbers differ in every run."""
import importlib.metadata, os, platform, shutil

os.environ["JAX_PLATFORMS"] = "cpu"
import jax.numpy as jnp
import orbax.checkpoint as ocp

here = os.path.dirname(os.path.abspath(__file__))
target = os.path.join(here, "checkpoint")
shutil.rmtree(target, ignore_errors=True)
with ocp.StandardCheckpointer() as c:
    c.save(target, {"params": {"kernel": jnp.arange(12, dtype=jnp.float32).reshape(3, 4), "bias": jnp.ones(4, jnp.bfloat16)}, "step": jnp.int32(7)})
os.remove(os.path.join(target, "commit_success.txt"))  # names the machine's folder
os.makedirs(os.path.join(here, "zarr"), exist_ok=True)
for zarr3, name in ((False, ".zarray"), (True, "zarr.json")):
    plain = os.path.join(here, "plain")
    shutil.rmtree(plain, ignore_errors=True)
    ocp.Checkpointer(ocp.PyTreeCheckpointHandler(use_ocdbt=False, use_zarr3=zarr3)).save(plain, {"w": jnp.arange(12, dtype=jnp.float32).reshape(3, 4)})
    shutil.copy(os.path.join(plain, "w", name), os.path.join(here, "zarr", name))
    shutil.rmtree(plain)
root = os.path.join(target, "d")
shutil.copy(os.path.join(root, os.listdir(root)[0]), os.path.join(here, "clean", "leaf"))
with open(os.path.join(here, "producer.txt"), "w") as f:
    for name in ("orbax-checkpoint", "tensorstore", "jax"):
        f.write(f"{name} {importlib.metadata.version(name)}\n")
    f.write(f"Python {platform.python_version()}\n")
