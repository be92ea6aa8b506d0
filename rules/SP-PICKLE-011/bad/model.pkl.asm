PERSID some.object
STOP
