#!/usr/bin/env python3
"""Writes clean/ of this folder. Needs h5py, pandas and PyTables; see producer.txt, which this script writes."""
import os, platform, warnings

warnings.simplefilter("ignore")
import h5py, pandas, tables
import numpy as np

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "clean"))


def everything(f, modern):
    f.attrs["text"] = "hello"
    f.attrs["bytes"] = b"hello"
    f.attrs["numbers"] = np.arange(5)
    f.attrs["texts"] = np.array(["a", "bb", "ccc"], dtype=object)
    f.attrs["flag"] = True
    g = f.create_group("group")
    for i in range(12):
        g.create_group(f"sub{i}")
        g.attrs[f"attribute{i}"] = f"value {i}"
    f["group/again"] = g
    f.create_dataset("floats", data=np.arange(20, dtype="f4"))
    f.create_dataset("never_written", shape=(10,), dtype="f4")
    f.create_dataset("nothing", data=h5py.Empty("f4"))
    f.create_dataset("scalar", data=np.float64(3))
    f.create_dataset("chunked", data=np.arange(100, dtype="i4").reshape(10, 10), chunks=(3, 4))
    f.create_dataset("packed", data=np.arange(100, dtype="i4").reshape(10, 10), chunks=(5, 5), compression="gzip", shuffle=True, fletcher32=True)
    f.create_dataset("lzf", data=np.zeros(100, dtype="i4"), compression="lzf")
    f.create_dataset("one_chunk", data=np.arange(10), chunks=(10,))
    f.create_dataset("grows", data=np.arange(200, dtype="i2"), chunks=(3,), maxshape=(None,))
    f.create_dataset("grows_packed", data=np.arange(200, dtype="i2"), chunks=(7,), maxshape=(None,), compression="gzip")
    f.create_dataset("grows_both", data=np.arange(64, dtype="i2").reshape(8, 8), chunks=(3, 3), maxshape=(None, None))
    f.create_dataset("scaled", data=np.arange(50), chunks=(10,), scaleoffset=0)
    f.create_dataset("strings", data=np.array(["x", "yy", "zzz"] * 5, dtype=object), dtype=h5py.string_dtype())
    f.create_dataset("fixed_strings", data=np.array([b"x", b"yy"]))
    lists = f.create_dataset("lists", (4,), dtype=h5py.vlen_dtype("i4"))
    for i in range(4):
        lists[i] = np.arange(i)
    f.create_dataset("compound", data=np.zeros(3, dtype=[("a", "f4"), ("b", "i8", (2, 3)), ("c", "S5")]))
    f.create_dataset("colors", data=np.array([0, 1]), dtype=h5py.enum_dtype({"R": 0, "G": 1}, "u1"))
    f.create_dataset("truth", data=np.array([True, False]))
    f.create_dataset("opaque", data=np.array([np.void(b"abc")] * 3))
    f.create_dataset("complex", data=np.zeros(4, dtype="c8"))
    f.create_dataset("big_endian", data=np.arange(4, dtype=">i2"))
    f.create_dataset("reference", data=g.ref, dtype=h5py.ref_dtype)
    f.create_dataset("regions", data=f["floats"].regionref[2:4], dtype=h5py.regionref_dtype)
    f["type"] = np.dtype("f8")
    f.create_dataset("of_type", data=np.arange(3.0), dtype=f["type"])
    f["soft"] = h5py.SoftLink("/floats")
    f["dangling"] = h5py.SoftLink("/nowhere")
    compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    compact.set_layout(h5py.h5d.COMPACT)
    h5py.h5d.create(f.id, b"compact", h5py.h5t.NATIVE_INT32, h5py.h5s.create_simple((4,)), compact)
    if modern:  # sources in the file itself
        layout = h5py.VirtualLayout((20,), "f4")
        layout[:10] = h5py.VirtualSource(".", "floats", shape=(20,))[5:15]
        layout[10:] = h5py.VirtualSource(".", "floats", shape=(20,))[:10]
        f.create_virtual_dataset("virtual", layout)


for version, modern in (("earliest", False), ("v108", False), ("v110", True), ("latest", True)):
    with h5py.File(f"h5py_{version}.h5", "w", libver=version if version in ("earliest", "latest") else (version, version)) as f:
        everything(f, modern)
with h5py.File("ordered.h5", "w", track_order=True, libver="latest") as f:
    for i in range(20):
        f.create_dataset(f"dataset{i}", data=i)
        f.attrs[f"attribute{i}"] = "x" * i
    f.attrs["huge"] = np.zeros(10000, dtype="u1")
with h5py.File("userblock.hdf5", "w", userblock_size=1024) as f:
    f["x"] = np.arange(10)
with h5py.File("matlab.h5", "w", userblock_size=512) as f:
    f["x"] = np.arange(10.0)
with open("matlab.h5", "r+b") as f:
    f.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Sat Nov 21 12:00:00 2026 HDF5 schema 1.00 .".ljust(116) + b"\0" * 8 + b"\x00\x02IM")
for strategy in ("fsm", "page"):
    with h5py.File(f"freed_{strategy}.h5", "w", fs_strategy=strategy, fs_persist=True) as f:
        for i in range(8):
            f.create_dataset(f"d{i}", data=np.arange(100))
        del f["d3"], f["d5"]
with h5py.File("deleted.h5", "w") as f:
    for i in range(8):
        f.create_dataset(f"d{i}", data=np.arange(100))
    del f["d3"], f["d5"]
    for i in range(20):
        f.attrs["grows"] = "y" * i * 20
        f.attrs[f"a{i}"] = "z" * i
    for i in range(0, 20, 3):
        del f.attrs[f"a{i}"]
with h5py.File("many.h5", "w", libver="latest") as f:
    for i in range(60):
        f.create_dataset(f"a_dataset_with_a_long_name_{i}", data=i)

df = pandas.DataFrame({"a": np.arange(5), "b": np.arange(5.0), "c": [f"x{i}" for i in range(5)]})
df[["a", "b"]].to_hdf("pandas_fixed.h5", key="df", format="fixed")
df.to_hdf("pandas_table.h5", key="df", format="table", index=False, complevel=1)
with tables.open_file("pytables.h5", "w") as f:
    f.create_array("/", "array", np.arange(10))
    f.root._v_attrs.thing = {"a": [1, 2, 3]}
    f.create_carray("/", "packed", obj=np.zeros((10, 10)), filters=tables.Filters(complevel=5, complib="bzip2"))
    f.create_soft_link("/", "soft", "/array")
    f.create_vlarray("/", "ragged", tables.Int8Atom(), chunkshape=(4,)).append(np.arange(3))

versions = (f"h5py {h5py.__version__}", f"HDF5 {h5py.version.hdf5_version}", f"pandas {pandas.__version__}", f"PyTables {tables.__version__}",
            f"numpy {np.__version__}", f"Python {platform.python_version()}")
with open("../producer.txt", "w") as f:
    f.write("".join(v + "\n" for v in versions))
