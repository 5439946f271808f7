"""A model repository with its weights in it, as a model store holds it.

The weights are the files that each version's ``weights.json`` names, taken from the packages that
it names for machines without a model store. Whether they are right is checked by what loads them.
"""

import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from local.errors import LocalCloudError

MANIFEST = "weights.json"
IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", "README.md")


def assemble(source: Path, packages: Path, target: Path, models: Iterable[str]) -> None:
    """Copy models from the repository `source` into `target`, and put their weights beside.

    Args:
        source: A Triton model repository.
        packages: ``site-packages`` with the packages of weights.
        target: Folder that gets them; made when missing.
        models: Which.

    Raises:
        LocalCloudError: A model or a file of weights is not there; names all of them.
    """
    missing: list[str] = []
    for model in models:
        if not (source / model / "config.pbtxt").is_file():
            missing.append(f"{source.name}/{model}/config.pbtxt")
            continue
        shutil.copytree(source / model, target / model, ignore=IGNORED, dirs_exist_ok=True)
        for manifest in sorted((target / model).glob(f"*/{MANIFEST}")):
            for name, place in wanted(manifest.read_text(encoding="utf-8")).items():
                if (packages / place).is_file():
                    _bring(packages / place, manifest.parent / name)
                elif not (manifest.parent / name).is_file():
                    missing.append(f"{place}, for {model}")
    if missing:
        raise LocalCloudError(
            "The model repository is not complete.",
            "Bring the environment of services/ in step (make services-test), and try again.",
            "\n".join(f"  missing: {each}" for each in missing),
        )


def wanted(manifest: str) -> dict[str, str]:
    """Files of weights that come from packages: place in ``site-packages`` by file name."""
    read: dict[str, Any] = json.loads(manifest)
    files: dict[str, dict[str, Any]] = read["files"]
    return {
        str(each["file"]): str(each["package"]["path"])
        for each in files.values()
        if each.get("package")
    }


def _bring(source: Path, target: Path) -> None:
    """Link where that is possible; weights are large."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
