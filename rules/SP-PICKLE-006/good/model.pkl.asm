# the same number as data
PROTO 4
BININT1 240
TUPLE1
STOP
