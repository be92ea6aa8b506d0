"""Writes the samples in clean/ with the tools that people use.

Needs Python with joblib and NumPy, and gzip, bzip2, xz, zstd and lz4 on the
path. Run it in this folder; producer.txt says with what versions the committed
samples were written.
"""
import bz2
import gzip
import lzma
import pathlib
import pickle
import platform
import struct
import subprocess
import zlib

import joblib
import numpy

out = pathlib.Path("clean")
out.mkdir(exist_ok=True)
plain = pickle.dumps({"weights": [0.5, 1.5, 2.5], "names": ["a", "b"]}, 4)
text = b"".join(b"line %d of a text that packs well\n" % i for i in range(200))


def write(name, data):
    (out / name).write_bytes(data)


def tool(name, data, *command):
    write(name, subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout)


write("python_gzip.pkl.gz", gzip.compress(plain, mtime=0))
write("python_gzip_members.txt.gz", gzip.compress(text[:3000], mtime=0) + gzip.compress(text[3000:], mtime=0))
write("python_gzip_padded.txt.gz", gzip.compress(text, mtime=0) + bytes(512))
write("python_bz2.pkl", bz2.compress(plain))
write("python_bz2_streams.txt.bz2", bz2.compress(text[:3000]) + bz2.compress(text[3000:]))
write("python_xz.pkl.xz", lzma.compress(plain))
write("python_xz_streams.txt.xz", lzma.compress(text[:3000], check=lzma.CHECK_SHA256) + bytes(8) + lzma.compress(text[3000:], check=lzma.CHECK_CRC32))
write("python_xz_preset9.pkl.xz", lzma.compress(plain, preset=9, check=lzma.CHECK_NONE))
write("python_lzma.pkl.lzma", lzma.compress(plain, format=lzma.FORMAT_ALONE))
# No lzip at hand: its header and trailer around a stream of liblzma.
stream = lzma.compress(text, format=lzma.FORMAT_ALONE)[13:]
write("lzip_by_hand.txt.lz", b"LZIP\x01\x17" + stream + struct.pack("<IQQ", zlib.crc32(text), len(text), len(stream) + 26))
write("python_zlib.bin", zlib.compress(plain))
write("python_zlib_stored.bin", zlib.compress(plain, 0))
write("python_zlib_small_window.bin", (lambda z: z.compress(text) + z.flush())(zlib.compressobj(6, zlib.DEFLATED, 9)))

value = {"weights": numpy.arange(6, dtype="f4"), "note": "x" * 300}
for method in ("zlib", "gzip", "bz2", "xz", "lzma"):
    joblib.dump(value, out / f"joblib_{method}.joblib", compress=(method, 3))
from joblib import numpy_pickle_compat  # the writer of joblib before 0.9.3

with open(out / "joblib_zf.pkl", "wb") as f:
    numpy_pickle_compat.write_zfile(f, plain, 3)

tool("gzip_stdin.txt.gz", text, "gzip", "-n", "-c")
named = pathlib.Path("notes.txt")
named.write_bytes(text)
write("gzip_named.txt.gz", subprocess.check_output(["gzip", "-9", "-N", "-c", named]))
named.unlink()
tool("bzip2.txt.bz2", text, "bzip2", "-c")
tool("xz_blocks.txt.xz", text, "xz", "-T2", "--block-size=2000", "-c")
tool("xz_lzma.txt.lzma", text, "xz", "--format=lzma", "-c")
tool("zstd.txt.zst", text, "zstd", "-q", "-c")
tool("zstd_ultra.pkl.zst", plain, "zstd", "-q", "--ultra", "-22", "-c")
tool("zstd_no_check.txt.zst", text, "zstd", "-q", "--no-check", "-c")
tool("lz4.txt.lz4", text, "lz4", "-q", "-c")
tool("lz4_linked_checked.txt.lz4", text, "lz4", "-q", "-BD", "-BX", "-B4", "-c")
tool("lz4_frames.txt.lz4", text, "lz4", "-q", "-c")
frames = (out / "lz4_frames.txt.lz4").read_bytes()
write("lz4_frames.txt.lz4", frames + frames)

versions = [f"CPython {platform.python_version()}, zlib {zlib.ZLIB_VERSION}, joblib {joblib.__version__}, numpy {numpy.__version__}"]
for command in ("gzip", "xz", "zstd", "lz4"):
    versions.append(subprocess.check_output([command, "--version"], text=True).splitlines()[0])
pathlib.Path("producer.txt").write_text("\n".join(versions) + "\n")
