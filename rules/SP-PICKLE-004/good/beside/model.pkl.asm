# the file beside it is not what the pickle imports
PROTO 4
SHORT_BINUNICODE "collections"
SHORT_BINUNICODE "OrderedDict"
STACK_GLOBAL
EMPTY_TUPLE
REDUCE
STOP
