"""The folder from which pulumi is run: outside the work tree, so that `git status` stays clean.

pulumi writes into the stack file (an encryption salt, a provider's choice) and the
Automation API looks for it beside the project file. So every run gets a copy of both in a
folder of its own; the tracked files are only ever read.
"""

import secrets
from pathlib import Path
from typing import Any, cast

import yaml

from infra.settings import Settings
from infra.settings_source import read_stack_file, settings_from
from local.paths import REPOSITORY

STACKS = REPOSITORY / "stacks"


def stack_file(stack: str) -> Path:
    """The tracked stack file of `stack`."""
    return STACKS / f"Pulumi.{stack}.yaml"


def load_settings(stack: str) -> Settings:
    """The checked settings of a stack; nothing is started before this.

    Raises:
        InvalidInputsError: Names every problem of the stack file.
    """
    subject = f"stacks/Pulumi.{stack}.yaml"
    return settings_from(read_stack_file(stack_file(stack), subject), subject)


def lay_out(folder: Path, stack: str) -> Path:
    """Copy project and stack file into ``FOLDER/workspace``, keeping the salt of earlier runs.

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
        salt = _mapping(copy).get("encryptionsalt")
        if salt is not None:
            settings.setdefault("encryptionsalt", salt)
    _write(copy, settings)
    return workspace


def passphrase_file(folder: Path) -> Path:
    """File with the passphrase of a local cloud's state, made at the first call (mode 0600)."""
    path = folder / "passphrase"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32), encoding="ascii")
    return path


def _mapping(path: Path) -> dict[str, Any]:
    return cast("dict[str, Any]", yaml.safe_load(path.read_text(encoding="utf-8")) or {})


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
