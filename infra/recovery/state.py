"""Whether a stack's state holds operations that did not end, asked as cheaply as it can be."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import yaml

from infra.recovery.locks import BOOKKEEPING, folder_of


def project_of(workspace: Path) -> str:
    """Name of the project in a workspace."""
    text = (workspace / "Pulumi.yaml").read_text(encoding="utf-8")
    return str(cast("Mapping[str, str]", yaml.safe_load(text))["name"])


def may_have_operations(backend: str, project: str, stack: str) -> bool:
    """Whether it is worth the while to export the state.

    A file backend's checkpoint is read as it is, which saves running the engine before every
    run; of any other backend this is not known.
    """
    folder = folder_of(backend)
    if folder is None:
        return True
    stacks = folder / BOOKKEEPING / "stacks" / project
    checkpoint = stacks / f"{stack}.json"
    if checkpoint.exists():
        return '"pending_operations"' in checkpoint.read_text(encoding="utf-8")
    # not there yet, or kept compressed
    return (stacks / f"{stack}.json.gz").exists()
