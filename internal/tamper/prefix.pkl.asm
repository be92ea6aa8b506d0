# Stands before the model's own pickle: loading calls os.system("echo"), drops
# the result, and goes on to build the weights as if nothing had happened.
PROTO 2
GLOBAL os system
BINUNICODE "echo"
TUPLE1
REDUCE
POP
