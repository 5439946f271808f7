"""`llmp faults`: have calls of a local cloud go wrong on purpose, and see which did."""

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from local import cloud
from local.errors import LocalCloudError
from local.faults import plan
from local.faults.plan import PLAN_FILE
from local.faults.record import counted

OK = 0


def faults(stack: str, *, file: Path | None, off: bool) -> int:
    """Lay a plan, take it away, or show what happened; exit code 0.

    Raises:
        InvalidInputsError: The plan is wrong; names every problem.
        LocalCloudError: The stack has no local cloud.
    """
    console = Console(highlight=False, soft_wrap=True)
    wanted = plan.parse(file.read_text(encoding="utf-8"), str(file)) if file is not None else None
    standing = cloud.find(stack)
    if standing is None:
        raise LocalCloudError(
            f"Stack {stack} has no local cloud whose calls could fail.",
            f"Make one with: llmp up {stack}",
        )
    if wanted is not None:
        wanted.write(standing.folder)
        console.print(f"{len(wanted.rules)} rules count from the next call on.")
        console.print(Text(f"Back to normal: llmp faults {stack} --off", style="dim"))
        return OK
    if off:
        existed = plan.clear(standing.folder)
        console.print("Nothing goes wrong any more." if existed else "There was no fault plan.")
        return OK
    on = (standing.folder / PLAN_FILE).exists()
    console.print(f"A fault plan is {'on' if on else 'off'}; faults so far:")
    table = Table(box=None)
    for column in ("side", "fault", "calls"):
        table.add_column(column)
    for (side, fault), count in sorted(counted(standing.folder).items()):
        table.add_row(side, fault, str(count))
    console.print(table)
    return OK
