"""The command: examine a server, tell what was found, end with an exit code."""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from conformance import report
from conformance.place import LIVE, READY, Limits
from conformance.run import SURFACES, CannotExamineError, Order, examine
from conformance.server import Started
from conformance.words import REQUIREMENTS

KEY = "CONFORMANCE_KEY"
"""Environment variable with the server's API key: other users see the list of arguments."""
CANNOT = 2
"""Exit code for what cannot be examined."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it.

    Returns:
        0 if all is met, 1 if something is not, 2 if the server cannot be examined, 3 if nothing
        is unmet but not all could be looked at.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    command: list[str] = []
    if "--" in given:
        place = given.index("--")
        given, command = given[:place], given[place + 1 :]
    options = parser().parse_args(given)
    try:
        order = _order(options)
        title, findings = _examine(order, command)
    except (CannotExamineError, ValueError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return CANNOT
    if options.json:
        sys.stdout.write(report.as_json(title, findings) + "\n")
    else:
        sys.stdout.write(report.text(title, findings) + "\n")
    return report.exit_code(findings)


def _examine(order: Order, command: Sequence[str]) -> tuple[str, list[report.Finding]]:
    if not command:
        return examine(order)
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        log = Path(folder) / "server.log"
        with Started(command, log) as started:
            return examine(order, started)


def _order(options: argparse.Namespace) -> Order:
    listed: str = options.without
    without = frozenset(name for name in listed.split(",") if name)
    unknown = sorted(without - REQUIREMENTS.keys())
    if unknown:
        message = f"--without: {', '.join(unknown)}; allowed: {', '.join(REQUIREMENTS)}"
        raise ValueError(message)
    headers: dict[str, str] = {}
    if os.environ.get(KEY):
        headers["Authorization"] = f"Bearer {os.environ[KEY]}"
    return Order(
        url=options.url,
        headers=headers,
        surface=options.surface,
        model=options.model,
        live=options.live,
        ready=options.ready,
        metrics=options.metrics,
        seconds=options.seconds,
        pid=options.pid,
        stop=options.stop,
        without=without,
        limits=Limits(
            tokens=options.tokens,
            parallel=options.parallel,
            start_seconds=options.start_seconds,
            metrics_seconds=options.metrics_seconds,
            grace_seconds=options.grace_seconds,
        ),
    )


def parser() -> argparse.ArgumentParser:
    """All options."""
    usual = Limits()
    made = argparse.ArgumentParser(
        prog="python -m conformance",
        usage="%(prog)s URL [options] [-- COMMAND ...]",
        description="Examine a model server. With COMMAND the suite starts it, and sees its start "
        "and its end; --pid or --stop let it see the end.",
        epilog=f"An API key is taken from {KEY}. Exit code: 0 all is met; 1 something is not; "
        "2 the server cannot be examined; 3 nothing is unmet, but not all could be looked at.",
    )
    add = made.add_argument
    add("url", metavar="URL", help="http://HOST:PORT of the server")
    add("--surface", choices=SURFACES, default="auto", help="default: what the server lists")
    add("--model", default="", help="default: the first that the server lists")
    add("--live", default="", help=f"path of liveness; default: the first of {', '.join(LIVE)}")
    add("--ready", default="", help=f"path of readiness; default: the first of {', '.join(READY)}")
    add("--metrics", default="/metrics", help="path, or URL where another port has them")
    add("--pid", type=int, help="first process of a server on this machine; it will be ended")
    add("--stop", default="", help="command that sends SIGTERM to a server elsewhere")
    add("--without", default="", help="requirements to leave out, with commas")
    add("--json", action="store_true", help="the report as JSON")
    numbers: Sequence[tuple[str, float, str]] = (
        ("--tokens", usual.tokens, "of long answers"),
        ("--parallel", usual.parallel, "requests side by side"),
        ("--seconds", 60, "longest silence of the server"),
        ("--start-seconds", usual.start_seconds, "from its start to its readiness"),
        ("--metrics-seconds", usual.metrics_seconds, "until a request shows in the metrics"),
        ("--grace-seconds", usual.grace_seconds, "from SIGTERM to the end of the process"),
    )
    for name, value, text in numbers:
        add(name, type=type(value), default=value, help=f"{text}; default: {value:g}")
    return made


if __name__ == "__main__":
    sys.exit(main())
