# this loss calls the distance function that it is given with its first two arguments
PROTO 2
GLOBAL torch.nn.functional triplet_margin_with_distance_loss
MARK
SHORT_BINUNICODE "text"
SHORT_BINUNICODE "utf-8"
SHORT_BINUNICODE "x"
GLOBAL torch.nn.functional relu
TUPLE
REDUCE
STOP
