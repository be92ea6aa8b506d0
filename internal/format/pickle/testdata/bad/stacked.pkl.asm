# the second stream of the file
PROTO 2
NONE
STOP
PROTO 2
GLOBAL os system
BINUNICODE echo
TUPLE1
REDUCE
STOP
