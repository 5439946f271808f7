"""The stand-in providers without a cloud: they check, compare and plan, and connect to nothing."""
