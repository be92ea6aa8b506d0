"""What each tool says of each sample of the mixed corpus (scripts/samples).

A sample is the third level of the corpus: clean/LIBRARY/NAME or hostile/RULE/NAME. Its
outcome is "finding" when the tool found something that makes its exit code say so,
"unread" when the tool says that it could not read the sample, fails, or does not list
it among what it scanned, and "passed" otherwise.
"""
import json
import subprocess
from collections import Counter


def samples(corpus):
    return sorted(str(p.relative_to(corpus)) for p in corpus.glob("*/*/*"))


def outcomes(tool, corpus, out, report, command, env):
    """The outcome of each sample: out is what the tool printed about the whole
    corpus, report the file it wrote, command what makes it scan one path."""
    names = samples(corpus)
    if tool == "picklescan":
        # The first archive it cannot open ends its walk, so it gets them one by one.
        by_exit = {0: "passed", 1: "finding"}
        return {n: by_exit.get(subprocess.run(command(corpus / n), env=env, capture_output=True).returncode, "unread") for n in names}
    found, unread, seen = {
        "sallyport": ours, "modelscan": modelscan, "modelaudit": modelaudit,
    }[tool](json.loads((report if tool == "modelscan" else out).read_text(), strict=False))
    where = lambda paths: {sample(p, corpus) for p in paths}
    found, unread, seen = where(found), where(unread), where(seen) if seen is not None else set(names)
    return {n: "finding" if n in found else "unread" if n in unread or n not in seen else "passed" for n in names}


def sample(path, corpus):
    path = path.removeprefix(str(corpus) + "/")
    return "/".join(path.split(":")[0].split("/")[:3])


def ours(r):
    blocking = [f["location"]["path"] for f in r["findings"] if f["severity"] in ("HIGH", "CRITICAL")]
    return blocking, [g["location"]["path"] for g in r["gaps"]], None


def modelscan(r):
    return ([i["source"] for i in r["issues"]], [e["source"] for e in r["errors"] if e.get("source")],
            r["summary"]["scanned"].get("scanned_files", []))


def modelaudit(r):
    bad = [i["location"] for i in r["issues"] if i["severity"] in ("warning", "critical") and i.get("location")]
    return bad, [], [a["path"] for a in r["assets"]]


def table(by_tool):
    lines = ["| tool | hostile: finding | unread | passed | clean: finding | unread | passed |", "|---|---|---|---|---|---|---|"]
    for tool, outcome in by_tool.items():
        count = Counter((n.split("/")[0], o) for n, o in outcome.items())
        cells = [str(count[kind, o]) for kind in ("hostile", "clean") for o in ("finding", "unread", "passed")]
        lines.append(f"| {tool} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
