#!/usr/bin/env python3
"""Write mnn.txt, the schema table of flatbuffer.Parse, from MNN's schemas.

usage: schema.py schema/default >mnn.txt    in a checkout of https://github.com/alibaba/MNN
"""
import pathlib
import re
import sys

SCALARS = {"byte": "i8", "int8": "i8", "ubyte": "u8", "uint8": "u8", "bool": "u8", "short": "i16", "ushort": "u16", "int": "i32", "int32": "i32",
           "uint": "u32", "uint32": "u32", "float": "f32", "float32": "f32", "long": "i64", "int64": "i64", "ulong": "u64", "double": "f64"}
# Vectors of numbers that hold weights or what an operator keeps to itself.
DATA = {("Blob", "uint8s"), ("Blob", "int8s"), ("IDSTQuan", "buffer"), ("Extra", "info"), ("ExtraInfo", "buffer"), ("QuantizedConvParam", "weight"),
        ("Attribute", "tensor")}

tables, unions, enums = {}, {}, {}


def strip(text):
    return re.sub(r"//[^\n]*", "", text)


def read(text):
    for kind, name, base, body in re.findall(r"\b(table|union|enum|struct)\s+(\w+)\s*(?::\s*(\w+))?\s*(?:\([^)]*\))?\s*{([^}]*)}", text):
        if kind == "table":
            tables[name] = re.findall(r"(\w+)\s*:\s*(\[?\w+\]?)", re.sub(r"=\s*[^;]+", "", re.sub(r"\([^)]*\)", "", body)))
        elif kind == "union":
            unions[name] = re.findall(r"\w+", body)
        elif kind == "enum":
            number, names = 0, {}
            for item, value in re.findall(r"(\w+)\s*(?:=\s*(-?\w+))?", body):
                number = int(value, 0) if value else number
                names[number] = item
                number += 1
            enums[name] = base, names
        else:
            raise SystemExit("judge the struct " + name)


def kind(table, field, text):
    vector = text.startswith("[")
    name = text.strip("[]")
    if (table, field) in DATA and vector and SCALARS.get(name) in ("i8", "u8"):
        return "data4"
    name = SCALARS[enums[name][0]] if name in enums else SCALARS.get(name, name)
    return f"[{name}]" if vector else name


def main(folder):
    for path in sorted(pathlib.Path(folder).glob("*.fbs")):
        if path.name != "TrainInfo.fbs":
            read(strip(path.read_text()))
    print("root Net")
    for name, fields in tables.items():
        print("table", name, *(f"{f}:{kind(name, f, t)}" for f, t in fields))
    for name, members in unions.items():
        print("union", name, *members)
    for name in ("OpType",):
        numbers = enums[name][1]
        print("enum", name, *(numbers.get(i, "-") for i in range(max(numbers) + 1)))


main(sys.argv[1])
