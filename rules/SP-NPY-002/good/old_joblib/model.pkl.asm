# joblib before 0.10: the array lies in a file beside this one
PROTO 2
GLOBAL joblib.numpy_pickle NDArrayWrapper
EMPTY_TUPLE
NEWOBJ
EMPTY_DICT
MARK
BINUNICODE filename
BINUNICODE model.pkl_01.npy
BINUNICODE subclass
GLOBAL numpy ndarray
BINUNICODE allow_mmap
NEWTRUE
SETITEMS
BUILD
STOP
