PROTO 4
NONE
hex ff
