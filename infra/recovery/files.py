"""Files of Pulumi's file backend that a killed engine left half written.

The engine writes a checkpoint beside the old one and renames it, so the checkpoint is always
whole. The sidecar ``.attrs`` with its checksum is written in place just before: killed there, the
engine says no more than "failed to load checkpoint: EOF" from then on. It does without a sidecar
that is missing.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from infra.recovery.locks import BOOKKEEPING, folder_of

ROOMS = ("stacks", "history", "backups")
SIDECAR = ".attrs"
LEFT = ".tmp"


def mend(backend: str, project: str, stack: str) -> list[Path]:
    """Remove half-written sidecars and left-over temporary files of one stack; returns those.

    Only while nobody else works on the stack. Does nothing for other backends.
    """
    folder = folder_of(backend)
    if folder is None:
        return []
    gone = [path for path in _files(folder / BOOKKEEPING, project, stack) if _is_waste(path)]
    for path in gone:
        path.unlink(missing_ok=True)
    return gone


def _files(root: Path, project: str, stack: str) -> Iterator[Path]:
    for room in ROOMS:
        folder = root / room / project
        if room != "stacks":
            yield from (folder / stack).glob("*")
            continue
        yield from folder.glob(f"{stack}.json*")


def _is_waste(path: Path) -> bool:
    if path.name.endswith(LEFT):
        return True
    if not path.name.endswith(SIDECAR):
        return False
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    except ValueError:
        return True
    return False
