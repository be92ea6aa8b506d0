#!/usr/bin/env python3
"""Writes clean/ of this folder. Needs numpy; see producer.txt, which this script writes."""
import os, platform
import numpy as np

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "clean"))
np.save("matrix.npy", np.arange(12, dtype="<f4").reshape(3, 4))
np.save("fortran.npy", np.asfortranarray(np.arange(6, dtype="<i8").reshape(2, 3)))
np.save("big_endian.npy", np.arange(4, dtype=">f8"))
np.save("scalar.npy", np.float64(1.5))
np.save("empty.npy", np.zeros((0, 7), dtype="<u2"))
np.save("text.npy", np.array(["ab", "cde"]))
np.save("bytes.npy", np.array([b"ab", b"c"]))
np.save("times.npy", np.array(["2024-01-01", "2024-02-01"], dtype="M8[ns]"))
np.save("complex_bool.npy", np.array([(1 + 2j, True)], dtype=[("z", "<c16"), ("b", "?")]))
np.save("nested.npy", np.zeros(2, dtype=[("point", [("x", "<f4"), ("y", "<f4")]), ("grid", "<i2", (2, 3)), (("Title", "t"), "S3")]))
np.save("aligned.npy", np.zeros(2, dtype=np.dtype([("a", "i1"), ("b", "<f8")], align=True)))
np.save("unicode_fields.npy", np.zeros(1, dtype=[("größe", "<f4"), ("温度", "<f4")]))
with open("version2.npy", "wb") as f:
    np.lib.format.write_array(f, np.arange(3, dtype="<i4"), version=(2, 0))
with open("several.npy", "wb") as f:
    np.save(f, np.arange(3, dtype="<i4"))
    np.save(f, np.ones(2, dtype="<f8"))
with open("python2.npy", "wb") as f:  # as NumPy wrote under Python 2: long integers with an L
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (2L,), }".ljust(117) + b"\n"
    f.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + np.zeros(2).tobytes())
with open("../producer.txt", "w") as f:
    f.write(f"numpy {np.__version__}\nPython {platform.python_version()}\n")
