"""`llmp preview ENV --offline`: the engine's plan without credentials and without network."""

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from infra.cli.interruptible import InterruptedRunError
from infra.cli.program import Program
from infra.cli.view import ConsoleReporter, RunView
from infra.offline import document, view
from infra.offline.exported import read_exported
from infra.offline.manifests import validate
from infra.offline.planning import Plan, Subject, plan
from infra.settings import Settings

FAILED = 1
STOPPED = 130


def preview_offline(
    stack: str, settings: Settings, *, state: Path | None, as_json: bool, diff: bool
) -> int:
    """Plan a stack of `stacks/`, judge the plan, and print both.

    Args:
        stack: Name of the stack.
        settings: Its checked settings.
        state: File with an exported state to plan against; an empty environment when None. It is
            not refreshed, and its secrets are masked.
        as_json: Print one JSON document (`infra.offline.document`) and nothing else to standard
            output; progress goes to standard error.
        diff: Also print every property that changes.

    Returns:
        0 when the plan can be carried out; 1 when the program or a provider failed, a mandatory
        policy denies, or a manifest is invalid; 130 when stopped by a signal.

    Raises:
        InvalidInputsError: The exported state is none, or of another stack.
        LocalCloudError: The engine or the providers cannot be started.
    """
    against = read_exported(state, stack) if state else None
    program = Program(settings)
    program.load_in_background()
    console = Console(highlight=False, soft_wrap=True, stderr=as_json)
    running = RunView(console, "plan")

    def tell(words: str) -> None:
        console.print(Text(words, style="yellow"))

    try:
        with running.running():
            made = plan(
                Subject(stack, settings.environment.name, settings.region, program),
                state=against,
                reporter=ConsoleReporter(console),
                watch=running.watch,
                tell=tell,
            )
    except InterruptedRunError:
        tell("Stopped. A plan leaves nothing behind.")
        return STOPPED
    running.close(view.counts(made.counts).plain)
    return _tell(console, made, as_json=as_json, diff=diff)


def _tell(console: Console, made: Plan, *, as_json: bool, diff: bool) -> int:
    verdict = validate(made.resources.resources.values(), ConsoleReporter(console))
    whole = document.document(made, verdict)
    if as_json:
        sys.stdout.write(json.dumps(whole, indent=2, ensure_ascii=False) + "\n")
    else:
        view.print_plan(console, made, verdict, diff=diff)
    return 0 if whole["passed"] else FAILED
