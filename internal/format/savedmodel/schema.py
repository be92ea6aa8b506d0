#!/usr/bin/env python3
"""Write schema.tsv from the installed tensorflow, with "checkpoint" that of
tfcheckpoint, with "enums" the names of numbers (message, field, name, number).

usage: python schema.py [checkpoint|enums] >schema.tsv
Version used: tensorflow-cpu 2.19.0.
"""
import importlib
import pathlib
import sys
import types

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "decode" / "protobuf"))
import schema  # noqa: E402

GRAPHS = """core.protobuf.saved_model_pb2:SavedModel core.protobuf.fingerprint_pb2:FingerprintDef core.protobuf.config_pb2:ConfigProto
core.protobuf.queue_runner_pb2:QueueRunnerDef core.framework.variable_pb2:VariableDef core.protobuf.control_flow_pb2:CondContextDef
core.protobuf.control_flow_pb2:WhileContextDef core.framework.dataset_options_pb2:Options
core.protobuf.trackable_object_graph_pb2:TrackableObjectGraph"""
CHECKPOINT = """core.protobuf.tensor_bundle_pb2:BundleHeaderProto core.protobuf.tensor_bundle_pb2:BundleEntryProto
core.util.saved_tensor_slice_pb2:SavedTensorSlices core.protobuf.trackable_object_graph_pb2:TrackableObjectGraph"""

together = types.ModuleType("together")
names = []
for entry in (CHECKPOINT if sys.argv[1:] == ["checkpoint"] else GRAPHS).split():
    module, _, name = entry.partition(":")
    setattr(together, name, getattr(importlib.import_module("tensorflow." + module), name))
    names.append(name)
sys.modules["together"] = together
if sys.argv[1:] != ["enums"]:
    schema.main("together", *names)
    sys.exit()
found = {}
for name in names:
    schema.reach(getattr(together, name).DESCRIPTOR, found)
print("message\tfield\tname\tnumber")
for message in sorted(found):
    for field in sorted(found[message].fields, key=lambda f: f.name):
        if field.enum_type is not None:
            for value in sorted(field.enum_type.values, key=lambda v: v.name):
                print(message, field.name, value.name, value.number, sep="\t")
