# a stream behind bytes that no stream explains
PROTO 2
NONE
STOP
hex 00 00 00 fe
PROTO 2
GLOBAL os system
BINUNICODE echo
TUPLE1
REDUCE
STOP
