# INST imports before it looks for its mark.
INST acme Net
