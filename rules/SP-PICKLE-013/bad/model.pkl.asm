# the protocol goes down again, which changes how names are read
PROTO 4
NONE
POP
PROTO 0
NONE
STOP
