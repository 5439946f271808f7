"""Calls of tools: the schema of a forced call, and calls found in what a model wrote."""

import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from gateway.openai.schemas_chat import ChatRequest, Tool, ToolChoice

OPENING = "<tool_call>"
CLOSING = "</tool_call>"
_BARE = '{"name":'
_BLOCK = re.compile(rf"{OPENING}\s*(.*?)\s*(?:{CLOSING}|\Z)", re.DOTALL)
_ROOTED = re.compile(r"^#(/\$defs/|/definitions/)?")
_CUT = re.compile(r'\{\s*"name"\s*:\s*"([^"]*)"\s*,\s*"arguments"\s*:\s*(.*)\Z', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Called:
    """A call that the model made; `arguments` is JSON, cut short where the answer was."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Offer:
    """The tools of a request.

    Attributes:
        tools: What the template shows: ``name``, ``description``, ``parameters``.
        schema: The answer must follow it; None when the model may also answer with text.
        many: Whether one answer may call several.
    """

    tools: tuple[Mapping[str, Any], ...] = ()
    schema: Mapping[str, Any] | None = None
    many: bool = True

    @property
    def forced(self) -> bool:
        """Whether the answer must be a call."""
        return self.schema is not None

    @property
    def names(self) -> frozenset[str]:
        """Names of the functions."""
        return frozenset(str(tool["name"]) for tool in self.tools)


def offer(request: ChatRequest) -> Offer:
    """What is offered to the model; nothing where tools are absent or switched off."""
    choice = request.tool_choice
    if not request.tools or choice == "none":
        return Offer()
    shown = tuple(_shown(tool) for tool in request.tools)
    many = request.parallel_tool_calls is not False
    if choice in (None, "auto"):
        return Offer(shown, None, many)
    if isinstance(choice, ToolChoice):
        shown = tuple(tool for tool in shown if tool["name"] == choice.function.name)[:1]
    return Offer(shown, _schema(shown), many)


def _shown(tool: Tool) -> Mapping[str, Any]:
    return {
        "name": tool.function.name,
        "description": tool.function.description or "",
        "parameters": tool.function.parameters or {"type": "object"},
    }


def _schema(tools: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    definitions: dict[str, Any] = {}
    calls: list[Mapping[str, Any]] = []
    for index, tool in enumerate(tools):
        arguments: Mapping[str, Any] = tool["parameters"]
        if "type" not in arguments and "$ref" not in arguments:
            arguments = {"type": "object", **arguments}
        if '"$ref"' in json.dumps(arguments):
            own = _hoisted(arguments, f"f{index}")
            definitions |= own
            arguments = {"$ref": f"#/$defs/f{index}"}
        calls.append(
            {
                "type": "object",
                "properties": {"name": {"const": tool["name"]}, "arguments": arguments},
                "required": ["name", "arguments"],
                "additionalProperties": False,
            }
        )
    schema = calls[0] if len(calls) == 1 else {"anyOf": calls}
    return {**schema, "$defs": definitions} if definitions else schema


def _hoisted(schema: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A schema and its definitions as definitions of a larger one, whose root they refer to."""
    found: dict[str, Any] = {}
    rest = dict(schema)
    for place in ("$defs", "definitions"):
        own = rest.pop(place, None)
        if isinstance(own, Mapping):
            for key, each in cast("Mapping[str, Any]", own).items():
                found[f"{name}_{key}"] = _referring(each, name)
    return {name: _referring(rest, name), **found}


def _referring(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        return {
            key: _ROOTED.sub(lambda found: f"#/$defs/{name}{'_' if found[1] else ''}", each, 1)
            if key == "$ref" and isinstance(each, str)
            else _referring(each, name)
            for key, each in fields.items()
        }
    if isinstance(value, list):
        return [_referring(each, name) for each in cast("list[Any]", value)]
    return value


def may_be_call(text: str) -> bool:
    """Whether an answer that begins like this may turn out to be a call."""
    text = text.lstrip()
    compact = "".join(text[:64].split())
    return any(
        begun == pattern[: len(begun)]
        for begun, pattern in ((text[: len(OPENING)], OPENING), (compact[: len(_BARE)], _BARE))
    )


def find_calls(text: str, offered: Offer) -> list[Called]:
    """The calls in an answer that was free to be text; none if it is text."""
    blocks = _BLOCK.findall(text) if OPENING in text else [text.strip()]
    found = [call for block in blocks for call in _read(block) if call.name in offered.names]
    return found if offered.many else found[:1]


def forced_calls(text: str, offered: Offer) -> list[Called]:
    """The call in an answer that had to be one, cut short perhaps; none if it was cut too soon."""
    if found := find_calls(text, offered):
        return found
    cut = _CUT.match(text.strip())
    if cut is None or cut[1] not in offered.names:
        return []
    return [Called(_new_id(), cut[1], cut[2])]


def _read(text: str) -> Iterator[Called]:
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return
    for each in cast("list[Any]", value) if isinstance(value, list) else [value]:
        if not isinstance(each, dict):
            continue
        call = cast("dict[str, Any]", each)
        name, arguments = call.get("name"), call.get("arguments")
        if isinstance(name, str) and isinstance(arguments, dict):
            yield Called(_new_id(), name, json.dumps(arguments, ensure_ascii=False))


def _new_id() -> str:
    return f"call_{secrets.token_hex(12)}"
