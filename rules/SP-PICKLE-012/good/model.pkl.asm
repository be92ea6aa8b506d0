# constructors of plain data are not even noted
PROTO 4
SHORT_BINUNICODE "builtins"
SHORT_BINUNICODE "set"
STACK_GLOBAL
EMPTY_LIST
TUPLE1
REDUCE
STOP
