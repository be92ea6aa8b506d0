# The oldest way to call a function, under the name of a text.
MARK
STRING "echo"
INST some.module func
STOP
hex 20 20 20 0a 66 6f 6f
