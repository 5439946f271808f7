"""The `llmp` command: stands the platform up, shows it, takes it down."""
