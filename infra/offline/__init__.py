"""Plans of an environment without its cloud: see docs/offline.md."""
