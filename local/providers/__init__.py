"""Stand-ins for provider plugins: the engine attaches to them, they talk to the local cloud."""
