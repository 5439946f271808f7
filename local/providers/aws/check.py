"""Checks inputs against a type's table and completes them."""

from collections.abc import Mapping
from typing import Any, cast

from local.providers.aws import tags
from local.providers.aws.handler import Handler
from local.providers.aws.naming import auto_name
from local.providers.aws.schema import Field, Fields
from local.providers.diff import Path, path_text
from local.providers.model import Checked, CheckFailure, CheckRequest
from local.providers.values import UNKNOWN

DEFAULTS = "__defaults"
"""Input that lists the inputs which the provider filled in, as the official one does."""


def check_inputs(
    handler: Handler, request: CheckRequest, region: str, default_tags: Any
) -> Checked:
    """Inputs with defaults, name, region and tags, and everything that is wrong with them."""
    schema = handler.schema
    inputs = {k: v for k, v in request.inputs.items() if k not in {DEFAULTS, "tagsAll"}}
    failures: list[CheckFailure] = []
    _check_fields((), schema.all_fields, inputs, request.type, failures)
    before = set(inputs)
    inputs = _with_defaults(schema.all_fields, inputs)
    _name(handler, request, inputs)
    handler.complete(inputs, request.name)
    if schema.regional:
        inputs.setdefault("region", region)
    filled = sorted(set(inputs) - before)
    if schema.tags:
        merged = tags.all_tags(inputs.get("tags"), default_tags)
        if merged:
            inputs["tagsAll"] = merged
    if not failures:
        failures.extend(handler.validate(inputs))
    return Checked({**inputs, DEFAULTS: filled}, failures)


def _name(handler: Handler, request: CheckRequest, inputs: dict[str, Any]) -> None:
    rule = handler.schema.name
    if rule is None or rule.property in inputs or f"{rule.property}Prefix" in inputs:
        return
    was_automatic = rule.property in (request.old_inputs.get(DEFAULTS) or [])
    old = request.old_inputs.get(rule.property)
    if was_automatic and old:
        inputs[rule.property] = old
    else:
        inputs[rule.property] = auto_name(rule, request.name, request.random_seed, inputs)


def _with_defaults(fields: Fields, inputs: Mapping[str, Any]) -> dict[str, Any]:
    full: dict[str, Any] = {}
    for name, value in inputs.items():
        field = fields.get(name)
        full[name] = _nested_defaults(field, value) if field else value
    for name, field in fields.items():
        if field.default is not None and name not in full:
            full[name] = field.default
    return full


def _nested_defaults(field: Field, value: Any) -> Any:
    if field.fields is None:
        return value
    if isinstance(value, dict):
        return _with_defaults(field.fields, cast("dict[str, Any]", value))
    if isinstance(value, list):
        return [_nested_defaults(field, item) for item in cast("list[Any]", value)]
    return value


def _check_fields(
    path: Path,
    fields: Fields,
    inputs: Mapping[str, Any],
    token: str,
    failures: list[CheckFailure],
) -> None:
    for name, value in inputs.items():
        here = (*path, name)
        if name not in fields:
            text = path_text(here)
            reason = f"{token}: input {text!r} is not handled by the local stand-in"
            failures.append(CheckFailure(text, reason))
        elif value is not UNKNOWN:
            _check_value(here, fields[name], value, token, failures)
    for name, field in fields.items():
        if field.required and inputs.get(name) is None:
            text = path_text((*path, name))
            failures.append(CheckFailure(text, f"{token}: input {text!r} is required"))


def _check_value(
    path: Path, field: Field, value: Any, token: str, failures: list[CheckFailure]
) -> None:
    if field.choices and value not in field.choices:
        text = path_text(path)
        allowed = ", ".join(field.choices)
        failures.append(CheckFailure(text, f"{token}: {text} is {value!r}; allowed are: {allowed}"))
    if field.fields is None:
        return
    if isinstance(value, dict):
        _check_fields(path, field.fields, cast("dict[str, Any]", value), token, failures)
    elif isinstance(value, list):
        for index, item in enumerate(cast("list[Any]", value)):
            if item is not UNKNOWN:
                _check_value((*path, index), field, item, token, failures)
    else:
        text = path_text(path)
        failures.append(CheckFailure(text, f"{token}: {text} has to be an object"))
