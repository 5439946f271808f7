"""The old name of `local.locks`, until its last reader has moved."""

from local.locks import is_held

__all__ = ["is_held"]
