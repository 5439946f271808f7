"""`llmp state`: backups of a stack's state, and the state as a plain document."""

import gzip
import json
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from infra.cli import session
from infra.cli.engine import Engine, RunFailedError
from infra.cli.view import ConsoleReporter
from infra.cli.workspace import check_name, lay_out
from infra.recovery.files import mend
from infra.recovery.locks import drop_dead_locks
from infra.recovery.state import project_of
from infra.settings import Cloud, Settings
from infra.state import archive, backups, document, sanitised
from infra.state.backups import Place
from llm_platform.problems import InvalidInputsError, Problem
from local import cloud, toolchain
from local.cluster.processes import write_private
from local.errors import LocalCloudError
from local.paths import state_folder

FAILED = 1
NEWEST = "newest"


def backup(stack: str, settings: Settings, *, to: Path | None, passphrase: bool) -> int:
    """Write a backup and say where it is and what is in it."""
    console = _console()
    with _place(console, stack, settings) as place:
        path = backups.make(place, to=to, passphrase=passphrase)
    told = archive.read(path).manifest
    if not told.readable:
        console.print(
            Text("The engine cannot read this state; its raw bytes are kept.", style="yellow")
        )
    console.print(Text.assemble(("✓ ", "green"), f"backup of {told.resources} resources: {path}"))
    console.print(Text(_about_passphrase(told), style="dim"))
    return 0


def show(stack: str) -> int:
    """List the backups of a stack."""
    check_name(stack)
    console = _console()
    folder = _backups(stack)
    found = backups.listed(folder)
    if not found:
        console.print(f"Stack {stack} has no backups in {folder}.")
        return 0
    standing = cloud.recorded(stack)
    here = backups.emulated_identity(standing.id) if standing else ""
    table = Table(box=None, title=f"Backups of {stack} in {folder}", title_justify="left")
    for column in ("file", "made", "why", "resources", "of"):
        right = column == "resources"
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    for each in found:
        if isinstance(each, LocalCloudError):
            table.add_row(Text(each.what, style="red"))
            continue
        told = each.manifest
        count = str(told.resources) if told.readable else "unreadable"
        table.add_row(each.path.name, told.created, told.reason, count, _whose(told.cloud, here))
    console.print(table)
    return 0


def restore(stack: str, settings: Settings, which: str) -> int:
    """Put a backup back."""
    console = _console()
    found = archive.read(_chosen(stack, which))
    with _place(console, stack, settings) as place:
        _refuse_lost(stack)
        before = backups.restore(place, found)
    _tell_replaced(console, found.manifest.resources, before, f"as of {found.manifest.created}")
    if found.manifest.pending:
        console.print(f"{found.manifest.pending} operations of a killed run are open in it.")
    console.print(f"Look at what differs from the program: llmp preview {stack}")
    return 0


def export(stack: str, settings: Settings, *, to: Path | None, clean: bool) -> int:
    """Write the state as the document of ``pulumi stack export``, to a file or to stdout."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with _place(console, stack, settings) as place:
        # decrypted only to be replaced: what stands for a secret has its shape
        exported: dict[str, Any] = place.engine.export(decrypted=clean)
        text = json.dumps(exported, indent=1) + "\n"
        if clean:
            text = sanitised.as_lines(sanitised.sanitise(exported))
    for path in document.found_in(text, sanitised.machine_paths()):
        console.print(Text(f"The document names a path of this machine: {path}", style="yellow"))
    if to is None:
        sys.stdout.write(text)
        return 0
    _write(to, text, compressed=to.suffix == ".gz")
    console.print(f"{len(document.resources_of(exported))} resources: {to}")
    return 0


def import_(stack: str, settings: Settings, file: Path) -> int:
    """Make a plain document the state."""
    console = _console()
    imported = _read_document(file)
    with _place(console, stack, settings) as place:
        _refuse_lost(stack)
        before = backups.import_state(place, imported, str(file))
    count = len(document.resources_of(imported))
    _tell_replaced(console, count, before, f"as in {file}")
    console.print(f"See whether it is what stands: llmp preview {stack}")
    return 0


@contextmanager
def _place(console: Console, stack: str, settings: Settings) -> Generator[Place]:
    """The stack's state, under the same lock as every run; nothing of a cloud is started."""
    reporter = ConsoleReporter(console)

    def tell(words: str) -> None:
        console.print(Text(words, style="yellow"))

    def nothing() -> None:
        """No program is run."""

    with session.only_run(stack):
        try:
            if settings.environment.cloud is Cloud.AWS:
                with session.aws_session(stack, nothing, reporter, tell) as engine:
                    url = engine.backend()
                    _unlock(url, engine.workspace, stack, tell)
                    yield Place(engine, backups.backend_identity(url), _backups(stack), None)
                return
            standing = cloud.recorded(stack)
            if standing is None:
                raise LocalCloudError(
                    f"Stack {stack} has no local cloud, so it has no state.",
                    f"Build it: llmp up {stack}",
                )
            session.forget_foreign()
            pulumi = toolchain.ensure(session.ENGINE_TOOLS, reporter)["pulumi"]
            folder = standing.engine_folder
            env = session.local_environment(standing, settings.region)
            workspace = lay_out(folder, stack)
            _unlock(env["PULUMI_BACKEND_URL"], workspace, stack, tell)
            engine = Engine(
                pulumi=pulumi,
                stack=stack,
                workspace=workspace,
                env=env,
                program=nothing,
                policy_packs=(),
                tell=tell,
            )
            identity = backups.emulated_identity(standing.id)
            yield Place(engine, identity, _backups(stack), folder)
        except RunFailedError as error:
            if backups.NO_STACK in error.text:
                raise LocalCloudError(
                    f"Stack {stack} is not in the backend that is logged in to: it has no state.",
                    f"Build it: llmp up {stack}; or give it one: llmp state import {stack} FILE",
                ) from None
            raise LocalCloudError(
                f"The engine refuses: {error.text.partition(chr(10))[0]}",
                "The state is what it was. "
                f"If it cannot be read, put a backup back: llmp state restore {stack}",
                error.text,
            ) from None


