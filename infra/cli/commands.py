"""What `llmp up`, `preview` and `destroy` do, step by step."""

import sys
from collections.abc import Callable
from functools import partial

import click
from rich.console import Console
from rich.text import Text

from infra.cli import report
from infra.cli.engine import Engine, RunFailedError
from infra.cli.events import RunLog
from infra.cli.halfway import half_way
from infra.cli.interruptible import InterruptedRunError
from infra.cli.leftovers import print_leftovers, remember_before_first_up
from infra.cli.program import Program
from infra.cli.recover import before_run
from infra.cli.session import engine_session
from infra.cli.view import ConsoleReporter, RunView, change_counts
from infra.cli.workspace import check_name
from infra.recovery.journal import journaled_up
from infra.settings import Settings
from infra.state import checkout
from local import cloud
from local.cloud import LocalCloud
from local.paths import state_folder

FAILED = 1
STOPPED = 130


def up(
    stack: str, settings: Settings, *, providers: str, refresh: bool, recovery: bool = True
) -> int:
    """Recover from a dead run, preview, stop if a mandatory policy says so, then update."""
    console = Console(highlight=False, soft_wrap=True)
    program = Program(settings)

    def work(engine: Engine, local_cloud: LocalCloud | None) -> int:
        if local_cloud is not None:
            remember_before_first_up(local_cloud, program.settings.region)
        recovered = before_run(console, engine, enabled=recovery)
        reread = refresh or recovered.refresh
        planned = _run(console, "preview", engine.preview, refresh=reread)
        report.print_changes(console, planned)
        report.print_verdict(console, planned)
        if planned.changed or recovered.refresh:
            done = _run(console, "up", partial(journaled_up, engine), refresh=reread)
            for urn in done.drifted:
                console.print(f"  repaired or taken over: {report.short_name(urn)}")
        else:
            console.print(Text("Nothing to change.", style="green"))
        console.print(report.resource_tree(stack, engine.resources()))
        report.print_where_to_look(console, stack, local_cloud)
        return 0

    return in_session(console, stack, program, providers, work)


def preview(stack: str, settings: Settings, *, providers: str, refresh: bool) -> int:
    """Preview with the policies."""
    console = Console(highlight=False, soft_wrap=True)
    program = Program(settings)

    def work(engine: Engine, _: LocalCloud | None) -> int:
        planned = _run(console, "preview", engine.preview, refresh=refresh)
        report.print_changes(console, planned)
        report.print_verdict(console, planned)
        return FAILED if planned.blocking else 0

    return in_session(console, stack, program, providers, work)


def destroy(
    stack: str,
    settings: Settings,
    *,
    providers: str,
    stop: bool,
    yes: bool,
    recovery: bool = True,
) -> int:
    """Recover from a dead run, delete, then say what is left and why."""
    console = Console(highlight=False, soft_wrap=True)
    program = Program(settings)
    emulated = program.settings.environment.cloud.is_here
    if emulated and cloud.recorded(stack) is None:
        console.print(f"Stack {stack} has no local cloud: there is nothing to destroy.")
        return 0
    gone = cloud.lost(stack) if emulated else ""
    if gone:
        console.print(Text(f"Lost: {gone}. Everything in it is gone already.", style="yellow"))
        if stop:
            cloud.stop(stack, ConsoleReporter(console))
        return 0
    if not emulated and not yes and not _agreed(stack):
        console.print("Nothing was touched.")
        return FAILED

    def work(engine: Engine, local_cloud: LocalCloud | None) -> int:
        recovered = before_run(console, engine, enabled=recovery)
        done = _run(console, "destroy", engine.destroy, refresh=recovered.refresh)
        console.print(change_counts(done))
        if local_cloud is not None:
            return print_leftovers(console, local_cloud, program.settings.region)
        return 0

    code = in_session(console, stack, program, providers, work)
    if code == 0 and stop and emulated:
        cloud.stop(stack, ConsoleReporter(console))
    return code


def stop(stack: str) -> int:
    """End the cloud of a stack, if there is one."""
    check_name(stack)
    console = Console(highlight=False, soft_wrap=True)
    checkout.refuse_others(state_folder() / stack, stack)
    if not cloud.stop(stack, ConsoleReporter(console)):
        console.print(f"Stack {stack} has no local cloud.")
    return 0


def _agreed(stack: str) -> bool:
    if not sys.stdin.isatty():
        raise click.UsageError(f"Nobody can be asked here; say: llmp destroy {stack} --yes")
    return click.prompt(f"Everything in {stack} goes. Type its name to go on") == stack


def in_session(
    console: Console,
    stack: str,
    program: Program,
    providers: str,
    work: Callable[[Engine, LocalCloud | None], int],
) -> int:
    """Do `work` with an engine; returns its exit code, or that of how the engine stopped."""
    reporter = ConsoleReporter(console)

    def tell(words: str) -> None:
        console.print(Text(words, style="yellow"))

    program.load_in_background()
    try:
        with engine_session(
            stack, program.settings, program, reporter, tell, providers=providers
        ) as (engine, local_cloud):
            return work(engine, local_cloud)
    except InterruptedRunError:
        tell("Stopped. What had been done is in the state: run the same command again to go on.")
        return STOPPED
    except RunFailedError as error:
        report.print_verdict(console, error.log)
        report.print_errors(console, error.log, error.text)
        gone = cloud.lost(stack)
        if gone:
            tell(f"Lost: {gone}. The same command builds everything anew.")
        elif not error.log.blocking:
            for words in half_way(error.log, "The same command"):
                tell(words)
        return FAILED


def _run(console: Console, title: str, operation: Callable[..., RunLog], **options: bool) -> RunLog:
    view = RunView(console, title)
    with view.running():
        log = operation(view.watch, **options)
    view.close(change_counts(log).plain)
    return log
