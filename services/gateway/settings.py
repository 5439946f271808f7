"""The gateway's settings: one file, YAML or JSON, with a section for every part."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.access import BudgetsSettings, KeysSettings
from gateway.admission import AdmissionSettings
from gateway.cache.settings import CacheSettings, SemanticCacheSettings
from gateway.catalogue import DEFAULT_MODELS, Models
from gateway.guards.settings import GuardsSettings
from gateway.listen import ListenSettings
from gateway.telemetry import TelemetrySettings
from gateway.upstream.settings import UpstreamSettings


class SettingsError(Exception):
    """The settings cannot be used; every problem is a line of the message."""


class GatewaySettings(BaseModel):
    """All settings.

    Attributes:
        listen: Ports, and the limits of a request.
        upstream: Where Triton is.
        models: What is served.
        keys: Who may ask.
        budgets: How much.
        admission: How many at a time.
        guards: What prompts and answers are held against.
        cache: Answers that are given again to the very same question.
        semantic_cache: And to one that means the same.
        telemetry: Metrics, traces, logs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    listen: ListenSettings = ListenSettings()
    upstream: UpstreamSettings = UpstreamSettings()
    models: Models = DEFAULT_MODELS
    keys: KeysSettings
    budgets: BudgetsSettings = BudgetsSettings()
    admission: AdmissionSettings = AdmissionSettings()
    guards: GuardsSettings = Field(default_factory=lambda: GuardsSettings.model_validate({}))
    cache: CacheSettings = Field(default_factory=CacheSettings)
    semantic_cache: SemanticCacheSettings = Field(default_factory=SemanticCacheSettings)
    telemetry: TelemetrySettings = TelemetrySettings()


def load(path: Path) -> GatewaySettings:
    """Read a file of settings.

    Args:
        path: YAML, or JSON where the name ends so. Relative paths in it begin at its folder.

    Raises:
        SettingsError: It cannot be read, or something in it is wrong; names everything that is.
    """
    data = read_document(path)
    return _anchored(check({} if data is None else data, str(path)), path.parent.absolute())


def read_document(path: Path) -> Any:
    """What a file of YAML, or of JSON where its name ends so, holds; None when it is empty.

    Raises:
        SettingsError: It cannot be read, or says something twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: is not text in UTF-8") from None
    try:
        if path.suffix == ".json":
            return json.loads(text, object_pairs_hook=_pairs)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - derived from the safe loader
    except (ValueError, yaml.YAMLError) as error:
        raise SettingsError(f"{path}: {error}") from None


def check(data: Any, source: str = "settings") -> GatewaySettings:
    """Settings from plain data.

    Args:
        data: Mapping of sections.
        source: Where they come from, for the error.

    Raises:
        SettingsError: Something is wrong; names everything that is.
    """
    if not isinstance(data, dict):
        raise SettingsError(f"{source}: must be a mapping of sections")
    try:
        return GatewaySettings.model_validate(data)
    except ValidationError as error:
        lines = explain(error, GatewaySettings)
        raise SettingsError("\n".join(f"{source}: {line}" for line in lines)) from None


def _anchored(value: Any, folder: Path) -> Any:
    """The same with all relative paths below a folder."""
    if isinstance(value, Path):
        return folder / value
    if isinstance(value, tuple):
        return tuple(_anchored(each, folder) for each in cast("tuple[Any, ...]", value))
    if isinstance(value, BaseModel):
        fields = {name: getattr(value, name) for name in type(value).model_fields}
        moved = {name: _anchored(each, folder) for name, each in fields.items()}
        changed = {name: each for name, each in moved.items() if each is not fields[name]}
        return value.model_copy(update=changed) if changed else value
    return value


def explain(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """What is wrong, a line for each problem: path, and what is allowed."""
    lines: list[str] = []
    for each in error.errors(include_url=False, include_input=False):
        path = _path(each["loc"])
        if each["type"] == "extra_forbidden":
            known = sorted(_fields(model, each["loc"][:-1]))
            allowed = f"; allowed: {', '.join(known)}" if known else ""
            lines.append(f"{path}: is not known{allowed}")
        elif each["type"] == "missing":
            lines.append(f"{path}: is missing")
        else:
            message = each["msg"].removeprefix("Value error, ")
            lines.append(f"{path}: {message[:1].lower()}{message[1:]}" if path else message)
    return list(dict.fromkeys(lines))


def _path(steps: Sequence[int | str]) -> str:
    path = ""
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return path.lstrip(".")


def _fields(model: type[BaseModel], steps: Sequence[int | str]) -> set[str]:
    """Names of the settings at a path; empty where that cannot be said."""
    here: type[BaseModel] | None = model
    for step in steps:
        if here is not None and isinstance(step, str) and step in here.model_fields:
            here = _models(here.model_fields[step].annotation)
    return set(here.model_fields) if here is not None else set()


def _models(annotation: Any) -> type[BaseModel] | None:
    """The settings model inside an annotation such as ``tuple[Model, ...]`` or ``Model | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = {
        id(each): each
        for argument in get_args(annotation)
        if (each := _models(argument)) is not None
    }
    return next(iter(found.values())) if len(found) == 1 else None


def _pairs(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"set more than once: {', '.join(twice)}")
    return dict(pairs)


class _Loader(yaml.SafeLoader):
    """Refuses a key that is there twice, instead of taking the last one."""


def _mapping(loader: Any, node: Any) -> dict[str, Any]:
    loader.flatten_mapping(node)
    names = [loader.construct_object(key, deep=True) for key, _ in node.value]
    if twice := sorted({str(name) for name in names if names.count(name) > 1}):
        raise yaml.MarkedYAMLError(
            problem=f"set more than once: {', '.join(twice)}", problem_mark=node.start_mark
        )
    return dict(loader.construct_pairs(node, deep=True))


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
