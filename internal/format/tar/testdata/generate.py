"""Writes the samples in clean/ with Python's tarfile, GNU tar, and torch_tar.pt
as PyTorch 0.1.9 did. Usage: generate.py, in this folder, with torch at hand to
prove that torch.load reads the checkpoint."""
import collections
import io
import pathlib
import pickle
import struct
import subprocess
import tarfile
import tempfile

import torch

out = pathlib.Path("clean")
out.mkdir(exist_ok=True)
LONG = "a-folder-with-a-long-name/" * 8 + "notes.txt"


def add(tar, name, data):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


for name, kind in (("ustar", tarfile.USTAR_FORMAT), ("gnu", tarfile.GNU_FORMAT), ("pax", tarfile.PAX_FORMAT)):
    with tarfile.open(out / f"python_{name}.tar", "w", format=kind) as tar:
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        add(tar, "folder/notes.txt", b"hello\n")
        add(tar, "empty.txt", b"")
        add(tar, "block.txt", b"x" * 512)
        if name != "ustar":
            add(tar, LONG, b"hello\n")
            add(tar, "n\u00e9e.txt", b"hello\n")
with tempfile.TemporaryDirectory() as d:
    pathlib.Path(d, "notes.txt").write_text("hello\n")
    for kind in ("v7", "oldgnu", "gnu", "ustar", "pax"):
        subprocess.run(["tar", "-C", d, "--sort=name", "--owner=0", "--group=0", "--mtime=@0", f"--format={kind}",
                        "-cf", out.absolute() / f"gnutar_{kind}.tar", "."], check=True)

# A checkpoint as torch/serialization.py of 0.1.9 wrote it.
KINDS = {torch.float32: ("FloatStorage", "FloatTensor"), torch.int64: ("LongStorage", "LongTensor")}
tensors = [torch.arange(12, dtype=torch.float32).reshape(3, 4), torch.ones(3), torch.tensor([7])]
keys = {id(t): i for i, t in enumerate(tensors)}


class Pickler(pickle.Pickler):
    def persistent_id(self, o):
        return str(1000 + keys[id(o)]) if id(o) in keys else None


storages, rows, main = io.BytesIO(), io.BytesIO(), io.BytesIO()
pickle.dump(len(tensors), storages, 2)
pickle.dump(len(tensors), rows, 2)
for i, t in enumerate(tensors):
    storage, tensor = (getattr(torch, k) for k in KINDS[t.dtype])
    pickle.dump((i, "cpu", storage), storages, 2)
    storages.write(struct.pack("<q", t.numel()) + t.numpy().tobytes())
    pickle.dump((1000 + i, i, tensor), rows, 2)
    n = t.dim()
    rows.write(struct.pack(f"<ii{n}q{n}qq", n, 0, *t.size(), *t.stride(), 0))
pickle.dump([], storages, 2)
Pickler(main, 2).dump(collections.OrderedDict(weight=tensors[0], bias=tensors[1], steps=tensors[2]))
info = dict(protocol_version=1000, little_endian=True, type_sizes=dict(short=2, int=4, long=4))
with tarfile.open(out / "torch_tar.pt", "w", format=tarfile.PAX_FORMAT) as tar:
    add(tar, "sys_info", pickle.dumps(info, 2))
    add(tar, "pickle", main.getvalue())
    add(tar, "tensors", rows.getvalue())
    add(tar, "storages", storages.getvalue())
loaded = torch.load(out / "torch_tar.pt", weights_only=False)
assert all(torch.equal(a, b) for a, b in zip(loaded.values(), tensors))
pathlib.Path("producer.txt").write_text(f"Python tarfile, torch {torch.__version__}\n"
                                        + subprocess.check_output(["tar", "--version"], text=True).splitlines()[0] + "\n")
