"""`llmp doctor`: is this machine ready, and what does the local cloud really do?"""

import platform
import shutil
import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from infra.cli.session import CLOUD_TOOLS
from local import toolchain
from local.aws.emulation import EMULATION
from local.errors import LocalCloudError
from local.node import requirements
from local.paths import cache_folder, state_folder
from local.reporter import LineReporter

FREE_GIB_WANTED = 8
MEMORY_GIB_WANTED = 3


def machine() -> int:
    """Check prerequisites and tools; exit code 1 when something is missing."""
    console = Console(highlight=False, soft_wrap=True)
    table = Table(box=None, title="This machine", title_justify="left")
    table.add_column("what")
    table.add_column("found")
    table.add_column("wanted", style="dim")
    missing = 0
    for what, found, wanted, good in _checks():
        missing += not good
        table.add_row(what, f"[{'green' if good else 'red'}]{found}[/]", wanted)
    console.print(table)
    try:
        tools = toolchain.ensure(CLOUD_TOOLS, LineReporter())
    except LocalCloudError as error:
        console.print(str(error), style="red", markup=False)
        return 1
    for name, path in tools.items():
        console.print(f"{name}: {path}")
    return 1 if missing else 0


def node() -> int:
    """Check what a real node needs; exit code 1 when something is missing, and how to get it."""
    console = Console(highlight=False, soft_wrap=True)
    table = Table(box=None, title="What a node needs", title_justify="left")
    table.add_column("what")
    table.add_column("found")
    table.add_column("wanted", style="dim")
    found = requirements.checks()
    for each in found:
        style = "green" if each.good else "red"
        table.add_row(each.what, Text(each.found, style=style), each.wanted)
    console.print(table)
    names = requirements.packages(found)
    if names:
        console.print("Install what is missing, as root; or let llmp live up --install do it:")
        console.print(Text(f"  {requirements.install_command(names)}", style="cyan"))
    return 0 if all(each.good for each in found) else 1


def emulation() -> int:
    """Print what is emulated beyond moto, and where emulation differs from AWS."""
    console = Console(highlight=False)
    table = Table(title="What the local cloud emulates", title_justify="left", show_lines=False)
    table.add_column("service")
    table.add_column("what")
    table.add_column("how far", overflow="fold")
    for entry in EMULATION:
        table.add_row(entry.service, entry.what, entry.how_far)
    console.print(table)
    return 0


def _checks() -> list[tuple[str, str, str, bool]]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    rows = [
        ("system", platform.system(), "Linux", platform.system() == "Linux"),
        ("python", version, "3.11 to 3.13", (3, 11) <= sys.version_info[:2] <= (3, 13)),
    ]
    go = "1.16 for CRDs, 1.26 where the tools' downloads fail"
    for tool, wanted in (("git", "any"), ("make", "any"), ("go", go)):
        path = shutil.which(tool)
        rows.append((tool, path or "not found", wanted, path is not None))
    for name, folder in (("cache", cache_folder()), ("state", state_folder())):
        existing = next(each for each in (folder, *folder.parents) if each.exists())
        free = shutil.disk_usage(existing).free / 2**30
        rows.append(
            (
                f"space for {name}",
                f"{free:.0f} GiB free in {folder}",
                f"{FREE_GIB_WANTED} GiB",
                free >= FREE_GIB_WANTED,
            )
        )
    return rows
