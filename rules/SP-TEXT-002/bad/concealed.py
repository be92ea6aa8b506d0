import os
# nothing to see [8m
os.system("echo")
# [0m
