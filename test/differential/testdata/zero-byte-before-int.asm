# C reads an INT that begins with a zero byte as 0 and goes on; Python refuses it.
PROTO 4
INT "\x001"
GLOBAL acme Net
STOP
