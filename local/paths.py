"""Where the local cloud keeps what it writes, never inside the work tree, and where models are."""

import hashlib
import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
"""Root of this checkout; every path to a file of the project starts here."""

MODELS_VARIABLE = "LLMP_MODELS"
"""Variable that names a person's own folder of models."""


def cache_folder() -> Path:
    """Folder of what can be made again: built tools. Shared by all checkouts of a user.

    ``$LLMP_CACHE``, else ``$XDG_CACHE_HOME/llm-platform``, else ``~/.cache/llm-platform``.
    """
    return _folder("LLMP_CACHE", "XDG_CACHE_HOME", ".cache")


def state_folder() -> Path:
    """Folder of what must not be lost: clouds and stack state, one per user and checkout.

    ``$LLMP_STATE``, else ``$XDG_STATE_HOME/llm-platform/CHECKOUT``, else
    ``~/.local/state/llm-platform/CHECKOUT``, where CHECKOUT is the name of the checkout's
    folder with a digest of its path.
    """
    chosen = os.environ.get("LLMP_STATE")
    if chosen:
        return Path(chosen).expanduser()
    digest = hashlib.sha256(str(REPOSITORY).encode()).hexdigest()[:8]
    return _folder("", "XDG_STATE_HOME", ".local/state") / f"{REPOSITORY.name}-{digest}"


def model_repository() -> Path:
    """Folder of the models that a stack serves: ``$LLMP_MODELS``, else ``model_repo/``.

    It need not be there: `infra.model_repository` refuses that by name.
    """
    own = os.environ.get(MODELS_VARIABLE)
    return Path(own).expanduser().absolute() if own else REPOSITORY / "model_repo"


def _folder(own_variable: str, xdg_variable: str, below_home: str) -> Path:
    own = os.environ.get(own_variable) if own_variable else None
    if own:
        return Path(own).expanduser()
    base = os.environ.get(xdg_variable)
    return (Path(base) if base else Path.home() / below_home) / "llm-platform"
