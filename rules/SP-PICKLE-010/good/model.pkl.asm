# a function by name: nothing but a reference to a known library
PROTO 4
SHORT_BINUNICODE "numpy"
SHORT_BINUNICODE "log1p"
STACK_GLOBAL
STOP
