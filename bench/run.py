#!/usr/bin/env python3
"""Measure Sallyport beside its peers and beside what the machine must do anyway.

Whole processes, started one after the other: user + system CPU seconds and peak
memory as the kernel accounts them (wait4), children included. Every repetition
runs all tools of a row before the next repetition starts, so that a busy moment
hits all of them; the table shows medians.

  bench/run.py                     builds ./bin/sallyport, makes what is missing, runs all
  bench/run.py --rows tiny,pt      some rows
  bench/run.py --tools sallyport,limit
  bench/run.py --corpus DIR        files made earlier by corpus.py
"""
import argparse
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import mixed

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
OURS = ROOT / "bin" / "sallyport"
TOOLS = ["sallyport", "limit", "picklescan", "modelscan", "fickling", "modelaudit"]
PEERS = TOOLS[2:]
REPORT = "report.json"
KILLED = -9  # exit code of what ran into the cap

# No tool may send anything anywhere while it is measured.
QUIET = {"PROMPTFOO_DISABLE_TELEMETRY": "1", "NO_ANALYTICS": "1", "DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1"}


class Row:
    """One line of the table: what is done, on which file of the corpus."""

    def __init__(self, key, title, path=None, ours=None, limit=None, peers=True, goal="", writes=False):
        self.key, self.title, self.path, self.ours, self.limit = key, title, path, ours, limit
        self.peers, self.goal, self.writes = peers, goal, writes


def scan(*flags):
    return lambda path, work: [["scan", "--format", "json", *flags, str(path)]]


def admit(path, work):
    return [["admit", str(path), "--to", f"layout:{work}/registry//bench/model:v1-scanned"]]


def openssl(path, work):
    return [["openssl", "dgst", "-sha256", str(f)] for f in files(path)]


def openssl_and_copy(path, work):
    return openssl(path, work) + [["cp", "-r", str(path), f"{work}/copy"]]


def openssl_copy_sync(path, work):
    return openssl_and_copy(path, work) + [["sync", *(f"{work}/copy/{f.relative_to(path)}" for f in files(path))]]


def read(path, work):
    return [["cat", *map(str, files(path))]]


def files(path):
    return sorted(f for f in path.rglob("*") if f.is_file()) if path.is_dir() else [path]


ROWS = [
    Row("version", "start (`version`)", ours=lambda p, w: [["version"]], peers="version", goal="≤ 0.015 s"),
    Row("tiny", "1 KB pickle", "tiny.pkl", scan(), read, goal="≤ 0.015 s"),
    Row("pt", "torch zip 2 GB, no digest", "torch_2gb.pt", scan(), read, goal="≤ 0.02 s, ≤ 0.1 % read"),
    Row("ptdigest", "torch zip 2 GB + SHA-256", "torch_2gb.pt", scan("--digest"), openssl, False, "≤ 1.1 × openssl"),
    Row("safetensors", "safetensors 2 GB, no digest", "model_2gb/model.safetensors", scan(), read, goal="≤ 0.02 s"),
    Row("safetensorsdigest", "safetensors 2 GB + SHA-256", "model_2gb/model.safetensors", scan("--digest"), openssl, False,
        "≤ 1.1 × openssl"),
    Row("manytensors", "torch zip, 20,000 tensors", "torch_20000_tensors.pt", scan(), read, goal="≤ 0.05 s"),
    Row("many", "2,000 small pickles", "many_pickles", scan(), read, goal="≤ 0.05 s"),
    Row("many10000", "10,000 small pickles", "many_10000", scan(), peers=False),
    Row("many100000", "100,000 small pickles", "many_100000", scan(), peers=False, goal="≤ 1.2 × ten times the 10,000"),
    Row("forest", "scikit-learn forest, pickle", "forest.pkl", scan(), read, goal="≤ 0.15 s"),
    Row("joblib", "the same, joblib", "forest.joblib", scan(), read, goal="≤ 0.10 s"),
    Row("joblibgz", "the same, joblib gzip", "forest.joblib.gz", scan(), read, goal="≤ 0.25 s"),
    Row("legacy", "torch legacy 200 MB", "torch_legacy_200mb.pt", scan(), read),
    Row("legacy2gb", "torch legacy 2 GB", "torch_legacy_2gb.pt", scan(), read, goal="≤ 0.02 s"),
    Row("opcodes", "pickle opcodes 200 MB, no large byte string", "opcodes_200mb.pkl", scan(), read, goal="≤ 0.67 s (≥ 300 MB/s)"),
    Row("npz", "npz 200 MB", "arrays_200mb.npz", scan(), read),
    Row("h5", "Keras h5 200 MB", "keras_200mb.h5", scan(), read),
    Row("onnx", "ONNX 200 MB", "mlp_200mb.onnx", scan(), read),
    Row("gguf4gb", "GGUF 4 GB (sparse)", "model_4gb.gguf", scan(), peers=False, goal="≤ 0.02 s"),
    Row("tflite", "TensorFlow Lite 200 MB", "model_200mb.tflite", scan(), read, goal="≤ 0.02 s"),
    Row("onnxexternal", "ONNX, 4 GB of external data (sparse)", "onnx_4gb", scan(), peers=False, goal="≤ 0.02 s"),
    Row("mixed", "mixed corpus of small files", "mixed", scan(), goal="≤ modelaudit ÷ 50"),
    Row("admit", "admit 2 GB into the embedded registry", "model_2gb", admit, openssl_and_copy, False,
        "≤ 1.25 × (openssl + cp)", True),
    # cp leaves its bytes in the page cache; what was admitted must be on disk.
    Row("admitsync", "the same, beside openssl + cp + sync", "model_2gb", admit, openssl_copy_sync, False,
        "≤ 1.25 × (openssl + cp + sync)", True),
]


