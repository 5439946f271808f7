"""Whose stack a folder of state is: one checkout's, so that two never work on one stack.

Without ``LLMP_STATE`` every user and every checkout has a folder of state of its own. With it
two checkouts may be pointed at the same one by accident, for instance by a shell's start file;
the second would lead the first one's stack to its own program.
"""

from pathlib import Path

from local.cluster.processes import write_private
from local.errors import LocalCloudError
from local.paths import REPOSITORY

OWNER_FILE = "checkout"
PROJECT_FILE = "Pulumi.yaml"


def claim(folder: Path, stack: str, ours: Path = REPOSITORY) -> None:
    """Note that the stack in `folder` is that of the checkout `ours`, or refuse.

    A checkout that has been moved or deleted owns nothing any more: then the stack is taken over.

    Args:
        folder: The stack's folder, which exists.
        stack: Name of the stack, for the error.
        ours: Root of the checkout that wants to work on it.

    Raises:
        LocalCloudError: It is another checkout's, which is still there.
        OSError: The note cannot be written.
    """
    refuse_others(folder, stack, ours)
    note = folder / OWNER_FILE
    if not note.exists() or _owner(note) != ours:
        write_private(note, f"{ours}\n")


def refuse_others(folder: Path, stack: str, ours: Path = REPOSITORY) -> None:
    """Refuse when the stack in `folder` is that of another checkout; note nothing.

    Raises:
        LocalCloudError: It is another checkout's, which is still there.
    """
    owner = _owner(folder / OWNER_FILE)
    if owner is None or owner == ours or not (owner / PROJECT_FILE).is_file():
        return
    raise LocalCloudError(
        f"Stack {stack} in {folder.parent} belongs to another checkout: {owner}",
        "Run the command there, or give this checkout a folder of state of its own: unset "
        "LLMP_STATE, or set it to another folder.",
    )


def _owner(note: Path) -> Path | None:
    try:
        text = note.read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Path(text) if text else None
