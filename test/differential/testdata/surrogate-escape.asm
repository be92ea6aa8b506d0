# A lone surrogate in a UNICODE line stays one.
UNICODE "\\ud800acme"
UNICODE "Net"
STACK_GLOBAL
STOP