def peer_command(tool, row, path):
    exe = str(VENVS / tool / "bin" / tool)
    if row.peers == "version":
        return [exe, {"picklescan": "--help"}.get(tool, "--version")]
    return {
        "picklescan": [exe, "-p", str(path)],
        "modelscan": [exe, "-p", str(path), "-r", "json"],
        "fickling": [exe, "--check-safety", str(path)],
        "modelaudit": [exe, "scan", str(path), "--no-cache", "--format", "json"],
    }[tool]


def commands(tool, row, path, work):
    if tool == "sallyport":
        return [[str(OURS), *args] for args in row.ours(path, work)]
    if tool == "limit":
        return row.limit(path, work) if row.limit else None
    if row.key == "mixed" and tool == "fickling":
        return None  # it takes no folders
    if row.key == "mixed" and tool == "modelscan":
        return [peer_command(tool, row, path) + ["-o", REPORT]]  # on paper it breaks the lines of its JSON
    return [peer_command(tool, row, path)] if row.peers else None


# A process inherits the peak memory of the one that started it, so each command is
# started by an interpreter that has loaded nothing. It prints what the kernel
# accounts to the command and its children: CPU seconds, peak KiB, exit code.
LAUNCH = """
import os, sys
pid = os.fork()
if pid == 0:
    out = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    err = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1), os.dup2(err, 2)
    os.execvp(sys.argv[3], sys.argv[3:])
_, status, usage = os.wait4(pid, 0)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss, os.waitstatus_to_exitcode(status))
"""


def quiet(work):
    return dict(os.environ, **QUIET, XDG_CONFIG_HOME=f"{work}/config", HOME=str(work))


def run(argv, work, cap, keep=True):
    """Run one process; return CPU seconds, wall seconds, peak MiB, exit code, output file.

    Without keep the output goes to /dev/null: cat must read here, not write.
    """
    env = quiet(work)
    out = work / "stdout"
    launcher = [sys.executable, "-I", "-S", "-c", LAUNCH, str(out) if keep else os.devnull, str(work / "stderr"), *argv]
    begin = time.monotonic()
    p = subprocess.Popen(launcher, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=work, env=env, text=True,
                         start_new_session=True)
    try:
        usage, _ = p.communicate(timeout=cap)
    except subprocess.TimeoutExpired:
        os.killpg(p.pid, signal.SIGKILL)
        p.communicate()
        return (float(cap), float(cap), 0.0, KILLED, out)
    cpu, peak, code = usage.split()
    return (float(cpu), time.monotonic() - begin, int(peak) / 1024, int(code), out)


