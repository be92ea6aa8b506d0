# The pure Python unpickler sets the whole pairs before it fails on the odd item.
GLOBAL acme Net
MARK
BINUNICODE a
BINUNICODE b
BINUNICODE c
SETITEMS
STOP
