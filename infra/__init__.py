"""The program of the stack, its settings and its command line."""
