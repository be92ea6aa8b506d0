# The argument of BINBYTES crosses a frame at the end of the 128 KiB that C
# reads ahead: C executes the bytes inside of it.
PROTO 5
NONE
hex 56
fill 131055 a
hex 0a
POP
MARK
FRAME 2
hex 42 07 01 00 00 00 00
GLOBAL acme Net
UNICODE echo
TUPLE1
REDUCE
MARK
fill 241 N
POP_MARK
STOP
