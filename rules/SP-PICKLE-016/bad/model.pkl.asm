# a layer whose forward hooks are not empty
PROTO 2
GLOBAL torch.nn.modules.linear Linear
EMPTY_TUPLE
NEWOBJ
EMPTY_DICT
MARK
BINUNICODE training
NEWFALSE
BINUNICODE _forward_hooks
GLOBAL collections OrderedDict
EMPTY_TUPLE
REDUCE
BININT1 0
GLOBAL torch.nn.functional relu
SETITEM
SETITEMS
BUILD
STOP