def measure(tool, row, path, cap, scratch):
    """One repetition of one cell: all its processes in a fresh folder."""
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        work = Path(name)
        if row.ours is admit and tool == "sallyport":
            code = run([str(OURS), "keys", "init"], work, cap)[3]
            if code != 0:
                raise SystemExit("keys init failed: " + (work / "stderr").read_text())
        argvs = commands(tool, row, path, work)
        if argvs is None:
            return None
        if row.writes:
            os.sync()  # what earlier runs wrote must not slow this one down
        cpu = wall = peak = code = 0
        read_bytes, verdict = None, None
        for argv in argvs:
            c, w, m, code, out = run(argv, work, cap, keep=tool != "limit")
            cpu, wall, peak = cpu + c, wall + w, max(peak, m)
        if tool == "sallyport" and "json" in argvs[-1]:
            try:
                report = json.loads(out.read_text())
                read_bytes, verdict = report["bytesRead"], report["verdict"]
            except (ValueError, KeyError):
                verdict = "no report: " + (work / "stderr").read_text().strip()[-200:]
        outcomes = None
        if row.key == "mixed" and code != KILLED and tool != "limit":
            outcomes = mixed.outcomes(tool, path, out, work / REPORT, lambda p: peer_command(tool, row, p), quiet(work))
        elif tool == "sallyport" and code not in (0,):
            print(f"    {row.key}: sallyport exits {code}: {(work / 'stderr').read_text().strip()[-300:]}", flush=True)
        return {"cpu": cpu, "wall": wall, "peak": peak, "exit": code, "read": read_bytes, "verdict": verdict,
                "outcomes": outcomes}


def medians(samples):
    last = dict(samples[-1])
    for key in ("cpu", "wall", "peak"):
        last[key] = statistics.median(s[key] for s in samples)
    last["runs"] = len(samples)
    return last


def measure_row(row, tools, a):
    path = (a.corpus / row.path).resolve() if row.path else None
    if path:
        # Everybody starts with the file in the page cache.
        for f in files(path):
            with open(f, "rb") as r:
                while r.read(1 << 22):
                    pass
    samples = {}
    for _ in range(a.repeat):
        for tool in tools:
            earlier = samples.setdefault(tool, [])
            if earlier and earlier[-1]["exit"] == KILLED:
                continue  # killed at the cap: once is enough
            got = measure(tool, row, path, a.cap, a.scratch)
            if got is not None:
                earlier.append(got)
    return {tool: medians(s) for tool, s in samples.items() if s}


def cell(m, cap):
    if m is None:
        return "–"
    if m["exit"] == KILLED:
        return f"> {cap} s wall"
    text = f"{m['cpu']:.3g} / {m['peak']:.0f} / {m['exit']}"
    if m.get("read") is not None:
        text += f", read {m['read']:,}"
    return text


def table(results, tools, cap):
    lines = ["| work | " + " | ".join(tools) + " | goal |", "|---" * (len(tools) + 2) + "|"]
    for row in ROWS:
        if row.key in results:
            cells = [cell(results[row.key].get(t), cap) for t in tools]
            lines.append(f"| {row.title} | " + " | ".join(cells) + f" | {row.goal} |")
    return "\n".join(lines)


def ratios(results):
    """Our CPU seconds over the limit's, where the goal is a ratio."""
    lines = []
    for row in ROWS:
        cells = results.get(row.key, {})
        if "×" in row.goal and "sallyport" in cells and "limit" in cells:
            lines.append(f"- {row.title}: {cells['sallyport']['cpu'] / cells['limit']['cpu']:.2f} × the limit ({row.goal})")
    small, large = (results.get(k, {}).get("sallyport") for k in ("many10000", "many100000"))
    if small and large:
        lines.append(f"- growth: ten times the files cost {large['cpu'] / small['cpu']:.1f} times the CPU and "
                     f"{large['peak'] / small['peak']:.1f} times the memory (≤ 12 times the CPU)")
    tools = results.get("mixed", {})
    if {"sallyport", "modelaudit"} <= set(tools):
        more = "more than " if tools["modelaudit"]["exit"] == KILLED else ""
        lines.append(f"- mixed corpus: modelaudit takes {more}{tools['modelaudit']['cpu'] / tools['sallyport']['cpu']:.0f} times our CPU seconds")
    counted = {tool: m["outcomes"] for tool, m in tools.items() if m["outcomes"]}
    if counted:
        lines.append("\n" + mixed.table(counted))
    return "\n".join(lines)


