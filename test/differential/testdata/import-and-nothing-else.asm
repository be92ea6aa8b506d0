# One opcode, no STOP: the module is imported all the same.
GLOBAL acme Net
