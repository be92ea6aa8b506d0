# a second pickle in bytes, loaded by the first
PROTO 4
SHORT_BINUNICODE pickle
SHORT_BINUNICODE loads
STACK_GLOBAL
SHORT_BINBYTES "cos\nsystem\n(S'echo'\ntR."
TUPLE1
REDUCE
STOP
