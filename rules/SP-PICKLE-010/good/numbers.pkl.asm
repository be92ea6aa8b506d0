# bytes that begin like compiled code and are numbers
PROTO 3
hex 42 49 00 00 00
hex 63 00 00 00 00 00 00 00 00 02 00 00 00 00 01 02 03 04 05 06 07 08 09 0a
hex 0b 0c 0d 0e 0f 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f 20 21 22
hex 23 24 25 26 27 28 29 2a 2b 2c 2d 2e 2f 30 31 32 33 34 35 36 37 38 39 3a
hex 3b
STOP
