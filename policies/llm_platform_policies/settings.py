"""Settings of the pack: what the stack's configuration says about environment and budget."""

import json
from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from llm_platform.environments import EnvironmentName
from llm_platform.problems import InvalidInputsError, Problem

__all__ = ["ALLOWED", "EnvironmentName", "PackSettings", "settings_from"]

NAMESPACE = "llm-platform"
"""Namespace of the configuration keys that the pack reads."""


class Room(BaseModel):
    """Base of the settings: immutable, camelCase in the configuration."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, str_strip_whitespace=True
    )


class Environment(Room):
    """Which environment this is; other keys of the object are the program's to check."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, str_strip_whitespace=True
    )

    name: EnvironmentName


class Cost(Room):
    """What the environment may cost."""

    monthly_budget_usd: float = Field(gt=0, allow_inf_nan=False)
    allowed_instance_families: tuple[str, ...] = Field(min_length=1)
    max_gpus: int = Field(default=8, ge=0)
    alert_email: str | None = None


class PackSettings(Room):
    """Everything that the pack needs to know about a stack."""

    region: str = Field(alias="aws:region", pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    environment: Environment
    cost: Cost


ALLOWED: dict[str, str] = {
    "aws:region": "an AWS region, e.g. eu-central-1",
    "environment": "an object with the key name",
    "environment.name": " | ".join(EnvironmentName),
    "cost": "an object with monthlyBudgetUsd and allowedInstanceFamilies",
    "cost.monthlyBudgetUsd": "US dollars a month, above 0",
    "cost.allowedInstanceFamilies": "a list of EC2 instance families, e.g. m7i, g6",
    "cost.maxGpus": "a whole number of 0 or more",
    "cost.alertEmail": "an e-mail address",
}


def settings_from(config: Mapping[str, str], subject: str) -> PackSettings:
    """Settings out of a stack's configuration, as the engine hands it to an analyzer.

    Args:
        config: Configuration by full key; objects are JSON text.
        subject: What is read, for the error, e.g. ``configuration of stack dev``.

    Raises:
        InvalidInputsError: Something is missing or wrong; the error names every problem.
    """
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    if "aws:region" in config:
        values["aws:region"] = config["aws:region"]
    for room in ("environment", "cost"):
        text = config.get(f"{NAMESPACE}:{room}")
        if text is None:
            continue
        try:
            values[room] = json.loads(text)
        except json.JSONDecodeError:
            problems.append(Problem(room, f"is {text!r}", ALLOWED[room]))
            values[room] = {}
    try:
        settings = PackSettings.model_validate(values)
    except ValidationError as error:
        broken = {problem.path for problem in problems}
        problems += [
            problem for problem in _problems(error) if problem.path.partition(".")[0] not in broken
        ]
        raise InvalidInputsError(subject, problems) from None
    if problems:
        raise InvalidInputsError(subject, problems)
    return settings


def _problems(error: ValidationError) -> list[Problem]:
    found: list[Problem] = []
    for detail in error.errors(include_url=False):
        path = ".".join(str(step) for step in detail["loc"] if not isinstance(step, int))
        missing = detail["type"] == "missing"
        extra = detail["type"] == "extra_forbidden"
        text = "is not set" if missing else f"is {_shown(detail['input'])}"
        allowed = ALLOWED.get(path, detail["msg"])
        if extra:
            room = path.rpartition(".")[0]
            text = "is no known key"
            allowed = " | ".join(
                key.rpartition(".")[2] for key in ALLOWED if key.rpartition(".")[0] == room
            )
        found.append(Problem(path, text, allowed))
    return found


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        keys = ", ".join(str(key) for key in cast("Mapping[object, object]", value))
        return f"an object with {keys or 'no keys'}"
    return repr(value)
