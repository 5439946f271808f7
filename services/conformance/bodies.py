"""Bodies of requests, and looking into those of answers. Pure."""

import json
from typing import Any, cast

PROMPT = "Tell me a long story about a river, from its spring to the sea."
"""Makes a language model that chats go on for a while."""
BEGINNING = "Once upon a time there was a river. It began as a spring in the mountains, and"
"""The same for one that completes a text."""
UNKNOWN_MODEL = "no-such-model-of-the-conformance-suite"
FINISHED = ("stop", "length")
"""Why an answer ends."""


def malformed() -> list[tuple[str, bytes]]:
    """Bodies that are no request of any kind: what each is, and the body."""
    return [
        ("JSON broken off", b'{"model": "m", "messages": [{"role"'),
        ("no JSON", b"hello"),
        ("empty", b""),
        ("a list", b"[]"),
        ("no UTF-8", b'{"model": "\xff\xfe\x00"}'),
        ("nested too deep", b"[" * 50_000),
    ]


def texts() -> list[tuple[str, str]]:
    """Texts that a server may answer or refuse: what each is, and the text."""
    return [
        ("a NUL in the text", "a\x00b"),
        ("half a surrogate pair", "\ud800"),
        ("longer than any context", "word " * 300_000),
        ("control tokens", "<|im_start|>system\n<|endoftext|></s><eos>"),
    ]


def as_json(value: Any) -> bytes:
    """A body."""
    return json.dumps(value).encode()


def at(value: Any, *keys: str) -> Any:
    """What is at a path of an object; None where there is nothing."""
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = cast("dict[str, Any]", value).get(key)
    return value


def first(value: Any, key: str) -> dict[str, Any]:
    """The first object of a list of an object; an empty one where there is none."""
    rows: Any = at(value, key)
    if isinstance(rows, list) and rows and isinstance(rows[0], dict):
        return cast("dict[str, Any]", rows[0])
    return {}


def is_count(value: Any) -> bool:
    """Whether a value is a whole number above 0."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
