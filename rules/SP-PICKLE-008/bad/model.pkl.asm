# attributes of a class that every checkpoint uses
PROTO 4
SHORT_BINUNICODE "collections"
SHORT_BINUNICODE "OrderedDict"
STACK_GLOBAL
NONE
EMPTY_DICT
SHORT_BINUNICODE "update"
NONE
SETITEM
TUPLE2
BUILD
STOP
