"""Folders of pinned Go modules, for the data that they carry: CRDs, charts, manifests.

The Go tool fetches them, checks them against the public checksum database and keeps them in its
module cache. The folders are read-only.
"""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from local.errors import LocalCloudError
from local.reporter import Reporter
from local.toolchain import children, golang
from local.toolchain.building import duration

ANY_GO = (1, 16)
"""Oldest Go whose `go mod download -json` answers outside of a module."""


def module_folder(module: str, version: str, reporter: Reporter, *, checksum: str = "") -> Path:
    """Folder of one module in Go's module cache.

    Args:
        module: Module path, such as ``github.com/cert-manager/cert-manager``.
        version: Its version, such as ``v1.19.1``.
        reporter: Told every few seconds when it has to be fetched.
        checksum: Hash that its sources must have, as ``go.sum`` has it; empty: any.

    Raises:
        LocalCloudError: Go is missing, or the module is not to be had, or is another one.
    """
    checksums = {(module, version): checksum} if checksum else {}
    return module_folders([(module, version)], reporter, checksums)[module, version]


def module_folders(
    modules: Iterable[tuple[str, str]],
    reporter: Reporter,
    checksums: Mapping[tuple[str, str], str] | None = None,
) -> dict[tuple[str, str], Path]:
    """Folders of many modules, fetched together; keys are ``(module, version)``.

    Args:
        modules: Paths and versions.
        reporter: Told every few seconds when some have to be fetched.
        checksums: Hashes that sources must have, for those that have one.

    Raises:
        LocalCloudError: Go is missing, or some modules are not to be had, or have another hash
            than the given one: all of them are named.
    """
    wanted = list(dict.fromkeys(modules))
    if not wanted:
        return {}
    go = golang.find(ANY_GO)
    env = golang.environment()
    step = wanted[0][0] if len(wanted) == 1 else f"{len(wanted)} Go modules"
    # An empty folder: a go.mod around the current one must not have a say in it.
    with tempfile.TemporaryDirectory(prefix="llmp-modules-") as empty:
        ended = children.run(
            [str(go.program), "mod", "download", "-json", *(f"{m}@{v}" for m, v in wanted)],
            folder=Path(empty),
            env=env,
            on_line=lambda _: None,
            on_tick=lambda seconds: reporter.note(step, f"downloading ({duration(seconds)})"),
        )
    answers = {
        (str(each.get("Path")), str(each.get("Version"))): each for each in _objects(ended.stdout)
    }
    errors = [
        f"{module}@{version}: {answer['Error']}"
        for (module, version), answer in answers.items()
        if answer.get("Error")
    ]
    folders = {
        (module, version): Path(answer["Dir"])
        for (module, version), answer in answers.items()
        if answer.get("Dir") and not answer.get("Error")
    }
    missing = [f"{m}@{v}" for m, v in wanted if (m, v) not in folders]
    if missing:
        tail = "\n".join([*errors, ended.tail]).strip()
        raise golang.failure(
            f"Go modules are not to be had: {', '.join(missing)}.",
            children.Ended(ended.code, "", tail),
            env,
        )
    _require_checksums(answers, checksums or {})
    return {key: folders[key] for key in wanted}


def _require_checksums(
    answers: Mapping[tuple[str, str], Mapping[str, Any]], wanted: Mapping[tuple[str, str], str]
) -> None:
    """Refuse sources of another hash than the pinned one."""
    wrong = [
        f"{module}@{version}: {answers[module, version].get('Sum')}, {checksum} is pinned"
        for (module, version), checksum in wanted.items()
        if answers[module, version].get("Sum") != checksum
    ]
    if wrong:
        raise LocalCloudError(
            "The sources of Go modules are not those that are pinned.",
            "Do not go on before you know why: `go clean -modcache` removes a damaged copy; if it "
            "comes back, the proxy serves it.",
            "\n".join(wrong),
        )


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects that follow each other in `text`."""
    decoder = json.JSONDecoder()
    position = 0
    while (position := _next(text, position)) < len(text):
        try:
            value, position = decoder.raw_decode(text, position)
        except ValueError as error:
            raise LocalCloudError(
                "`go mod download` answered something else than JSON.",
                "Run it by hand to see what it says.",
                text[position : position + 500],
            ) from error
        yield value


def _next(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position
