# a layer as PyTorch writes it: the registry of hooks is there and empty
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
SETITEMS
BUILD
STOP