def _unlock(url: str, workspace: Path, stack: str, tell: Callable[[str], None]) -> None:
    """Clear away what a killed run left in the backend, as every run does first."""
    project = project_of(workspace)
    for lock in drop_dead_locks(url, project, stack, tell):
        tell(f"A run died and left the stack locked ({lock}); the lock is removed.")
    mend(url, project, stack)


def _refuse_lost(stack: str) -> None:
    gone = cloud.lost(stack)
    if gone:
        raise LocalCloudError(
            f"{gone[0].upper()}{gone[1:]}: no state can describe it any more. Nothing was changed.",
            f"Build it anew: llmp up {stack}",
        )


def _read_document(file: Path) -> Any:
    try:
        data = file.read_bytes()
        return json.loads(gzip.decompress(data) if file.suffix == ".gz" else data)
    except (OSError, EOFError, ValueError) as error:
        problem = Problem("document", f"cannot be read: {error}", "what llmp state export writes")
        raise InvalidInputsError(str(file), [problem]) from None


def _write(path: Path, text: str, *, compressed: bool) -> None:
    try:
        if not compressed:
            write_private(path, text)
            return
        path.touch(mode=0o600)
        # no time and no name in the header: the same state gives the same file
        path.write_bytes(gzip.compress(text.encode(), mtime=0))
    except OSError as error:
        raise LocalCloudError(f"{path} cannot be written.", str(error)) from None


def _chosen(stack: str, which: str) -> Path:
    folder = _backups(stack)
    if which != NEWEST:
        inside = folder / which
        return inside if os.sep not in which and inside.exists() else Path(which)
    usable = [
        each.path
        for each in backups.listed(folder)
        if isinstance(each, archive.Archive)
        and each.manifest.readable
        and each.manifest.reason == backups.ASKED_FOR
    ]
    if not usable:
        raise LocalCloudError(
            f"Stack {stack} has no backup in {folder}.", f"Make one: llmp state backup {stack}"
        )
    return usable[-1]


def _tell_replaced(console: Console, count: int, before: Path | None, what: str) -> None:
    words = f"the state has {count} resources, {what}"
    console.print(Text.assemble(("✓ ", "green"), words))
    if before is not None:
        console.print(f"What it replaced is kept: {before}")


def _about_passphrase(told: archive.Manifest) -> str:
    if told.passphrase:
        return "The passphrase is in it: whoever can read it can read the stack's secrets."
    if told.cloud.startswith("emulated"):
        return "The passphrase is not in it; it stays in the folder of the local cloud."
    return "No passphrase and no key is in it; they stay where you keep them."


def _whose(identity: str, here: str) -> str:
    if not identity.startswith("emulated"):
        return "this project's backend"
    return "the cloud that stands" if identity == here else "a cloud that is gone"


def _backups(stack: str) -> Path:
    return state_folder().resolve() / stack / backups.FOLDER


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)
