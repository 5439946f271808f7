"""Served models: runtimes, the gateway in front of them, and the models themselves."""
