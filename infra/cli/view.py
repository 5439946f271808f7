"""What a person sees while a run goes on: a live panel on a terminal, lines elsewhere."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from infra.cli.events import RunLog, short_name

LINE_EVERY_SECONDS = 2.0
SHOWN_OPERATIONS = 8

_MARKS = {
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "replace": ("±", "magenta"),
    "create-replacement": ("±", "magenta"),
    "delete-replaced": ("±", "magenta"),
    "delete": ("-", "red"),
    "import": ("=", "cyan"),
    "discard": ("<", "cyan"),
}


class RunView:
    """Shows one run: counts, what is under way and for how long."""

    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        self._title = title
        self._began = time.monotonic()
        self._next_line = self._began + LINE_EVERY_SECONDS
        self._log = RunLog()
        self._live: Live | None = None

    @contextmanager
    def running(self) -> Generator["RunView"]:
        """Keep the view up to date for the length of a run."""
        if not self._console.is_terminal:
            self._console.print(f"… {self._title}")
            yield self
            return
        with Live(
            get_renderable=self._render, console=self._console, refresh_per_second=8, transient=True
        ) as live:
            self._live = live
            yield self

    def watch(self, log: RunLog) -> None:
        """Take in the state of the run; called for every event."""
        self._log = log
        now = time.monotonic()
        if self._live is None and now >= self._next_line:
            self._next_line = now + LINE_EVERY_SECONDS
            self._console.print(f"  {self._title}: {self._counts().plain}{self._under_way()}")

    def close(self, words: str) -> None:
        """Print the last line of the run."""
        seconds = time.monotonic() - self._began
        self._console.print(
            Text.assemble(("✓ ", "green"), f"{self._title}: {words} ({seconds:.1f} s)")
        )

    def tell(self, words: str) -> None:
        """Say something while the run goes on."""
        self._console.print(Text(words, style="yellow"))

    def _counts(self) -> Text:
        return (
            change_counts(self._log) if self._log.changed else Text(f"{self._log.done} looked at")
        )

    def _under_way(self) -> str:
        names = [short_name(urn) for urn in self._log.active]
        return f"; under way: {', '.join(names[:3])}" if names else ""

    def _render(self) -> Group:
        now = time.monotonic()
        head = Table.grid(padding=(0, 1))
        head.add_row(Spinner("dots"), f"{self._title}  {now - self._began:.0f} s ", self._counts())
        table = Table.grid(padding=(0, 2))
        slowest = sorted(self._log.active.items(), key=lambda each: each[1])
        for urn, began in slowest[:SHOWN_OPERATIONS]:
            table.add_row(f"    {short_name(urn)}", f"{now - began:.0f} s")
        more = len(slowest) - SHOWN_OPERATIONS
        if more > 0:
            table.add_row(f"    … and {more} more", "")
        return Group(head, table)


def change_counts(log: RunLog) -> Text:
    """``+12 create  ~3 update  40 unchanged``, coloured."""
    text = Text()
    for operation, count in sorted(log.changes.items()):
        mark, colour = _MARKS.get(operation, ("?", "white"))
        text.append(f"{mark}{count} {operation}  ", style=colour)
    if log.same:
        text.append(f"{log.same} unchanged", style="dim")
    return text if text.plain else Text("nothing to do", style="dim")


class ConsoleReporter:
    """`local.reporter.Reporter` on the same console as everything else."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def started(self, step: str) -> None:
        """Say that `step` has begun."""
        self._console.print(Text(f"… {step}", style="dim"))

    def note(self, step: str, text: str) -> None:
        """Say what `step` does right now."""
        self._console.print(Text(f"  {step}: {text}", style="dim"))

    def finished(self, step: str, text: str, seconds: float) -> None:
        """Say that `step` is done."""
        self._console.print(Text.assemble(("✓ ", "green"), f"{step}: {text} ({seconds:.1f} s)"))

    def failed(self, step: str, text: str) -> None:
        """Say that `step` failed."""
        self._console.print(Text.assemble(("✗ ", "red"), f"{step}: {text}"))
