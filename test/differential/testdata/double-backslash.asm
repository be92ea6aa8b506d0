# The second backslash is taken by the first, so nothing is escaped here.
UNICODE "\\\\u006fs"
UNICODE "Net"
STACK_GLOBAL
STOP
