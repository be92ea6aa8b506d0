# A loader that loads again and again gets to the third stream, under the name of
# a text.
INT 1
STOP
INT 2
STOP
GLOBAL os system
MARK
STRING "echo"
TUPLE
REDUCE
STOP
