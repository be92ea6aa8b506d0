"""Writes code.bin and what 7-Zip's filters make of it.

Needs 7zz (7-Zip) on the path; the committed files are from 7-Zip 26.02. The
filtered bytes are cut out of archives that store them as they are.
"""
import pathlib
import random
import subprocess
import tempfile

dice = random.Random(7)


def code():
    """Bytes with the branches that filters look for."""
    parts = []
    for i in range(1500):
        far = dice.randrange(1 << 12).to_bytes(2, "little") + b"\x00\x00"
        parts.append(dice.choice([
            b"\xe8" + far, b"\xe9" + far[:3] + b"\xff", b"\x0f\x84" + far, b"\xe8\xe8\xe9" + far,  # x86
            far[:3] + b"\xeb", far[:2] + b"\x00\x94", bytes([dice.randrange(32)]) + far[:2] + b"\x90",  # ARM, ARM64
            b"\x48" + far[:2] + b"\x01", b"\x40\x00" + far[:2], b"\x7f\xff" + far[:2],  # PowerPC, SPARC
            far[:1] + b"\xf0" + far[1:2] + b"\xf8",  # Thumb
            b"\xef\x00" + far[:2], b"\x97\x02" + far[:2] + b"\xe7\x80\x02\x00", b"\x17\x31" + far[:2],  # RISC-V
            bytes([dice.choice([16, 17, 22, 28])]) + bytes(4) + b"\x50" + far + bytes(6),  # Itanium
            bytes(dice.randrange(256) for _ in range(dice.randrange(1, 9)))]))
    return b"".join(parts)


machine = code()
pathlib.Path("code.bin").write_bytes(machine)


def archive(*options):
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "code.bin").write_bytes(machine)
        subprocess.run(["7zz", "a", "-bd", "-mmt1", "a.7z", *options, "code.bin"], cwd=folder, stdout=subprocess.DEVNULL, check=True)
        return pathlib.Path(folder, "a.7z").read_bytes()[32:]


for name, method in dict(x86="BCJ", arm="ARM", armt="ARMT", arm64="ARM64", ppc="PPC", sparc="SPARC", ia64="IA64", riscv="RISCV", delta="Delta:4").items():
    pathlib.Path(name + ".bin").write_bytes(archive(f"-m0={method}", "-m1=Copy")[:len(machine)])

# The four streams of BCJ2 lie one behind the other; their sizes stand in the
# list of files, behind the number of streams (4) and the mark 9.
data = archive("-m0=BCJ2", "-m1=Copy", "-m2=Copy", "-m3=Copy", "-m4=Copy", "-mb0:1", "-mb0s1:2", "-mb0s2:3", "-mb0s3:4", "-mhc=off")
at = data.rindex(bytes([6, 0, 4, 9])) + 4
sizes = []
while len(sizes) < 4:
    first = data[at]
    if first < 0x80:
        sizes.append(first)
        at += 1
    elif first < 0xC0:
        sizes.append((first & 0x3F) << 8 | data[at + 1])
        at += 2
    else:
        sizes.append((first & 0x1F) << 16 | data[at + 2] << 8 | data[at + 1])
        at += 3
for name, size in zip(("code", "calls", "jumps", "decisions"), sizes):
    pathlib.Path(f"bcj2_{name}.bin").write_bytes(data[:size])
    data = data[size:]
