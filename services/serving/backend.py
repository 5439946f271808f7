"""What models of Triton's Python backend have in common."""

import importlib
import json
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Triton's Python backend keeps its regions
WATCH_SECONDS = 0.1


@cache
def triton() -> Any:
    """Triton's ``triton_python_backend_utils``, which exists in its model processes only."""
    return importlib.import_module("triton_python_backend_utils")


@dataclass(frozen=True)
class Settings:
    """The ``parameters`` of a model's configuration."""

    values: Mapping[str, str]

    def text(self, name: str) -> str:
        """A setting that must be there."""
        if name not in self.values:
            message = f"config.pbtxt: parameters.{name} is missing"
            raise triton().TritonModelException(message)
        return self.values[name]

    def number(self, name: str, lowest: int = 1) -> int:
        """A whole number that must be there, and be `lowest` or more."""
        value = self.text(name)
        if not value.isdecimal() or int(value) < lowest:
            message = f"config.pbtxt: parameters.{name}: {value!r}; allowed: {lowest} or more"
            raise triton().TritonModelException(message)
        return int(value)


def read_settings(args: Mapping[str, str]) -> Settings:
    """Settings from what Triton gives to `initialize`."""
    parameters = json.loads(args["model_config"]).get("parameters", {})
    return Settings({key: entry["string_value"] for key, entry in parameters.items()})


def version_folder(args: Mapping[str, str]) -> Path:
    """The folder of the version that is loaded."""
    return Path(args["model_repository"]) / args["model_version"]


def require(request: Any, name: str) -> Any:
    """The array of an input that the configuration makes compulsory."""
    return triton().get_input_tensor_by_name(request, name).as_numpy()


def leave_with_server() -> None:
    """End this model process as soon as Triton is gone, and take its shared memory with it.

    Triton's own check of this takes the model apart while nothing answers any more, which ends in
    a crash when there are custom metrics, and leaves the shared memory behind.
    """
    parent = os.getppid()
    threading.Thread(target=_watch, args=(parent,), name="leave-with-server", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    region = _region()
    if region is not None:
        region.unlink(missing_ok=True)
    os._exit(1)


def _region() -> Path | None:
    """The shared memory of this model process; its name is the second argument of the stub."""
    words = Path("/proc/self/cmdline").read_bytes().split(b"\0")
    name = words[2].decode(errors="replace").lstrip("/") if len(words) > 2 else ""
    return SHARED_MEMORY / name if name and "/" not in name else None
