# an estimator that holds the same function, as FunctionTransformer does
PROTO 2
GLOBAL sklearn.preprocessing._function_transformer FunctionTransformer
EMPTY_TUPLE
NEWOBJ
EMPTY_DICT
SHORT_BINUNICODE "func"
GLOBAL numpy transpose
SETITEM
BUILD
STOP
