"""Reading settings: from a stack file on disk, or from the engine that runs the program.

Both give the same mapping, so both are checked by the same code: `settings_from`.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

from infra.model_repository import model_problems
from infra.settings import Settings
from infra.settings_components import component_problems
from infra.settings_problems import PROJECT, parse
from infra.settings_rules import rule_problems
from infra.settings_yaml import STACK_FILE, read_yaml
from llm_platform.problems import InvalidInputsError, Problem, did_you_mean, raise_if_any

FILE_KEYS = ("config", "secretsprovider", "encryptedkey", "encryptionsalt", "environment")
"""Keys of a stack file; all but `config` are the engine's own."""


def settings_from(
    values: Mapping[str, Any], subject: str, *, for_change: bool = True, today: date | None = None
) -> Settings:
    """Settings out of configuration values.

    Args:
        values: Configuration by full key, ``llm-platform:network`` or ``aws:region``.
        subject: What is read, for the error: the path of the stack file.
        for_change: Whether something shall be made or changed by them. Otherwise rules are left
            out whose verdict changes with time although the file does not: money, and what AWS
            supports. A stack that has become too dear can still be looked at and destroyed.
        today: Day by which support of versions is judged; the present day when left out.

    Raises:
        InvalidInputsError: Something is wrong; it names every problem.
    """
    settings, problems = parse(_decoded(values))
    problems += model_problems(settings)
    problems += component_problems(settings)
    problems += rule_problems(settings, today or present_day(), for_change=for_change)
    raise_if_any(subject, sorted(set(problems)))
    return settings


def present_day() -> date:
    """The day by which settings are judged when nobody says another."""
    return datetime.now(UTC).date()


def read_stack_file(path: Path, subject: str, *others: Path) -> dict[str, Any]:
    """The `config` mapping of a stack file.

    Args:
        path: The file.
        subject: What is read, for the error.
        others: Folders that may hold stack files too, for a name that is misspelt.

    Raises:
        InvalidInputsError: The file is missing, is no YAML, or has no `config` mapping.
    """
    try:
        document = read_yaml(path.read_bytes())
    except FileNotFoundError:
        raise InvalidInputsError(subject, [_no_such_stack(path, others)]) from None
    except InvalidInputsError as error:
        raise InvalidInputsError(subject, error.problems) from None
    return _config_of(document, subject)


def engine_values() -> dict[str, Any]:
    """Every configuration value that the engine gave to this program, by full key."""
    # imported here: the command line reads stack files without loading the SDK
    from pulumi.runtime.config import CONFIG, get_config_env  # noqa: PLC0415

    return {**get_config_env(), **CONFIG.get()}


def _no_such_stack(path: Path, others: Iterable[Path]) -> Problem:
    known = sorted(
        {
            found.name.removeprefix("Pulumi.").removesuffix(".yaml")
            for folder in (path.parent, *others)
            for found in folder.glob("Pulumi.*.yaml")
        }
    )
    near = did_you_mean(path.name.removeprefix("Pulumi.").removesuffix(".yaml"), known)
    allowed = " | ".join(known) or "none is there yet"
    return Problem("stack", f"there is no such stack file{near}", allowed)


def _config_of(document: Any, subject: str) -> dict[str, Any]:
    if document is None:
        problem = Problem(STACK_FILE, "is empty", "a mapping with the key config")
        raise InvalidInputsError(subject, [problem])
    if not isinstance(document, dict):
        what = "is a list" if isinstance(document, list) else "is a single value"
        problem = Problem(STACK_FILE, what, "a mapping with the key config")
        raise InvalidInputsError(subject, [problem])
    mapping = cast("dict[str, Any]", document)
    problems = [
        Problem(
            key,
            f"is not a key of a stack file{did_you_mean(key, FILE_KEYS)}",
            " | ".join(FILE_KEYS),
        )
        for key in mapping
        if key not in FILE_KEYS
    ]
    config: Any = mapping.get("config")
    if not isinstance(config, dict):
        what = "is missing" if "config" not in mapping else "is no mapping"
        allowed = f"a mapping with aws:region and keys such as {PROJECT}:network"
        problems.append(Problem("config", what, allowed))
    raise_if_any(subject, problems)
    return {str(key): value for key, value in cast("dict[Any, Any]", config).items()}


def _decoded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as they stand in a file; from the engine, objects arrive as JSON text."""
    return {
        key: _object(value) if key.startswith(f"{PROJECT}:") else value
        for key, value in values.items()
    }


def _object(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value
