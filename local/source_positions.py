"""Keeps the paths of this machine out of the engine's state."""

from typing import Any

from pulumi.runtime import resource
from pulumi.runtime.proto import source_pb2


def forget_source_positions() -> None:
    """Register resources without the stack of calls that made them, from now on.

    The SDK sends the whole stack with every resource, and the engine keeps it: absolute paths
    of the interpreter, its packages and this checkout, about a hundred lines for each. The SDK
    has no switch for it.
    """
    sdk: Any = resource
    sdk._get_stack_trace = source_pb2.StackTrace  # noqa: SLF001 - see above
