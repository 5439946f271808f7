"""`llmp recover`, and the same before every `up` and `destroy`."""

from collections.abc import Callable

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from infra.cli.engine import Engine
from infra.cli.events import short_name
from infra.cli.program import Program
from infra.recovery.model import Action, Decision, Origin, Wish
from infra.recovery.run import Recovered, is_off
from infra.recovery.run import recover as deal_with
from infra.settings import Settings
from local import cloud
from local.cloud import LocalCloud
from local.errors import LocalCloudError

FAILED = 1
STYLES = {
    Action.ADOPT: "green",
    Action.REPLACE: "yellow",
    Action.DELETE: "yellow",
    Action.STOP: "red",
}


def recover(
    stack: str,
    settings: Settings,
    *,
    providers: str,
    dry_run: bool,
    adopt: tuple[str, ...],
    drop: tuple[str, ...],
) -> int:
    """Deal with what a dead run left, and say what; returns the exit code."""
    from infra.cli.commands import in_session  # noqa: PLC0415 - it imports this module

    console = Console(highlight=False, soft_wrap=True)
    wish = Wish(dict(map(pair, adopt)), frozenset(drop))
    if settings.environment.cloud.is_here and cloud.find(stack) is None:
        console.print(f"Stack {stack} has no local cloud that is alive: nothing is left of a run.")
        return 0

    def work(engine: Engine, _: LocalCloud | None) -> int:
        found = deal_with(engine, _teller(console), dry_run=dry_run, wish=wish)
        print_recovered(console, found)
        if not found.decisions and not found.locks:
            console.print(
                Text("No run of this stack died with anything unfinished.", style="green")
            )
        if found.stopped:
            console.print(instruction(stack, found))
            return FAILED
        if found.done:
            console.print(f"Next: llmp up {stack} (or llmp destroy {stack}) goes on from here.")
        return 0

    return in_session(console, stack, Program(settings), providers, work)


def before_run(console: Console, engine: Engine, *, enabled: bool) -> Recovered:
    """Deal with what a dead run left before the next one begins; silent when there is nothing.

    Raises:
        LocalCloudError: A person has to decide first.
    """
    if not enabled or is_off():
        console.print(Text("Recovery is switched off: what a dead run left stays.", style="yellow"))
        return Recovered()
    found = deal_with(engine, _teller(console))
    print_recovered(console, found)
    if found.stopped:
        raise LocalCloudError(
            "A run of this stack died, and what it left is not clear. Nothing was changed.",
            instruction(engine.stack, found),
        )
    return found


def print_recovered(console: Console, found: Recovered) -> None:
    """Say which locks went, what was unfinished, what was found and what is done."""
    for lock in found.locks:
        console.print(Text(f"A run died and left the stack locked: {lock}", style="yellow"))
    if not found.decisions:
        return
    title = "Left unfinished by a run that died"
    table = Table(box=None, title=title, title_justify="left", pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("resource", "was", "found", "done" if found.done else "would be done", "why"):
        table.add_column(column, overflow="fold")
    for each in found.decisions:
        table.add_row(*_row(each))
    console.print(table)


def _row(decision: Decision) -> tuple[Text, ...]:
    unfinished = decision.unfinished
    told = "" if unfinished.origin is Origin.STATE else " (known from llmp's journal)"
    ids = [each.adopted_as for each in decision.candidates]
    found = decision.found.adopted_as if decision.found else ", ".join(ids)
    return (
        Text(short_name(unfinished.urn)),
        Text(unfinished.operation.value, style="dim"),
        Text(found or "-"),
        Text(decision.action.value, style=STYLES.get(decision.action, "")),
        Text(f"{decision.why}{told}", style="dim"),
    )


def instruction(stack: str, found: Recovered) -> str:
    """What a person can do about the operations that stopped a recovery."""
    lines = ["Look at each in the cloud, then decide:"]
    for each in found.stopped:
        urn = each.unfinished.urn
        lines.append(f"  {short_name(urn)}: {each.why}")
        lines += [
            f"    it is this:        llmp recover {stack} --adopt '{urn}={one.adopted_as}'"
            for one in each.candidates
        ]
        if not each.candidates:
            lines.append(f"    it stands:         llmp recover {stack} --adopt '{urn}=ID'")
        lines.append(f"    it does not stand: llmp recover {stack} --drop '{urn}'")
    lines.append("What is adopted by nobody has to be deleted by hand.")
    return "\n".join(lines)


def pair(text: str) -> tuple[str, str]:
    """URN and id of ``URN=ID``.

    Raises:
        click.BadParameter: It is not of that form.
    """
    urn, found, identifier = text.partition("=")
    if not (urn.startswith("urn:pulumi:") and found and identifier):
        raise click.BadParameter(f"{text!r} has to be URN=ID", param_hint="--adopt")
    return urn, identifier


def _teller(console: Console) -> Callable[[str], None]:
    def tell(words: str) -> None:
        console.print(Text(words, style="dim"))

    return tell
