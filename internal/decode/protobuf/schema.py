#!/usr/bin/env python3
"""Write the schema table of protobuf.ParseSchema from Python descriptors.

usage: schema.py MODULE MESSAGE... >schema.tsv
  schema.py onnx ModelProto
  schema.py tensorflow.core.protobuf.saved_model_pb2 SavedModel

Every message that the named ones reach is part of the table. Names are full
names without the package that all of them share.
"""
import importlib
import os
import sys

from google.protobuf.descriptor import FieldDescriptor as F

KINDS = {F.TYPE_FLOAT: "fixed32", F.TYPE_FIXED32: "fixed32", F.TYPE_SFIXED32: "fixed32",
         F.TYPE_DOUBLE: "fixed64", F.TYPE_FIXED64: "fixed64", F.TYPE_SFIXED64: "fixed64",
         F.TYPE_STRING: "text", F.TYPE_BYTES: "bytes"}


def reach(message, found):
    if message.full_name in found:
        return
    found[message.full_name] = message
    for field in message.fields:
        if field.message_type is not None:
            reach(field.message_type, found)


def is_repeated(field):
    try:
        return field.is_repeated
    except AttributeError:  # protobuf before 6
        return field.label == F.LABEL_REPEATED


def main(module, *roots):
    found = {}
    for root in roots:
        reach(getattr(importlib.import_module(module), root).DESCRIPTOR, found)
    shared = os.path.commonprefix([name.rsplit(".", 1)[0] + "." for name in found])
    shared = shared[:shared.rfind(".") + 1]

    def short(message):
        return message.full_name.removeprefix(shared)

    print("message\tnumber\tname\tkind\tlabel")
    for message in sorted(found.values(), key=short):
        for field in sorted(message.fields, key=lambda f: f.number):
            if field.type == F.TYPE_MESSAGE:
                kind = short(field.message_type)
            elif field.type == F.TYPE_GROUP:
                kind = "group " + short(field.message_type)
            else:
                kind = KINDS.get(field.type, "int")
            label = "repeated" if is_repeated(field) else field.containing_oneof.name if field.containing_oneof else ""
            print(short(message), field.number, field.name, kind, label, sep="\t")


if __name__ == "__main__":
    main(*sys.argv[1:])
