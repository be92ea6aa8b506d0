# an ordered dictionary as every state_dict is one
PROTO 4
SHORT_BINUNICODE "collections"
SHORT_BINUNICODE "OrderedDict"
STACK_GLOBAL
EMPTY_TUPLE
REDUCE
STOP
