# ends in the middle of a string
PROTO 4
EMPTY_LIST
hex 8c 10 61 62
