# The pure Python unpickler calls extend even when there is nothing to add.
GLOBAL acme Net
MARK
APPENDS
STOP
