# pandas calls a key that is callable: this deletes the file that the path names.
PROTO 2
GLOBAL pandas.core.frame DataFrame
EMPTY_TUPLE
NEWOBJ
GLOBAL builtins getattr
GLOBAL pathlib PosixPath
BINUNICODE "/tmp/x"
TUPLE1
REDUCE
BINUNICODE "unlink"
TUPLE2
REDUCE
BINUNICODE "x"
SETITEM
STOP