def build():
    subprocess.run(["make", "-s", "-C", str(ROOT), "build"], check=True)


def install_peers():
    for line in (BENCH / "requirements-peers.txt").read_text().splitlines():
        packages = line.split()
        if not packages or line.startswith("#"):
            continue
        name = packages[0].split("==")[0]
        venv = VENVS / name
        if not (venv / "bin" / name).exists():
            print(f"installing {line}", flush=True)
            subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
            subprocess.run([str(venv / "bin" / "pip"), "install", "-q", *packages], check=True)


def make_corpus(a, rows):
    folder = a.corpus / "mixed"
    if any(r.key == "mixed" for r in rows) and not folder.exists():
        subprocess.run(["go", "run", "./scripts/samples", "-clean", "6", "-hostile", "2", str(folder.resolve())], cwd=ROOT, check=True)
    if all(not r.path or (a.corpus / r.path).exists() for r in rows):
        return
    python = a.python
    if not python:
        venv = BENCH / ".venv-corpus"
        python = venv / "bin" / "python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
            subprocess.run([str(python), "-m", "pip", "install", "-q", "-r", str(BENCH / "requirements-corpus.txt")], check=True)
    subprocess.run([str(python), str(BENCH / "corpus.py"), "--out", str(a.corpus)], check=True)


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    lines = [f"- {platform.system()} {platform.release()}, {os.cpu_count()} cores, {model}; load {os.getloadavg()[0]:.1f} at the start"]
    ask = {"Sallyport": [str(OURS), "version"], "openssl": ["openssl", "version"]}
    for name, argv in ask.items():
        try:
            lines.append(f"- {name}: " + subprocess.run(argv, capture_output=True, text=True).stdout.strip().splitlines()[0])
        except (OSError, IndexError):
            lines.append(f"- {name}: not here")
    return "\n".join(lines)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--corpus", type=Path, default=BENCH / "corpus")
    p.add_argument("--binary", type=Path, help="measure this sallyport instead of building one")
    p.add_argument("--python", help="interpreter that has requirements-corpus.txt already")
    p.add_argument("--peers", type=Path, default=BENCH / ".venv-peers", help="environments of the peers")
    p.add_argument("--rows", default=",".join(r.key for r in ROWS))
    p.add_argument("--tools", default=",".join(TOOLS))
    p.add_argument("--repeat", type=int, default=5)
    p.add_argument("--cap", type=int, default=300, help="seconds after which a process is killed")
    p.add_argument("--scratch", default=None, help="folder for what admit and cp write; same disk as the corpus by default")
    p.add_argument("--json", type=Path, help="also write the figures here")
    a = p.parse_args()
    global VENVS
    VENVS = a.peers.resolve()
    tools = [t for t in TOOLS if t in a.tools.split(",")]
    rows = [r for r in ROWS if r.key in a.rows.split(",")]
    if shutil.which("openssl") is None:
        raise SystemExit("openssl is missing; it is the yardstick for hashing")
    global OURS
    if a.binary:
        OURS = a.binary.resolve()
    elif "sallyport" in tools:
        build()
    if set(tools) & set(PEERS):
        install_peers()
    make_corpus(a, rows)
    a.scratch = a.scratch or a.corpus
    info = machine()
    results = {}
    for row in rows:
        print(f"... {row.title}", file=sys.stderr, flush=True)
        results[row.key] = measure_row(row, tools, a)
        if a.json:
            a.json.write_text(json.dumps({"machine": info, "results": results}, indent=1))
    print(f"{info}\n- median of {a.repeat}; cell: CPU s / peak MiB / exit code\n")
    print(table(results, tools, a.cap))
    print("\n" + ratios(results))


if __name__ == "__main__":
    sys.exit(main())
