package sample

import "math"

func floatBits(f float64) uint64 { return math.Float64bits(f) }

// pickleOps are the opcodes by their names in pickletools.
var pickleOps = map[string]pickleOp{
	"INT": {'I', "n"}, "BININT": {'J', "4"}, "BININT1": {'K', "1"}, "BININT2": {'M', "2"},
	"LONG": {'L', "n"}, "LONG1": {0x8a, "l1"}, "LONG4": {0x8b, "l4"},
	"STRING": {'S', "n"}, "BINSTRING": {'T', "s4"}, "SHORT_BINSTRING": {'U', "s1"},
	"BINBYTES": {'B', "s4"}, "SHORT_BINBYTES": {'C', "s1"}, "BINBYTES8": {0x8e, "s8"},
	"BYTEARRAY8": {0x96, "s8"}, "NEXT_BUFFER": {0x97, ""}, "READONLY_BUFFER": {0x98, ""},
	"NONE": {'N', ""}, "NEWTRUE": {0x88, ""}, "NEWFALSE": {0x89, ""},
	"UNICODE": {'V', "n"}, "SHORT_BINUNICODE": {0x8c, "s1"}, "BINUNICODE": {'X', "s4"}, "BINUNICODE8": {0x8d, "s8"},
	"FLOAT": {'F', "n"}, "BINFLOAT": {'G', "f"},
	"EMPTY_LIST": {']', ""}, "APPEND": {'a', ""}, "APPENDS": {'e', ""}, "LIST": {'l', ""},
	"EMPTY_TUPLE": {')', ""}, "TUPLE": {'t', ""}, "TUPLE1": {0x85, ""}, "TUPLE2": {0x86, ""}, "TUPLE3": {0x87, ""},
	"EMPTY_DICT": {'}', ""}, "DICT": {'d', ""}, "SETITEM": {'s', ""}, "SETITEMS": {'u', ""},
	"EMPTY_SET": {0x8f, ""}, "ADDITEMS": {0x90, ""}, "FROZENSET": {0x91, ""},
	"POP": {'0', ""}, "DUP": {'2', ""}, "MARK": {'(', ""}, "POP_MARK": {'1', ""},
	"GET": {'g', "n"}, "BINGET": {'h', "1"}, "LONG_BINGET": {'j', "4"},
	"PUT": {'p', "n"}, "BINPUT": {'q', "1"}, "LONG_BINPUT": {'r', "4"}, "MEMOIZE": {0x94, ""},
	"EXT1": {0x82, "1"}, "EXT2": {0x83, "2"}, "EXT4": {0x84, "4"},
	"GLOBAL": {'c', "nn"}, "STACK_GLOBAL": {0x93, ""}, "REDUCE": {'R', ""}, "BUILD": {'b', ""},
	"INST": {'i', "nn"}, "OBJ": {'o', ""}, "NEWOBJ": {0x81, ""}, "NEWOBJ_EX": {0x92, ""},
	"PROTO": {0x80, "1"}, "STOP": {'.', ""}, "FRAME": {0x95, "8"},
	"PERSID": {'P', "n"}, "BINPERSID": {'Q', ""},
}
