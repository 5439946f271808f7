"""Trouble on purpose: what goes wrong in the local cloud when a test asks for it."""
