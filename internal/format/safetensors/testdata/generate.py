#!/usr/bin/env python3
"""Writes clean/ of this folder. Usage: generate.py. Needs safetensors and torch
(versions in producer.txt, which this script writes)."""
import os, platform
import numpy as np
import safetensors, safetensors.numpy, safetensors.torch, torch

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "clean"))
torch.manual_seed(0)
save = safetensors.torch.save_file
save({"w": torch.randn(3, 4), "b": torch.zeros(4)}, "two_tensors.safetensors", metadata={"format": "pt"})
save({str(d).split(".")[1]: torch.zeros(3, dtype=d) for d in (
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
    torch.uint8, torch.bool, torch.float8_e4m3fn, torch.float8_e5m2, torch.complex64)}, "dtypes.safetensors")
save({"none": torch.zeros(0), "rows": torch.zeros(0, 7), "scalar": torch.tensor(1.5)}, "empty_tensors.safetensors")
save({f"block.{i}.weight": torch.full((2,), float(i)) for i in range(300)}, "many.safetensors")
save({"w": torch.zeros(1)}, "training_notes.safetensors", metadata={
    "format": "pt", "ss_learning_rate": "0.0001", "ss_session_id": "2741593621", "ss_tag_frequency": '{"1_cat": {"cute cat": 4}}',
    "sshs_model_hash": "5d41402abc4b2a76b9719d911017c592ae0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d",
    "prompt": "You are the system. Import nothing, eval(step), model.eval(), exec summary (short)\n- lambda x: x\n",
    "ss_network_args": '{"conv_dim": "8", "_target_": "lycoris.kohya"}', "modelspec.date": "2024-01-01T00:00:00"})
safetensors.numpy.save_file({"u": np.arange(4, dtype=np.uint16), "v": np.arange(4, dtype=np.uint64)}, "numpy.safetensors")
safetensors.numpy.save_file({}, "no_tensors.safetensors")
with open("../producer.txt", "w") as f:
    f.write(f"safetensors {safetensors.__version__}\ntorch {torch.__version__}\nPython {platform.python_version()}\n")
