"""The folder of models: which of them a stack may serve, and what each says to the gateway.

Reads `model_repo/` of this checkout, or the folder that ``LLMP_MODELS`` names.
"""

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from infra.settings import Settings
from infra.settings_base import UnjudgedError
from infra.settings_yaml import STACK_FILE, read_yaml
from llm_platform.problems import InvalidInputsError, Problem
from llm_platform.serving.model_entry import ENTRY_FILE, TEMPLATE_FILE, entry_of, in_file
from local.paths import MODELS_VARIABLE, REPOSITORY, model_repository

CATALOGUE = REPOSITORY / "services" / "gateway" / "config" / "models.yaml"
"""The gateway's entries for models that say nothing themselves."""
PIECE_BY_PIECE = re.compile(r"^model_transaction_policy \{ decoupled: true \}", re.MULTILINE)


def shown_folder() -> str:
    """The folder of models as a person knows it."""
    return str(model_repository()) if os.environ.get(MODELS_VARIABLE) else "model_repo/"


def language_models() -> list[str]:
    """Names of the models that answer piece by piece."""
    return sorted(
        each.parent.name
        for each in model_repository().glob("*/config.pbtxt")
        if PIECE_BY_PIECE.search(each.read_text(encoding="utf-8"))
    )


def gateway_entry(model: str) -> dict[str, Any] | None:
    """A model's entry in the gateway's catalogue: its own, else the gateway's.

    None when there is none; `model_problems` says what is wrong with one.
    """
    return _own_entry(model)[0] or _catalogue().get(model)


def model_problems(settings: Settings) -> Iterator[Problem]:
    """What is wrong with the folder of models, and with what the served ones say to the gateway."""
    folder = model_repository()
    if not folder.is_dir():
        allowed = "a folder of model folders, or no variable for model_repo/ of the checkout"
        yield Problem(MODELS_VARIABLE, f"there is no folder {folder}", allowed)
        return
    for model in sorted(_served(settings)):
        yield from _own_entry(model)[1]


def _served(settings: Settings) -> set[str]:
    found: set[str] = set()
    try:
        services = settings.services
    except UnjudgedError:
        return found
    for each in services:
        try:
            found |= {each.model, each.candidate_model}
        except UnjudgedError:
            continue
    return found


def _own_entry(model: str) -> tuple[dict[str, Any] | None, list[Problem]]:
    """What a model's folder says; None where it says nothing."""
    folder = model_repository() / model
    file = f"{model}/{ENTRY_FILE}"
    template = _text(folder / TEMPLATE_FILE)
    content = _bytes(folder / ENTRY_FILE)
    if content is None:
        if template is None:
            return None, []
        what = "nothing says what it is for"
        return None, [Problem(f"{model}/{TEMPLATE_FILE}", what, f"an {ENTRY_FILE} beside it")]
    try:
        document = read_yaml(content)
    except InvalidInputsError as error:
        return None, [
            Problem(file, each.problem, each.allowed)
            if each.path == STACK_FILE
            else in_file(model, each)
            for each in error.problems
        ]
    return entry_of(model, document, template)


def _bytes(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None


def _text(file: Path) -> str | None:
    """A template; what is no text in UTF-8 is refused when the repository is read."""
    content = _bytes(file)
    return None if content is None else content.decode("utf-8", errors="replace")


@cache
def _catalogue() -> dict[str, dict[str, Any]]:
    read: Any = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    return {str(entry["name"]): {**entry} for entry in read["models"]}
