#!/usr/bin/env python3
"""Writes clean/ of this folder with Python's zipfile (3.11) and, where it is
installed, Info-ZIP's zip (3.0). Usage: generate.py."""
import io, os, shutil, subprocess, tempfile, zipfile

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "clean"))


def info(name):
    return zipfile.ZipInfo(name)  # 1980-01-01: the same bytes every time


def write(name, members, method=zipfile.ZIP_STORED, **kw):
    with zipfile.ZipFile(name, "w", method, **kw) as z:
        for n, data in members:
            z.writestr(info(n), data, method)


TEXT = "hello, hello, hello\n" * 20
write("python_stored.zip", [("a.txt", TEXT), ("d/", ""), ("d/b.txt", "b\n"), ("empty.txt", "")])
write("python_deflate.zip", [("a.txt", TEXT), ("ü.txt", TEXT)], zipfile.ZIP_DEFLATED)
write("python_bzip2.zip", [("a.txt", TEXT)], zipfile.ZIP_BZIP2)
write("python_none.zip", [])
with zipfile.ZipFile("python_zip64.zip", "w") as z:
    with z.open(info("a.txt"), "w", force_zip64=True) as m:
        m.write(TEXT.encode())
    z.comment = b"written with force_zip64"


class Stream(io.RawIOBase):
    """A target that cannot seek: zipfile then writes data descriptors."""
    def __init__(self, f): self.f = f
    def writable(self): return True
    def write(self, b): return self.f.write(b)


with open("python_streamed.zip", "wb") as f, zipfile.ZipFile(Stream(f), "w", zipfile.ZIP_DEFLATED) as z:
    z.writestr(info("a.txt"), TEXT)
    z.writestr(info("b.txt"), "b\n")
inner = io.BytesIO()
with zipfile.ZipFile(inner, "w") as z:
    z.writestr(info("a.txt"), "a\n")
write("python_nested.zip", [("a.txt", "a\n"), ("inner.zip", inner.getvalue())])
if shutil.which("zip"):
    with tempfile.TemporaryDirectory() as scratch:
        os.mkdir(os.path.join(scratch, "d"))
        for n in ("a.txt", "d/b.txt"):
            path = os.path.join(scratch, n)
            with open(path, "w") as f:
                f.write(TEXT)
            os.utime(path, (1e9, 1e9))
        for name, flags in (("infozip.zip", []), ("infozip_streamed.zip", ["-fd"])):
            target = os.path.abspath(name)
            os.path.exists(target) and os.remove(target)
            subprocess.run(["zip", "-q", "-X", *flags, target, "a.txt", "d/b.txt"], cwd=scratch, check=True)
