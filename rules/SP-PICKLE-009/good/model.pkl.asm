# a dictionary with a default, as counters have it
PROTO 4
SHORT_BINUNICODE "collections"
SHORT_BINUNICODE "defaultdict"
STACK_GLOBAL
SHORT_BINUNICODE "builtins"
SHORT_BINUNICODE "int"
STACK_GLOBAL
TUPLE1
REDUCE
STOP
