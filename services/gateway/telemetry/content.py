"""Prompts and answers as attributes of a span, in the form that the conventions give them.

All in ASCII: a text with half a surrogate pair cannot be sent as UTF-8, and would take the other
spans of its batch with it.
"""

import json
from collections.abc import Sequence
from typing import Any

from gateway.contract import Message


def input_messages(messages: Sequence[Message], most: int) -> dict[str, str]:
    """Prompts as the conventions want them: system instructions apart from the conversation.

    Args:
        messages: The prompt.
        most: Characters of all messages together; what is over is left out.
    """
    system: list[Any] = []
    rest: list[Any] = []
    for each in messages:
        part = {"type": "text", "content": each.content[: max(0, most)]}
        most -= len(each.content)
        if each.role == "system":
            system.append(part)
        else:
            rest.append({"role": each.role, "parts": [part]})
    found = {"input__messages": json.dumps(rest)}
    if system:
        found["system_instructions"] = json.dumps(system)
    return found


def output_messages(text: str, finish_reason: str) -> dict[str, str]:
    """An answer as the conventions want it."""
    message = {
        "role": "assistant",
        "parts": [{"type": "text", "content": text}],
        "finish_reason": finish_reason,
    }
    return {"output__messages": json.dumps([message])}
