# [31mred[0m is the colour of errors
