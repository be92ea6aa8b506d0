"""Writes the samples in clean/ with the tools that people use.

Needs Python with py7zr, and 7zz (7-Zip) on the path. Run it in this folder;
SOURCES.md says with what versions the committed samples were written.
"""
import hashlib
import os
import pathlib
import pickle
import random
import subprocess
import tempfile

import py7zr

out = pathlib.Path("clean").resolve()
out.mkdir(exist_ok=True)
dice = random.Random(7)
text = b"".join(b"line %d of a text that packs well\n" % i for i in range(400))
plain = pickle.dumps({"weights": [0.5, 1.5, 2.5], "names": ["a", "b"]}, 4)


def code():
    """Bytes with the branches that filters look for."""
    parts = []
    for i in range(1200):
        far = dice.randrange(1 << 12).to_bytes(2, "little") + b"\x00\x00"
        parts.append(dice.choice([
            b"\xe8" + far, b"\xe9" + far[:3] + b"\xff", b"\x0f\x84" + far,  # x86
            far[:3] + b"\xeb", far[:2] + b"\x00\x94", bytes([dice.randrange(32)]) + far[:2] + b"\x90",  # ARM, ARM64
            b"\x48" + far[:2] + b"\x01", b"\x40\x00" + far[:2], b"\x7f\xff" + far[:2],  # PowerPC, SPARC
            far[:1] + b"\xf0" + far[1:2] + b"\xf8",  # Thumb
            b"\xef\x00" + far[:2], b"\x97\x02" + far[:2] + b"\xe7\x80\x02\x00", b"\x17\x31" + far[:2],  # RISC-V
            bytes([dice.choice([16, 17, 22, 28])]) + bytes(4) + b"\x50" + far + bytes(6),  # Itanium
            bytes(dice.randrange(256) for _ in range(dice.randrange(1, 9)))]))
    return b"".join(parts)


machine = code()
tree = {"model/notes.txt": text, "model/weights.pkl": plain, "model/empty.txt": b"", "code.bin": machine}


def seven(name, *options, files=tuple(tree)):
    target = out / name
    target.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for path, data in tree.items():
            file = pathlib.Path(folder, path)
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(data)
            os.utime(file, (1.7e9, 1.7e9))
        os.utime(pathlib.Path(folder, "model"), (1.7e9, 1.7e9))
        subprocess.run(["7zz", "a", "-bd", "-mmt1", str(target), *options, *files], cwd=folder, stdout=subprocess.DEVNULL, check=True)


def python(name, filters, **more):
    with py7zr.SevenZipFile(out / name, "w", filters=filters, **more) as z:
        for path, data in tree.items():
            z.writestr(data, path)


seven("7zz_default.7z", files=("model", "code.bin"))
for method in ("Copy", "LZMA", "LZMA2", "PPMd", "BZip2", "Deflate", "Deflate64"):
    seven(f"7zz_{method.lower()}.7z", f"-m0={method}", "-mf=off")
for method in ("BCJ", "ARM", "ARMT", "ARM64", "PPC", "SPARC", "IA64", "RISCV", "Delta:4"):
    seven(f"7zz_{method.split(':')[0].lower()}.7z", f"-m0={method}", "-m1=LZMA2", files=("code.bin",))
seven("7zz_bcj2.7z", "-m0=BCJ2", "-m1=LZMA2", "-m2=LZMA", "-m3=LZMA", "-mb0:1", "-mb0s1:2", "-mb0s2:3", files=("code.bin",))
seven("7zz_delta_arm_copy.7z", "-m0=ARM", "-m1=Delta:2", "-m2=Copy", files=("code.bin",))
seven("7zz_ppmd_small_memory.7z", "-m0=PPMd:mem=16:o=8", "-mf=off")
seven("7zz_ppmd_high_order.7z", "-m0=PPMd:mem=192m:o=32", "-mf=off")
seven("7zz_not_solid.7z", "-ms=off")
seven("7zz_plain_header.7z", "-mhc=off")
seven("7zz_lzma_settings.7z", "-m0=LZMA:lc=1:lp=2:pb=1:d=64k", "-mf=off")

F = py7zr
for name, filters in {
    "lzma2_delta": [{"id": F.FILTER_DELTA}, {"id": F.FILTER_LZMA2, "preset": 7}],
    "lzma2_bcj": [{"id": F.FILTER_X86}, {"id": F.FILTER_LZMA2, "preset": 7}],
    "lzma_bcj": [{"id": F.FILTER_X86}, {"id": F.FILTER_LZMA}],
    "arm": [{"id": F.FILTER_ARM}, {"id": F.FILTER_LZMA2, "preset": 7}],
    "armt": [{"id": F.FILTER_ARMTHUMB}, {"id": F.FILTER_LZMA2, "preset": 7}],
    "ppc": [{"id": F.FILTER_POWERPC}, {"id": F.FILTER_LZMA2, "preset": 7}],
    "sparc": [{"id": F.FILTER_SPARC}, {"id": F.FILTER_LZMA2, "preset": 7}],
    "bzip2": [{"id": F.FILTER_BZIP2}],
    "deflate": [{"id": F.FILTER_DEFLATE}],
    "zstd": [{"id": F.FILTER_ZSTD, "level": 3}],
    "ppmd": [{"id": F.FILTER_PPMD, "order": 6, "mem": 24}],
    "copy": [{"id": F.FILTER_COPY}],
}.items():
    try:
        python(f"py7zr_{name}.7z", filters)
    except Exception as error:  # py7zr can read more filters than it can write
        print(name, error)
        (out / f"py7zr_{name}.7z").unlink(missing_ok=True)
python("py7zr_default.7z", None)
python("py7zr_plain_header.7z", None, header_encryption=False)
with py7zr.SevenZipFile(out / "py7zr_empty.7z", "w"):
    pass

lines = ["# Where the samples come from", "",
         f"`generate.py` wrote them with py7zr {py7zr.__version__} and 7-Zip {subprocess.run(['7zz'], capture_output=True, text=True).stdout.split()[2]}.",
         "", "| file | SHA-256 |", "|---|---|"]
for file in sorted(out.glob("*.7z")):
    lines.append(f"| {file.name} | {hashlib.sha256(file.read_bytes()).hexdigest()} |")
pathlib.Path("SOURCES.md").write_text("\n".join(lines) + "\n")
