"""The folder from which pulumi is run: outside the work tree, so that `git status` stays clean.

pulumi writes into the stack file (an encryption salt, a provider's choice) and the
Automation API looks for it beside the project file. So every run gets a copy of both in a
folder of its own; the tracked files are only ever read.
"""

import os
import re
import secrets
from pathlib import Path
from typing import Any, cast

import yaml

from infra.settings import Settings
from infra.settings_source import read_stack_file, settings_from
from infra.settings_yaml import read_yaml
from llm_platform.problems import InvalidInputsError, Problem
from local.cluster.processes import write_private
from local.paths import REPOSITORY

STACKS = REPOSITORY / "stacks"
OWN_STACKS = "LLMP_STACKS"
"""Variable that names a folder of a person's own stack files; they come before `STACKS`."""

_STACK = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]*$")

SECRETS_KEYS = ("secretsprovider", "encryptedkey", "encryptionsalt")
"""What pulumi adds to a stack file: how the stack's secrets are encrypted."""


def stack_file(stack: str) -> Path:
    """The stack file of `stack`: in ``$LLMP_STACKS`` if it is there, else in ``stacks/``."""
    name = f"Pulumi.{stack}.yaml"
    own = os.environ.get(OWN_STACKS)
    if own and (Path(own).expanduser() / name).is_file():
        return Path(own).expanduser() / name
    return STACKS / name


def check_name(stack: str) -> None:
    """Refuse a name that no stack can have; it names files and folders.

    Raises:
        InvalidInputsError: It is none.
    """
    if not _STACK.match(stack):
        problem = Problem("stack", f"'{stack}' is no name of a stack", "letters, digits, - and _")
        raise InvalidInputsError("command line", [problem])


def load_settings(stack: str, *, for_change: bool = False) -> Settings:
    """The checked settings of a stack; nothing is started before this.

    Args:
        stack: Name of the stack.
        for_change: Whether something shall be made or changed; see `settings_from`.

    Raises:
        InvalidInputsError: Names every problem of the stack file.
    """
    check_name(stack)
    path = stack_file(stack)
    subject = f"stacks/{path.name}" if path.parent == STACKS else str(path)
    own = os.environ.get(OWN_STACKS)
    others = [Path(own).expanduser()] if own else []
    values = read_stack_file(path, subject, *others)
    return settings_from(values, subject, for_change=for_change)


def lay_out(folder: Path, stack: str) -> Path:
    """Copy project and stack file into ``FOLDER/workspace``; how secrets are encrypted stays.

    Returns:
        The folder to run pulumi in.
    """
    workspace = folder / "workspace"
    workspace.mkdir(parents=True, exist_ok=True, mode=0o700)
    project = _mapping(REPOSITORY / "Pulumi.yaml")
    # both say where the tracked files are, which an inline program has no use for
    project.pop("main", None)
    project.pop("stackConfigDir", None)
    _write(workspace / "Pulumi.yaml", project)

    copy = workspace / f"Pulumi.{stack}.yaml"
    settings = _mapping(stack_file(stack))
    if copy.exists():
        before = _mapping(copy)
        for key in SECRETS_KEYS:
            if key in before:
                settings.setdefault(key, before[key])
    _write(copy, settings)
    return workspace


def passphrase_file(folder: Path) -> Path:
    """File with the passphrase of a local cloud's state, made at the first call (mode 0600)."""
    path = folder / "passphrase"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32))
    return path


def _mapping(path: Path) -> dict[str, Any]:
    return cast("dict[str, Any]", read_yaml(path.read_bytes()) or {})


def _write(path: Path, document: dict[str, Any]) -> None:
    # whole or not at all: `llmp status` lays out while another run reads
    write_private(path, yaml.safe_dump(document, sort_keys=False))
