"""Writes streams that 7-Zip packed with Deflate64.

Needs 7zz (7-Zip) on the path; the committed files are from 7-Zip 26.02. The
streams are cut out of archives. The test makes the same content as content().
"""
import pathlib
import subprocess
import tempfile


def content(n):
    x, out = 1, bytearray()
    for i in range(n):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
        out.append(97 + (x >> 16) % (2 + (i >> 9) % 23) if i % 5000 < 4000 else out[i - 3000])
    return bytes(out)


def archive(name, size, *options):
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "content").write_bytes(content(size))
        subprocess.run(["7zz", "a", "-bd", "-mmt1", "-mhc=off", "a.7z", *options, "content"], cwd=folder, stdout=subprocess.DEVNULL, check=True)
        data = pathlib.Path(folder, "a.7z").read_bytes()[32:]
    at = data.rindex(bytes([6, 0, 1, 9])) + 4  # one stream at 0; its size stands behind the mark 9
    first = data[at]
    if first < 0x80:
        size = first
    elif first < 0xC0:
        size = (first & 0x3F) << 8 | data[at + 1]
    else:
        size = (first & 0x1F) << 16 | data[at + 2] << 8 | data[at + 1]
    pathlib.Path(name).write_bytes(data[:size])


archive("packed.deflate64", 40_000, "-m0=Deflate64")
archive("fast.deflate64", 40_000, "-m0=Deflate64:x=1")
archive("short.deflate64", 20, "-m0=Deflate64")
# Repeats over more than 32 KiB, and longer than 258 bytes.
whole, content = content, lambda n: whole(50_000) + bytes(10_000) + whole(50_000)
archive("far.deflate64", 0, "-m0=Deflate64:x=5")
