# Nothing here; ‎direction marks alone are ordinary.
