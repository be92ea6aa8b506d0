#!/usr/bin/env python3
"""Writes clean/ of this folder. Usage: generate.py. Needs torch; written with
torch 2.15.0 and Python 3.11 (see producer.txt, which this script writes)."""
import io, os, platform, re, sys, warnings, zipfile
import torch

warnings.simplefilter("ignore")
os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "clean"))
torch.manual_seed(0)


def save(name, value, **kw):
    torch.save(value, name, **kw)


save("state_dict.pt", {"w": torch.randn(3, 4), "b": torch.zeros(4)})
tied = torch.randn(4, 4)
save("tied_weights.pt", {"embed": tied, "head": tied, "row": tied[1], "t": tied.t()})
base = torch.arange(100.0)
save("views.pt", {"a": base[10:20], "b": base[50:]})
save("dtypes.pt", {str(d).split(".")[1]: torch.zeros(3, dtype=d) for d in (
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16,
    torch.int8, torch.uint8, torch.bool, torch.complex64, torch.complex128, torch.float8_e4m3fn, torch.uint16)})
save("empty_tensors.pt", {"none": torch.zeros(0), "scalar": torch.tensor(1.5), "rows": torch.zeros(0, 7)})
save("many_small.pt", {f"block.{i}": torch.full((2,), float(i)) for i in range(120)})
model = torch.nn.Linear(3, 2)
optim = torch.optim.Adam(model.parameters())
model(torch.ones(1, 3)).sum().backward()
optim.step()
save("nested_checkpoint.pt", {"epoch": 3, "model": model.state_dict(), "optim": optim.state_dict(), "rng": torch.get_rng_state()})
save("protocol4.pt", {"w": torch.randn(2)}, pickle_protocol=4)
qt = torch.quantize_per_tensor(torch.ones(4), 0.1, 0, torch.quint8)
save("quantized.pt", {"q": qt})
save("parameter.pt", torch.nn.Parameter(torch.ones(2)))
save("sparse.pt", torch.eye(3).to_sparse())
save("storage.pt", torch.UntypedStorage(16))

# The same checkpoint packed again by Python's zipfile, deflated: torch reads it.
with zipfile.ZipFile("state_dict.pt") as src, zipfile.ZipFile("repacked_deflate.pt", "w", zipfile.ZIP_DEFLATED) as dst:
    for info in src.infolist():
        again = zipfile.ZipInfo(info.filename)
        dst.writestr(again, src.read(info), zipfile.ZIP_DEFLATED)

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.l = torch.nn.Linear(2, 2)
        self.c = torch.ones(3)

    def forward(self, x):
        return self.l(x) + torch.tensor([1.0, 2.0])


torch.jit.save(torch.jit.trace(Net(), torch.ones(1, 2)), "torchscript.pt")


class Scripted(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.l = torch.nn.Linear(2, 2)
        self.drop = torch.nn.Dropout(0.1)
        self.names = ["a", "b"]
        self.table = {"x": 1.5}

    def forward(self, x, n: int = 3):
        out = self.l(x)
        for i in range(n):
            if i % 2 == 0:
                out = out + torch.tensor([1.0, 2.0])
            else:
                out = torch.relu(out) * self.table["x"]
        print("shape", out.shape)
        assert out.dim() == 2, "two \"dims\""
        return self.drop(out), [str(i) for i in self.names]


scripted = torch.jit.script(Scripted())
torch.jit.save(scripted, "scripted.pt", _extra_files={"info.json": "{\"a\": 1}"})
scripted._save_for_lite_interpreter("lite.ptl")
torch.jit.save(torch.jit.script(torch.nn.LSTM(3, 4)), "scripted_lstm.pt")
torch.jit.freeze(torch.jit.script(torch.nn.Sequential(torch.nn.Linear(2, 2)).eval())).save("frozen.pt")
linear = torch.ao.quantization.quantize_dynamic(torch.nn.Sequential(torch.nn.Linear(4, 4)), {torch.nn.Linear}, dtype=torch.qint8)
torch.jit.save(torch.jit.script(linear), "scripted_quantized.pt")


class Sizes(torch.nn.Module):
    def forward(self, x, y):
        return torch.cat([x, y]).reshape(-1, x.shape[1] // 2, 2) + x.shape[0]


dim = torch.export.Dim
torch.export.save(torch.export.export(torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2)), (torch.ones(3, 2),)), "program.pt2")
torch.export.save(torch.export.export(Sizes(), (torch.ones(3, 4), torch.ones(5, 4)),
                                      dynamic_shapes=({0: dim("a", min=2, max=9)}, {0: dim("b", min=2)})), "dynamic.pt2")


def anonymous(name):
    """Writes the archive again without the paths of this machine, which the debug records hold."""
    reader = torch._C.PyTorchFileReader(name)
    records = [(r, reader.get_record(r)) for r in reader.get_all_records()]
    writer = torch._C.PyTorchFileWriter(name)
    for record, data in records:
        if record in ("version", "byteorder", ".data/version", ".data/serialization_id"):
            continue  # the writer adds them
        data = re.sub(rb"/[\w./-]*?(?=/site-packages/|/testdata/)", lambda m: b"/lib" + b"/" * (len(m[0]) - 4), data)
        writer.write_record(record, data, len(data))
    writer.write_end_of_file()


for name in ("torchscript.pt", "scripted.pt", "lite.ptl", "scripted_lstm.pt", "frozen.pt", "scripted_quantized.pt", "program.pt2", "dynamic.pt2"):
    anonymous(name)
with open("../producer.txt", "w") as f:
    f.write(f"torch {torch.__version__}\nPython {platform.python_version()}\n")
