# a tensor storage as PyTorch writes it
PROTO 2
MARK
BINUNICODE "storage"
GLOBAL torch FloatStorage
BINUNICODE "0"
BINUNICODE "cpu"
BININT1 4
TUPLE
BINPERSID
STOP
