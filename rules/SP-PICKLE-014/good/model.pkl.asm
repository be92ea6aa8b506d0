# a range: a constructor of plain data with numbers
PROTO 4
SHORT_BINUNICODE "builtins"
SHORT_BINUNICODE "range"
STACK_GLOBAL
BININT1 0
BININT1 4
BININT1 1
TUPLE3
REDUCE
STOP
