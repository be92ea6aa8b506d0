# pickletools gives up at 0x10; every loader reads it
INT 0x10
POP
NONE
STOP
