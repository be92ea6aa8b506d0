#!/usr/bin/env python3
"""Writes clean/ of this folder. Needs torch; see producer.txt, which this script writes."""
import os, platform, warnings
import torch

warnings.simplefilter("ignore")
os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "clean"))
torch.manual_seed(0)


def save(name, value, **kw):
    torch.save(value, name, _use_new_zipfile_serialization=False, **kw)


save("state_dict.pt", {"w": torch.randn(3, 4), "b": torch.zeros(4)})
save("state_dict_p1.pt", {"w": torch.randn(3)}, pickle_protocol=1)
save("state_dict_p4.pt", {"w": torch.randn(3)}, pickle_protocol=4)
save("no_tensors.pt", {"epoch": 3, "name": "x"})
tied = torch.randn(4, 4)
save("tied_weights.pt", {"embed": tied, "head": tied, "row": tied[1], "t": tied.t()})
save("dtypes.pt", {str(d).split(".")[1]: torch.zeros(3, dtype=d) for d in (
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16,
    torch.int8, torch.uint8, torch.bool, torch.complex64)})
save("empty_tensors.pt", {"none": torch.zeros(0), "scalar": torch.tensor(1.5)})
save("many_small.pt", {f"block.{i}": torch.full((2,), float(i)) for i in range(120)})
save("large_storage.pt", {"a": torch.zeros(3000), "b": torch.ones(2)})
model = torch.nn.Linear(3, 2)
optim = torch.optim.Adam(model.parameters())
model(torch.ones(1, 3)).sum().backward()
optim.step()
save("nested_checkpoint.pt", {"epoch": 3, "model": model.state_dict(), "optim": optim.state_dict(), "rng": torch.get_rng_state()})
with open("../producer.txt", "w") as f:
    f.write(f"torch {torch.__version__}\nPython {platform.python_version()}\n")
