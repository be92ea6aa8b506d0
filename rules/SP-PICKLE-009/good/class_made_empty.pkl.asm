# how a checkpoint really holds such a model: made without arguments, then filled
PROTO 2
GLOBAL ultralytics.nn.tasks DetectionModel
EMPTY_TUPLE
NEWOBJ
EMPTY_DICT
SHORT_BINUNICODE stride
BININT1 32
SETITEM
BUILD
STOP
