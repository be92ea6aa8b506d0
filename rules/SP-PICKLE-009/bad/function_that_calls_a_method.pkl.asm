# NumPy hands the call on to a method of the first argument that has this name,
# and that one is whatever the file has put there
PROTO 2
GLOBAL numpy transpose
GLOBAL types SimpleNamespace
EMPTY_TUPLE
NEWOBJ
EMPTY_DICT
SHORT_BINUNICODE "transpose"
GLOBAL torch.nn.functional relu
SETITEM
BUILD
SHORT_BINUNICODE "text"
TUPLE2
REDUCE
STOP
