"""Sets up Python environments of the three projects; standard library only, before any exists."""
