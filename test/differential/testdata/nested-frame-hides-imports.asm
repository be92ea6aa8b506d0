# C drops the rest of the outer frame and finds an import that lies nowhere
# in the order of the file. We see none, and must not pass the file on.
FRAME 25
SHORT_BINUNICODE os
FRAME 17
SHORT_BINUNICODE x
MARK
DUP
SHORT_BINSTRING posix
SHORT_BINUNICODE x
STACK_GLOBAL
MEMOIZE
BINUNICODE8 "_reconstructor"
