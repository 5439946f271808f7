"""`llmp drift`: what differs between the state and the cloud, whose it is, what `up` does."""

import json

from rich.console import Console
from rich.text import Text

from infra.cli import report as said
from infra.cli.engine import RunFailedError
from infra.cli.interruptible import InterruptedRunError
from infra.cli.program import Program
from infra.cli.session import STAND_IN, engine_session
from infra.cli.view import ConsoleReporter, RunView
from infra.drift import render
from infra.drift.model import Report
from infra.drift.run import drift_of
from infra.settings import Settings
from local import cloud
from local.errors import LocalCloudError

FAILED = 1
STOPPED = 130


def drift(stack: str, settings: Settings, *, as_json: bool) -> int:
    """Print the drift; neither state nor cloud is changed.

    Returns:
        0 when nothing differs but fields that others own, 3 when `up` would repair something,
        1 when the comparison failed, 130 when it was stopped.
    """
    # with --json the document alone goes to standard output
    progress = Console(stderr=as_json, highlight=False, soft_wrap=True)
    standing = cloud.find(stack)
    if settings.environment.cloud.is_here and standing is None:
        raise LocalCloudError(
            f"Stack {stack} has no local cloud that is up: there is nothing to compare with.",
            f"Start it: llmp up {stack}",
        )
    view = RunView(progress, "drift")
    session = engine_session(
        stack,
        settings,
        Program(settings),
        ConsoleReporter(progress),
        view.tell,
        providers=standing.providers if standing else STAND_IN,
    )
    with session as (engine, local_cloud):
        access = local_cloud.kubeconfig.read_text(encoding="utf-8") if local_cloud else ""
        try:
            with view.running():
                found = drift_of(engine, view.watch, access)
        except InterruptedRunError:
            progress.print(Text("Stopped. Nothing was changed.", style="yellow"))
            return STOPPED
        except RunFailedError as error:
            said.print_errors(progress, error.log, error.text)
            return FAILED
        view.close(f"{found.checked} resources compared")
    _print(found, as_json=as_json)
    return found.exit_code


def _print(found: Report, *, as_json: bool) -> None:
    console = Console(highlight=False, soft_wrap=as_json)
    if as_json:
        console.print_json(json.dumps(render.document(found)))
        return
    if found.drifts:
        console.print(render.table(found))
        for note in render.notes(found):
            console.print(Text(f"  {note}", style="dim"))
    for warning in found.warnings:
        console.print(Text(f"! {warning}", style="yellow"))
    console.print(render.verdict(found))
