"""W3C trace context, as far as the gateway needs it without a tracing library."""

import re
import secrets
from typing import NamedTuple

# Later versions may append fields, the first version may not.
_HEADER = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
SAMPLED, RANDOM = 1, 2
"""Flags: the caller records the trace; the right part of the trace id is random."""


class Context(NamedTuple):
    """A ``traceparent``: identifiers in hexadecimal."""

    trace_id: str
    span_id: str
    flags: int

    @property
    def sampled(self) -> bool:
        """Whether the caller records this trace."""
        return bool(self.flags & SAMPLED)

    def header(self) -> str:
        """The header's value."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"


def parse(header: str) -> Context | None:
    """The context of a ``traceparent``; None if it is not a valid one, which is then ignored."""
    if len(header) > 512:
        return None
    found = _HEADER.fullmatch(header.strip())
    if not found:
        return None
    version, trace_id, span_id, flags, rest = found.groups()
    if version == "ff" or (version == "00" and rest):
        return None
    if not trace_id.strip("0") or not span_id.strip("0"):
        return None
    return Context(trace_id, span_id, int(flags, 16) & (SAMPLED | RANDOM))


def unsampled() -> Context:
    """A new trace that nobody records, for the logs of both sides to agree on."""
    return Context(secrets.token_hex(16), secrets.token_hex(8), RANDOM)
