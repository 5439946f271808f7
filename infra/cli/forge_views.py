"""What `llmp images forge` does and prints, and the part of `llmp images ls` about it."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from local import forge as the_forge
from local.forge import forging, simulated
from local.forge.forging import Plan
from local.forge.making import source
from local.forge.model import Entry, Forged, Recipe
from local.forge.table import ENTRIES
from local.images.store import MB
from local.images.table import Origin, OwnImage
from local.reporter import LineReporter

OK = 0
FAILED = 1
NOT_YET = "not made"
WIDE = 64


def forge(wanted: Sequence[str], *, pull: bool) -> int:
    """Bring images, all of the table without any; exit code 1 when one was only simulated."""
    brought = the_forge.ensure(wanted or the_forge.names(), LineReporter(), pull=pull)
    console = _console()
    for each in brought.values():
        console.print(_line(each))
    simulated_ones = [each for each in brought.values() if each.origin is Origin.SIMULATED]
    return FAILED if simulated_ones else OK


def show_plan(wanted: Sequence[str]) -> int:
    """Print what would become of images; exit code 1 when nothing is known about one."""
    plans = forging.plans_of(wanted or the_forge.names())
    console = _console()
    for each in plans:
        how, why = _planned(each)
        console.print(f"{each.name.full:{WIDE}} {how:9}       {why}")
    return OK if all(each.known for each in plans) else FAILED


def show(console: Console) -> None:
    """Print a row for every image of others that the forge knows, made or not."""
    console.print()
    for entry in ENTRIES.values():
        if isinstance(entry.how, Recipe):
            wanted = forging.plan(entry.name)
            there = forging.cached(wanted)
            console.print(_line(there) if there else f"{entry.name:{WIDE}} {NOT_YET}")
    console.print()
    for pattern, why in simulated.SIMULATED.items():
        console.print(f"{pattern:{WIDE}} {Origin.SIMULATED:9}       {why}")
    console.print(
        Text(
            "Of others: pulled where a registry answers; else forged, from a pinned Go module or "
            "package. What runs on a simulated image does nothing.",
            "dim",
        )
    )


def _planned(wanted: Plan) -> tuple[str, str]:
    if (there := forging.cached(wanted)) is not None:
        return str(there.origin), f"{_sentences(there.reason, there.note)} In the cache."
    match wanted.entry:
        case Entry(how=Recipe() as recipe, note=note):
            return str(Origin.FORGED), _sentences(source(recipe), note)
        case Entry(how=OwnImage() as own):
            return str(Origin.FORGED), f"our {own.dockerfile}"
        case _:
            known = (str(Origin.SIMULATED), wanted.why_not)
            return known if wanted.why_not else ("unknown", "To be pulled, or an error.")


def _line(image: Forged) -> str:
    size = f"{image.archive.stat().st_size / MB:.0f} MB" if image.archive else ""
    why = _sentences(image.reason, image.note)
    return f"{image.name:{WIDE}} {image.origin:9} {size:>6}  {why}"


def _sentences(reason: str, note: str) -> str:
    return f"{reason}. {note}".strip() if note else reason


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True, markup=False)
