# bytes as protocol 2 writes them: decoded while loading, but data
PROTO 2
GLOBAL _codecs encode
BINUNICODE "os"
BINUNICODE "latin1"
TUPLE2
REDUCE
STOP
