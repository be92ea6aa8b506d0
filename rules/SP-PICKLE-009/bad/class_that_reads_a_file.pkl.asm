# the argument is a path that the class opens
PROTO 2
GLOBAL tokenizers BertWordPieceTokenizer
SHORT_BINUNICODE "/etc/hostname"
TUPLE1
REDUCE
STOP
