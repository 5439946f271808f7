"""`llmp models`: Triton's repository API for people, and programs of `services/`."""

import json
import os
import time
from collections.abc import Collection, Sequence
from typing import Any, NoReturn
from urllib.parse import quote

from rich.console import Console
from rich.table import Table
from rich.text import Text

from infra.cli.http_api import Refusal, Server
from llm_platform.problems import did_you_mean
from local.errors import LocalCloudError
from local.setup.environments import PROJECTS

FAILED = 1
LOAD_SECONDS = 300.0
"""A model with gigabytes of weights takes minutes."""
POLL_SECONDS = 0.1
READY = "READY"
LEAVING = "UNLOADING"


def show(server: Server, *, as_json: bool, known: Collection[str] | None = None) -> int:
    """Print the models of the repository; exit code 0.

    Args:
        server: A Triton.
        as_json: For programs.
        known: Models that its repository really has; Triton takes every folder for one. None:
            that cannot be said.
    """
    console = Console(highlight=False, soft_wrap=True)
    entries = [each for each in index(server) if known is None or each["name"] in known]
    if as_json:
        console.print_json(json.dumps(entries))
        return 0
    table = Table(box=None)
    for column in ("model", "version", "state", "reason"):
        table.add_column(column, overflow="fold")
    for entry in entries:
        state = entry["state"] or "not loaded"
        style = "green" if state == READY else "red" if entry["reason"] else "dim"
        table.add_row(
            Text(entry["name"]),
            Text(entry["version"]),
            Text(state.lower(), style=style),
            Text(entry["reason"]),
        )
    console.print(table)
    return 0


def load(server: Server, names: Sequence[str]) -> int:
    """Load models; exit code 1 when one of them cannot be."""
    return _each(server, names, "load", {})


def unload(server: Server, names: Sequence[str], *, steps: bool) -> int:
    """Unload models; exit code 1 when one of them cannot be."""
    return _each(server, names, "unload", {"parameters": {"unload_dependents": steps}})


def index(server: Server) -> list[dict[str, str]]:
    """Every version of every model: ``name``, ``version``, ``state``, ``reason``; sorted.

    Raises:
        LocalCloudError: The server is no Triton, or does not say.
    """
    try:
        listed: Any = server.call("POST", "/v2/repository/index", {})
        entries = [
            {
                key: str(each.get(key, "") or "").strip()
                for key in ("name", "version", "state", "reason")
            }
            for each in listed
        ]
    except Refusal as refusal:
        raise LocalCloudError(
            f"{server.url} does not list its models: {refusal}",
            "give the address of a Triton by --url",
        ) from None
    except (TypeError, AttributeError):
        raise LocalCloudError(
            f"what answers at {server.url} is no Triton", "give the address of one by --url"
        ) from None
    return sorted(entries, key=lambda entry: (entry["name"], entry["version"]))


def in_services(*arguments: str) -> NoReturn:
    """Become a module of `services/`, run by its Python: Ctrl-C and exit code are that program's.

    Raises:
        LocalCloudError: The environment of `services/` was not made yet.
    """
    project = PROJECTS["services"]
    if not project.python.exists():
        raise LocalCloudError(
            "the Python environment of services/ is not there yet",
            "make it: python3 local/bootstrap.py --with services",
        )
    program = str(project.python)
    os.execv(program, [program, "-m", *arguments])  # noqa: S606 - a list, no shell


def _settled(server: Server, name: str) -> None:
    """Wait until a model is no longer on its way out, which Triton does not wait for itself."""
    deadline = time.monotonic() + LOAD_SECONDS
    while any(each["name"] == name and each["state"] == LEAVING for each in index(server)):
        if time.monotonic() >= deadline:
            raise LocalCloudError(
                f"{name} still answers requests", "it is unloaded when they end: llmp models ls"
            )
        time.sleep(POLL_SECONDS)


def _each(server: Server, names: Sequence[str], verb: str, body: dict[str, Any]) -> int:
    console = Console(highlight=False, soft_wrap=True)
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    known = {entry["name"] for entry in index(server)}
    code = 0
    for name in dict.fromkeys(names):
        if name not in known:
            words = f"{name}: the repository has no such model{did_you_mean(name, known)}"
            errors.print(words, style="red", markup=False)
            code = FAILED
            continue
        try:
            path = f"/v2/repository/models/{quote(name, safe='')}/{verb}"
            server.call("POST", path, body, LOAD_SECONDS)
            _settled(server, name)
        except Refusal as refusal:
            errors.print(f"{name}: {refusal}", style="red", markup=False)
            code = FAILED
        else:
            console.print(f"{name}: {verb}ed", markup=False)
    return code
