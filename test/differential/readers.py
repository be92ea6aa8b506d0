"""Tell what CPython's own unpicklers would import and call for many streams.

Started as a child of the differential test. Both unpicklers of this Python read
each stream, with a find_class that notes the name and hands out an inert class:
nothing is ever imported, and whatever a stream calls only notes that it was
called.

Standard input carries batches: a 32-bit count, then each stream behind its
32-bit length. For each batch standard output carries a 32-bit length and, for
each stream, a 16-bit number of events. An event is a letter, a byte that says
which reader saw it, and two texts behind 16-bit lengths. All numbers are
little-endian. The letters:

  I  find_class was asked for (module, name)
  M  the pure Python unpickler would have imported (module, name) in its place
  C  the class of that name was called, or a new object of it was made
  X  an object of that class was called
  W  the state or the items of that class, or of an object of it, were changed
"""
import _compat_pickle
import copyreg
import io
import itertools
import pickle
import struct
import sys

from _pickle import Unpickler as Fast

Slow = pickle._Unpickler
if pickle.Unpickler is not Fast:
    sys.exit("this Python has no fast unpickler")

try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
except ImportError:
    pass

LONGEST = 2000  # bytes of a name that are reported
MAX_STREAMS = 4  # loads one after the other from one file
EXTENSION = "extension registry"  # module of the names behind extension codes

events = {}
reader = 0


def note(kind, pair):
    events[kind, reader, pair[0], pair[1]] = True


class Hook:
    """A method that unpicklers call by name, on a class or on an object."""

    def __get__(self, obj, cls):
        return lambda *args: note("W", cls.pair)


class Inert(type):
    def __call__(cls, *args, **kwargs):
        note("C", cls.pair)
        return object.__new__(cls)

    def __setitem__(cls, key, value):
        note("W", cls.pair)


class Thing(metaclass=Inert):
    pair = ("", "")
    append = extend = add = __setstate__ = __setitem__ = Hook()

    def __new__(cls, *args, **kwargs):
        note("C", cls.pair)
        return object.__new__(cls)

    def __call__(self, *args, **kwargs):
        note("X", type(self).pair)
        return object.__new__(Thing)


classes = {}


def inert(module, name):
    pair = (module, name)
    note("I", pair)
    if pair not in classes:
        if len(classes) > 20000:
            classes.clear()
        classes[pair] = type.__new__(Inert, "Inert", (Thing,), {"pair": pair})
    return classes[pair]


class FastReader(Fast):
    def find_class(self, module, name):
        return inert(module, name)

    def persistent_load(self, pid):
        return object.__new__(Thing)


class SlowReader(Slow):
    def find_class(self, module, name):
        if module != EXTENSION:
            note("M", self.mapped(module, name))
        return inert(module, name)

    def mapped(self, module, name):
        if self.proto < 3:
            if (module, name) in _compat_pickle.NAME_MAPPING:
                return _compat_pickle.NAME_MAPPING[module, name]
            return _compat_pickle.IMPORT_MAPPING.get(module, module), name
        return module, name

    def persistent_load(self, pid):
        return object.__new__(Thing)


for code in [1, 7, 240, 255, 300, 65535, 70000]:
    copyreg._inverted_registry[code] = (EXTENSION, str(code))

ENCODINGS = ["latin-1", "bytes", "utf-8"]
BUFFERS = {"buffers": itertools.repeat(bytearray(4))} if sys.version_info >= (3, 8) else {}


def buffered(data):
    """A file as from open(): it can be peeked into, so it is read ahead."""
    return io.BufferedReader(io.BytesIO(data))


def read(make, file, **options):
    try:
        for _ in range(MAX_STREAMS):
            make(file, **options).load()
    except Exception:  # a stream may end in any way
        pass
    copyreg._extension_cache.clear()


def answer(data, number):
    global reader
    events.clear()
    reader = 0
    read(FastReader, io.BytesIO(data))
    reader = 1
    read(FastReader, buffered(data))
    reader = 2
    read(SlowReader, io.BytesIO(data))
    reader = 3
    read(SlowReader if number % 2 else FastReader, io.BytesIO(data), encoding=ENCODINGS[number % 3], **BUFFERS)
    out = [struct.pack("<H", len(events))]
    for kind, who, module, name in events:
        out.append(kind.encode() + bytes([who]))
        for text in (module, name):
            raw = text.encode("utf-8", "surrogatepass")[:LONGEST]
            out.append(struct.pack("<H", len(raw)) + raw)
    return b"".join(out)


def main():
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    sink.write(struct.pack("<BB", *sys.version_info[:2]))
    sink.flush()
    while True:
        head = source.read(4)
        if len(head) < 4:
            return
        answers = []
        for number in range(struct.unpack("<I", head)[0]):
            length, = struct.unpack("<I", source.read(4))
            answers.append(answer(source.read(length), number))
        reply = b"".join(answers)
        sink.write(struct.pack("<I", len(reply)) + reply)
        sink.flush()


main()
