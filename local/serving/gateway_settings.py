"""The gateway's settings for one server: the checked-in defaults with this server's values."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import yaml

from llm_platform.problems import Problem, raise_if_any
from llm_platform.serving.model_entry import ENTRY_FILE, TEMPLATE_FILE, entry_of
from local.cluster.processes import write_private
from local.errors import LocalCloudError
from local.serving.order import ServePorts
from local.serving.record import LOOPBACK

FILE = "gateway.yaml"
KEYS_FILE = "keys.json"
BUDGETS_FILE = "budgets.sqlite"
DRAIN_SECONDS = 8
"""How long running answers may take when the server is stopped; production's is longer."""

HEADER = "# Written by `llmp serve` at every start. Changes here are lost.\n"

Settings = dict[str, Any]


def read_defaults(files: Sequence[Path]) -> Settings:
    """The checked-in settings; a section of an earlier file stands for the whole section.

    Raises:
        LocalCloudError: They cannot be read, or are no mapping.
    """
    sections: Settings = {}
    for file in files:
        sections = {**_read(file), **sections}
    return sections


def with_own_entries(defaults: Settings, repository: Path) -> Settings:
    """The settings, with what models of a repository say of themselves in place of theirs.

    Raises:
        InvalidInputsError: One says something wrong; names every problem.
    """
    own: Settings = {}
    problems: list[Problem] = []
    for file in sorted(repository.glob(f"*/{ENTRY_FILE}")):
        name, template = file.parent.name, file.parent / TEMPLATE_FILE
        text = template.read_text(encoding="utf-8") if template.is_file() else None
        own[name], found = entry_of(name, _read(file), text)
        problems += found
    raise_if_any(str(repository), problems)
    others = [each for each in _models(defaults) if each["name"] not in own]
    return {**defaults, "models": [*others, *own.values()]} if own else defaults


def offered(defaults: Settings) -> list[str]:
    """Triton's names of the models that the settings offer."""
    return [_triton(each) for each in _models(defaults)]


def compose(
    defaults: Settings, *, folder: Path, models: Sequence[str], ports: ServePorts
) -> Settings:
    """The settings of one server. Pure.

    Args:
        defaults: The checked-in settings.
        folder: The server's folder: keys and counters of budgets are kept there.
        models: Triton's models that are loaded. Of the settings' own, only they are offered; one
            that the settings do not know is offered by the Open Inference Protocol.
        ports: The server's ports.
    """
    known = [each for each in _models(defaults) if _triton(each) in models]
    names = {_triton(each) for each in known}
    others = [{"name": name, "kind": "tensor"} for name in models if name not in names]
    served = [*known, *others]
    return {
        **defaults,
        "listen": {
            "drain_seconds": DRAIN_SECONDS,
            **_section(defaults, "listen"),
            "host": LOOPBACK,
            "http_port": ports.http,
            "grpc_port": ports.grpc,
        },
        "upstream": {
            **_section(defaults, "upstream"),
            "grpc": f"{LOOPBACK}:{ports.triton_grpc}",
            "http": f"{LOOPBACK}:{ports.triton_http}",
        },
        # Every user of this machine can reach loopback.
        "keys": {
            **_section(defaults, "keys"),
            "required": True,
            "file": str(folder / KEYS_FILE),
        },
        "budgets": {**_section(defaults, "budgets"), "sqlite_file": str(folder / BUDGETS_FILE)},
        "admission": _admission(_section(defaults, "admission"), served),
        "models": served,
    }


def chat_model(settings: Settings) -> str:
    """Name of the first model that chats; empty when none does."""
    chatting = (str(each["name"]) for each in _models(settings) if each.get("kind") == "chat")
    return next(chatting, "")


def write(settings: Settings, folder: Path) -> Path:
    """Write the settings into the server's folder, for its owner only; returns the file."""
    file = folder / FILE
    text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
    write_private(file, HEADER + text)
    return file


def _admission(section: Settings, served: Sequence[Settings]) -> Settings:
    """The room of models that are served; the gateway refuses figures for others."""
    if "models" not in section:
        return section
    names = {each["name"] for each in served}
    kept = {name: room for name, room in section["models"].items() if name in names}
    return {**section, "models": kept}


def _read(file: Path) -> Settings:
    try:
        found: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise LocalCloudError(
            f"the gateway's settings {file} cannot be read", "put the file right", str(error)
        ) from error
    if not isinstance(found, dict):
        raise LocalCloudError(f"{file} holds no settings", "write sections, such as listen: {}")
    return cast("Settings", found)


def _models(settings: Settings) -> list[Settings]:
    return cast("list[Settings]", settings.get("models") or [])


def _triton(model: Settings) -> str:
    return str(model.get("triton") or model.get("name"))


def _section(settings: Settings, name: str) -> Settings:
    return cast("Settings", settings.get(name) or {})
