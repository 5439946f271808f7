"""Reading settings: from a stack file on disk, or from the engine that runs the program.

Both give the same mapping, so both are checked by the same code: `settings_from`.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from infra.settings import Settings
from infra.settings_components import component_problems
from infra.settings_problems import parse
from llm_platform.problems import InvalidInputsError, Problem, raise_if_any

PROJECT = "llm-platform"
"""Name of the Pulumi project, and the namespace of its own configuration keys."""


def settings_from(values: Mapping[str, Any], subject: str) -> Settings:
    """Settings out of configuration values.

    Args:
        values: Configuration by full key, ``llm-platform:network`` or ``aws:region``.
        subject: What is read, for the error: the path of the stack file.

    Raises:
        InvalidInputsError: Something is wrong; it names every problem.
    """
    settings, problems = parse(_rooms(values))
    if settings is None or problems:
        raise InvalidInputsError(subject, problems)
    raise_if_any(subject, component_problems(settings))
    return settings


def read_stack_file(path: Path, subject: str) -> dict[str, Any]:
    """The `config` mapping of a stack file.

    Raises:
        InvalidInputsError: The file is missing, is no YAML, or has no `config` mapping.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = sorted(
            found.name.removeprefix("Pulumi.").removesuffix(".yaml")
            for found in path.parent.glob("Pulumi.*.yaml")
        )
        problem = Problem("stack", "there is no such stack file", " | ".join(known) or "none yet")
        raise InvalidInputsError(subject, [problem]) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        text = " ".join(str(error).split())
        problem = Problem("stack file", f"is no YAML: {text}", "a YAML mapping in UTF-8")
        raise InvalidInputsError(subject, [problem]) from None
    return _config_of(document, subject)


def engine_values() -> dict[str, Any]:
    """Every configuration value that the engine gave to this program, by full key."""
    # imported here: the command line reads stack files without loading the SDK
    from pulumi.runtime.config import CONFIG, get_config_env  # noqa: PLC0415

    return {**get_config_env(), **CONFIG.get()}


def _config_of(document: Any, subject: str) -> dict[str, Any]:
    problems: list[Problem] = []
    if not isinstance(document, dict):
        problems.append(Problem("stack file", "is no mapping", "a mapping with the key config"))
        raise InvalidInputsError(subject, problems)
    mapping = cast("dict[str, Any]", document)
    allowed = ("config", "secretsprovider", "encryptedkey", "encryptionsalt", "environment")
    problems += [
        Problem(str(key), "is not a key of a stack file", " | ".join(allowed))
        for key in mapping
        if key not in allowed
    ]
    config: Any = mapping.get("config")
    if not isinstance(config, dict):
        problems.append(Problem("config", "is missing or no mapping", "a mapping of settings"))
    if problems:
        raise InvalidInputsError(subject, problems)
    return {str(key): value for key, value in cast("dict[Any, Any]", config).items()}


def _rooms(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by the key that `Settings` knows; objects arrive from the engine as JSON text."""
    prefix = f"{PROJECT}:"
    rooms: dict[str, Any] = {}
    for key, value in values.items():
        if key.startswith(prefix):
            rooms[key.removeprefix(prefix)] = _decoded(value)
        elif key == "aws:region" or not _is_provider_key(key):
            rooms[key] = value
    return rooms


def _is_provider_key(key: str) -> bool:
    """Keys of providers and of the engine are theirs to check."""
    return key.partition(":")[0] in {"aws", "kubernetes", "eks", "pulumi"}


def _decoded(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value
