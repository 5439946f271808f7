"""From the bytes of a request to its checked model."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

import orjson
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gateway.errors import InvalidRequestError
from gateway.openai.schemas_common import Support, support

Request = TypeVar("Request", bound=BaseModel)
_MOST_NAMED = 8
_PLAIN = {
    "missing": "it is missing",
    "extra_forbidden": "it is not known",
    "none_required": "it is not supported; leave it out",
}
_OF_TEXT = {"string_type", "literal_error"}
_OTHER_TYPES = {"list_type", "model_type", "dict_type"}


def parse(body: bytes, model: type[Request]) -> Request:
    """Read a request.

    Args:
        body: JSON, UTF-8.
        model: What it must be.

    Raises:
        InvalidRequestError: It is not that; names every problem, with its path, up to eight.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise _refusal(found, body, model) from None
    except RecursionError:
        raise InvalidRequestError("The body is nested too deeply.", code="invalid_json") from None


def _refusal(
    found: Sequence[ErrorDetails], body: bytes, model: type[BaseModel]
) -> InvalidRequestError:
    first = found[0]
    if first["type"] == "json_invalid":
        where = str(first.get("ctx", {}).get("error", "it cannot be read"))
        return InvalidRequestError(f"The body is not JSON: {where}.", code="invalid_json")
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        data = None
    lines: dict[str, list[str]] = {}
    for detail in _telling(found, data):
        lines.setdefault(_path(detail, data)[0], []).append(_words(detail))
    named = [
        f"{path or 'the body'}: {' or '.join(dict.fromkeys(words))}"
        for path, words in list(lines.items())[:_MOST_NAMED]
    ]
    if len(lines) > _MOST_NAMED:
        named.append(f"and {len(lines) - _MOST_NAMED} more")
    return InvalidRequestError(
        "; ".join(named) + ".", code=_code(first, model), param=next(iter(lines))
    )


def _code(detail: ErrorDetails, model: type[BaseModel]) -> str:
    if detail["type"] == "extra_forbidden":
        return "unknown_parameter"
    if detail["type"] == "missing":
        return "missing_parameter"
    name = str(detail["loc"][0]) if detail["loc"] else ""
    field = model.model_fields.get(name)
    if field is not None and support(field) is Support.REFUSED:
        return "unsupported_parameter"
    return "invalid_value"


def _telling(found: Sequence[ErrorDetails], data: Any) -> Sequence[ErrorDetails]:
    """Without what a union's other members say of a value that is not of their type."""
    located = [(_path(detail, data), detail) for detail in found]
    kept = [
        detail
        for (path, value), detail in located
        if not (
            (detail["type"] in _OTHER_TYPES and isinstance(value, str))
            or (detail["type"] in _OF_TEXT and isinstance(value, list | dict))
        )
        or not any(_below(other, path) for (other, _), each in located if each is not detail)
    ]
    return kept or found


def _below(path: str, above: str) -> bool:
    return path == above or path.startswith((f"{above}.", f"{above}["))


def _path(detail: ErrorDetails, data: Any) -> tuple[str, Any]:
    """The path as the client wrote it, and what is there.

    Pydantic's own path has the names of union members in it. What concerns several fields of the
    body has none; its words begin with the name of the field to blame.
    """
    if not detail["loc"] and detail["type"] == "value_error":
        return _words(detail).split()[0], None
    path = ""
    here: Any = data
    for place, step in enumerate(detail["loc"]):
        if isinstance(step, int):
            if isinstance(here, list):
                items = cast("list[Any]", here)
                path += f"[{step}]"
                here = items[step] if step < len(items) else None
            continue
        empty: Mapping[str, Any] = {}
        fields = cast("Mapping[str, Any]", here) if isinstance(here, dict) else empty
        last = place == len(detail["loc"]) - 1 and detail["type"] == "missing"
        if step in fields or last:
            path += f".{step}" if path else step
            here = fields.get(step)
    return path, cast("Any", here)


def _words(detail: ErrorDetails) -> str:
    kind = detail["type"]
    context: dict[str, Any] = detail.get("ctx", {})
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        which = str(context.get("discriminator", "")).strip("'")
        expected = context.get("expected_tags")
        known = f"its {which} must be one of {expected}"
        return known if expected else f"it must be an object with a known {which}"
    if kind == "value_error":
        return str(context["error"])
    said = detail["msg"]
    return said[0].lower() + said[1:]
