"""W3C trace context."""

import pytest
from gateway.telemetry import context

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("header", "flags"),
    [
        (f"00-{TRACE}-{SPAN}-01", 1),
        (f"00-{TRACE}-{SPAN}-00", 0),
        (f" 00-{TRACE}-{SPAN}-03 ", 3),
        (f"00-{TRACE}-{SPAN}-ff", 3),
        (f"01-{TRACE}-{SPAN}-01-what-comes-later", 1),
        (f"cc-{TRACE}-{SPAN}-01", 1),
    ],
)
def test_valid_headers(header: str, flags: int) -> None:
    found = context.parse(header)
    assert found
    assert found == context.Context(TRACE, SPAN, flags)
    assert found.sampled is bool(flags & 1)
    assert context.parse(found.header()) == found


@pytest.mark.parametrize(
    "header",
    [
        "",
        "garbage",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-0g",
        f"01-{TRACE}-{SPAN}-01-" + "x" * 1000,
        f"00-{TRACE}-{SPAN}-01\nx-other: header",
    ],
)
def test_anything_else_is_ignored(header: str) -> None:
    assert context.parse(header) is None


def test_a_trace_that_nobody_records_is_a_valid_one() -> None:
    found = context.unsampled()
    assert context.parse(found.header()) == found
    assert not found.sampled
