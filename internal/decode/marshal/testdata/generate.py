"""Prints one line of versions.tsv: what this Python's marshal makes of a function.

Usage: for each version, python generate.py >>versions.tsv   (Python 2.7 to 3.14)
The code is compiled and never run.
"""
from __future__ import print_function
import base64, marshal, sys

SOURCE = '''
import os.path as p, json
LIMIT = (1, 2.5, "a tuple", 12345678901234567890, None, 1j, b"bytes")
def outer(first, second=3, *rest, **more):
    from subprocess import run
    def inner(x):
        return [first + x for y in rest]
    return getattr(p, "join")("echo", inner(second)), {1: "in a map"}
'''
code = marshal.dumps(compile(SOURCE, "sample.py", "exec"))
print("%d.%d" % sys.version_info[:2], base64.b64encode(code).decode(), sep="\t")
