"""Writes the samples of this folder with liblzma, through Python."""
import lzma
import pathlib
import random

lines = b"".join(b"line %d of a text that packs well\n" % i for i in range(2000))
noise = random.Random(1).randbytes(3000)
here = pathlib.Path(__file__).parent
for name, spec in {
    "usual": {},
    "small_dictionary": {"dict_size": 4096},
    "other_properties": {"lc": 0, "lp": 2, "pb": 0},
    "literal_bits": {"lc": 4, "lp": 0, "pb": 4},
}.items():
    one = {"id": lzma.FILTER_LZMA1, **spec}
    two = {"id": lzma.FILTER_LZMA2, **spec}
    here.joinpath(name + ".lzma").write_bytes(lzma.compress(lines, format=lzma.FORMAT_ALONE, filters=[one]))
    here.joinpath(name + ".lzma2").write_bytes(lzma.compress(lines[:30_000] + noise + lines, format=lzma.FORMAT_RAW, filters=[two]))
here.joinpath("noise.bin").write_bytes(noise)
